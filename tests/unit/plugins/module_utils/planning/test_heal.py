# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import heal
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.limits import PlanError

from .state import HOST, IDENTITY

ARN = "arn:x"
SSM, STATE, ECS = heal.RESTART_SSM, heal.RESET_STATE, heal.RESTART_ECS
OPTIONS = {"fleet": "retail", "cluster": "retail-edge", "started": "2026-11-22T06:00:00Z"}


def instance(arn: str = ARN, **more: Any) -> dict[str, Any]:
    return {
        "container_instance_arn": arn, "ec2_instance_id": IDENTITY, "status": "ACTIVE", "agent_connected": True,
        "attributes": {"site": "lyon", "ecs.os-type": "linux"}, "tags": {"fleet": "retail"}, **more,
    }  # fmt: skip


def host(**changes: Any) -> dict[str, Any]:
    """The healthy host with some values changed: the underscores of a name lead down."""
    found = copy.deepcopy(HOST)
    for path, value in changes.items():
        *parents, last = path.split("__")
        inner = found
        for parent in parents:
            inner = inner[parent.replace("ssm_unit", "amazon-ssm-agent")]
        inner[last] = value
    return found


def decided(observed: dict[str, Any], view: dict[str, Any] | None = None, drift: Any = ()) -> dict[str, Any]:
    view = {"instances": [instance()], "nodes": [{"instance_id": IDENTITY, "ping_status": "Online"}], **(view or {})}
    made = heal.build({"lyon-1": "lyon"}, {"lyon-1": {"host": observed, "drift": list(drift)}}, view, OPTIONS)
    found: dict[str, Any] = made["hosts"]["lyon-1"]
    return found


def test_a_healthy_host_needs_nothing() -> None:
    found = decided(host())
    assert (found["state"], found["symptoms"], found["remedies"], found["journal"]) == ("healthy", [], [], False)


# What differs on the host, what the symptom says, the remedies.
@pytest.mark.parametrize(
    ("changes", "said", "remedies"),
    [
        ({"credentials__fresh": False}, "credentials expired", [SSM]),
        ({"credentials__instance_id": "mi-other"}, "still works as mi-other", [SSM]),
        ({"credentials": None}, "has no credentials", [SSM]),
        ({"units__ssm_unit__active": "failed"}, "amazon-ssm-agent is failed", [SSM]),
        ({"nat": {"route_localnet": True, "credential_rules": False}}, "NAT rules", [ECS]),
        ({"nat": {"route_localnet": False, "credential_rules": True}}, "route_localnet is off", [ECS]),
        ({"ecs_agent__config_read": False}, "has not read its ecs.config", [ECS]),
        ({"units__ecs__active": "inactive"}, "ecs is inactive", [ECS]),
        ({"units__ecs__active": "failed"}, "ecs is failed", [ECS]),
        ({"ecs_agent__introspection": None}, "has not registered", [ECS]),
        (
            {"ecs_agent__introspection": {"cluster": "retail-edge", "container_instance_arn": "arn:dead"}},
            "gone from the cluster",
            [STATE, ECS],
        ),
        ({"credentials__fresh": False, "ecs_agent__config_read": False}, "credentials expired", [SSM, ECS]),
    ],
)
def test_what_a_restart_cures(changes: dict[str, Any], said: str, remedies: list[str]) -> None:
    found = decided(host(**changes))
    assert said in found["symptoms"][0]["symptom"]
    assert found["remedies"] == remedies
    assert found["state"] == "sick"


@pytest.mark.parametrize(
    ("view", "said", "remedies"),
    [
        ({"instances": [instance(agent_connected=False)]}, "does not hear", [ECS]),
        ({"instances": []}, "gone from the cluster", [STATE, ECS]),
        ({"nodes": [{"instance_id": IDENTITY, "ping_status": "ConnectionLost"}]}, "ConnectionLost", [SSM]),
    ],
)
def test_what_only_the_region_sees(view: dict[str, Any], said: str, remedies: list[str]) -> None:
    found = decided(host(), view)
    assert said in found["symptoms"][0]["symptom"]
    assert found["remedies"] == remedies


# Never packages, configuration, identity or the engine: these are somebody else's work, and are named.
@pytest.mark.parametrize(
    ("changes", "view", "advice"),
    [
        ({"registration__registered": False, "registration__instance_id": None}, {}, "rollout"),
        ({"registration__same_machine": False}, {}, "reregister"),
        ({"registration__registered": None}, {}, "reregister"),
        ({}, {"nodes": []}, "reregister"),
        ({}, {"instances": [instance(ec2_instance_id="mi-other")]}, "reregister"),
        ({"engine__version": None}, {}, "systemctl start docker"),
        # A terminal error of ecs that comes from the engine is not answered with a restart.
        ({"engine__version": None, "units__ecs__active": "failed"}, {}, "systemctl start docker"),
        ({"units__ecs__load": "not-found"}, {}, "rollout"),
        ({"units__ssm_unit__load": "masked"}, {}, "rollout"),
        ({"ecs_agent__introspection": {"cluster": "other", "container_instance_arn": "arn:y"}}, {}, "rollout"),
    ],
)
def test_what_needs_something_else(changes: dict[str, Any], view: dict[str, Any], advice: str) -> None:
    found = decided(host(**changes), view)
    assert found["state"] == "advice"
    assert found["remedies"] == []
    assert advice in " ".join(symptom["advice"] for symptom in found["symptoms"])


def test_drift_alone_is_named_and_is_no_ailment() -> None:
    found = decided(host(), drift=[{"component": "engine", "after": {}, "reason": "docker.io is 1, not 2"}])
    assert found["state"] == "healthy"
    assert "engine differ" in found["reason"] and "rollout" in found["reason"]


# The last words of an agent, and what they call for.
@pytest.mark.parametrize(
    ("line", "cause", "remedies", "advice"),
    [
        (
            "Data mismatch; saved cluster 'a' does not match configured cluster 'b'. Perhaps you want to delete the "
            "configured checkpoint file?",
            "another cluster", [], "rollout",
        ),
        (
            'level=error msg="Unable to register" error="ClientException: Referenced container instance 0f9d not '
            'registered."',
            "gone", [STATE, ECS], "",
        ),
        (
            "Error loading previously saved state: failed to load previous data from BoltDB: invalid database",
            "broken", [STATE, ECS], "",
        ),
        ("Error creating data client: invalid database", "broken", [STATE, ECS], ""),
        ("ClientException: Cluster not found.", "quotes in ecs.config", [], "fleet_cluster"),
        ("ClusterNotFoundException: nowhere", "no such cluster", [], "fleet_cluster"),
        ("Attribute validation failed, not echoed by the service: x", "attributes", [], "ecs_agent_attributes"),
        ("Invalid format for ECS_INSTANCE_ATTRIBUTES: Expecting property", "ECS_INSTANCE_ATTRIBUTES: ", [], "rollout"),
        ("invalid character '\u201c' looking for beginning of value", "typographic quotes", [], "rollout"),
        ("Invalid logging drivers: paper", "does not do", [], "ecs_agent_config"),
        ("Not in external mode and no EC2 metadata service: no credentials", "ECS_EXTERNAL", [], "rollout"),
        ("ExpiredTokenException: The security token included is expired", "run out", [SSM, ECS], ""),
        ("AccessDeniedException: not authorized to perform", "IAM role", [], "edgefleet.ecs.region"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock", "engine", [], "docker"),
        ("panic: inotify_init: too many open files", "limits", [], "rollout"),
        ("dial tcp: lookup ecs.us-west-2.amazonaws.com: no such host", "endpoint", [], "DNS"),
        ("a word that nobody knows", "it does not get as far", [ECS], ""),
    ],
)  # fmt: skip
def test_the_agents_own_words(line: str, cause: str, remedies: list[str], advice: str) -> None:
    found = decided(host(ecs_agent__introspection=None))
    assert found["journal"]
    told = heal.verdict(found, ["systemd: Started ecs.service", line, "Agent exited with code 5"], [instance()])
    assert cause in told["symptoms"][0]["cause"]
    assert told["remedies"] == remedies
    assert advice in told["symptoms"][0]["advice"]


def test_of_several_words_the_last_count() -> None:
    found = decided(host(units__ecs__active="failed"))
    told = heal.verdict(found, ["Cluster not found", "Error creating data client: invalid database"], [])
    assert told["remedies"] == [STATE, ECS]


def test_a_state_file_of_an_instance_that_is_there_is_not_thrown_away() -> None:
    found = decided(host(units__ecs__active="failed"))
    line = "Referenced container instance arn:aws:ecs:us-west-2:1:container-instance/edge/0f9d not registered"
    told = heal.verdict(found, [line], [instance("arn:aws:ecs:us-west-2:1:container-instance/edge/0f9d")])
    assert told["remedies"] == []
    assert "reregister" in told["symptoms"][0]["advice"]


def test_words_change_nothing_where_they_were_not_asked_for() -> None:
    found = decided(host(ecs_agent__config_read=False))
    assert not found["journal"]
    assert heal.verdict(found, ["Cluster not found"], [])["remedies"] == [ECS]


def test_an_exit_loop_is_counted() -> None:
    found = decided(host(ecs_agent__introspection=None, units__ecs__restarts=7))
    assert "7 times" in found["symptoms"][0]["cause"]


def test_all_sites_at_once_and_of_each_so_many() -> None:
    sick = {"host": host(ecs_agent__config_read=False), "drift": []}
    sites = {"a-1": "a", "a-2": "a", "a-3": "a", "b-1": "b"}
    view = {"instances": [instance()]}
    made = heal.build(sites, dict.fromkeys(sites, sick), view, {**OPTIONS, "per_site": 2})
    assert made["order"] == ["a-1", "a-2", "b-1", "a-3"]
    assert made["serial"] == [3, 1]
    half = heal.build(sites, dict.fromkeys(sites, sick), view, {**OPTIONS, "per_site": "50%"})
    assert half["serial"] == [2, 1, 1]
    with pytest.raises(PlanError, match="heal_hosts_per_site"):
        heal.build(sites, dict.fromkeys(sites, sick), view, {**OPTIONS, "per_site": "some"})


def test_hosts_that_say_nothing_are_left_alone() -> None:
    observations = {"lyon-1": {"unreachable": True, "msg": "no route"}, "lyon-2": {"failed": True, "msg": "no Python"}}
    made = heal.build({"lyon-1": "lyon", "lyon-2": "lyon"}, observations, {"instances": [], "nodes": []}, OPTIONS)
    assert made["order"] == []
    told = heal.report(made, {}, [])
    assert {name: row["result"] for name, row in told["hosts"].items()} == {"lyon-1": "unreachable", "lyon-2": "failed"}
    assert told["left"] == ["lyon-1", "lyon-2"]


def reported(result: dict[str, Any] | None, now: list[dict[str, Any]], *, check_mode: bool = False) -> dict[str, Any]:
    observed = host(ecs_agent__introspection={"cluster": "retail-edge", "container_instance_arn": "arn:dead"})
    view = {"instances": [instance("arn:old", agent_connected=False, status="DRAINING")]}
    made = heal.build({"lyon-1": "lyon"}, {"lyon-1": {"host": observed, "drift": []}}, view, OPTIONS)
    symptoms = made["hosts"]["lyon-1"]["symptoms"]
    results = {} if result is None else {"lyon-1": {"symptoms": symptoms, "remedies": [STATE, ECS], **result}}
    told: dict[str, Any] = heal.report(made, results, now, check_mode)
    return told


@pytest.mark.parametrize(
    ("result", "now", "outcome"),
    [
        ({"instance": "arn:new"}, [instance("arn:new")], "healed"),
        ({"instance": "arn:new"}, [instance("arn:new", agent_connected=False)], "not connected"),
        ({"instance": ""}, [], "not connected"),
        ({"failure": "Restart ecs: no"}, [], "not healed"),
        ({"remedies": []}, [], "needs something else"),
        (None, [], "lost"),
    ],
)
def test_what_became_of_a_host(result: dict[str, Any] | None, now: list[dict[str, Any]], outcome: str) -> None:
    told = reported(result, now)
    assert told["hosts"]["lyon-1"]["result"] == outcome
    assert told["left"] == ([] if outcome == "healed" else ["lyon-1"])
    assert told["waiting"] == (["lyon-1"] if outcome == "not connected" else [])


def test_check_mode_leaves_nothing_behind() -> None:
    told = reported({"instance": ""}, [instance("arn:old")], check_mode=True)
    assert told["hosts"]["lyon-1"]["result"] == "would be healed"
    assert (told["left"], told["dead"]) == ([], [])


def test_a_new_record_takes_over_from_the_old_one() -> None:
    old = instance("arn:old", agent_connected=False, status="DRAINING")
    told = reported({"instance": "arn:new"}, [old, instance("arn:new")])
    assert told["dead"] == ["arn:old"]
    assert told["attributes"] == {"arn:new": {"site": "lyon"}}
    assert told["draining"] == ["arn:new"]


def test_a_record_that_is_not_ours_or_that_lives_stays() -> None:
    new = instance("arn:new")
    assert reported({"instance": "arn:new"}, [instance("arn:old", agent_connected=True), new])["dead"] == []
    observed = host(ecs_agent__introspection={"cluster": "retail-edge", "container_instance_arn": "arn:dead"})
    old = instance("arn:old", agent_connected=False, tags={"fleet": "other"})
    made = heal.build({"lyon-1": "lyon"}, {"lyon-1": {"host": observed}}, {"instances": [old]}, OPTIONS)
    result = {"symptoms": [], "remedies": [STATE, ECS], "instance": "arn:new"}
    assert heal.report(made, {"lyon-1": result}, [old, new])["dead"] == []


def test_the_table_names_host_result_remedy_and_symptom() -> None:
    lines = reported({"instance": "arn:new"}, [instance("arn:new")])["lines"]
    assert lines[0].split() == ["HOST", "RESULT", "REMEDY", "SYMPTOM"]
    assert "lyon/lyon-1  healed  remove agent.db  its container instance is gone from the cluster" in lines
    assert lines[-1] == "0 of 1 hosts were healthy."
