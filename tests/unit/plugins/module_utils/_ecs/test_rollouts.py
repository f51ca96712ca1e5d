# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import NotPossible, TimedOut
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs import rollouts

Made = dict[str, Any]


def deployment(identifier: str = "new", status: str = "PRIMARY", state: str = "IN_PROGRESS", **more: Any) -> Made:
    counts = {"desiredCount": 2, "runningCount": 0, "pendingCount": 0, "failedTasks": 0, "createdAt": 10}
    definition = f"arn:x:task-definition/web:{2 if identifier == 'new' else 1}"
    return {"id": identifier, "status": status, "rolloutState": state, "taskDefinition": definition, **counts, **more}


def service(*deployments: Made, **more: Any) -> Made:
    counts = {"desiredCount": 2, "runningCount": 2, "pendingCount": 0}
    return {"serviceName": "shop", "status": "ACTIVE", "deployments": list(deployments), **counts, **more}


OVER = deployment(state="COMPLETED", runningCount=2)


@pytest.mark.parametrize(
    ("seen", "done", "lost"),
    [
        (service(OVER), True, False),
        # The counts agree, and nothing has been replaced yet: what services_stable is taken in by.
        (service(deployment(runningCount=2), runningCount=2), False, False),
        (service(deployment(), deployment("old", "ACTIVE", "COMPLETED", runningCount=2)), False, False),
        # Scaled: the deployment stays COMPLETED.
        (service(OVER, desiredCount=3), False, False),
        (service(deployment(state="COMPLETED", runningCount=2, desiredCount=3)), False, False),
        (service(OVER, runningCount=3), False, False),
        (service(OVER, pendingCount=1), False, False),
        (service(deployment(state="FAILED")), False, True),
        (service(deployment("old"), deployment("new", "ACTIVE", "FAILED")), False, True),
        (service(deployment("other")), False, True),
        (service(OVER, status="DRAINING"), True, True),
        (None, False, True),
    ],
)
def test_when_a_rollout_is_over_and_when_it_is_lost(seen: Made | None, done: bool, lost: bool) -> None:
    assert rollouts.is_rolled_out(seen, "new") is done
    assert rollouts.is_lost(seen, "new") is lost


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (None, "deleted"),
        (service(OVER, status="DRAINING"), "the service is DRAINING"),
        (service(deployment("other")), "replaced by deployment other of web:1"),
        (service(deployment(failedTasks=3)), "IN_PROGRESS, 0 of 2 tasks running, 0 pending, 3 failed, 2 of older"),
    ],
)
def test_what_is_said_of_a_rollout(seen: Made | None, words: str) -> None:
    assert words in rollouts.state(seen, "new")


STOPPED = {
    "taskArn": "arn:x:task/edge/1",
    "startedBy": "new",
    "stopCode": "TaskFailedToStart",
    "stoppedReason": "Task failed to start",
    "containers": [{"name": "main", "reason": "CannotPullContainerError: no such image"}],
}


def test_a_failure_names_reasons_events_and_ways_out(client: Callable[..., Any]) -> None:
    events = [
        {"createdAt": 12, "message": "(service shop) is unable to consistently start tasks successfully."},
        {"createdAt": 11, "message": "(service shop) has started 2 tasks: (task 1) (task 2)."},
        {"createdAt": 9, "message": "(service shop) was unable to place a task."},
    ]
    failed = deployment("new", "ACTIVE", "FAILED", rolloutStateReason="tasks failed to start.")
    rolled_back = service(deployment("old", rolloutStateReason="rolling back."), failed, events=events)
    fake = client(
        describe_services={"services": [rolled_back]},
        list_tasks={"taskArns": ["a", "b", "c"]},
        describe_tasks={"tasks": [STOPPED, STOPPED, {**STOPPED, "startedBy": "old"}]},
    )
    with pytest.raises(NotPossible) as caught:
        rollouts.wait_rolled_out(fake, "edge", service(deployment()), 60)
    message = caught.value.message
    assert message.startswith(
        "Service shop of cluster edge: shop can no longer have deployment new of web:2 rolled out"
    )
    assert "tasks failed to start. Now deployment old of web:1 is the PRIMARY one: rolling back." in message
    assert "2 x TaskFailedToStart: Task failed to start (main: CannotPullContainerError: no such image)" in message
    assert "unable to consistently start" in message
    assert "has started" not in message
    assert "unable to place" not in message
    assert "What to do: Check the image's name and tag" in message
    assert caught.value.details["deployment"] == "new"
    assert len(caught.value.details["stopped_tasks"]) == 2


def test_a_rollout_that_takes_too_long_is_told_the_same_way(client: Callable[..., Any]) -> None:
    event = {"createdAt": 11, "message": "The closest matching (container-instance x) is already using a port required"}
    stuck = service(deployment(), events=[event])
    fake = client(describe_services={"services": [stuck]}, list_tasks={"taskArns": []}, describe_tasks={})
    with pytest.raises(TimedOut) as caught:
        rollouts.wait_rolled_out(fake, "edge", stuck, 0)
    assert "minimumHealthyPercent below 100" in caught.value.message
    assert caught.value.details["service"]["service_name"] == "shop"


def test_a_service_that_is_gone_has_no_tasks_to_look_for(client: Callable[..., Any], naps: list[float]) -> None:
    fake = client(describe_services={"services": []})
    with pytest.raises(NotPossible, match="deleted"):
        rollouts.wait_rolled_out(fake, "edge", service(deployment()), 60)
    assert fake.methods() == ["describe_services"]


def test_what_is_rolled_out_costs_no_look(client: Callable[..., Any]) -> None:
    fake = client()
    assert rollouts.wait_rolled_out(fake, "edge", service(OVER), 60) == service(OVER)
    assert fake.methods() == []


def test_what_ecs_does_not_deploy_is_not_followed(client: Callable[..., Any]) -> None:
    assert rollouts.wait_rolled_out(client(), "edge", service(), 60) == service()
