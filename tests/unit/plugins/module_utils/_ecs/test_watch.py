# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The watching, against a clock that only moves while it sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs import watch

MACHINES = [f"mi-0000000000000000{number}" for number in (1, 2)]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(watch, "time", made)
    return made


def wanted(**changes: Any) -> watch.Wanted:
    given: dict[str, Any] = {
        "references": MACHINES, "duration": 600, "interval": 30, "tolerance": 120, "allowed": 0, "services": True,
        "stop_file": "",
    }  # fmt: skip
    return watch.Wanted(**{**given, **changes})


def raw(machine: str, connected: bool, tasks: int) -> dict[str, Any]:
    return {
        "containerInstanceArn": f"arn/{machine}", "ec2InstanceId": machine, "status": "ACTIVE",
        "agentConnected": connected, "runningTasksCount": tasks,
    }  # fmt: skip


Look = Callable[[float], dict[str, Any]]


@pytest.fixture
def region(client: Any, clock: Clock) -> Callable[..., Any]:
    """A Region in which the second host and a service are away in these spans of time."""

    def make(host: tuple[float, float] = (-1, -1), service: tuple[float, float] = (-1, -1), tasks: int = 1) -> Any:
        def is_away(span: tuple[float, float]) -> bool:
            return span[0] <= clock.now < span[1]

        def instances(**_asked: Any) -> dict[str, Any]:
            states = zip(MACHINES, (True, not is_away(host)), strict=True)
            return {"containerInstances": [raw(machine, connected, tasks) for machine, connected in states]}

        def services(**_asked: Any) -> dict[str, Any]:
            running = 1 if is_away(service) else 2
            told = {"serviceName": "web", "status": "ACTIVE", "runningCount": running, "desiredCount": 2}
            return {"services": [told]}

        task = {"taskArn": "arn/task", "group": "service:web", "containerInstanceArn": f"arn/{MACHINES[0]}"}
        return client(
            list_container_instances={"containerInstanceArns": [f"arn/{machine}" for machine in MACHINES]},
            describe_container_instances=instances,
            list_tasks={"taskArns": ["arn/task", "arn/other"]},
            describe_tasks={"tasks": [task, {"taskArn": "arn/other", "group": "service:other"}]},
            describe_services=services,
        )

    return make


@pytest.mark.parametrize(
    ("host", "changes", "unhealthy", "elapsed"),
    [
        ((-1, -1), {}, "", 600),
        # Agents reconnect as a matter of course; the one that was never there is lost as soon as its time is over.
        ((60, 170), {}, "", 600),
        ((60, 600), {}, "ACTIVE, agent not connected for 120 s", 180),
        ((0, 601), {"allowed": 1}, "ACTIVE, agent not connected for 600 s", 600),
        # At the end it has its time, too.
        ((570, 640), {}, "", 660),
        ((570, 900), {}, "ACTIVE, agent not connected for 120 s", 690),
        ((0, 900), {"duration": 0, "tolerance": 0}, "ACTIVE, agent not connected for 0 s", 0),
    ],
)
def test_an_agent_that_is_away(
    region: Any, host: tuple[float, float], changes: dict[str, Any], unhealthy: str, elapsed: float
) -> None:
    seen = watch.watch(region(host), "edge", wanted(**changes))
    assert seen["unhealthy"] == ({MACHINES[1]: unhealthy} if unhealthy else {})
    assert (seen["elapsed"], seen["services"], seen["stopped"]) == (elapsed, {}, "")


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ((60, 90), {}),
        ((60, 600), {"web": "1 of 2 tasks for 120 s"}),
        # It was short before: what comes back has to stay, what never comes is not this run's.
        ((0, 900), {}),
        ((0, 100), {}),
    ],
)
def test_a_service_that_loses_tasks(region: Any, service: tuple[float, float], said: dict[str, str]) -> None:
    fake = region(service=service)
    seen = watch.watch(fake, "edge", wanted())
    assert (seen["services"], seen["watched"], seen["unhealthy"]) == (said, ["web"], {})


def test_services_that_are_asked_for_less_have_lost_nothing() -> None:
    watched = watch.Services()
    had = {"serviceName": "web", "runningCount": 2, "desiredCount": 2}
    assert watched.short([had]) == {}
    assert watched.short([{**had, "runningCount": 1, "desiredCount": 1}]) == {}
    assert watched.short([{**had, "runningCount": 1}]) == {"web": "1 of 2 tasks"}
    assert watched.short([]) == {}


def test_a_look_costs_one_call_of_each_kind(region: Any) -> None:
    fake = region()
    assert watch.watch(fake, "edge", wanted(duration=60))["looks"] == 3
    calls = fake.methods()
    assert {method: calls.count(method) for method in calls} == {
        "list_container_instances": 1, "describe_container_instances": 3, "list_tasks": 1, "describe_tasks": 1,
        "describe_services": 3,
    }  # fmt: skip


def test_hosts_without_tasks_have_no_services_to_ask_for(region: Any) -> None:
    fake = region(tasks=0)
    watch.watch(fake, "edge", wanted(duration=60))
    assert set(fake.methods()) == {"list_container_instances", "describe_container_instances"}


def test_a_stop_file_ends_it_at_once(region: Any, clock: Clock, tmp_path: Path) -> None:
    stop = tmp_path / "stop"

    def naps() -> Iterator[None]:
        yield
        stop.touch()

    moments = naps()
    sleep = clock.sleep
    clock.sleep = lambda seconds: (next(moments, None), sleep(seconds))[1]  # type: ignore[method-assign]
    seen = watch.watch(region(), "edge", wanted(stop_file=str(stop)))
    assert (seen["stopped"], seen["elapsed"]) == (str(stop), 60)


def test_one_that_is_not_there_is_lost(region: Any) -> None:
    seen = watch.watch(region(), "edge", wanted(references=[*MACHINES, "mi-00000000000000009"]))
    assert seen["unhealthy"] == {"mi-00000000000000009": "no such container instance for 120 s"}
