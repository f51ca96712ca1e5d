# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host whose only way out is a proxy with a login: it joins, stays as it is, and lets go of the proxy again."""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.tooling import machine, paths, variables
from sandbox.tooling.python import Environment
from sandbox.tooling.standing import Sandbox

from .conftest import INSTANCE, Fleet

HOST, ADDRESS = "lab-1", "198.18.1.11"
PROXY = f"{variables.REGION_HOST}:3128"
LOGIN = "edge:unseen/4711"
URL = f"http://edge:unseen%2F4711@{PROXY}"
# The password as it is, within a URL, and as an HTTP header has it.
TRACES = [b"unseen/4711", b"unseen%2F4711", base64.b64encode(LOGIN.encode())]
LIMIT = ("--limit", f"{HOST},localhost,fleet_conductors")
# Where docs/network.md says that it stands.
FILES = {"/etc/edgefleet/proxy.env", "/etc/apt/apt.conf.d/95edgefleet-proxy", "/etc/ecs/ecs.config"}
REST_OF_THE_WORLD = f"""
table inet only_proxy {{
    chain input {{
        type filter hook input priority 0;
        ip saddr {ADDRESS} tcp dport {{ {variables.PACKAGE_SERVER_PORT}, 4566 }} reject with tcp reset
    }}
}}
"""


class Watch(threading.Thread):
    """Looks for the password in every command line of the machine, which are the hosts' own, too."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.found: set[bytes] = set()
        self.samples = 0
        self._stop_it = threading.Event()

    def run(self) -> None:
        while not self._stop_it.wait(0.2):
            self.samples += 1
            for process in filter(str.isdigit, os.listdir("/proc")):
                self._look(process)

    def _look(self, process: str) -> None:
        try:
            line = Path("/proc", process, "cmdline").read_bytes()
        except OSError:
            return
        if any(trace in line for trace in TRACES):
            self.found.add(line)

    def end(self) -> None:
        self._stop_it.set()
        self.join()


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One host behind a proxy, in a sandbox of its own: the Region's memory belongs to the other tests."""
    packages = os.environ.get("EDGEFLEET_PACKAGES")
    instance = f"{INSTANCE}-proxy"
    sandbox = Sandbox(
        Environment("this", "this", Path(sys.prefix)),
        instance,
        Path(packages) if packages else machine.agent_packages(),
    )
    login = tmp_path_factory.mktemp("login") / "login"
    login.write_text(LOGIN)
    machine.remove(instance)
    try:
        sandbox.boot({"lab": [HOST]})
        sandbox.start_services()
        fleet = Fleet(sandbox)
        log = paths.state(instance) / "logs" / "proxy.log"
        python = [sandbox.tool("python"), "-m", "sandbox.proxy", "--listen", PROXY, "--login-file", str(login)]
        fleet.hosts("run", "--detach", "--log", str(log), "--", *python)
        yield fleet
    finally:
        machine.remove(instance)


def shut(branch: Fleet) -> None:
    rules = paths.state(branch.sandbox.instance) / "only-proxy.nft"
    rules.write_text(REST_OF_THE_WORLD)
    assert branch.ansible("nft", "-f", str(rules)).returncode == 0
    closed = f"! curl --silent --max-time 3 http://{variables.REGION_HOST}:{variables.PACKAGE_SERVER_PORT}/"
    branch.hosts("ssh", HOST, closed)


def went_through(branch: Fleet) -> list[dict[str, Any]]:
    log = paths.state(branch.sandbox.instance) / "logs" / "proxy.log"
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


def play(branch: Fleet, tmp_path: Path, playbook: str, *arguments: str, **proxy: Any) -> Any:
    """A run that gets the proxy from a file, as from a vault: what the command line gives is in the process list."""
    given = tmp_path / "proxy.json"
    given.touch(mode=0o600)
    given.write_text(json.dumps(proxy))
    return branch.run([*branch.command(playbook), *LIMIT, "--extra-vars", f"@{given}", *arguments])


def test_a_host_that_reaches_only_the_proxy_joins_and_nobody_sees_the_password(branch: Fleet, tmp_path: Path) -> None:
    shut(branch)
    watch = Watch()
    watch.start()
    try:
        run = play(
            branch, tmp_path, "site", "-vvv", "--diff", fleet_http_proxy=URL, fleet_no_proxy=["registry.lab.example"]
        )
    finally:
        watch.end()
    (tmp_path / "output").write_text(run.output)
    assert run.code == 0, run.output[-5000:]
    assert run.outcomes == {HOST: "converged"}
    assert [item["agentConnected"] for item in branch.instances()] == [True]

    # All that it took came through the proxy, and some of it in tunnels: the agent's websockets.
    through = [entry for entry in went_through(branch) if entry["client"] == ADDRESS]
    assert {entry["status"] for entry in through} == {200}
    assert {entry["method"] for entry in through} >= {"CONNECT", "GET", "POST"}
    asked = {entry["target"].removeprefix("http://").partition("/")[0] for entry in through}
    assert asked == {f"{variables.REGION_HOST}:{port}" for port in (4566, variables.PACKAGE_SERVER_PORT)}

    assert watch.samples > 50
    assert watch.found == set()
    record = json.dumps(run.record).encode()
    log = b"".join(path.read_bytes() for path in (paths.state(branch.sandbox.instance) / "logs").glob("*"))
    for trace in TRACES:
        assert trace not in run.output.encode()
        assert trace not in record
        assert trace not in log
    assert "http://(hidden)@" in run.output
    assert files_with_the_password(branch) == dict.fromkeys(FILES, "600 root")
    shown = branch.hosts("ssh", HOST, "systemctl show docker amazon-ssm-agent ecs; sudo journalctl --no-pager")
    assert "unseen" not in shown
    # The engine, the agents and the configuration know it, and what must go without it.
    config = branch.hosts("ssh", HOST, "sudo cat /etc/ecs/ecs.config")
    direct = "169.254.169.254,169.254.170.2,/var/run/docker.sock,localhost,127.0.0.1,registry.lab.example"
    assert f"NO_PROXY={direct}\n" in config
    environment = branch.hosts("ssh", HOST, "sudo cat /proc/$(pidof dockerd)/environ | tr '\\0' '\\n'")
    assert f"HTTPS_PROXY={URL}\n" in environment
    assert f"no_proxy={direct}\n" in environment


def test_another_run_changes_nothing_and_another_proxy_is_drift(branch: Fleet, tmp_path: Path) -> None:
    before = units(branch)
    branch.forget_executions()
    run = play(branch, tmp_path, "rollout", fleet_http_proxy=URL, fleet_no_proxy=["registry.lab.example"])
    assert run.code == 0, run.output[-5000:]
    assert run.outcomes == {HOST: "unchanged"}
    assert branch.executions() == {HOST: 1}
    changed = play(branch, tmp_path, "rollout", "--check", "--diff", fleet_http_proxy=URL.replace("4711", "4712"))
    assert changed.code == 0, changed.output[-5000:]
    assert "1 to change" in changed.output
    assert "docker runs with another proxy than asked" in changed.output
    assert "unseen" not in changed.output
    assert units(branch) == before


def test_taken_away_the_proxy_leaves_no_trace(branch: Fleet, tmp_path: Path) -> None:
    branch.ansible("nft", "delete", "table", "inet", "only_proxy")
    before = units(branch)
    run = play(branch, tmp_path, "rollout", fleet_http_proxy="")
    assert run.code == 0, run.output[-5000:]
    assert run.outcomes == {HOST: "converged"}
    assert files_with_the_password(branch) == {}
    assert "active" in units(branch) and units(branch) != before  # another dockerd
    through = len(went_through(branch))
    time.sleep(1)
    assert len(went_through(branch)) == through
    assert [(item["agentConnected"], item["status"]) for item in branch.instances()] == [(True, "ACTIVE")]
    again = play(branch, tmp_path, "rollout", fleet_http_proxy="")
    assert again.outcomes == {HOST: "unchanged"}
