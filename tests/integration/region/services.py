# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Help for the tests of tasks and services."""

from __future__ import annotations

from typing import Any

from .conftest import CLUSTER


def define(ecs: Any, family: str = "web", image: str = "shop/web:1", **more: Any) -> str:
    """Register a task definition of one container for external instances."""
    container = {"name": "main", "image": image, "cpu": 100, "memory": 128, **more.pop("container", {})}
    options = {"networkMode": "bridge", "requiresCompatibilities": ["EXTERNAL"], **more}
    reply = ecs.register_task_definition(family=family, containerDefinitions=[container], **options)
    return str(reply["taskDefinition"]["taskDefinitionArn"])


def serve(ecs: Any, definition: str, count: int | None = 2, name: str = "web", **more: Any) -> dict[str, Any]:
    counted = {} if count is None else {"desiredCount": count}
    options = {"launchType": "EXTERNAL", **counted, **more}
    service: dict[str, Any] = ecs.create_service(
        cluster=CLUSTER, serviceName=name, taskDefinition=definition, **options
    )["service"]
    return service


def service(ecs: Any, name: str = "web") -> dict[str, Any]:
    (found,) = ecs.describe_services(cluster=CLUSTER, services=[name], include=["TAGS"])["services"]
    shown: dict[str, Any] = found
    return shown


def tasks(ecs: Any, **query: Any) -> list[dict[str, Any]]:
    """Full records of the tasks that a query lists."""
    arns = [
        arn for page in ecs.get_paginator("list_tasks").paginate(cluster=CLUSTER, **query) for arn in page["taskArns"]
    ]
    found: list[dict[str, Any]] = []
    for start in range(0, len(arns), 100):
        found += ecs.describe_tasks(cluster=CLUSTER, tasks=arns[start : start + 100])["tasks"]
    return found


def places(ecs: Any, **query: Any) -> list[str]:
    """The container instances of running tasks."""
    return [task["containerInstanceArn"] for task in tasks(ecs, **query) if task["lastStatus"] == "RUNNING"]


def messages(ecs: Any, name: str = "web") -> list[str]:
    """A service's events, the oldest first."""
    return [event["message"] for event in reversed(service(ecs, name)["events"])]


def rollouts(ecs: Any, name: str = "web") -> list[tuple[str, str]]:
    return [(one["status"], one["rolloutState"]) for one in service(ecs, name)["deployments"]]
