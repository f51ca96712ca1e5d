# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task's life: made on an instance, moved from state to state, taken off again. Every count is kept up here."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import resources
from .model import PENDING, RUNNING, STOPPED, Container, ContainerInstance, Service, Task, TaskDefinition

if TYPE_CHECKING:
    from ..context import Region

_FIRST_DYNAMIC_PORT = 32768


@dataclass(frozen=True)
class Order:
    """What a task is started with, whoever orders it."""

    cluster: str
    definition: TaskDefinition
    launch_type: str
    group: str
    started_by: str
    overrides: Mapping[str, Any]
    tags: Mapping[str, str]
    execute_command: bool = False
    service: Service | None = None
    deployment: str | None = None


def create(region: Region, order: Order, instance: ContainerInstance) -> Task:
    """Put a task on an instance that has room for it."""
    store, identifier = region.ecs, uuid.uuid4().hex
    task = Task(
        number=store.number(),
        id=identifier,
        arn=region.arn("ecs", f"task/{order.cluster}/{identifier}"),
        cluster=order.cluster,
        definition=order.definition,
        instance=instance,
        launch_type=order.launch_type,
        group=order.group,
        started_by=order.started_by,
        containers=_containers(region, order, identifier),
        overrides=dict(order.overrides),
        tags=dict(order.tags),
        needs=resources.needs(order.definition, order.overrides),
        created_at=region.clock.now(),
        placed_in=store.ticks,
        service=order.service,
        deployment=order.deployment,
        execute_command=order.execute_command,
    )
    store.tasks_of(task.cluster)[identifier] = task
    instance.tasks[identifier] = task
    instance.pending_tasks += 1
    resources.take(instance, task.needs)
    if task.service is not None:
        task.service.tasks[identifier] = task
    _ring(region, task)
    return task


def _containers(region: Region, order: Order, task: str) -> list[Container]:
    overrides = {item.get("name"): item for item in order.overrides.get("containerOverrides", [])}
    made = []
    for definition in order.definition.body["containerDefinitions"]:
        own = {**definition, **overrides.get(definition["name"], {})}
        made.append(
            Container(
                name=own["name"],
                arn=region.arn("ecs", f"container/{order.cluster}/{task}/{uuid.uuid4()}"),
                image=definition["image"],
                essential=own.get("essential", True),
                cpu=own.get("cpu", 0),
                memory=own.get("memory"),
                memory_reservation=own.get("memoryReservation"),
            )
        )
    return made


def _ring(region: Region, task: Task) -> None:
    """The agent has something to do, be it a real one or one that the Region plays."""
    region.ecs.moving[task.id] = task
    region.ecs.ringing[task.instance.id] = task.instance


def _wake(task: Task) -> None:
    if task.service is not None:
        task.service.awake = True


def running(region: Region, task: Task) -> None:
    """The agent has started a task."""
    if task.last_status != PENDING:
        return
    now = region.clock.now()
    task.last_status = RUNNING
    task.version += 1
    task.started_at = now
    task.pull_started_at = task.pull_started_at or now
    task.pull_stopped_at = task.pull_stopped_at or now
    task.instance.pending_tasks -= 1
    task.instance.running_tasks += 1
    for container in task.containers:
        if container.status == PENDING:
            container.status = RUNNING
    if not task.definition.checked:
        _prove(task)
    _wake(task)


def _prove(task: Task) -> None:
    """One task has run, and has passed its health check if it has one: the deployment can work."""
    if task.service is not None and task.deployment == task.service.primary.id:
        task.service.primary.proven = True
        task.service.primary.failed_tasks = 0
        task.service.failures = 0


def checked(task: Task) -> None:
    """The agent has told the health of the task's containers."""
    if task.health == "HEALTHY":
        _prove(task)
    _wake(task)


def unhealthy(task: Task) -> None:
    """A task is given up because of its health; for the circuit breaker it has failed."""
    primary = task.service.primary if task.service is not None else None
    if primary is not None and task.deployment == primary.id and not primary.proven:
        primary.failed_tasks += 1


def stop(region: Region, task: Task, code: str, reason: str) -> None:
    """Want a task to end. One whose agent has never heard of it ends at once."""
    if not task.wanted:
        return
    now = region.clock.now()
    task.desired_status = STOPPED
    task.version += 1
    task.stopping_at = now
    task.stop_code = code
    task.stopped_reason = reason
    _wake(task)
    if task.told is None and not task.offered and task.last_status == PENDING:
        stopped(region, task)
    else:
        _ring(region, task)


def stopped(region: Region, task: Task, code: str | None = None, reason: str | None = None) -> None:
    """A task has ended; code and reason count if nobody wanted it to end."""
    if not task.live:
        return
    now, instance = region.clock.now(), task.instance
    by_itself = task.desired_status != STOPPED
    started = task.last_status == RUNNING
    if started:
        instance.running_tasks -= 1
    else:
        instance.pending_tasks -= 1
    if by_itself:
        task.stop_code = code or ("EssentialContainerExited" if started else "TaskFailedToStart")
        task.stopped_reason = reason or "Essential container in task exited"
        task.stopping_at = now
    task.last_status = task.desired_status = STOPPED
    task.version += 1
    task.stopped_at = now
    task.execution_stopped_at = task.execution_stopped_at or now
    for container in task.containers:
        container.status = STOPPED
    instance.tasks.pop(task.id, None)
    resources.give_back(instance, task.needs)
    region.ecs.freshen(instance)
    region.ecs.moving.pop(task.id, None)
    region.ecs.stopped.append(task)
    if task.service is not None:
        task.service.tasks.pop(task.id, None)
        if by_itself and not started:
            _failed_to_start(task)
    _wake(task)


def _failed_to_start(task: Task) -> None:
    service = task.service
    if service is None or task.deployment != service.primary.id:
        return
    service.failed_to_start = True
    deployment = service.primary
    if not deployment.proven:
        deployment.failed_tasks += 1


def orphan(region: Region, task: Task) -> None:
    """The record of a task whose instance was deregistered by force: ECS forgets it, its containers run on."""
    task.orphaned = True
    stop(region, task, "ServiceSchedulerInitiated", "Container instance deregistration forced by user")
    stopped(region, task)


def bindings(task: Task, container: Container) -> list[dict[str, Any]]:
    """Network bindings for an agent that the Region plays: fixed host ports as they are, others from a free range."""
    mode = task.definition.body["networkMode"]
    definition = next(item for item in task.definition.body["containerDefinitions"] if item["name"] == container.name)
    bound = []
    for mapping in definition.get("portMappings", []) if mode in ("bridge", "host") else []:
        if "containerPort" not in mapping:
            continue
        inside, protocol = mapping["containerPort"], mapping.get("protocol", "tcp")
        outside = (inside if mode == "host" else mapping.get("hostPort")) or _free_port(task.instance, protocol)
        bound.append({"bindIP": "0.0.0.0", "containerPort": inside, "hostPort": outside, "protocol": protocol})
    return bound


def _free_port(instance: ContainerInstance, protocol: str) -> int:
    taken = {
        binding["hostPort"]
        for task in instance.tasks.values()
        for container in task.containers
        for binding in container.bindings
        if binding["protocol"] == protocol
    }
    port = _FIRST_DYNAMIC_PORT
    while port in taken:
        port += 1
    return port
