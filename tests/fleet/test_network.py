# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host whose only way out is a proxy with a login: it joins, stays as it is, and lets go of the proxy again.

The first run is a full one that says all it can, with every secret that a fleet has: each is in the files that need it,
as docs/secrets.md says, and nowhere else.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.tooling import paths, variables

from .conftest import INSTANCE, USUAL, Fleet, Run, standing_fleet

OWN = f"{INSTANCE}-proxy"
GROUP = f"edgefleet-{OWN}/"
HOST, ADDRESS = "lab-1", "198.18.1.11"
DISK = Path("/var/lib/edgefleet") / OWN / HOST / "upper"
PROXY = f"{variables.REGION_HOST}:3128"
LOGIN = "edge:unseen/4711"
URL = f"http://edge:unseen%2F4711@{PROXY}"
# The password as it is, within a URL, and as an HTTP header has it.
TRACES = [b"unseen/4711", b"unseen%2F4711", base64.b64encode(LOGIN.encode())]
REGISTRY_PASSWORD = "hunter2-of-the-registry"
AUTH = base64.b64encode(f"puller:{REGISTRY_PASSWORD}".encode()).decode()
CONFIG = {
    "ECS_ENGINE_AUTH_TYPE": "dockercfg",
    "ECS_ENGINE_AUTH_DATA": {"registry.example.net": {"auth": AUTH, "email": "none@example.net"}},
}
REGISTERS = re.compile(rb"amazon-ssm-agent\0-register\0.*-code\0([^\0]+)", re.DOTALL)
BEHIND: dict[str, Any] = {"fleet_http_proxy": URL, "fleet_no_proxy": ["registry.lab.example"]}
LIMIT = ("--limit", f"{HOST},localhost,fleet_conductors")
# Where docs/secrets.md says that it stands, and where the login to the registry does.
HOLDS_AUTH_DATA = {"etc/ecs/ecs.config"}
FILES = {"/etc/edgefleet/proxy.env", "/etc/apt/apt.conf.d/95edgefleet-proxy", "/etc/ecs/ecs.config"}
REST_OF_THE_WORLD = f"""
table inet only_proxy {{
    chain input {{
        type filter hook input priority 0;
        ip saddr {ADDRESS} tcp dport {{ {variables.PACKAGE_SERVER_PORT}, 4566 }} reject with tcp reset
    }}
}}
"""


class Processes(threading.Thread):
    """Samples of the list of processes, of the control node and of the host, as `ps` would show it."""

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
def branch() -> Iterator[Fleet]:
    """One host behind a proxy, in a sandbox of its own: the Region's memory belongs to the other tests."""
    with standing_fleet(OWN, {"lab": [HOST]}) as fleet:
        # Here it matters who can see the processes of modules.
        fleet.usual = USUAL
        yield fleet


def shut(branch: Fleet) -> None:
    rules = paths.state(OWN) / "only-proxy.nft"
    rules.write_text(REST_OF_THE_WORLD)
    assert branch.ansible("nft", "-f", str(rules)).returncode == 0
    closed = f"! curl --silent --max-time 3 http://{variables.REGION_HOST}:{variables.PACKAGE_SERVER_PORT}/"
    branch.hosts("ssh", HOST, closed)


def went_through(branch: Fleet) -> list[dict[str, Any]]:
    log = paths.state(OWN) / "logs" / "proxy.log"
    return [json.loads(line) for line in log.read_text().splitlines()]


def files_with_the_password(branch: Fleet) -> dict[str, str]:
    """Files of the host, and their modes. Not of memory: /proc and /sys. sudo notes its arguments in the journal."""
    patterns = base64.b64encode(b"unseen/4711\nunseen%2F4711\n").decode()
    looks = "sudo grep -rlaF -f - /etc /var /root /home /tmp /run /usr/local 2>/dev/null || true"
    found = branch.hosts("ssh", HOST, f"echo {patterns} | base64 -d | {looks}").split()
    modes = branch.hosts("ssh", HOST, f"sudo stat -c '%n %a %U' {' '.join(found)}") if found else ""
    return {line.split()[0]: line.partition(" ")[2] for line in modes.splitlines()}


def units(branch: Fleet) -> str:
    return branch.hosts("ssh", HOST, "systemctl is-active docker amazon-ssm-agent ecs; pidof dockerd")


def start_proxy(branch: Fleet, login: Path) -> None:
    login.write_text(LOGIN)
    log = paths.state(OWN) / "logs" / "proxy.log"
    python = [branch.sandbox.tool("python"), "-m", "sandbox.proxy", "--listen", PROXY, "--login-file", str(login)]
    branch.hosts("run", "--detach", "--log", str(log), "--", *python)


def holding(folder: Path, secret: bytes) -> set[str]:
    """Files below a folder that hold a text, by name relative to it."""
    found = subprocess.run(
        ["grep", "-rlaF", "--devices=skip", "-e", secret.decode(), "."], cwd=folder, capture_output=True, text=True
    )
    assert found.returncode in (0, 1), found.stderr
    return {name.removeprefix("./") for name in found.stdout.splitlines()}


@pytest.fixture
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Secrets in a file, as from a vault: what the command line gives is in the process list."""
    file: Path = tmp_path_factory.mktemp("given") / "secrets.json"
    file.touch(mode=0o600)
    return file


def play(
    branch: Fleet, given: Path, playbook: str, *arguments: str, environment: dict[str, str] | None = None, **proxy: Any
) -> Run:
    given.write_text(json.dumps({"ecs_agent_secret_config": CONFIG, **proxy}))
    command = [*branch.command(playbook), *LIMIT, "--extra-vars", f"@{given}", *arguments]
    return branch.run(command, **(environment or {}))


def test_a_proxy_that_is_down_is_named_and_nothing_is_touched(branch: Fleet, given: Path) -> None:
    shut(branch)
    run = play(branch, given, "site", **BEHIND)
    assert run.code == 2, run.output[-5000:]
    assert run.outcomes == {HOST: "blocked"}
    assert run.record
    assert "proxy" in run.record["hosts"][HOST]["reason"] and PROXY in run.record["hosts"][HOST]["reason"]
    assert files_with_the_password(branch) == {}


def test_a_host_that_reaches_only_the_proxy_joins_and_nobody_sees_a_secret(
    branch: Fleet, given: Path, tmp_path: Path
) -> None:
    start_proxy(branch, given.parent / "login")
    log, facts, local = tmp_path / "ansible.log", tmp_path / "facts", tmp_path / "local"
    told = {
        "ANSIBLE_LOG_PATH": str(log),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(facts),
        "ANSIBLE_LOCAL_TEMP": str(local),
    }
    processes = Processes()
    processes.start()
    try:
        run = play(branch, given, "site", "-vvv", "--diff", environment=told, **BEHIND)
    finally:
        seen = processes.stop()
    assert run.code == 0, run.output[-5000:]
    assert run.outcomes == {HOST: "converged"}
    assert [item["agentConnected"] for item in branch.instances()] == [True]

    # All that it took came through the proxy, and some of it in tunnels: the agent's websockets.
    through = [entry for entry in went_through(branch) if entry["client"] == ADDRESS]
    assert {entry["status"] for entry in through} == {200}
    assert {entry["method"] for entry in through} >= {"CONNECT", "GET", "POST"}
    asked = {entry["target"].removeprefix("http://").partition("/")[0] for entry in through}
    assert asked == {f"{variables.REGION_HOST}:{port}" for port in (4566, variables.PACKAGE_SERVER_PORT)}

    (tmp_path / "output").write_text(run.output)
    (tmp_path / "record").write_text(json.dumps(run.record))
    (tmp_path / "logs").write_bytes(b"".join(path.read_bytes() for path in (paths.state(OWN) / "logs").glob("*")))
    registering = {found[1] for line in seen if (found := REGISTERS.search(line))}
    assert len(registering) == 1, "the activation code is an argument of the agent's program, and of nothing else"
    code = registering.pop()
    assert {line for line in seen if code in line and not REGISTERS.search(line)} == set()
    others = [*TRACES, AUTH.encode(), REGISTRY_PASSWORD.encode()]
    assert [line for line in seen if any(secret in line for secret in others)] == []
    assert facts.is_dir() and list(facts.iterdir()) and log.stat().st_size > 10_000  # there is something to look in
    for secret in (code, *others):
        assert holding(tmp_path, secret) == set(), secret
    assert holding(DISK, code) == set()
    assert holding(DISK, AUTH.encode()) == HOLDS_AUTH_DATA
    assert "http://(hidden)@" in run.output
    assert files_with_the_password(branch) == dict.fromkeys(FILES, "600 root")


def test_the_agents_know_the_proxy_and_what_goes_without_it(branch: Fleet) -> None:
    shown = branch.hosts("ssh", HOST, "systemctl show docker amazon-ssm-agent ecs; sudo journalctl --no-pager")
    assert "unseen" not in shown
    config = branch.hosts("ssh", HOST, "sudo cat /etc/ecs/ecs.config")
    direct = "169.254.169.254,169.254.170.2,/var/run/docker.sock,localhost,127.0.0.1,registry.lab.example"
    assert f"NO_PROXY={direct}\n" in config
    environment = branch.hosts("ssh", HOST, "sudo cat /proc/$(pidof dockerd)/environ | tr '\\0' '\\n'")
    assert f"HTTPS_PROXY={URL}\n" in environment
    assert f"no_proxy={direct}\n" in environment


def test_another_run_changes_nothing_and_another_proxy_is_drift(branch: Fleet, given: Path) -> None:
    before = units(branch)
    branch.forget_executions()
    run = play(branch, given, "rollout", **BEHIND)
    assert run.code == 0, run.output[-5000:]
    assert run.outcomes == {HOST: "unchanged"}
    assert branch.executions() == {HOST: 1}
    changed = play(branch, given, "rollout", "--check", "--diff", fleet_http_proxy=URL.replace("4711", "4712"))
    assert changed.code == 0, changed.output[-5000:]
    assert "1 to change" in changed.output
    assert "docker runs with another proxy than asked" in changed.output
    assert "unseen" not in changed.output
    assert units(branch) == before


def test_taken_away_the_proxy_leaves_no_trace_but_the_way_back(branch: Fleet, given: Path) -> None:
    branch.ansible("nft", "delete", "table", "inet", "only_proxy")
    before = units(branch)
    run = play(branch, given, "rollout", fleet_http_proxy="")
    assert run.code == 0, run.output[-5000:]
    assert run.outcomes == {HOST: "converged"}
    # What the host had before its last change is kept to go back to, as docs/secrets.md says.
    assert files_with_the_password(branch) == {"/var/lib/edgefleet/backup.json": "600 root"}
    assert "active" in units(branch) and units(branch) != before  # another dockerd
    through = len(went_through(branch))
    time.sleep(1)
    assert len(went_through(branch)) == through
    assert [(item["agentConnected"], item["status"]) for item in branch.instances()] == [(True, "ACTIVE")]
    again = play(branch, given, "rollout", fleet_http_proxy="")
    assert again.outcomes == {HOST: "unchanged"}
