# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the simulated Region does with many instances, services and tasks: bin/bench region.

Measured over HTTP against a process of its own, with boto3's paginators as a client. Seconds differ from machine to
machine; so each measure is also told per item, and beside one tenth of the size: a growth of 1 is a cost per item that
stays the same.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from .bench_agents import Agents, joined
from .testing import TRUST_SSM, Host

CLUSTER = "bench"
LARGE = "large"
SITES = 30
TASKS_A_SERVICE = 5
# What issue and documentation promise for 3,000 instances and 200 services.
MOST_SECONDS = 20.0
MOST_MIB = 300
# Two websockets an agent come on top of that; the seconds hold the agents' own work, keys and signatures.
MOST_MIB_OF_AGENTS = 400
MOST_SECONDS_OF_AGENTS = 60.0
REGION = "us-west-2"
# An activation is good for so many registrations.
ACTIVATION = 1000


@dataclass(frozen=True)
class Measure:
    """So many items in so many seconds."""

    name: str
    items: int
    seconds: float

    @property
    def per_item(self) -> float:
        return self.seconds * 1000 / max(1, self.items)


class Bench:
    """A Region process, and a client that takes the time."""

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self._pid = pid
        self.measures: list[Measure] = []
        self.ecs = self.client("ecs")

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="AKIAOPERATOR",
            aws_secret_access_key="none",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def control(self, path: str, **order: Any) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", json.dumps(order).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=600) as response:
            reply: dict[str, Any] = json.load(response)
        return reply

    def settle(self) -> None:
        self.control("tick", most=1000)

    def mib(self) -> int:
        """The most memory that the process has held."""
        return (self._kib("VmHWM") or self.kib()) // 1024

    def kib(self) -> int:
        """What it holds now."""
        return self._kib("VmRSS")

    def _kib(self, name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{self._pid}/status").read_text())
        return int(found[1]) if found else 0

    def measure(self, name: str, items: int, work: Callable[[], Any]) -> Any:
        start = time.monotonic()
        result = work()
        self.measures.append(Measure(name, items, time.monotonic() - start))
        return result

    def pages(self, operation: str, member: str, **params: Any) -> list[str]:
        paginator = self.ecs.get_paginator(operation)
        return [item for page in paginator.paginate(cluster=CLUSTER, **params) for item in page[member]]


@contextmanager
def process() -> Iterator[Bench]:
    """A Region without ticks of its own, so that every run does the same; silence is no fault of the agents here."""
    options = ("--listen", "127.0.0.1:0", "--tick", "0", "--connected-timeout", "600")
    command = [sys.executable, "-m", "sandbox.region", *options]
    region = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = region.stdout.readline() if region.stdout else ""
        if not line.startswith("ready:"):
            raise RuntimeError("the Region did not start")
        yield Bench(line.split()[-1], region.pid)
    finally:
        region.terminate()
        region.wait(10)


def _define(bench: Bench) -> str:
    container = {"name": "main", "image": "bench/web:1", "cpu": 10, "memory": 16}
    reply = bench.ecs.register_task_definition(
        family="web", containerDefinitions=[container], requiresCompatibilities=["EXTERNAL"]
    )
    return str(reply["taskDefinition"]["taskDefinitionArn"])


def _register(bench: Bench, instances: int) -> None:
    for site in range(SITES):
        bench.control("instances", cluster=CLUSTER, count=instances // SITES, attributes={"site": f"s{site}"})


def _serve(bench: Bench, definition: str, names: Sequence[str], count: int) -> None:
    """Create services and let their tasks run."""
    for name in names:
        bench.ecs.create_service(
            cluster=CLUSTER,
            serviceName=name,
            taskDefinition=definition,
            desiredCount=count,
            launchType="EXTERNAL",
            placementStrategy=[{"type": "spread", "field": "attribute:site"}],
        )
    bench.settle()
    shown = bench.ecs.describe_services(cluster=CLUSTER, services=list(names[-1:]))["services"][0]
    if shown["runningCount"] != count:
        raise RuntimeError(f"{shown['runningCount']} of {count} tasks run")


def _roll_out(bench: Bench) -> None:
    bench.ecs.update_service(cluster=CLUSTER, service=LARGE, forceNewDeployment=True)
    bench.settle()


def _describe(bench: Bench, operation: str, member: str, names: Sequence[str], size: int) -> None:
    for start in range(0, len(names), size):
        getattr(bench.ecs, operation)(**{"cluster": CLUSTER, member: list(names[start : start + size])})


def _write(bench: Bench, instances: int, services: int) -> None:
    bench.ecs.create_cluster(clusterName=CLUSTER)
    definition = _define(bench)
    small = [f"small-{number}" for number in range(services)]
    bench.measure("register instances", instances, lambda: _register(bench, instances))
    title = "create services and start their tasks"
    bench.measure(title, services, lambda: _serve(bench, definition, small, TASKS_A_SERVICE))
    title = "place and start one service's tasks"
    bench.measure(title, instances, lambda: _serve(bench, definition, [LARGE], instances))


def _read(bench: Bench, instances: int, services: int) -> None:
    listed = ("list_container_instances", "containerInstanceArns")
    hosts = bench.measure("list instances", instances, lambda: bench.pages(*listed))
    described = ("describe_container_instances", "containerInstances", hosts, 100)
    bench.measure("describe instances", instances, lambda: _describe(bench, *described))
    by_site = {"filter": "attribute:site == s1"}
    bench.measure("filter instances by attribute", instances, lambda: bench.pages(*listed, **by_site))
    total = instances + services * TASKS_A_SERVICE
    arns = bench.measure("list tasks", total, lambda: bench.pages("list_tasks", "taskArns"))
    bench.measure("describe tasks", total, lambda: _describe(bench, "describe_tasks", "tasks", arns, 100))
    names = bench.measure("list services", services, lambda: bench.pages("list_services", "serviceArns"))
    bench.measure("describe services", services, lambda: _describe(bench, "describe_services", "services", names, 10))


def run(instances: int, services: int) -> tuple[list[Measure], int]:
    """Measure one size; the measures and the peak of memory in MiB."""
    with process() as bench:
        _write(bench, instances, services)
        _read(bench, instances, services)
        bench.measure("replace all tasks of one service", instances, lambda: _roll_out(bench))
        return bench.measures, bench.mib()


def _activations(bench: Bench, hosts: int) -> list[dict[str, str]]:
    """One activation for every thousand hosts."""
    bench.client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST_SSM))
    ssm = bench.client("ssm")
    ssm.update_service_setting(SettingId="/ssm/managed-instance/activation-tier", SettingValue="advanced")
    count = -(-hosts // ACTIVATION)
    return [ssm.create_activation(IamRole="bench", RegistrationLimit=ACTIVATION) for _ in range(count)]


def _manage(bench: Bench, count: int) -> list[Host]:
    activations, hosts = _activations(bench, count), []
    for number in range(count):
        hosts.append(Host(bench.url, REGION, activations[number // ACTIVATION]))
        hosts[-1].close()
    return hosts


def run_agents(instances: int) -> tuple[list[Measure], int]:
    """Measure agents that hold their websockets, two each; the measures and the peak of memory in MiB."""
    with process() as bench:
        bench.ecs.create_cluster(clusterName=CLUSTER)
        hosts = bench.measure("register managed nodes", instances, lambda: _manage(bench, instances))
        bench.measure("register their agents with ECS", instances, lambda: joined(hosts, CLUSTER))
        agents = Agents(bench.url, REGION, hosts)
        try:
            _hold(bench, agents, instances)
        finally:
            agents.close()
        return bench.measures, bench.mib()


def _hold(bench: Bench, agents: Agents, instances: int) -> None:
    before = bench.kib()
    bench.measure("open websockets to ACS", instances, lambda: agents.connect("/acs/ws"))
    bench.measure("open websockets to TCS", instances, lambda: agents.connect("/tcs/ws"))
    held = bench.kib() - before
    definition = _define(bench)
    options = {"placementConstraints": [{"type": "distinctInstance"}], "launchType": "EXTERNAL"}

    def deliver() -> None:
        bench.ecs.create_service(
            cluster=CLUSTER, serviceName=LARGE, taskDefinition=definition, desiredCount=instances, **options
        )
        bench.settle()
        agents.wait("PayloadMessage", instances)

    bench.measure("place a task with every agent", instances, deliver)
    if agents.open != 2 * instances:
        raise RuntimeError(f"{agents.open} of {2 * instances} websockets are open")
    print(f"{2 * instances} websockets hold {held // 1024} MiB, {held / (2 * instances):.0f} KiB each")


def _allow_sockets() -> None:
    """As many open files as this user may have, here and in the Region's process."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def report(small: Sequence[Measure], large: Sequence[Measure], mib: int) -> list[str]:
    lines = [f"{'':40}{'items':>8}{'seconds':>10}{'ms an item':>12}{'growth':>9}"]
    for before, after in zip(small, large, strict=True):
        growth = after.per_item / before.per_item if before.per_item else 0.0
        lines.append(f"{after.name:40}{after.items:8}{after.seconds:10.2f}{after.per_item:12.3f}{growth:9.2f}")
    return [*lines, f"peak of memory: {mib} MiB"]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bin/bench region", description="Measure the simulated Region.")
    parser.add_argument("--instances", type=int, default=3000, help="container instances (default: %(default)s)")
    parser.add_argument("--services", type=int, default=200, help="services (default: %(default)s)")
    arguments = parser.parse_args(argv)
    if arguments.instances < 10 * SITES or arguments.services < 10:
        parser.error(f"at least {10 * SITES} instances and 10 services, so that a tenth can be measured, too")
    tenth = arguments.instances // 10
    small, _ = run(tenth, arguments.services // 10)
    large, mib = run(arguments.instances, arguments.services)
    print("\n".join(report(small, large, mib)))
    _allow_sockets()
    few, _ = run_agents(tenth)
    many, agents_mib = run_agents(arguments.instances)
    print("\n".join(report(few, many, agents_mib)))
    slow = [measure.name for measure in large if measure.seconds > MOST_SECONDS]
    slow += [measure.name for measure in many if measure.seconds > MOST_SECONDS_OF_AGENTS]
    if slow or mib > MOST_MIB or agents_mib > MOST_MIB_OF_AGENTS:
        with_agents = f"{MOST_SECONDS_OF_AGENTS:g} s and {MOST_MIB_OF_AGENTS} MiB"
        limits = f"{MOST_SECONDS:g} s and {MOST_MIB} MiB, with agents {with_agents}"
        print(f"over the limits of {limits}: {', '.join([*slow, f'{mib} MiB', f'{agents_mib} MiB'])}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
