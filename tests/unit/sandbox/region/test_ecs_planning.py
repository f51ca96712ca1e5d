# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service starts and stops next, whatever its size, bounds and tasks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.region.ecs import deployments, resources
from sandbox.region.ecs.model import (
    DRAINING,
    PENDING,
    RUNNING,
    ContainerInstance,
    Deployment,
    Needs,
    Service,
    Task,
    TaskDefinition,
)

_DEFINITION = TaskDefinition(0, "web", 1, "arn", {}, 0.0, "", {})


def _instance(number: int, draining: bool = False) -> ContainerInstance:
    instance = ContainerInstance(number, f"{number}", f"arn-{number}", "c", "mi-1", 0.0, {}, [], {}, {})
    instance.status = DRAINING if draining else instance.status
    return instance


def _service(desired: int, low: int, high: int) -> Service:
    configuration = {"minimumHealthyPercent": low, "maximumPercent": high, "deploymentCircuitBreaker": {}}
    service = Service(
        0, "web", "arn", "c", "EXTERNAL", "REPLICA", desired, _DEFINITION, configuration, [], [], {}, {}, 0.0, ""
    )
    service.deployments = [
        Deployment("new", _DEFINITION, desired, 0.0, 0.0),
        Deployment("old", _DEFINITION, 0, 0.0, 0.0, status="ACTIVE"),
    ]
    return service


def _put(service: Service, deployment: str, status: str, draining: bool) -> None:
    number = len(service.tasks)
    task = Task(
        number,
        str(number),
        f"arn-{number}",
        "c",
        _DEFINITION,
        _instance(number, draining),
        "EXTERNAL",
        "service:web",
        deployment,
        [],
        {},
        {},
        Needs(),
        0.0,
        service=service,
        deployment=deployment,
        last_status=status,
    )
    service.tasks[task.id] = task


_TASKS = st.lists(st.tuples(st.sampled_from(["new", "old"]), st.sampled_from([PENDING, RUNNING]), st.booleans()))


@settings(max_examples=60, deadline=None)
@given(
    desired=st.integers(0, 12),
    low=st.integers(0, 100),
    more=st.integers(0, 100),
    existing=_TASKS,
)
def test_a_step_stays_within_the_bounds(
    desired: int, low: int, more: int, existing: list[tuple[str, str, bool]]
) -> None:
    service = _service(desired, low, 100 + more)
    for entry in existing:
        _put(service, *entry)
    lowest, highest = deployments.bounds(service)
    healthy = sum(task.healthy for task in service.tasks.values())
    plan = deployments.plan(service)
    ended = sum(task.healthy for task in plan.stop)
    assert healthy - ended >= min(lowest, healthy)
    assert plan.start == 0 or len(service.tasks) + plan.start <= highest
    assert len({task.id for task in plan.stop}) == len(plan.stop)
    staying = [task for task in service.tasks.values() if deployments.good(service, task) and task not in plan.stop]
    assert len(staying) + plan.start <= desired


@settings(max_examples=40, deadline=None)
@given(desired=st.integers(1, 12), low=st.integers(0, 99), more=st.integers(0, 100))
def test_every_rollout_comes_to_its_end(desired: int, low: int, more: int) -> None:
    """Whatever the bounds, if something may be stopped or started at all."""
    service = _service(desired, low, 100 + more)
    for _ in range(desired):
        _put(service, "old", RUNNING, False)
    lowest, highest = deployments.bounds(service)
    for _ in range(4 * desired + 4):
        plan = deployments.plan(service)
        for task in plan.stop:
            del service.tasks[task.id]
        service.tasks = {str(number): task for number, task in enumerate(service.tasks.values())}
        for number, task in enumerate(service.tasks.values()):
            task.id = str(number)
        for _ in range(plan.start):
            _put(service, "new", RUNNING, False)
    done = [task.deployment for task in service.tasks.values()] == ["new"] * desired
    assert done or lowest == highest == desired


def test_the_circuit_breakers_threshold() -> None:
    assert [deployments.threshold(desired) for desired in (1, 6, 7, 100, 1000)] == [3, 3, 4, 50, 200]


def test_amounts_in_the_units_of_the_api() -> None:
    assert [resources.amount(text) for text in ("256", "1 vCPU", ".5 vcpu", "2 GB", "1.5gb", 64)] == [
        256,
        1024,
        512,
        2048,
        1536,
        64,
    ]
