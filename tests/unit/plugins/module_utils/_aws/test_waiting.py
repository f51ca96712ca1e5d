# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import NotPossible, TimedOut
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.waiting import Waiter, wait_for

UP = Waiter(
    goal="be up",
    done=lambda item: item is not None and item["state"] == "up",
    seen=lambda item: item["state"] if item else "not there",
    hopeless=lambda item: item is not None and item["state"] == "dead",
    advice="Look at the log.",
)


class World:
    """Things that change with each look, and a clock that sleeping moves."""

    def __init__(self, **states: Sequence[str | None]) -> None:
        self.states = {name: list(sequence) for name, sequence in states.items()}
        self.now = 0.0
        self.looks: list[list[str]] = []

    def fetch(self, names: list[str]) -> dict[str, Any]:
        self.looks.append(names)
        seen = {}
        for name in names:
            sequence = self.states[name]
            state = sequence.pop(0) if len(sequence) > 1 else sequence[0]
            seen[name] = None if state is None else {"state": state}
        return seen

    def wait(self, timeout: float = 60, **options: Any) -> dict[str, Any]:
        clock = {"clock": lambda: self.now, "sleep": self.sleep}
        return wait_for(UP, list(self.states), self.fetch, timeout, **clock, **options)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_only_those_that_are_not_there_yet_are_looked_at_again() -> None:
    world = World(a=["up"], b=["down", "up"], c=[None, "down", "up"])
    assert set(world.wait()) == {"a", "b", "c"}
    assert world.looks == [["a", "b", "c"], ["b", "c"], ["c"]]


def test_nothing_to_wait_for_costs_no_look() -> None:
    world = World()
    assert world.wait() == {}
    assert world.looks == []


def test_what_was_just_seen_is_not_looked_at_again() -> None:
    world = World(a=["up"], b=["up"])
    seen = {"a": {"state": "up"}, "b": {"state": "down"}}
    assert world.wait(first=seen)["b"] == {"state": "up"}
    assert world.looks == [["b"]]


def test_the_deadline_names_who_and_the_last_state() -> None:
    world = World(a=["up"], b=["down"], c=[None])
    with pytest.raises(TimedOut) as caught:
        world.wait(30)
    assert str(caught.value) == "Waited 30 s for 2 of 3 to be up. Last seen: b: down; c: not there. Look at the log."
    assert caught.value.details["pending"] == {"b": "down", "c": "not there"}
    assert world.now == pytest.approx(30)


def test_one_alone_is_called_by_its_name() -> None:
    with pytest.raises(TimedOut, match="Waited 5 s for a to be up"):
        World(a=["down"]).wait(5)


def test_a_timeout_of_zero_still_looks_once() -> None:
    assert World(a=["up"]).wait(0)
    with pytest.raises(TimedOut):
        World(a=["down"]).wait(0)


def test_who_cannot_get_there_ends_the_wait_at_once() -> None:
    world = World(a=["down"], b=["down", "dead"])
    with pytest.raises(NotPossible, match="1 of 2 can no longer be up. Last seen: b: dead") as caught:
        world.wait(600)
    assert caught.value.details["pending"] == {"b": "dead"}
    assert world.now < 5


def test_a_long_list_is_cut_in_the_text_only() -> None:
    world = World(**{f"n{number}": ["down"] for number in range(25)})
    with pytest.raises(TimedOut, match="and 5 more") as caught:
        world.wait(1)
    assert len(caught.value.details["pending"]) == 25
