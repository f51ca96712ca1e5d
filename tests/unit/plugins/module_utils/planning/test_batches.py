# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import batches
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.limits import PlanError, size_of
from hypothesis import given
from hypothesis import strategies as st


def host(site: str, domain: str = "", change: bool = True, register: bool = False) -> dict[str, Any]:
    return {
        "site": site,
        "fault_domain": domain,
        "action": "converge" if change else "unchanged",
        "register": register,
        "instance": None,
        "drain": [],
        "retire": {"instances": [], "stale": [], "elsewhere": []},
    }


def wave(name: str, hosts: list[str], max_unavailable: int | str = 1) -> dict[str, Any]:
    sites = list(dict.fromkeys(host.split("-")[0] for host in hosts))
    return {"name": name, "sites": sites, "hosts": hosts, "max_unavailable": max_unavailable}


def make(decided: dict[str, Any], waves: list[dict[str, Any]], together: int | str = 1) -> dict[str, Any]:
    return batches.make(decided, "converge", waves, together, "edge")


def test_sites_in_parallel_take_turns_and_the_next_comes_in_when_one_has_ended() -> None:
    decided = {name: host(name[0]) for name in ("a-1", "a-2", "a-3", "b-1", "c-1", "c-2", "d-1")}
    made = make(decided, [wave("w", [*decided][:6]), wave("last", ["d-1"])], together=2)
    assert [[made["batches"][number - 1]["hosts"] for number in step] for step in made["steps"]] == [
        [["a-1"], ["b-1"]],
        [["a-2"], ["c-1"]],
        [["a-3"], ["c-2"]],
        [["d-1"]],
    ]
    assert made["serial"] == [4, 4, 4, 2]
    assert made["order"][:4] == ["fleet-conductor-1-a", "a-1", "fleet-conductor-2-b", "b-1"]
    assert (made["place"]["c-2"], made["place"]["fleet-conductor-6-c"]) == (6, 6)
    assert [batch["step"] for batch in made["batches"]] == [1, 1, 2, 2, 3, 3, 4]
    assert [batch["first_of_wave"] for batch in made["batches"]] == [True, *[False] * 5, True]
    assert [batch["first_of_site"] for batch in made["batches"]] == [True, True, False, True, False, False, True]
    assert [batch["last_of_site"] for batch in made["batches"]] == [False, True, False, False, True, True, True]


def test_each_member_finds_its_conductor() -> None:
    order = ["fleet-conductor-1-a", "a-1", "a-2", "fleet-conductor-2-b", "b-1"]
    assert [batches.conductor_of(order, name) for name in order] == [*[order[0]] * 3, *[order[3]] * 2]
    assert batches.conductor_of(["a-1"], "a-1") == ""


def test_one_fault_domain_after_the_other() -> None:
    racks = ["x", "y", "x", "", "y", "x"]
    decided = {f"a-{number}": host("a", rack) for number, rack in enumerate(racks)}
    made = make(decided, [wave("w", [*decided], 2)])
    assert [(batch["fault_domain"], batch["hosts"]) for batch in made["batches"]] == [
        ("x", ["a-0", "a-2"]),
        ("x", ["a-5"]),
        ("y", ["a-1", "a-4"]),
        ("", ["a-3"]),
    ]


def test_a_share_is_of_the_sites_hosts_not_of_the_waves() -> None:
    decided = {f"a-{number}": host("a") for number in range(7)}
    made = make(decided, [wave("canary", ["a-0"], "50%"), wave("rest", [*decided][1:], "50%")])
    assert [len(batch["hosts"]) for batch in made["batches"]] == [1, 3, 3]


def test_an_activation_serves_a_sites_part_of_a_wave() -> None:
    decided = {f"a-{number}": host("a", register=number != 1) for number in range(4)}
    made = make(decided, [wave("canary", ["a-0"]), wave("rest", ["a-1", "a-2", "a-3"])])
    assert [batch["registers"] for batch in made["batches"]] == [1, 2, 2, 2]
    assert [batch["ends_activation"] for batch in made["batches"]] == [True, False, False, True]
    assert [len(batch["site_conductors"]) for batch in made["batches"]] == [1, 1, 2, 3]
    assert [batch["first_of_site"] for batch in made["batches"]] == [True, False, False, False]
    assert [batch["last_of_site"] for batch in made["batches"]] == [False, False, False, True]


def test_without_registrations_no_activation_ends() -> None:
    assert [batch["ends_activation"] for batch in make({"a-1": host("a")}, [wave("w", ["a-1"])])["batches"]] == [False]


@pytest.mark.parametrize("together", [0, -1, "2.5", "all", None, True])
def test_a_number_of_sites_that_is_none_is_named(together: Any) -> None:
    with pytest.raises(PlanError, match=f"fleet_sites_in_parallel is '{together}': a whole number from 1 on"):
        make({}, [], together)


def test_a_senseless_limit_is_refused_even_where_nothing_is_to_be_done() -> None:
    with pytest.raises(PlanError, match="fleet_max_unavailable is 0"):
        make({"a-1": host("a", change=False)}, [wave("w", ["a-1"], 0)])


LIMITS = st.one_of(st.integers(1, 6), st.integers(1, 100).map("{}%".format))


@given(st.data(), LIMITS, LIMITS, st.integers(1, 4))
def test_what_holds_of_every_plan(data: st.DataObject, early: int | str, late: int | str, together: int) -> None:
    names = data.draw(st.lists(st.from_regex(r"[a-e]-[0-9]", fullmatch=True), unique=True, max_size=25))
    decided = {
        name: host(name[0], data.draw(st.sampled_from(["", "x", "y"])), data.draw(st.booleans())) for name in names
    }
    canaries = [name for name in names if data.draw(st.booleans())]
    others = [name for name in names if name not in canaries]
    limits = {"canary": early, "rest": late}
    made = make(decided, [wave("canary", canaries, early), wave("rest", others, late)], together)
    changing = [name for name in names if decided[name]["action"] == "converge"]

    # Every host that changes, exactly once; the play's order is the batches', and the steps are its sizes.
    assert sorted(name for batch in made["batches"] for name in batch["hosts"]) == sorted(changing)
    assert made["order"] == [member for batch in made["batches"] for member in batch["members"]]
    assert [number for step in made["steps"] for number in step] == list(range(1, len(made["batches"]) + 1))
    assert made["serial"] == [
        sum(len(made["batches"][number - 1]["members"]) for number in step) for step in made["steps"]
    ] or (made["serial"] == [1] and not changing)

    sizes = Counter(entry["site"] for entry in decided.values())
    in_order = ["canary", "rest"]
    for step in made["steps"]:
        together_now = [made["batches"][number - 1] for number in step]
        # Each batch of another site, all of one wave, and never more sites than asked.
        assert len({batch["site"] for batch in together_now}) == len(together_now) <= together
        assert len({batch["wave"] for batch in together_now}) == 1
        for batch in together_now:
            assert 1 <= len(batch["hosts"]) <= size_of(limits[batch["wave"]], sizes[batch["site"]])
            assert {decided[name]["site"] for name in batch["hosts"]} == {batch["site"]}
            assert {decided[name]["fault_domain"] for name in batch["hosts"]} == {batch["fault_domain"]}
            assert set(batch["hosts"]) <= set(canaries if batch["wave"] == "canary" else others)
    # No wave begins before the one before has ended.
    order = [in_order.index(batch["wave"]) for batch in made["batches"]]
    assert order == sorted(order)
    for kind, key in (("first_of_site", "site"), ("first_of_wave", "wave"), ("last_of_site", "site")):
        marked = [batch[key] for batch in made["batches"] if batch[kind]]
        assert sorted(marked) == sorted({batch[key] for batch in made["batches"]})
    assert make(decided, [wave("canary", canaries, early), wave("rest", others, late)], together) == made
