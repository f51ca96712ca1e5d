# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import limits, plan
from hypothesis import given
from hypothesis import strategies as st

OPTIONS = {
    "started": "2026-11-21T22:00:00Z",
    "fleet": "retail",
    "cluster": "edge",
    "region": "us-west-2",
    "release": "",
}


def drift(component: str, disruptive: bool = False) -> dict[str, Any]:
    return {"component": component, "before": None, "after": "x", "disruptive": disruptive, "reason": "differs"}


def observation(
    *drifts: dict[str, Any], identity: str | None = None, findings: Sequence[Mapping[str, str]] = (), **more: Any
) -> dict[str, Any]:
    registration = {"registered": identity is not None, "instance_id": identity}
    return {
        "host": {"registration": registration, "packages": {}, "ecs_agent": {"introspection": None}},
        "drift": list(drifts),
        "findings": list(findings),
        **more,
    }


def instance(identity: str, **more: Any) -> dict[str, Any]:
    return {
        "ec2_instance_id": identity,
        "container_instance_arn": f"arn:{identity}",
        "status": "ACTIVE",
        "agent_connected": True,
        "attributes": {},
        **more,
    }


def build(
    observations: Mapping[str, Mapping[str, Any]], view: Mapping[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    sites = {name: name.split("-")[0] for name in observations}
    return plan.build(sites, observations, view or {}, {**OPTIONS, **options})


def test_a_host_as_asked_is_in_no_batch() -> None:
    made = build({"lab-1": observation()})
    assert made["hosts"]["lab-1"]["action"] == "unchanged"
    assert made["batches"] == [] and made["serial"] == [1]


@pytest.mark.parametrize(
    ("agent", "others", "said"),
    [
        # Registered anew: the agent still answers for the instance of the old identity, or has ended over it.
        ({"state_file": True, "introspection": {"container_instance_arn": "arn:mi-old"}}, ["mi-old"], "of mi-old"),
        ({"state_file": True, "introspection": None}, ["mi-old"], "that the cluster does not know"),
        # Deregistered in ECS.
        ({"state_file": True, "introspection": None}, [], "that the cluster does not know"),
        # Joined after the Region was asked.
        ({"state_file": True, "introspection": {"container_instance_arn": "arn:mi-new"}}, ["mi-old"], ""),
        # On the way to join for the first time.
        ({"state_file": False, "introspection": None}, ["mi-old"], ""),
        # Itself.
        ({"state_file": True, "introspection": None}, ["mi-new"], ""),
    ],
)
def test_a_state_file_of_another_instance_is_found(agent: dict[str, Any], others: list[str], said: str) -> None:
    seen = observation(identity="mi-new")
    seen["host"]["ecs_agent"] = agent
    made = build({"lab-1": seen}, {"instances": [instance(node) for node in others]})
    found = [entry for entry in made["hosts"]["lab-1"]["drift"] if entry["component"] == "ecs_state"]
    assert len(found) == bool(said)
    assert not found or said in found[0]["reason"]
    # The agent is then started anew, too.
    assert not found or "ecs_agent" in [entry["component"] for entry in made["hosts"]["lab-1"]["drift"]]


def test_batches_follow_waves_sites_and_max_unavailable() -> None:
    hosts = {name: observation(drift("engine")) for name in ("oslo-1", "lab-1", "lab-2", "lab-3", "lyon-1")}
    made = build(hosts, waves=[{"name": "canary", "sites": ["lab"], "max_unavailable": 2}, {"sites": ["lyon"]}])
    assert [(batch["wave"], batch["site"], batch["hosts"]) for batch in made["batches"]] == [
        ("canary", "lab", ["lab-1", "lab-2"]),
        ("canary", "lab", ["lab-3"]),
        ("wave-2", "lyon", ["lyon-1"]),
        ("rest", "oslo", ["oslo-1"]),
    ]
    assert made["serial"] == [3, 2, 2, 2]
    assert [batch["last_of_site"] for batch in made["batches"]] == [False, True, True, True]
    assert made["batches"][1]["site_conductors"] == ["fleet-conductor-1-lab", "fleet-conductor-2-lab"]
    assert made["batches"][0]["members"] == ["fleet-conductor-1-lab", "lab-1", "lab-2"]


def test_one_activation_serves_all_batches_of_a_site() -> None:
    hosts = {f"lab-{number}": observation(drift("registration")) for number in range(3)}
    hosts["lab-9"] = observation(drift("registration"), identity="mi-9")  # a left-over backup: no activation is needed
    assert [batch["registers"] for batch in build(hosts)["batches"]] == [3, 3, 3, 3]


def test_only_active_hosts_with_a_disruptive_change_are_drained() -> None:
    hosts = {
        "lab-1": observation(drift("engine", disruptive=True), identity="mi-1"),
        "lab-2": observation(drift("ecs_config"), identity="mi-2"),
        "lab-3": observation(drift("engine", disruptive=True)),
        "lab-4": observation(drift("engine", disruptive=True), identity="mi-4"),
    }
    view = {"instances": [instance("mi-1"), instance("mi-2"), instance("mi-4", status="DRAINING")]}
    made = build(hosts, view, max_unavailable="100%")
    assert [batch["drain"] for batch in made["batches"]] == [["arn:mi-1"]]
    assert made["hosts"]["lab-4"]["stays_draining"] is True


def test_a_host_that_an_unfinished_run_drained_is_brought_back() -> None:
    view = {"instances": [instance("mi-1", status="DRAINING", attributes={plan.DRAIN_MARK: "20261120T010000Z"})]}
    host = build({"lab-1": observation(identity="mi-1")}, view)["hosts"]["lab-1"]
    assert (host["action"], host["drift"][0]["component"], host["stays_draining"]) == ("converge", "status", False)
    assert "20261120T010000Z" in host["drift"][0]["reason"]


def test_an_operators_drain_is_no_drift() -> None:
    view = {"instances": [instance("mi-1", status="DRAINING")]}
    assert build({"lab-1": observation(identity="mi-1")}, view)["hosts"]["lab-1"]["action"] == "unchanged"


def test_attributes_are_compared_with_the_region() -> None:
    view = {"instances": [instance("mi-1", attributes={"site": "lab", "fleet_release": "1", "ecs.os-type": "linux"})]}
    host = build({"lab-1": observation(identity="mi-1", attributes={"site": "lab"})}, view, release="2")["hosts"][
        "lab-1"
    ]
    assert host["drift"] == [
        {**plan._drift("attributes", {"fleet_release": "1"}, {"fleet_release": "2"}, "ECS attributes differ")}
    ]
    assert host["attributes"] == {"site": "lab", "fleet_release": "2"}


def test_a_lost_agent_is_drift() -> None:
    view = {"instances": [instance("mi-1", agent_connected=False)]}
    assert (
        build({"lab-1": observation(identity="mi-1")}, view)["hosts"]["lab-1"]["drift"][0]["component"] == "ecs_agent"
    )


def test_a_registered_host_that_is_no_container_instance_changes() -> None:
    host = build({"lab-1": observation(identity="mi-1")}, {"instances": [], "nodes": ["mi-1"]})["hosts"]["lab-1"]
    assert (host["action"], host["drift"][0]["component"]) == ("converge", "ecs_agent")


def test_what_the_host_shows_of_a_component_wins_over_what_the_region_misses() -> None:
    view = {"instances": [instance("mi-1", agent_connected=False)]}
    host = build({"lab-1": observation(drift("ecs_agent"), identity="mi-1")}, view)["hosts"]["lab-1"]
    assert host["drift"] == [drift("ecs_agent")]


def test_preflight_errors_block_and_name_the_way_out() -> None:
    finding = {
        "check": "os",
        "level": "error",
        "what": "Debian 9 is not supported.",
        "why": "",
        "advice": "Upgrade it.",
    }
    host = build({"lab-1": observation(drift("engine"), findings=[finding])})["hosts"]["lab-1"]
    assert (host["action"], host["reason"]) == ("blocked", "Debian 9 is not supported. Upgrade it.")


def test_clones_within_the_fleet_block_each_other() -> None:
    seen = {name: observation(drift("engine")) for name in ("lab-1", "lab-2", "oslo-1")}
    for name, observed in seen.items():
        observed["host"]["machine_id"] = "twin" if name.startswith("lab") else "own"
    made = build(seen)
    assert {name: host["action"] for name, host in made["hosts"].items()} == {
        "lab-1": "blocked", "lab-2": "blocked", "oslo-1": "converge",
    }  # fmt: skip
    assert "also that of lab-2" in made["hosts"]["lab-1"]["reason"]
    assert "repair_clones" in made["hosts"]["lab-1"]["reason"]
    assert [batch["hosts"] for batch in made["batches"]] == [["oslo-1"]]


def test_a_host_of_another_cluster_is_not_moved_undrained() -> None:
    seen = observation(drift("ecs_config", disruptive=True), identity="mi-1")
    seen["host"]["ecs_agent"]["introspection"] = {"cluster": "old"}
    host = build({"lab-1": seen}, {"instances": [], "nodes": ["mi-1"]})["hosts"]["lab-1"]
    assert host["action"] == "blocked"
    assert "in cluster old" in host["reason"]
    assert build({"lab-1": seen}, {"instances": [instance("mi-1")]})["hosts"]["lab-1"]["action"] == "converge"


def test_warnings_do_not_block() -> None:
    finding = {"check": "clock", "level": "warning", "what": "x", "why": "", "advice": ""}
    host = build({"lab-1": observation(findings=[finding])})["hosts"]["lab-1"]
    assert (host["action"], host["warnings"]) == ("unchanged", ["x"])


def test_an_identity_that_ssm_does_not_know_blocks() -> None:
    made = build({"lab-1": observation(identity="mi-1")}, {"nodes": ["mi-2"]})
    assert made["hosts"]["lab-1"]["action"] == "blocked"
    assert "mi-1" in made["hosts"]["lab-1"]["reason"]


@pytest.mark.parametrize(("seen", "action"), [({"unreachable": True}, "unreachable"), ({"failed": True}, "failed")])
def test_hosts_that_could_not_be_read_are_named_not_batched(seen: dict[str, Any], action: str) -> None:
    made = build({"lab-1": {**seen, "msg": "no route\n"}, "lab-2": observation(drift("engine"))})
    assert (made["hosts"]["lab-1"]["action"], made["hosts"]["lab-1"]["reason"]) == (action, "no route")
    assert [batch["hosts"] for batch in made["batches"]] == [["lab-2"]]
    # Whatever reads the plan finds the same of every host.
    assert made["hosts"]["lab-1"].keys() == made["hosts"]["lab-2"].keys()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_unavailable": 0}, "fleet_max_unavailable is 0"),
        ({"max_unavailable": "half"}, "'half' is neither"),
        ({"max_unavailable": "101%"}, "more than all"),
        ({"waves": [{"sites": ["lab"]}, {"name": "again", "sites": ["lab"]}]}, "site 'lab' of wave 'again'"),
    ],
)
def test_bad_input_is_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(limits.PlanError, match=said):
        build({"lab-1": observation()}, **options)


def test_what_a_record_has_left() -> None:
    outcomes = ("unchanged", "converged", "failed", "rolled_back", "skipped", "unreachable", "blocked")
    record = {"waves": [], "hosts": {outcome: {"outcome": outcome} for outcome in outcomes}}
    assert plan.left_of(record) == ["failed", "rolled_back", "skipped", "unreachable", "blocked"]
    assert build({"lab-1": observation()}, only_failed="/r.json")["notes"] == [
        "Only hosts that /r.json has as not as asked: 1 host."
    ]


@pytest.mark.parametrize("record", [{}, [], 5, {"waves": []}, {"waves": [], "hosts": {"a": {}}}, {"hosts": {}}])
def test_a_file_that_is_no_record_is_refused(record: Any) -> None:
    with pytest.raises(limits.PlanError, match="fleet_only_failed has to be the path of a rollout's record"):
        plan.left_of(record)


def test_waves_and_domains_come_from_variables() -> None:
    told = {"lab-1": {"tier": "x", "fleet_fault_domain": 1}, "lab-2": {}}
    made = build({"lab-2": observation(), "lab-1": observation()}, variables=told, waves=[{"selector": {"tier": "x"}}])
    assert {name: (host["wave"], host["fault_domain"]) for name, host in made["hosts"].items()} == {
        "lab-1": ("wave-1", "1"), "lab-2": ("rest", ""),
    }  # fmt: skip


def test_hosts_without_a_site_are_named() -> None:
    with pytest.raises(limits.PlanError, match="fleet_site is not set for: a, b"):
        plan.build({"b": "", "a": "", "c": "lab"}, dict.fromkeys("abc", observation()), {}, OPTIONS)


@given(
    st.dictionaries(st.from_regex(r"[a-c]-[0-9]{1,2}", fullmatch=True), st.booleans(), max_size=25),
    st.one_of(st.integers(1, 9).map(str), st.integers(1, 100).map("{}%".format)),
    st.lists(st.sampled_from("abcd"), unique=True),
)
def test_every_host_to_change_is_in_exactly_one_batch_of_its_site(
    changes: dict[str, bool], most: str, named: list[str]
) -> None:
    hosts = {name: observation(*([drift("engine")] if change else [])) for name, change in changes.items()}
    made = build(hosts, waves=[{"sites": [site]} for site in named], max_unavailable=most)
    batched = [name for batch in made["batches"] for name in batch["hosts"]]
    assert sorted(batched) == sorted(name for name, change in changes.items() if change)
    for batch in made["batches"]:
        site_size = sum(host["site"] == batch["site"] for host in made["hosts"].values())
        assert 1 <= len(batch["hosts"]) <= max(1, limits.limit_of(most, site_size))
        assert {made["hosts"][name]["site"] for name in batch["hosts"]} == {batch["site"]}
    order = [batch["site"] for batch in made["batches"]]
    assert [site for site in dict.fromkeys(order) if site in named] == [site for site in named if site in order]
