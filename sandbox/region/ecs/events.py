# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service tells of itself, in the words of ECS where they are known."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .model import ContainerInstance, Service, Task

if TYPE_CHECKING:
    from ..context import Region

KEEP = 100
_NAMED = 10
_GUIDE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
_LACKS = {
    "RESOURCE:MEMORY": "has insufficient memory available",
    "RESOURCE:CPU": "has insufficient CPU units available",
    "RESOURCE:PORTS": "is already using a port required by your task",
    "ATTRIBUTE": "is missing an attribute required by your task",
}


def tell(region: Region, service: Service, message: str) -> None:
    """Add an event; the newest comes first."""
    event = {"id": str(uuid.uuid4()), "createdAt": region.clock.now(), "message": f"(service {service.name}) {message}"}
    service.events.insert(0, event)
    del service.events[KEEP:]


def _names(tasks: Sequence[Task]) -> str:
    more = " ..." if len(tasks) > _NAMED else ""
    return " ".join(f"(task {task.id})" for task in tasks[:_NAMED]) + more


def started(region: Region, service: Service, tasks: Sequence[Task]) -> None:
    tell(region, service, f"has started {len(tasks)} tasks: {_names(tasks)}.")


def stopped(region: Region, service: Service, tasks: Sequence[Task]) -> None:
    tell(region, service, f"has stopped {len(tasks)} running tasks: {_names(tasks)}.")


def unhealthy(region: Region, service: Service, task: Task) -> None:
    tell(region, service, f"(task {task.id}) failed container health checks.")


def steady(region: Region, service: Service) -> None:
    tell(region, service, "has reached a steady state.")


def no_place(region: Region, service: Service, closest: tuple[ContainerInstance, str] | None) -> None:
    """No room for a task; the same words are not repeated while nothing else happens."""
    text = "was unable to place a task because no container instance met all of its requirements."
    if closest is None:
        reason = "Reason: No Container Instances were found in your cluster."
    else:
        instance, miss = closest
        lack = _LACKS.get(miss, f'encountered error "{miss}"')
        reason = f"The closest matching (container-instance {instance.id}) {lack}."
    message = f"{text} {reason} {_GUIDE}"
    if not service.events or not service.events[0]["message"].endswith(message):
        tell(region, service, message)


def struggling(region: Region, service: Service) -> None:
    tell(region, service, f"is unable to consistently start tasks successfully. {_GUIDE}")
