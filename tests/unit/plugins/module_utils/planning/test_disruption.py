# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import disruption, gate
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.limits import PlanError

from .test_plan import build, drift, instance, observation

ARN = "arn:mi-1"


def service(name: str, least: int, most: int, count: int = 1, **more: Any) -> dict[str, Any]:
    percents = {"minimumHealthyPercent": least, "maximumPercent": most}
    return {"service_name": name, "deployment_configuration": percents, "desired_count": count, **more}


def task(group: str, arn: str | None = ARN, status: str = "RUNNING") -> dict[str, Any]:
    return {"group": group, "container_instance_arn": arn, "last_status": status}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, {"on_failure": "rollback", "standalone_tasks": "wait", "drain_timeout": 900}),
        (
            {"on_failure": "leave", "standalone_tasks": "stop", "drain_timeout": "60"},
            {"on_failure": "leave", "standalone_tasks": "stop", "drain_timeout": 60},
        ),
    ],
)
def test_policy(options: dict[str, Any], found: dict[str, Any]) -> None:
    assert disruption.policy(options) == found


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"on_failure": "retry"}, "fleet_on_failure is 'retry': it has to be one of 'rollback', 'leave'"),
        ({"standalone_tasks": "kill"}, "fleet_standalone_tasks is 'kill': .*'wait', 'stop', 'ignore'"),
        ({"drain_timeout": "5 minutes"}, "fleet_drain_timeout is '5 minutes'"),
        ({"drain_timeout": 0}, "fleet_drain_timeout is '0'"),
    ],
)
def test_a_policy_that_is_none_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(PlanError, match=words):
        disruption.policy(options)


@pytest.mark.parametrize(
    ("changes", "renews", "component", "back"),
    [
        ({}, False, "ecs_config", True),
        ({}, True, "ecs_config", False),
        ({}, False, "registration", False),
        ({}, False, "ecs_state", False),
        ({"agent_connected": False}, False, "ecs_config", False),
        ({"container_instance_arn": "arn:another"}, False, "ecs_config", False),
    ],
)
def test_only_a_host_that_works_has_something_to_go_back_to(
    changes: dict[str, Any], renews: bool, component: str, back: bool
) -> None:
    host = {"ecs_agent": {"introspection": {"container_instance_arn": ARN}}}
    item = {"container_instance_arn": ARN, "agent_connected": True, **changes}
    assert disruption.goes_back(host, item, [drift(component)], renews) is back
    assert not disruption.goes_back({"ecs_agent": None}, item, [], False)
    assert not disruption.goes_back(host, {}, [], False)


def test_services_that_give_up_no_task() -> None:
    told = [
        service("a", 100, 100), service("b", 100, 200), service("c", 50, 100), service("d", 50, 100, 2),
        service("e", 100, 100, 0), service("f", 0, 100, scheduling_strategy="DAEMON"), service("g", 100, 149, 2),
    ]  # fmt: skip
    assert disruption.tight(told) == ["a", "c", "g"]


def test_where_they_hold_a_task() -> None:
    tasks = [
        task("service:b"), task("service:a"), task("service:a"), task("family:job"), task("service:c", None),
        task("service:d", "arn:2"), task("service:e", status="STOPPED"),
    ]  # fmt: skip
    assert disruption.held(tasks) == {ARN: ["a", "b"], "arn:2": ["d"]}


def test_a_host_whose_drain_would_never_end_is_blocked_before_it_is_drained() -> None:
    seen = {"lab-1": observation(drift("engine", disruptive=True), identity="mi-1")}
    item = instance("mi-1")
    arn = item["container_instance_arn"]
    view = {"instances": [item], "nodes": ["mi-1"]}
    free = build(seen, {**view, "holding": {"arn:other": ["web"]}})["hosts"]["lab-1"]
    assert free["action"] == "converge" and free["drain"]
    held = build(seen, {**view, "holding": {arn: ["web", "till"]}})
    assert held["hosts"]["lab-1"]["action"] == "blocked" and held["batches"] == []
    assert "healthy percent of the services till, web leave no room" in held["hosts"]["lab-1"]["reason"]
    # What disturbs nothing needs no drain.
    calm = {"lab-1": observation(drift("ecs_config"), identity="mi-1")}
    assert build(calm, {**view, "holding": {arn: ["web"]}})["hosts"]["lab-1"]["action"] == "converge"


def test_a_host_that_was_rolled_back_gets_what_it_had() -> None:
    taken = {**drift("attributes"), "before": {"rack": "7", "site": "lab", "new": None}}
    host = {
        "attributes": {"site": "oslo", "fleet_release": "2"}, "tags": {"fleet": "retail"}, "drop_attributes": ["rack"],
        "drop_tags": [], "drift": [taken],
    }  # fmt: skip
    planned = {"lab-1": host, "lab-2": host}
    assert disruption.labels(planned, {"lab-1": "mi-1", "lab-2": "mi-2"}, ["lab-2"]) == {
        "attributes": {"mi-1": host["attributes"], "mi-2": {"rack": "7"}},
        "tags": {"mi-1": host["tags"], "mi-2": {}},
    }


def test_packages_that_were_exchanged() -> None:
    before = {"docker.io": "20", "docker-ce": None, "amazon-ssm-agent": "3", "amazon-ecs-init": "1"}
    now = {"docker.io": "20", "docker-ce": "27", "amazon-ssm-agent": "4", "amazon-ecs-init": None}
    assert disruption.exchanged(before, now) == {"amazon-ssm-agent": "3", "amazon-ecs-init": "1"}


def at(site: str, **more: Any) -> dict[str, Any]:
    arn = more.pop("arn", f"arn:{site}")
    found = {"container_instance_arn": arn, "attributes": {"site": site}, "status": "ACTIVE", "agent_connected": True}
    return {**found, **more}


LYON = [{"type": "memberOf", "expression": "attribute:site == lyon"}]
OTHER_WORDS = [{"type": "memberOf", "expression": "attribute:site in [lyon, oslo]"}]


@pytest.mark.parametrize(
    ("asked", "others", "names"),
    [
        ({"least": 50, "placement_constraints": LYON}, [], ["web"]),
        # One task is kept of two, or of one.
        ({"least": 1, "placement_constraints": LYON}, [], ["web"]),
        ({"least": 0, "placement_constraints": LYON}, [], []),
        ({"least": 50, "count": 0, "placement_constraints": LYON}, [], []),
        ({"least": 50, "scheduling_strategy": "DAEMON", "placement_constraints": LYON}, [], []),
        ({"least": 50, "running_count": 0, "placement_constraints": LYON}, [], []),
        # Another one of the site takes its tasks, if it takes any.
        ({"least": 50, "placement_constraints": LYON}, [at("lyon", arn="b")], []),
        ({"least": 50, "placement_constraints": LYON}, [at("lyon", arn="b", status="DRAINING")], ["web"]),
        ({"least": 50, "placement_constraints": LYON}, [at("lyon", arn="b", agent_connected=False)], ["web"]),
        # What cannot be judged is no obstacle.
        ({"least": 50}, [], []),
        ({"least": 50, "placement_constraints": OTHER_WORDS}, [], []),
    ],
)
def test_services_that_a_drain_leaves_nowhere(asked: dict[str, Any], others: list[Any], names: list[str]) -> None:
    web = service("web", asked.pop("least"), 100, asked.pop("count", 2), **asked)
    assert disruption.starved([web], [at("lyon"), at("oslo"), *others], ["arn:lyon"]) == names


def test_a_service_of_another_site_is_not_concerned() -> None:
    web = service("web", 50, 100, 2, placement_constraints=LYON)
    assert disruption.starved([web], [at("lyon"), at("oslo")], ["arn:oslo"]) == []


@pytest.mark.parametrize(("at_once", "opens"), [(2, False), (1, True)])
def test_a_batch_whose_drain_would_never_end_does_not_begin(at_once: int, opens: bool) -> None:
    seen = {name: observation(drift("engine", disruptive=True), identity=name) for name in ("lyon-1", "lyon-2")}
    view = {
        "instances": [instance(name, attributes={"site": "lyon"}) for name in seen],
        "nodes": list(seen),
        "services": [service("web", 50, 100, 2, placement_constraints=LYON)],
    }
    made = build(seen, view, max_unavailable=at_once)
    asked = gate.gate(made, 1, [], {}, now="2026-11-22T00:30:00Z")
    assert asked["open"] is opens
    assert ("service web may run on no other host" in asked["reason"]) is not opens
    assert (asked["kind"] == "drain") is not opens
