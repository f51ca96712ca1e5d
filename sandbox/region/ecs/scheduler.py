# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler: one tick lets simulated agents act, and every service that has cause to take its next step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from . import agents, deployments, events, placement, resources, tasks
from .model import ACTIVE, DRAINING, INACTIVE, STOPPED, ContainerInstance, Service, Task

if TYPE_CHECKING:
    from ..context import Region

# How long a stopped task can still be described.
REMEMBER_STOPPED = 3600.0
_LONGEST_PAUSE = 900.0
_STRUGGLING = 3
_READS = ("Describe", "List", "Get")
_BY_SCHEDULER = "ServiceSchedulerInitiated"
_Fresh = Mapping[str, ContainerInstance]


def after(region: Region, action: str) -> None:
    """Look round after a call that may have changed something."""
    if not action.startswith(_READS):
        tick(region)


def tick(region: Region) -> bool:
    """One step of everything; tell whether anything happened."""
    store = region.ecs
    acted = agents.play(region)
    _forget_stopped(region)
    fresh, store.fresh = store.fresh, {}
    for cluster, services in store.services.items():
        for service in services.values():
            if _has_cause(service, fresh.get(cluster)):
                acted = _step(region, service, fresh.get(cluster, {})) or acted
    agents.ring(region)
    store.ticks += 1
    return acted


def _has_cause(service: Service, fresh: _Fresh | None) -> bool:
    if service.status == INACTIVE:
        return False
    return service.awake or bool(fresh and (service.blocked or service.daemon))


def _forget_stopped(region: Region) -> None:
    limit = region.clock.now() - REMEMBER_STOPPED
    gone = region.ecs.stopped
    while gone and (gone[0].stopped_at or 0) < limit:
        task = gone.popleft()
        region.ecs.tasks_of(task.cluster).pop(task.id, None)


def _step(region: Region, service: Service, fresh: _Fresh) -> bool:
    woken, service.awake = service.awake, False
    _note_failures(region, service)
    if not service.daemon:
        # First what has come to be, then what to do about it; a daemon's desired count is part of its plan.
        deployments.progress(region, service)
    if service.status == DRAINING and not service.tasks:
        service.status = INACTIVE
        service.deployments = []
        return True
    planned = _plan_daemon(region, service) if service.daemon else deployments.plan(service)
    for task in planned.stop:
        if task.health == "UNHEALTHY":
            tasks.unhealthy(task)
            events.unhealthy(region, service, task)
        tasks.stop(region, task, _BY_SCHEDULER, _reason(service, task))
    if planned.stop:
        service.steady = False
        events.stopped(region, service, planned.stop)
    started = _start(region, service, planned, None if woken or not service.blocked else fresh)
    if planned.stop or started or service.daemon:
        # Tasks that ended at once have made room, or ended a rollout.
        deployments.progress(region, service)
    return bool(planned.stop or started)


def _reason(service: Service, task: Task) -> str:
    if task.instance.status == DRAINING:
        return f"Service {service.name}: task stopped, its container instance is DRAINING"
    if task.health == "UNHEALTHY":
        return "Task failed container health checks"
    return f"Scaling activity initiated by (deployment {task.deployment})"


def _note_failures(region: Region, service: Service) -> None:
    """Tasks that fail to start are tried again ever more slowly."""
    if not service.failed_to_start:
        return
    service.failed_to_start = False
    service.failures += 1
    service.not_before = region.clock.now() + min(_LONGEST_PAUSE, 2.0**service.failures)
    if service.failures == _STRUGGLING:
        events.struggling(region, service)


def _order(service: Service) -> tasks.Order:
    inherited = {
        "SERVICE": service.tags,
        "TASK_DEFINITION": service.definition.tags,
    }.get(service.body.get("propagateTags", "NONE"), {})
    return tasks.Order(
        cluster=service.cluster,
        definition=service.definition,
        launch_type=service.launch_type,
        group=f"service:{service.name}",
        started_by=service.primary.id,
        overrides={},
        tags=inherited,
        execute_command=service.body.get("enableExecuteCommand", False),
        service=service,
        deployment=service.primary.id,
    )


def demand(service: Service) -> placement.Demand:
    needs = resources.needs(service.definition, {})
    group = f"service:{service.name}"
    return placement.demand(service.definition, needs, service.launch_type, group, service.constraints)


def _start(region: Region, service: Service, planned: deployments.Plan, fresh: _Fresh | None) -> bool:
    if not planned.start and not planned.on:
        service.blocked = False
        return False
    if region.clock.now() < service.not_before:
        service.awake = True
        return False
    wanted = demand(service)
    made, misfits = (
        _start_on(region, service, wanted, planned.on)
        if service.daemon
        else _start_somewhere(region, service, wanted, planned.start, fresh)
    )
    missing = (len(planned.on) if service.daemon else planned.start) - len(made)
    if made:
        service.steady = False
        events.started(region, service, made)
    if missing and (not service.blocked or made):
        events.no_place(region, service, placement.nearest(misfits))
    service.blocked = missing > 0
    return bool(made)


_Misfits = list[tuple[ContainerInstance, str]]


def _start_somewhere(
    region: Region, service: Service, wanted: placement.Demand, count: int, fresh: _Fresh | None
) -> tuple[list[Task], _Misfits]:
    candidates = placement.eligible(region, service.cluster, service.launch_type)
    if fresh is not None:
        candidates = [instance for instance in candidates if instance.id in fresh]
    chooser = placement.Chooser(region, candidates, wanted, service.placement, service.tasks.values())
    order = _order(service)
    made: list[Task] = []
    while len(made) < count:
        instance = chooser.pick()
        if instance is None:
            break
        made.append(tasks.create(region, order, instance))
    return made, chooser.misfits


def _start_on(
    region: Region, service: Service, wanted: placement.Demand, instances: Sequence[ContainerInstance]
) -> tuple[list[Task], _Misfits]:
    order = _order(service)
    made: list[Task] = []
    misfits: _Misfits = []
    for instance in instances:
        reason = placement.misfit(region, instance, wanted)
        if reason is None:
            made.append(tasks.create(region, order, instance))
        else:
            misfits.append((instance, reason))
    return made, misfits


def _plan_daemon(region: Region, service: Service) -> deployments.Plan:
    """One task on every ACTIVE instance that meets the constraints; on a draining one the daemon goes last."""
    wanted = demand(service)
    homes: dict[str, ContainerInstance] = {}
    if service.status == ACTIVE:
        homes = {
            instance.id: instance
            for instance in placement.eligible(region, service.cluster, service.launch_type)
            if placement.satisfies(region, instance, wanted)
        }
    service.desired = service.primary.desired = len(homes)
    live = [task for task in service.tasks.values() if task.live]
    misplaced = [task for task in live if task.wanted and task.instance.id not in homes and _may_leave(task)]
    old = [task for task in live if task.wanted and task.instance.id in homes and task.deployment != service.primary.id]
    lowest, _ = deployments.bounds(service)
    spare = sum(task.healthy for task in live if task.instance.id in homes) - lowest
    occupied = {task.instance.id for task in live}
    failed = service.primary.rollout_state == deployments.FAILED
    sick = [task for task in live if deployments.unhealthy(service, task) and task.instance.id in homes]
    free = [] if failed else [instance for key, instance in homes.items() if key not in occupied]
    return deployments.Plan(stop=misplaced + deployments.replaceable(old, spare) + sick, on=free)


def _may_leave(task: Task) -> bool:
    """Whether no other service has a task left on an instance that drains."""
    service = task.service
    if task.instance.status != DRAINING or service is None or service.status != ACTIVE:
        return True
    return not any(
        other.service is not None and not other.service.daemon and other.last_status != STOPPED
        for other in task.instance.tasks.values()
    )
