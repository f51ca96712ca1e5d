# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a secret is after a full run that says all it can: in the files that need it, and nowhere else."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import INSTANCE, Fleet

HOST, SITE = "vault-1", "vault"
GROUP = f"edgefleet-{INSTANCE}/"
DISK = Path("/var/lib/edgefleet") / INSTANCE / HOST / "upper"
REGISTRY_PASSWORD = "hunter2-of-the-registry"
AUTH = base64.b64encode(f"puller:{REGISTRY_PASSWORD}".encode()).decode()
AUTH_DATA = {"registry.example.net": {"auth": AUTH, "email": "none@example.net"}}

# What docs/secrets.md names.
HOLDS_AUTH_DATA = {"etc/ecs/ecs.config"}
REGISTERS = re.compile(rb"amazon-ssm-agent\0-register\0.*-code\0([^\0]+)", re.DOTALL)


class Processes(threading.Thread):
    """Samples of the list of processes, of the control node and of all hosts, as `ps` would show it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self._stop_asked = threading.Event()

    def run(self) -> None:
        while not self._stop_asked.wait(0.05):
            self.seen |= set(self._now())

    def _now(self) -> Iterator[bytes]:
        for pid in filter(str.isdigit, os.listdir("/proc")):
            process = Path("/proc", pid)
            try:
                line = process.joinpath("cmdline").read_bytes()
                if line not in self.seen and GROUP in process.joinpath("cgroup").read_text():
                    yield line
            except OSError:
                continue  # it has ended

    def stop(self) -> set[bytes]:
        self._stop_asked.set()
        self.join()
        return self.seen


@pytest.fixture(scope="module")
def inventory(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's inventory with one more site, whose host is bare."""
    fleet.hosts("up", "--packages", str(fleet.sandbox.packages), f"{SITE}={HOST}")
    assert fleet.playbook("region").code == 0
    listed = json.loads(fleet.hosts("list", "--json"))
    address = next(host["address"] for host in listed if host["name"] == HOST)
    host = {"ansible_host": address, "fleet_site": SITE}
    file: Path = tmp_path_factory.mktemp("inventory") / "vault.json"
    file.write_text(json.dumps({"all": {"children": {"fleet": {"children": {SITE: {"hosts": {HOST: host}}}}}}}))
    return file


def holding(folder: Path, secret: bytes) -> set[str]:
    """Files below a folder that hold a text, by name relative to it."""
    found = subprocess.run(
        ["grep", "-rlaF", "--devices=skip", "-e", secret.decode(), "."], cwd=folder, capture_output=True, text=True
    )
    assert found.returncode in (0, 1), found.stderr
    return {name.removeprefix("./") for name in found.stdout.splitlines()}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As ansible-vault would hold them."""
    config = {"ECS_ENGINE_AUTH_TYPE": "dockercfg", "ECS_ENGINE_AUTH_DATA": AUTH_DATA}
    file: Path = tmp_path_factory.mktemp("secrets") / "secrets.json"
    file.write_text(json.dumps({"ecs_agent_secret_config": config}))
    return file


def test_a_run_that_says_all_it_can_gives_no_secret_away(
    fleet: Fleet, inventory: Path, secrets: Path, tmp_path: Path
) -> None:
    log, facts, local = tmp_path / "ansible.log", tmp_path / "facts", tmp_path / "local"
    chosen = ("-i", str(inventory), "--extra-vars", f"@{secrets}", "--limit", f"{SITE},fleet_conductors")
    command = fleet.command("rollout", *chosen, "-vvv", "--diff")
    told: dict[str, Any] = {
        "ANSIBLE_LOG_PATH": str(log),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(facts),
        "ANSIBLE_LOCAL_TEMP": str(local),
    }
    processes = Processes()
    processes.start()
    try:
        run = fleet.run(command, **told)
    finally:
        seen = processes.stop()
    assert run.outcomes == {HOST: "converged"}, run.output
    (tmp_path / "output").write_text(run.output)
    assert run.record
    (tmp_path / "record").write_text(json.dumps(run.record))

    registering = {found[1] for line in seen if (found := REGISTERS.search(line))}
    assert len(registering) == 1, "the activation code is an argument of the agent's program, and of nothing else"
    code = registering.pop()
    assert {line for line in seen if code in line and not REGISTERS.search(line)} == set()
    assert [line for line in seen if AUTH.encode() in line or REGISTRY_PASSWORD.encode() in line] == []

    assert facts.is_dir() and list(facts.iterdir()) and log.stat().st_size > 10_000  # there is something to look in
    for secret in (code, AUTH.encode(), REGISTRY_PASSWORD.encode()):
        assert holding(tmp_path, secret) == set(), secret
    assert holding(DISK, code) == set()
    assert holding(DISK, AUTH.encode()) == HOLDS_AUTH_DATA
    assert (DISK / "etc/ecs/ecs.config").stat().st_mode & 0o777 == 0o600
