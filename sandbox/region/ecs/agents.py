# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between the scheduler and the agents: what an agent has to do, and what it reports.

An agent with a session is told by `attach`ed bells and asks `outbox`; it answers with `acknowledge`, `report_task` and
`report_container`. Agents that the Region plays itself (`simulated`) are moved on by `play`, once a tick.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from . import tasks
from .model import (
    EXTERNAL_CAPABILITY,
    PENDING,
    RUNNING,
    STOPPED,
    Container,
    ContainerInstance,
    Outcome,
    Task,
)

if TYPE_CHECKING:
    from ..context import Region

OUTCOMES = ("run", "cannot-pull", "exit", "unhealthy")
SIMULATED = "simulated"
Bell = Callable[[], None]
_DEFAULT_RESOURCES: Sequence[Mapping[str, Any]] = (
    {"name": "CPU", "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": 2048},
    {"name": "MEMORY", "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": 3904},
    {
        "name": "PORTS",
        "type": "STRINGSET",
        "doubleValue": 0.0,
        "longValue": 0,
        "integerValue": 0,
        "stringSetValue": ["22", "2375", "2376", "51678", "51679"],
    },
    {
        "name": "PORTS_UDP",
        "type": "STRINGSET",
        "doubleValue": 0.0,
        "longValue": 0,
        "integerValue": 0,
        "stringSetValue": [],
    },
)


def connected(region: Region, instance: ContainerInstance) -> bool:
    return instance.connected(region.clock.now(), region.settings.connected_timeout)


def heard(region: Region, instance: ContainerInstance) -> None:
    """The agent has given a sign of life."""
    if not connected(region, instance):
        region.ecs.freshen(instance)
        region.ecs.moving.update({task.id: task for task in instance.tasks.values()})
    instance.heard_at = region.clock.now()


def attach(region: Region, instance: ContainerInstance, bell: Bell) -> None:
    """An ACS session is open: the bell rings whenever `outbox` may have something."""
    heard(region, instance)
    instance.session = True
    region.bells[instance.arn] = bell
    if _due(instance):
        bell()


def detach(region: Region, instance: ContainerInstance) -> None:
    """The ACS session is closed; agentConnected ends with it."""
    instance.session = False
    instance.heard_at = None
    region.bells.pop(instance.arn, None)


def ring(region: Region) -> None:
    """Call every agent with a session that has something to fetch."""
    ringing, region.ecs.ringing = region.ecs.ringing, {}
    for instance in ringing.values():
        bell = region.bells.get(instance.arn)
        if bell is not None and not instance.cut:
            bell()


def outbox(instance: ContainerInstance) -> list[Task]:
    """Tasks that the agent shall start or stop (`desired_status`) and has not taken note of yet, oldest first.

    From now on a task may run there, acknowledged or not: it can be stopped by the agent only.
    """
    due = _due(instance)
    for task in due:
        task.offered = True
    return due


def _due(instance: ContainerInstance) -> list[Task]:
    if instance.cut:
        return []
    return [task for task in instance.tasks.values() if task.live and task.told != task.desired_status]


def acknowledge(task: Task, desired_status: str) -> None:
    """The agent has taken note of what it shall do with a task."""
    task.told = desired_status


def find_task(region: Region, instance: ContainerInstance, arn: str) -> Task | None:
    task = region.ecs.tasks_of(instance.cluster).get(arn.rpartition("/")[2])
    return task if task is not None and task.instance is instance else None


def report_task(
    region: Region, task: Task, status: str, reason: str | None = None, times: Mapping[str, float] | None = None
) -> None:
    """An agent reports a task RUNNING or STOPPED; other states lie between and change nothing here."""
    for name in ("pull_started_at", "pull_stopped_at", "execution_stopped_at"):
        value = (times or {}).get(name)
        if value is not None:
            setattr(task, name, value)
    if not task.live:
        return
    task.told = task.told or RUNNING
    if status == RUNNING:
        tasks.running(region, task)
    elif status == STOPPED:
        tasks.stopped(region, task, reason=reason)


def report_container(task: Task, name: str, status: str, **told: Any) -> Container | None:
    """An agent reports a container: exit_code, reason, runtime_id, image_digest, health, bindings."""
    container = next((one for one in task.containers if one.name == name), None)
    if container is None:
        return None
    if status in (PENDING, RUNNING, STOPPED):
        container.status = status
    for field, value in told.items():
        if value is not None:
            setattr(container, field, value)
    return container


# Agents that the Region plays itself.


def simulate(
    region: Region,
    cluster: str,
    ec2_instance_id: str,
    attributes: Mapping[str, str | None] | None = None,
    resources: Sequence[Mapping[str, Any]] = _DEFAULT_RESOURCES,
    tags: Mapping[str, str] | None = None,
) -> ContainerInstance:
    """Register a container instance whose agent is the Region itself: connected until `cut`, instant at its work."""
    store, identifier = region.ecs, uuid.uuid4().hex
    external = {EXTERNAL_CAPABILITY: None} if ec2_instance_id.startswith("mi-") else {}
    instance = ContainerInstance(
        number=store.number(),
        id=identifier,
        arn=region.arn("ecs", f"container-instance/{cluster}/{identifier}"),
        cluster=cluster,
        ec2_instance_id=ec2_instance_id,
        registered_at=region.clock.now(),
        version_info={"agentVersion": "1.105.1", "agentHash": SIMULATED, "dockerVersion": "DockerVersion: 20.10.24"},
        resources=[dict(item) for item in resources],
        attributes={"ecs.os-type": "linux", "ecs.cpu-architecture": "x86_64", **external, **(attributes or {})},
        tags=dict(tags or {}),
        simulated=True,
        resident=True,
    )
    store.instances_of(cluster)[identifier] = instance
    store.freshen(instance)
    return instance


def cut(region: Region, instance: ContainerInstance, is_cut: bool) -> None:
    """Cut or mend the service link of one instance."""
    instance.cut = is_cut
    if not is_cut:
        region.ecs.freshen(instance)
        region.ecs.ringing[instance.id] = instance
        region.ecs.moving.update({task.id: task for task in instance.tasks.values()})


def outcome(region: Region, image: str) -> Outcome | None:
    return next((one for one in reversed(region.ecs.outcomes) if fnmatch(image, one.image)), None)


def play(region: Region) -> bool:
    """Let simulated agents do one step each; tell whether anything happened."""
    acted = False
    for task in list(region.ecs.moving.values()):
        if not task.instance.simulated or task.instance.session or not task.live:
            region.ecs.moving.pop(task.id, None)
        elif task.placed_in < region.ecs.ticks and connected(region, task.instance):
            acted = _step(region, task) or acted
    return acted


def _step(region: Region, task: Task) -> bool:
    acknowledge(task, task.desired_status)
    if task.desired_status == STOPPED:
        for container in task.containers:
            # The engine's own way to tell that SIGTERM was heeded.
            container.exit_code = 143 if container.status == RUNNING else container.exit_code
        tasks.stopped(region, task)
        return True
    if task.last_status == PENDING:
        return _start(region, task)
    return _run_on(region, task)


def _start(region: Region, task: Task) -> bool:
    for container in task.containers:
        ends = outcome(region, container.image)
        if ends is not None and ends.kind == "cannot-pull":
            reason = f"CannotPullContainerError: Error response from daemon: manifest for {container.image} not found"
            container.reason = reason
            tasks.stopped(region, task, code="TaskFailedToStart", reason="Task failed to start")
            return True
    checked = {item["name"] for item in task.definition.body["containerDefinitions"] if item.get("healthCheck")}
    for container in task.containers:
        container.runtime_id = uuid.uuid4().hex + uuid.uuid4().hex
        # Who is to be unhealthy from the start never passes its check.
        ends = _ending(region, container)
        sick = ends is not None and ends.kind == "unhealthy" and not ends.after
        container.health = "HEALTHY" if container.name in checked and not sick else "UNKNOWN"
        container.bindings = tasks.bindings(task, container)
    tasks.running(region, task)
    tasks.checked(task)
    if not any(_ending(region, container) for container in task.containers):
        region.ecs.moving.pop(task.id, None)
    return True


def _ending(region: Region, container: Container) -> Outcome | None:
    ends = outcome(region, container.image)
    return ends if ends is not None and ends.kind in ("exit", "unhealthy") else None


def _run_on(region: Region, task: Task) -> bool:
    """Let containers that are to exit do so in their time; the essential ones take the task with them."""
    pending, acted = False, False
    for container in task.containers:
        ends = _ending(region, container) if container.status == RUNNING else None
        if ends is None or (ends.kind == "unhealthy" and container.health == "UNHEALTHY"):
            continue
        if region.clock.now() - (task.started_at or 0) < ends.after:
            pending = True
            continue
        acted = True
        if ends.kind == "unhealthy":
            container.health = "UNHEALTHY"
            tasks.checked(task)
            continue
        container.status, container.exit_code = STOPPED, ends.exit_code
        if container.essential:
            tasks.stopped(region, task)
            return True
    if not pending:
        region.ecs.moving.pop(task.id, None)
    return acted
