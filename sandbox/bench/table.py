# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured figures as tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .sandboxed import Cost
from .simulated import Run

Found = Mapping[str, Mapping[str, Cost]]
OURS, CONVENTIONAL, SHELL, PYINFRA = "edgefleet.ecs", "task by task", "shell", "pyinfra"


class Target(NamedTuple):
    """A ratio that is promised: of ours to another's, at most."""

    text: str
    scenario: str
    other: str
    total_cpu: bool
    most: float


TARGETS = (
    Target("no drift: within 1.25x of the shell script's time", "no drift", SHELL, False, 1.25),
    Target("no drift: 2.5x faster than pyinfra", "no drift", PYINFRA, False, 1 / 2.5),
    Target("no drift: 40x less CPU than task by task", "no drift", CONVENTIONAL, True, 1 / 40),
    Target("first convergence: within 1.3x of the shell script's time", "first convergence", SHELL, False, 1.3),
)


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    return [
        "| " + " | ".join(head) + " |",
        "|---" * len(head) + "|",
        *("| " + " | ".join(line) + " |" for line in body),
    ]


def race(found: Found, hosts: int) -> list[str]:
    head = [f"{hosts} hosts", "", "time, s", "CPU of control node, s", "CPU of hosts, s", "executions a host"]

    def body() -> Iterator[list[str]]:
        for scenario, by_name in found.items():
            for name, cost in by_name.items():
                figures = [f"{figure:.1f}" for figure in (cost.wall, cost.control, cost.hosts)]
                yield [scenario, name, *figures, f"{cost.executions / hosts:g}"]

    return rows(head, body())


def ratio(found: Found, target: Target) -> float:
    ours, other = found[target.scenario][OURS], found[target.scenario][target.other]
    return ours.cpu / other.cpu if target.total_cpu else ours.wall / other.wall


def targets(found: Found) -> list[str]:
    head = ["target", "measured", ""]
    return rows(head, [_target(target, ratio(found, target)) for target in TARGETS])


def _target(target: Target, measured: float) -> list[str]:
    return [target.text, _words(target, measured), "met" if measured <= target.most else "**not met**"]


def _words(target: Target, measured: float) -> str:
    """As the target has it: within a multiple, or so many times better. What is worse is said to be so."""
    if target.most >= 1:
        return f"{measured:.2f}x"
    better, worse = ("less", "more") if target.total_cpu else ("faster", "slower")
    return f"{measured:.2f}x {worse}" if measured > 1 else f"{1 / measured:.1f}x {better}"


# CPU seconds of the control node for a plan of so many hosts.
PLANNED, MOST_CPU = 1000, 60


def planning(measured: Sequence[tuple[int, str, Run]]) -> list[str]:
    found = [run.cpu for size, _title, run in measured if size == PLANNED]
    if not found:
        return []
    verdict = "met" if found[0] < MOST_CPU else "**not met**"
    return [f"{PLANNED} hosts planned in under {MOST_CPU} s of CPU: {found[0]:.0f} s, {verdict}."]


def large(measured: Sequence[tuple[int, str, Run]]) -> list[str]:
    head = ["simulated hosts", "", "time, s", "CPU of control node, s", "MiB", "executions a host", "AWS calls"]
    return rows(
        head,
        [
            [str(size), title, f"{run.wall:.0f}", f"{run.cpu:.0f}", str(run.mib),
             f"{sum(run.executions.values()) / size:g}", str(sum(run.calls.values()))]
            for size, title, run in measured
        ],
    )  # fmt: skip
