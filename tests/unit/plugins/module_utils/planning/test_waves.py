# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import waves
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.limits import PlanError
from hypothesis import given
from hypothesis import strategies as st

MEMBERS = {
    f"{site}-{number}": site for site, size in (("lab", 2), ("lyon", 3), ("oslo", 1)) for number in range(1, size + 1)
}
VARIABLES: dict[str, dict[str, Any]] = {
    "lab-1": {"tier": "test", "rack": 1, "group_names": ["fleet", "lab"]},
    "lab-2": {"tier": "test", "rack": 2, "group_names": ["fleet", "lab"]},
    "lyon-1": {"tier": "gold", "kiosk": True, "group_names": ["fleet", "lyon"]},
    "lyon-3": {"tier": "silver", "kiosk": "true", "group_names": ["fleet", "lyon"]},
    "oslo-1": {"group_names": ["fleet", "oslo"]},
}


def hosts_of(*asked: dict[str, Any], poor: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    made, _notes = waves.arrange(MEMBERS, asked, VARIABLES, poor)
    return {wave["name"]: wave["hosts"] for wave in made}


def why_of(*asked: dict[str, Any]) -> list[str]:
    return [wave["why"] for wave in waves.arrange(MEMBERS, asked, VARIABLES)[0]]


LYON = ["lyon-1", "lyon-2", "lyon-3"]


@pytest.mark.parametrize(
    ("wave", "hosts"),
    [
        ({"sites": ["oslo", "lab"]}, ["oslo-1", "lab-1", "lab-2"]),
        ({"sites": ["lyon"], "max_hosts_per_site": 2}, ["lyon-1", "lyon-2"]),
        ({"selector": {"tier": "test"}}, ["lab-1", "lab-2"]),
        ({"selector": {"tier": ["gold", "silver"]}}, ["lyon-1", "lyon-3"]),
        # Both have to match; a number is its word, and a true is a true whether YAML or -e has given it.
        ({"selector": {"tier": "test", "rack": "2"}}, ["lab-2"]),
        ({"selector": {"kiosk": True}}, ["lyon-1", "lyon-3"]),
        # Of a list, any element: the groups of a host.
        ({"selector": {"group_names": ["oslo"]}}, ["oslo-1"]),
        ({"sites": ["lyon"], "selector": {"tier": ["test", "gold"]}}, ["lyon-1"]),
        ({"count": 1}, ["lab-1", "lab-2"]),
        ({"count": "34%"}, ["lab-1", "lab-2", *LYON]),  # 1.02 sites of 3
        ({"sites": ["oslo", "lyon", "lab"], "count": 2}, ["oslo-1", *LYON]),
        ({"max_hosts_per_site": 1}, ["lab-1", "lyon-1", "oslo-1"]),
    ],
)
def test_what_a_wave_takes(wave: dict[str, Any], hosts: list[str]) -> None:
    taken = hosts_of({"name": "first", **wave})
    assert taken["first"] == hosts
    assert taken["rest"] == [name for name in MEMBERS if name not in hosts]


def test_what_a_canary_leaves_of_its_site_comes_later() -> None:
    canary = {"name": "canary", "sites": ["lab", "lyon"], "max_hosts_per_site": 1}
    assert hosts_of(canary, {"name": "pilot", "sites": ["lyon"]}) == {
        "canary": ["lab-1", "lyon-1"], "pilot": ["lyon-2", "lyon-3"], "rest": ["lab-2", "oslo-1"],
    }  # fmt: skip


def test_a_host_that_cannot_be_changed_is_no_canary() -> None:
    canary = {"name": "canary", "max_hosts_per_site": 1}
    assert hosts_of(canary, poor=frozenset({"lyon-1", "oslo-1"})) == {
        "canary": ["lab-1", "lyon-2"], "rest": ["lab-2", "lyon-1", "lyon-3", "oslo-1"],
    }  # fmt: skip


def test_shares_are_of_all_sites_and_add_up() -> None:
    assert hosts_of({"name": "a", "count": "30%"}, {"name": "b", "count": "30%"}) == {
        "a": ["lab-1", "lab-2"], "b": LYON, "rest": ["oslo-1"],
    }  # fmt: skip


def test_a_wave_says_how_it_was_chosen() -> None:
    assert why_of() == ["every site, in the inventory's order"]
    assert why_of(
        {"sites": ["lab", "lion"], "max_hosts_per_site": 1},
        {"selector": {"tier": ["gold", "silver"]}},
        {"count": "10%"},
    ) == [
        "sites by name, without hosts here: lion; at most 1 host of each site",
        "where tier is gold or silver",
        "the first site, 10% of 3",
        "no wave names them",
    ]


def test_a_wave_without_hosts_is_told_of() -> None:
    made, notes = waves.arrange(MEMBERS, [{"name": "pilot", "sites": ["lion"]}, {"selector": {"teir": "gold"}}])
    assert [wave["name"] for wave in made] == ["rest"]
    assert notes == [
        "Wave pilot has no host in this run (sites by name, without hosts here: lion).",
        "Wave wave-2 has no host in this run (where teir is gold).",
    ]


def test_a_wave_that_says_nothing_takes_all_that_is_left() -> None:
    made, _notes = waves.arrange(MEMBERS, [{"sites": ["lab"]}, {"name": "all", "confirm": True, "soak": "60"}])
    assert [(wave["name"], wave["sites"], wave["confirm"], wave["soak"]) for wave in made] == [
        ("wave-1", ["lab"], False, 0),
        ("all", ["lyon", "oslo"], True, 60),
    ]


def test_the_implicit_wave_takes_no_name_that_is_taken() -> None:
    assert list(hosts_of({"name": "rest", "sites": ["lab"]})) == ["rest", "rest-2"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"name": "a"}, "has to be a list of waves"),
        ([{"name": "a", "site": ["lab"]}], "wave 'a': 'site' is unknown; allowed are name, sites, selector"),
        ([{"name": "a", "sites": "lab"}], "wave 'a': sites has to be a list, not 'lab'"),
        ([{"selector": "gold"}], "wave 'wave-1': selector has to be"),
        ([{"failure_budget": "10%"}], "failure_budget has to be such as"),
        ([{"count": 0}], "count is '0': a number of sites from 1 on"),
        ([{"count": "101%"}], "count is '101%'"),
        ([{"count": "many"}], "count is 'many'"),
        ([{"max_hosts_per_site": 0}], r"max_hosts_per_site is '0': a whole number from 1 on"),
        ([{"max_hosts_per_site": True}], "max_hosts_per_site is 'True'"),
        ([{"max_unavailable": "half"}], "wave 'wave-1': max_unavailable: 'half' is neither"),
        ([{"soak": "10m"}], r"soak \(seconds\) is '10m'"),
        ([{"confirm": "maybe"}], "confirm is 'maybe': true and false"),
        ([{"name": "a", "count": 1}, {"name": "a"}], "two waves are called 'a'"),
        ([{"name": "a"}, {"name": "b", "sites": ["lab"]}], "wave 'b' can have no host, because wave 'a' takes all"),
        ([{"sites": ["lab", "lab"]}], "wave 'wave-1' names site 'lab' twice"),
        ([{"sites": ["lab"]}, {"sites": ["lab"]}], "site 'lab' of wave 'wave-2' stands in an earlier wave"),
    ],
)
def test_waves_that_make_no_sense_are_named(asked: Any, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        waves.arrange({}, asked)


def test_a_key_without_a_value_is_no_key() -> None:
    assert hosts_of({"name": "a", "sites": ["lab"], "selector": None, "count": None})["a"] == ["lab-1", "lab-2"]


SITES = st.sampled_from("abcd")
WAVE = st.fixed_dictionaries(
    {},
    optional={
        "selector": st.fixed_dictionaries({"tier": st.lists(st.sampled_from(["x", "y"]), min_size=1)}),
        "count": st.one_of(st.integers(1, 5), st.integers(1, 100).map("{}%".format)),
        "max_hosts_per_site": st.integers(1, 3),
    },
)


@given(
    st.dictionaries(st.integers(1, 40).map("h{}".format), SITES, max_size=20),
    st.lists(WAVE.filter(bool), max_size=4),
    st.lists(SITES, unique=True),
    st.data(),
)
def test_every_host_is_in_exactly_one_wave_and_asking_again_changes_nothing(
    members: dict[str, str], asked: list[dict[str, Any]], named: list[str], data: st.DataObject
) -> None:
    variables = {host: {"tier": data.draw(st.sampled_from("xyz"))} for host in members}
    poor = frozenset(host for host in members if data.draw(st.booleans()))
    made, notes = waves.arrange(members, [*asked, {"sites": named}], variables, poor)
    placed = [host for wave in made for host in wave["hosts"]]
    assert sorted(placed) == sorted(members)
    for wave in made:
        assert wave["hosts"] and wave["why"]
        # Site by site, in the order of the wave's sites.
        assert wave["sites"] == list(dict.fromkeys(members[host] for host in wave["hosts"]))
    assert len({wave["name"] for wave in made}) == len(made)
    assert len(made) + len(notes) in (len(asked) + 1, len(asked) + 2)
    assert waves.arrange(members, [*asked, {"sites": named}], variables, poor) == (made, notes)
    for number, wave in enumerate(asked, start=1):
        taken = [host for entry in made if entry["name"] == f"wave-{number}" for host in entry["hosts"]]
        most = wave.get("max_hosts_per_site")
        assert not most or all(sum(members[host] == site for host in taken) <= most for site in "abcd")
        assert not most or not poor & set(taken)
