# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A standing sandbox: hosts, the simulated Region and the package server of one instance, and commands inside it."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from . import console, machine, paths, variables
from .python import Environment

SERVICE_PATIENCE = 60.0


class Sandbox:
    def __init__(self, ready: Environment, instance: str, packages: Path) -> None:
        self.instance = instance
        self.packages = packages
        self.env = variables.sandboxed(ready, instance)
        self._bin = ready.bin

    @property
    def calls(self) -> Path:
        """The Region's log of all calls, a line each."""
        return paths.state(self.instance) / "logs" / "calls.log"

    def tool(self, name: str) -> str:
        return str(self._bin / name)

    def hosts(self, *arguments: str) -> list[str]:
        """A command of the hosts tool for this instance."""
        return [str(machine.HOSTS), "--instance", self.instance, *arguments]

    def inside(self, *command: str) -> list[str]:
        """A command in the sandbox's network."""
        return self.hosts("run", "--", *command)

    def boot(self, sites: Mapping[str, Iterable[str]]) -> None:
        named = [f"{site}={','.join(hosts)}" for site, hosts in sites.items()]
        if console.execute(self.hosts("up", "--packages", str(self.packages), *named)):
            raise console.Failure(f"The hosts of the sandbox {self.instance} did not come up.")
        # The inventory reads it there: to ask a URL would take each host's process a third of a second, each time.
        shutil.copy(self.packages / "keys" / "fingerprints.json", paths.state(self.instance))

    def start_services(self) -> None:
        """Both are left alone when they answer already: the Region's memory is the fleet's registration."""
        port = variables.ENDPOINT.rpartition(":")[2]
        listen = [f"--listen={address}:{port}" for address in (variables.REGION_HOST, "127.0.0.1")]
        region = ["-m", "sandbox.region", *listen, "--region", variables.REGION, "--instance-hosts"]
        region += ["--log", str(self.calls)]
        self._start("region", region, f"{variables.ENDPOINT}/_sandbox/health")
        files = ["-m", "http.server", str(variables.PACKAGE_SERVER_PORT), "--bind", variables.REGION_HOST]
        server = f"http://{variables.REGION_HOST}:{variables.PACKAGE_SERVER_PORT}/keys/sandbox.asc"
        self._start("packages", [*files, "--directory", str(self.packages)], server)
        self._start_ec2()

    def _start_ec2(self) -> None:
        """Boots a host for each EC2 instance that the Region launches; a second one ends by itself at once."""
        log = paths.state(self.instance) / "logs" / "ec2.log"
        command = self.hosts("ec2", variables.ENDPOINT, "--packages", str(self.packages.resolve()))
        detached = self.hosts("run", "--detach", "--log", str(log), "--", *command)
        console.run(detached, log=paths.logs() / "ec2.log", env=self.env, cwd=paths.ROOT)
        console.say(f"      EC2 boots hosts for instances; its log is {log}")

    def outpost(self, name: str) -> dict[str, Any]:
        """An Outpost with capacity, made on the first call; its instances stand in the site of its name."""
        ask = self.inside(self.tool("python"), "-m", "sandbox.tooling.region", "outpost", name)
        answer = subprocess.run(ask, env=self.env, cwd=paths.ROOT, capture_output=True, text=True, check=False)
        if answer.returncode:
            raise console.Failure(f"The Region delivers no Outpost {name}: {answer.stderr}")
        # The inventory reads it there: a site on an Outpost is told by its ARN.
        note = paths.state(self.instance) / "outposts" / f"{name}.json"
        note.parent.mkdir(exist_ok=True)
        note.write_text(answer.stdout)
        told: dict[str, Any] = json.loads(answer.stdout)
        return told

    def _start(self, name: str, arguments: list[str], url: str) -> None:
        if self._answers(url):
            console.say(f"      {name} runs already")
            return
        log = paths.state(self.instance) / "logs" / f"{name}.log"
        command = self.hosts("run", "--detach", "--log", str(log), "--", self.tool("python"), *arguments)
        console.run(command, log=paths.logs() / f"{name}.log", env=self.env, cwd=paths.ROOT)
        deadline = time.monotonic() + SERVICE_PATIENCE
        while not self._answers(url):
            if time.monotonic() > deadline:
                end = console.tail(log) if log.exists() else ""
                raise console.Failure(f"{end}\nNo answer from {url} in {SERVICE_PATIENCE:.0f} s; its log is {log}")
            time.sleep(0.5)
        console.say(f"      {name} answers; its log is {log}")

    def _answers(self, url: str) -> bool:
        ask = self.inside(self.tool("python"), "-m", "sandbox.tooling.region", "answers", url)
        return subprocess.run(ask, env=self.env, cwd=paths.ROOT, capture_output=True, check=False).returncode == 0
