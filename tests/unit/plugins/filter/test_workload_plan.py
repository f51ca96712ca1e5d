# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services differ, told as the module would tell it."""

from __future__ import annotations

from typing import Any

from ansible_collections.edgefleet.ecs.plugins.filter.workload_plan import workload_pending

ARN = "arn:aws:ecs:us-west-2:111122223333:task-definition/web"
CONSTRAINT = [{"type": "memberOf", "expression": "attribute:site == lyon"}]
WANTED = {"name": "web", "task_definition": "web", "launch_type": "EXTERNAL", "placement_constraints": CONSTRAINT}
FOUND = {
    "service_name": "web",
    "status": "ACTIVE",
    "task_definition": f"{ARN}:3",
    "launch_type": "EXTERNAL",
    "scheduling_strategy": "REPLICA",
    "desired_count": 1,
    "running_count": 1,
    "placement_constraints": CONSTRAINT,
    "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "rollout_state": "COMPLETED"}],
    "tags": {"fleet": "retail", "other": "x"},
}


def pending(wanted: Any = None, found: Any = None, revision: int = 3) -> dict[str, Any]:
    services = [{**WANTED, **(wanted or {})}]
    return workload_pending(services, [{**FOUND, **(found or {})}], {"web": f"{ARN}:{revision}"}, {"fleet": "retail"})


def names(result: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    return [one["name"] for one in result["change"]], result["wait"], result["left"]


def test_what_is_as_asked_is_left_alone() -> None:
    assert names(pending()) == ([], [], [])


def test_what_differs_is_changed_and_waited_for() -> None:
    for wanted, found, revision in (
        ({}, {}, 4),
        ({"desired_count": 2}, {}, 3),
        ({"tags": {"team": "a"}}, {}, 3),
        ({}, {"status": "DRAINING"}, 3),
        ({}, {"placement_constraints": []}, 3),
        ({"task_definition": "other"}, {}, 3),
        # It cannot be, which is the module's to say.
        ({"scheduling_strategy": "DAEMON"}, {}, 3),
    ):
        assert names(pending(wanted, found, revision)) == (["web"], ["web"], [])


def test_what_has_not_come_to_rest_is_waited_for() -> None:
    rolling = [{"id": "ecs-svc/2", "status": "PRIMARY", "rollout_state": "IN_PROGRESS"}]
    assert names(pending(found={"deployments": rolling})) == ([], ["web"], [])
    assert names(pending(found={"running_count": 0})) == ([], ["web"], [])


def test_what_is_left_bears_all_tags() -> None:
    assert names(pending({"name": "api"})) == (["api"], ["api"], ["web"])
    assert workload_pending([], [FOUND], {}, {"fleet": "other"})["left"] == []
    assert workload_pending([], [FOUND], {}, {})["left"] == []
