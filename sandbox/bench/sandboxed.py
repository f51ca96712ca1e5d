# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox to measure in: hosts that can be made bare again, commands whose CPU time is known to the last child."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..hosts.cgroups import Group
from ..hosts.instance import Instance
from ..tooling import console, machine, paths
from ..tooling.python import Environment
from ..tooling.standing import Sandbox

PATIENCE = 900


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock, and of CPU of the control node and of the hosts; remote executions of all hosts."""

    wall: float
    control: float
    hosts: float
    executions: int

    @property
    def cpu(self) -> float:
        return self.control + self.hosts


class Bench:
    def __init__(self, ready: Environment, name: str, sites: Mapping[str, Sequence[str]], packages: Path) -> None:
        self.sandbox = Sandbox(ready, name, packages)
        self.sites = sites
        self.instance = Instance(name, lambda _text: None)

    @property
    def folder(self) -> Path:
        """For what the measured commands read; it goes with the sandbox."""
        folder = paths.state(self.sandbox.instance) / "bench"
        folder.mkdir(exist_ok=True)
        return folder

    def boot(self) -> None:
        self.sandbox.boot(self.sites)
        self.sandbox.start_services()

    def make_bare(self) -> None:
        """All hosts anew."""
        for host in [host for hosts in self.sites.values() for host in hosts]:
            self._hosts("remove", host)
        self.sandbox.boot(self.sites)

    def addresses(self, site: str) -> dict[str, str]:
        hosts = self.instance.topology().hosts
        return {name: str(hosts[name].address) for name in self.sites[site]}

    def cost(self, site: str, command: Sequence[str], env: Mapping[str, str], log: Path) -> Cost:
        """Of a command inside the sandbox's network, and of the hosts of a site meanwhile. It has to succeed.

        Every process of the command is in a cgroup of its own, also those that it leaves behind: ssh's shared
        connections, which are ended here, so that each command makes its own.
        """
        group = self.instance.group.child("measured").create()
        groups = [self.instance.group.child(f"host-{name}") for name in self.sites[site]]
        self._hosts("executions", "--reset")
        before, start = [_seconds(each) for each in groups], time.monotonic()
        inside = group.command(self.instance.namespaces.command(list(command), mount=False))
        with log.open("wb") as output:
            done = subprocess.run(
                inside, env=dict(env), cwd=paths.ROOT, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, timeout=PATIENCE, check=False,
            )  # fmt: skip
        wall = time.monotonic() - start
        hosts = sum(_seconds(each) - was for each, was in zip(groups, before, strict=True))
        group.kill()
        control = _seconds(group)
        group.remove()
        if done.returncode:
            raise console.Failure(f"{console.tail(log)}\n{command[0]} ended with {done.returncode}; its log is {log}")
        counts = json.loads(self._hosts("executions", *self.sites[site]))
        return Cost(wall, control, hosts, sum(counts.values()))

    def region(self, *arguments: str) -> Any:
        """What sandbox.bench.region says, from inside the sandbox's network."""
        ask = self.sandbox.inside(self.sandbox.tool("python"), "-m", "sandbox.bench.region", *arguments)
        done = subprocess.run(ask, env=self.sandbox.env, cwd=paths.ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise console.Failure(f"{' '.join(arguments)}: {done.stderr}")
        return json.loads(done.stdout)

    def _hosts(self, *arguments: str) -> str:
        done = subprocess.run(self.sandbox.hosts(*arguments), capture_output=True, text=True, check=False)
        if done.returncode:
            raise console.Failure(f"hosts {' '.join(arguments)}: {done.stderr}")
        return done.stdout


def _seconds(group: Group) -> float:
    """CPU time of a cgroup with all below it, those that have ended among them."""
    lines = (group.unified / "cpu.stat").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("usage_usec")) / 1e6


@contextmanager
def bench(ready: Environment, name: str, sites: Mapping[str, Sequence[str]]) -> Iterator[Bench]:
    if os.geteuid() != 0:
        machine.require_root("bin/bench rollout")
    packages = machine.agent_packages()
    machine.remove(name)
    try:
        made = Bench(ready, name, sites, packages)
        made.boot()
        yield made
    finally:
        machine.remove(name)
