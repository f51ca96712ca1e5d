# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments: what a service has to start and stop next, when a rollout is over, and when it is given up."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import events
from .model import ACTIVE, DRAINING, RUNNING, ContainerInstance, Deployment, Service, Task, TaskDefinition

if TYPE_CHECKING:
    from ..context import Region

IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"
LEAST_FAILURES, MOST_FAILURES = 3, 200
KEEP = 100


@dataclass
class Plan:
    """The next step of a service: how many tasks to start, or for a DAEMON where, and which to stop."""

    start: int = 0
    on: list[ContainerInstance] = field(default_factory=list)
    stop: list[Task] = field(default_factory=list)


def new(region: Region, service: Service, definition: TaskDefinition) -> Deployment:
    """Make a new PRIMARY deployment; the old one goes on until its tasks are replaced."""
    now = region.clock.now()
    # AWS writes nineteen digits.
    identifier = f"ecs-svc/{secrets.randbelow(9 * 10**18) + 10**18}"
    deployment = Deployment(identifier, definition, service.desired, now, now)
    deployment.rollout_reason = f"ECS deployment {identifier} in progress."
    deployment.number = region.ecs.number()
    deployment.settings = dict(service.body)
    deployment.sources = [one.id for one in service.deployments]
    for old in service.deployments:
        old.status = "ACTIVE"
        if old.outcome == IN_PROGRESS:
            _end(region, old, "STOPPED")
    service.deployments.insert(0, deployment)
    service.history = [*service.history, deployment][-KEEP:]
    service.definition = definition
    service.awake, service.steady, service.blocked = True, False, False
    service.failures, service.not_before, service.failed_to_start = 0, 0.0, False
    return deployment


def _end(region: Region, deployment: Deployment, outcome: str) -> None:
    deployment.outcome, deployment.finished_at = outcome, region.clock.now()


def stop(region: Region, service: Service) -> None:
    """End what is under way, with the service."""
    for deployment in service.deployments:
        if deployment.outcome == IN_PROGRESS:
            _end(region, deployment, "STOPPED")


def bounds(service: Service) -> tuple[int, int]:
    """The least number of healthy tasks and the greatest number of tasks, while tasks are replaced."""
    low, high = service.configuration["minimumHealthyPercent"], service.configuration["maximumPercent"]
    return math.ceil(service.desired * low / 100), math.floor(service.desired * high / 100)


def _in_place(service: Service, task: Task) -> bool:
    return task.wanted and task.deployment == service.primary.id and task.instance.status != DRAINING


def good(service: Service, task: Task) -> bool:
    """A task that is to stay: of the PRIMARY deployment, not on an instance that drains, not UNHEALTHY."""
    return _in_place(service, task) and task.health != "UNHEALTHY"


def unhealthy(service: Service, task: Task) -> bool:
    """A task of the PRIMARY deployment that has failed its health check, and is to be replaced."""
    return _in_place(service, task) and task.health == "UNHEALTHY"


def plan(service: Service) -> Plan:
    """What a REPLICA service does next, within minimumHealthyPercent and maximumPercent."""
    wanted = [task for task in service.tasks.values() if task.wanted]
    staying = [task for task in wanted if good(service, task)]
    sick = [task for task in wanted if unhealthy(service, task)]
    leaving = [task for task in wanted if not _in_place(service, task)]
    lowest, highest = bounds(service)
    start = 0
    if service.primary.rollout_state == FAILED and service.status == ACTIVE:
        # Nothing is rolled out any more; only what has to leave its instance goes.
        leaving = [task for task in leaving if task.instance.status == DRAINING]
    else:
        start = max(0, min(service.desired - len(staying), highest - len(wanted)))
    surplus = max(0, len(staying) - service.desired)
    # Tasks that do not run yet go first, then the youngest.
    order = sorted(staying, key=lambda task: (task.last_status == RUNNING, -task.number))
    stop = order[:surplus] + _replaced(service, sick, staying, highest - len(wanted) - start)
    spare = sum(task.healthy for task in wanted) - sum(task.healthy for task in stop) - lowest
    return Plan(start=start, stop=stop + replaceable(leaving, spare))


def _replaced(service: Service, sick: list[Task], staying: list[Task], room: int) -> list[Task]:
    """UNHEALTHY tasks that may end: those whose replacements are healthy, or one where there is no room for any.

    Source: maximumPercent and minimumHealthyPercent in the API reference's DeploymentConfiguration.
    """
    ready = sum(task.healthy for task in staying)
    count = max(0, ready + len(sick) - service.desired)
    if not count and room <= 0 and len(staying) < service.desired:
        count = 1
    return sick[:count]


def replaceable(leaving: list[Task], spare: int) -> list[Task]:
    """Which of the tasks to be replaced may end now: idle ones, and as many of the others as are spare."""
    idle = [task for task in leaving if not task.healthy]
    busy = [task for task in leaving if task.healthy]
    return idle + busy[: max(0, spare)]


def progress(region: Region, service: Service) -> None:
    """Draw conclusions from what runs: a rollout that is over, one that has failed, a steady state."""
    if _break_circuit(region, service):
        # What has failed is to be seen for a tick at least.
        return
    live = list(service.tasks.values())
    in_use = {task.deployment for task in live}
    primary = service.primary
    staying = sum(good(service, task) and task.healthy for task in live)
    reached = staying == service.desired == len(live)
    if reached and primary.rollout_state == IN_PROGRESS:
        _complete(region, service, primary)
    service.deployments = [
        one
        for one in service.deployments
        if one is primary or one.id in in_use or (one.rollout_state == FAILED and not reached)
    ]
    if reached and not service.steady and primary.rollout_state == COMPLETED and len(service.deployments) == 1:
        service.steady = True
        events.steady(region, service)


def _complete(region: Region, service: Service, deployment: Deployment) -> None:
    deployment.rollout_state = COMPLETED
    deployment.rollout_reason = f"ECS deployment {deployment.id} completed."
    deployment.updated_at = region.clock.now()
    if deployment.outcome == IN_PROGRESS:
        _end(region, deployment, "SUCCESSFUL")
    for one in service.history:
        if one.back_to is deployment and one.outcome == "ROLLBACK_IN_PROGRESS":
            _end(region, one, "ROLLBACK_SUCCESSFUL")
    service.completed = deployment.definition
    events.tell(region, service, f"(deployment {deployment.id}) deployment completed.")


def threshold(desired: int) -> int:
    """How many tasks may fail before the circuit breaker opens: half of the desired count, from 3 to 200."""
    return min(MOST_FAILURES, max(LEAST_FAILURES, math.ceil(desired / 2)))


def _break_circuit(region: Region, service: Service) -> bool:
    breaker = service.configuration["deploymentCircuitBreaker"]
    failed = service.primary
    if failed.rollout_state != IN_PROGRESS or failed.failed_tasks < threshold(service.desired) or not breaker["enable"]:
        return False
    failed.rollout_state = FAILED
    failed.rollout_reason = "ECS deployment circuit breaker: tasks failed to start."
    failed.updated_at = region.clock.now()
    service.awake = True
    events.tell(region, service, f"(deployment {failed.id}) deployment failed: tasks failed to start.")
    if breaker["rollback"] and service.completed is not None:
        failed.outcome, failed.back_at = "ROLLBACK_IN_PROGRESS", region.clock.now()
        failed.back_to = _roll_back(region, service, service.completed)
    else:
        _end(region, failed, "STOPPED")
    return True


def _roll_back(region: Region, service: Service, definition: TaskDefinition) -> Deployment:
    """Go back to the last deployment that was completed; if its last task is gone, to a new one like it."""
    now = region.clock.now()
    target = next((one for one in service.deployments if one.rollout_state == COMPLETED), None)
    if target is None:
        target = new(region, service, definition)
        # Nobody asked for it: it is but the rollback of the one that failed.
        service.history.remove(target)
    else:
        service.primary.status = "ACTIVE"
        service.deployments.remove(target)
        service.deployments.insert(0, target)
        service.definition = definition
        service.blocked = service.failed_to_start = False
        service.failures, service.not_before = 0, 0.0
    target.status, target.rollout_state, target.updated_at, target.desired = (
        "PRIMARY",
        IN_PROGRESS,
        now,
        service.desired,
    )
    target.proven = True
    target.rollout_reason = f"ECS deployment circuit breaker: rolling back to deploymentId {target.id}."
    events.tell(region, service, f"rolling back to (deployment {target.id}).")
    return target
