# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import removal

from .test_leaving import instance, service, task

SITES = {"lyon-1": "lyon", "lyon-2": "lyon"}
ALL = {**SITES, "oslo-1": "oslo"}
OFF = {"unreachable": True, "msg": "no route"}
UNIT = {"load": "loaded", "active": "active", "enabled": True}
GONE = {"load": "loaded", "active": "inactive", "enabled": False}


def seen(name: str, identity: str | None = "", **more: Any) -> dict[str, Any]:
    """What a host says that is as a rollout has left it."""
    identity = f"mi-{name}" if identity == "" else identity
    values = {"ECS_CLUSTER": "edge", "ECS_CONTAINER_INSTANCE_TAGS": '{"fleet":"retail"}'}
    host = {
        "registration": {
            "registered": bool(identity), "instance_id": identity, "region": "us-west-2", "backup": False,
        },
        "credentials": {"instance_id": identity} if identity else None,
        "units": {"ecs": UNIT, "amazon-ssm-agent": UNIT},
        "ecs_agent": {"state_file": True},
        "ecs_config": {"user": {"present": True, "values": values}},
        "packages": {"amazon-ecs-init": "1"},
        **more,
    }  # fmt: skip
    return {"host": host}


def cleared(name: str) -> dict[str, Any]:
    return seen(name, None, units={"ecs": GONE, "amazon-ssm-agent": GONE}, ecs_agent={"state_file": False})


def node(name: str, **more: Any) -> dict[str, Any]:
    return {"instance_id": f"mi-{name}", "computer_name": name, "ping_status": "Online", **more}


def planned(
    observations: dict[str, Any], *, instances: Any = (), nodes: Any = (), known: Any = None, **more: Any
) -> dict[str, Any]:
    view = {
        "instances": instances, "nodes": nodes, "known": nodes if known is None else known,
        "services": more.pop("services", []), "tasks": more.pop("tasks", []),
    }  # fmt: skip
    sites = {name: ALL[name] for name in observations}
    options = {
        "fleet": "retail", "cluster": "edge", "region": "us-west-2", "all_sites": ALL, "confirm": "",
        "packages": [], "directories": False, "started": "2026-11-22T06:00:00Z", **more,
    }  # fmt: skip
    made: dict[str, Any] = removal.build(sites, more.get("given", {}), observations, view, options)
    return made


def whole(**more: Any) -> dict[str, Any]:
    """The site lyon, one of its hosts off."""
    instances, nodes = [instance("lyon-1"), instance("lyon-2")], [node("lyon-1"), node("lyon-2")]
    return planned({"lyon-1": seen("lyon-1"), "lyon-2": OFF}, instances=instances, nodes=nodes, **more)


def test_a_site_leaves_with_a_host_that_is_off() -> None:
    made = whole()
    assert made["refused"] == []
    here, off = made["hosts"]["lyon-1"], made["hosts"]["lyon-2"]
    assert (here["action"], here["reachable"]) == ("remove", True)
    assert here["work"] == ["ecs", "agent.db", "registration", "ssm_agent"]
    assert (off["instances"], off["nodes"], off["work"]) == (["arn:lyon-2"], ["mi-lyon-2"], [])
    batch = made["batches"][0]
    assert batch["members"] == ["fleet-conductor-1-lyon", "lyon-1"]
    assert (batch["drain"], batch["offline_instances"]) == (["arn:lyon-1"], ["arn:lyon-2"])
    assert made["serial"] == [2]


# Where a run was cut off, and what the next one still finds.
@pytest.mark.parametrize(
    ("observation", "instances", "nodes", "work"),
    [
        (seen("lyon-1"), [], [node("lyon-1")], ["ecs", "agent.db", "registration", "ssm_agent"]),
        (
            seen("lyon-1", units={"ecs": GONE, "amazon-ssm-agent": UNIT}, ecs_agent={"state_file": False}),
            [], [node("lyon-1")], ["registration", "ssm_agent"],
        ),
        (
            seen("lyon-1", units={"ecs": GONE, "amazon-ssm-agent": UNIT}, ecs_agent={"state_file": False}),
            [], [], ["registration", "ssm_agent"],
        ),
        (seen("lyon-1", None, units={"ecs": GONE, "amazon-ssm-agent": UNIT}, ecs_agent=None), [], [], ["ssm_agent"]),
    ],
)  # fmt: skip
def test_a_run_that_was_cut_off_is_ended(observation: Any, instances: Any, nodes: Any, work: list[str]) -> None:
    made = planned({"lyon-1": observation}, instances=instances, nodes=nodes)
    assert made["refused"] == []
    assert (made["hosts"]["lyon-1"]["action"], made["hosts"]["lyon-1"]["work"]) == ("remove", work)


def test_a_second_run_finds_nothing_and_asks_nothing() -> None:
    made = planned({"lyon-1": cleared("lyon-1"), "lyon-2": OFF})
    assert {host["action"] for host in made["hosts"].values()} == {"absent"}
    assert (made["batches"], made["confirmed"], made["serial"]) == ([], True, [1])


@pytest.mark.parametrize(
    ("options", "work"),
    [
        ({"packages": ["amazon-ecs-init"]}, ["packages"]),
        ({"packages": ["amazon-ssm-agent"]}, []),
        ({"directories": True}, ["directories"]),
    ],
)
def test_packages_and_directories_go_when_asked(options: dict[str, Any], work: list[str]) -> None:
    assert planned({"lyon-1": cleared("lyon-1")}, **options)["hosts"]["lyon-1"]["work"] == work


@pytest.mark.parametrize(
    ("observation", "view", "said"),
    [
        # A node of the account without the fleet's tag.
        (seen("lyon-1"), {"known": [node("lyon-1")]}, "does not bear the tag fleet=retail"),
        # Unknown here, and nothing on the host says that it was ours.
        (seen("lyon-1", ecs_config={"user": {"present": True, "values": {}}}), {}, "another account's"),
        (
            seen("lyon-1", ecs_config={"user": {"values": {"ECS_CONTAINER_INSTANCE_TAGS": "{"}}}),
            {}, "another account's",
        ),
        (
            seen(
                "lyon-1", registration={
                    "registered": True, "instance_id": "mi-lyon-1", "region": "eu-west-1", "backup": False,
                },
            ),
            {}, "another account's",
        ),
        (
            seen("lyon-1"),
            {"nodes": [node("lyon-1")], "instances": [instance("lyon-1", tags={"fleet": "wholesale"})]},
            "'wholesale', not 'retail'",
        ),
        ({"failed": True, "msg": "no Python"}, {}, "could not be read: no Python"),
    ],
)  # fmt: skip
def test_what_is_not_the_fleets_is_refused(observation: Any, view: dict[str, Any], said: str) -> None:
    made = planned({"lyon-1": observation}, **view)
    assert any(said in reason for reason in made["refused"]), made["refused"]
    assert made["batches"] == []


def test_records_of_an_identity_before_go_too() -> None:
    old = instance("lyon-1", "arn:old", ec2_instance_id="mi-old", agent_connected=False)
    made = planned(
        {"lyon-1": seen("lyon-1")}, instances=[old, instance("lyon-1")],
        nodes=[node("lyon-1"), node("lyon-1", instance_id="mi-old")],
    )  # fmt: skip
    assert made["hosts"]["lyon-1"]["instances"] == ["arn:old", "arn:lyon-1"]
    assert made["hosts"]["lyon-1"]["nodes"] == ["mi-lyon-1", "mi-old"]


GIVEN_UP = {"registered": True, "instance_id": "mi-lyon-1", "region": "us-west-2", "abandoned": ["mi-old", "mi-gone"]}
SILENT = {"ping_status": "ConnectionLost"}


@pytest.mark.parametrize(
    ("old_node", "old_instance", "taken"),
    [
        (SILENT, {"agent_connected": False}, True),
        (SILENT, {"agent_connected": True}, False),
        ({}, {"agent_connected": False}, False),
    ],
)
def test_identities_that_a_host_has_given_up_go_if_nothing_answers_with_them(
    old_node: Any, old_instance: Any, taken: bool
) -> None:
    # Another name than the host's: the tag alone does not show whose it is.
    old = instance("before", ec2_instance_id="mi-old", **old_instance)
    made = planned(
        {"lyon-1": seen("lyon-1", registration=GIVEN_UP)},
        instances=[instance("lyon-1"), old],
        nodes=[node("lyon-1"), node("old", **old_node)],
    )
    assert ("mi-old" in made["hosts"]["lyon-1"]["nodes"]) is taken
    assert (old["container_instance_arn"] in made["hosts"]["lyon-1"]["instances"]) is taken


def test_a_site_takes_its_activation_with_it_when_it_leaves_as_a_whole() -> None:
    assert [batch["whole_site"] for batch in whole()["batches"]] == [True]
    one = planned({"lyon-1": seen("lyon-1")}, instances=[instance("lyon-1")], nodes=[node("lyon-1")])
    assert [batch["whole_site"] for batch in one["batches"]] == [False]


@pytest.mark.parametrize(
    ("nodes", "taken", "refused"),
    [
        ([node("lyon-2", ping_status="ConnectionLost")], ["mi-lyon-2"], False),
        ([node("lyon-2")], [], False),  # somebody answers as that one
        ([node("oslo-1", ping_status="ConnectionLost")], [], False),
        (
            [node("lyon-2", ping_status="Inactive"), node("lyon-2", instance_id="mi-b", ping_status="Inactive")],
            [], True,
        ),
    ],
)  # fmt: skip
def test_a_host_that_is_off_and_never_joined_is_known_by_its_name(nodes: Any, taken: list[str], refused: bool) -> None:
    made = planned({"lyon-2": OFF}, nodes=nodes)
    assert bool(made["refused"]) == refused
    if not refused:
        assert made["hosts"]["lyon-2"]["nodes"] == taken


@pytest.mark.parametrize(
    ("names", "phrase"),
    [
        (["lyon-1", "lyon-2"], "retail/lyon"),
        (["lyon-2"], "retail/lyon/lyon-2"),
        (["lyon-1", "oslo-1"], "retail/lyon/lyon-1,retail/oslo"),
    ],
)
def test_what_must_be_typed(names: list[str], phrase: str) -> None:
    observations = {name: seen(name) for name in names}
    nodes = [node(name) for name in names]
    made = planned(observations, nodes=nodes)
    assert (made["phrase"], made["confirmed"]) == (phrase, False)
    assert planned(observations, nodes=nodes, confirm=phrase)["confirmed"]
    assert not planned(observations, nodes=nodes, confirm="retail")["confirmed"]


def test_a_service_that_gives_up_no_task_is_named_before() -> None:
    held = {"services": [service()], "tasks": [task("lyon-1")]}
    assert "web" in whole(**held)["refused"][0]
    assert whole(**held, ignore_blocking=True)["refused"] == []
    # On a host that is off, nobody drains.
    assert whole(services=[service()], tasks=[task("lyon-2")])["refused"] == []


def test_a_node_goes_only_when_its_host_has_stopped_its_agent_or_is_off() -> None:
    made = whole()
    assert removal.nodes_to_remove(made, made["batches"][0], []) == ["mi-lyon-2"]
    assert removal.nodes_to_remove(made, made["batches"][0], ["lyon-1"]) == ["mi-lyon-1", "mi-lyon-2"]


@pytest.mark.parametrize(
    ("site", "done", "outcome", "reason"),
    [
        ({}, {"removed": ["ecs"], "failure": ""}, "removed", ""),
        ({"failure": "tasks"}, {"removed": []}, "failed", "tasks"),
        ({}, {"removed": [], "failure": "Disable and stop ecs: no"}, "failed", "Disable and stop ecs: no"),
        ({}, None, "failed", "connection was lost"),
        ({"nodes": []}, {"removed": ["ecs"]}, "failed", "mi-lyon-1"),
        (None, None, "failed", "ended before its site"),
    ],
)
def test_the_record_of_a_host(site: Any, done: Any, outcome: str, reason: str) -> None:
    made = whole()
    everything = {
        "site": "lyon", "instances": ["arn:lyon-1", "arn:lyon-2"], "nodes": ["mi-lyon-1", "mi-lyon-2"], "failure": "",
    }  # fmt: skip
    results = [] if site is None else [{**everything, **site}]
    run = removal.record(made, results, {"lyon-1": done} if done else {}, "2026-11-22T06:01:00Z")
    host = run["hosts"]["lyon-1"]
    assert host["outcome"] == outcome
    assert reason in host["reason"]
    if outcome == "removed":
        assert host["removed"] == {
            "container_instances": ["arn:lyon-1"], "managed_nodes": ["mi-lyon-1"], "on_host": ["ecs"],
        }  # fmt: skip
        assert "lyon/lyon-1  removed  container instance" in removal.table(run)[1]


def test_the_plan_does_not_touch_what_it_was_given() -> None:
    observations = {"lyon-1": seen("lyon-1")}
    before = copy.deepcopy(observations)
    planned(observations)
    assert observations == before
