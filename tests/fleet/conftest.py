# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One sandbox for all tests of this folder: three sites of two real SSH hosts, the simulated Region, the packages."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from xdist.scheduler import LoadScopeScheduling

from sandbox.tooling import machine, paths, policies, variables
from sandbox.tooling.python import Environment
from sandbox.tooling.standing import Sandbox
from tests.integration.warm.server import FOR_PLAYBOOKS, INTERPRETER, serving

# Another name than bin/test's lets several people of one machine run these tests at the same time; each process of
# pytest-xdist has a sandbox of its own.
INSTANCE = (os.environ.get("EDGEFLEET_TEST_INSTANCE") or "test") + os.environ.get("PYTEST_XDIST_WORKER", "")
SITES = {"lab": ("lab-1", "lab-2"), "lyon": ("lyon-1", "lyon-2"), "oslo": ("oslo-1", "oslo-2")}
HOSTS = [host for hosts in SITES.values() for host in hosts]
PATIENCE = int(os.environ.get("EDGEFLEET_TEST_PATIENCE") or 600)
# Of the demo's inventory, most tests are about the hosts alone.
WITHOUT_AWS_SITES = ("--limit", "all:!fleet_aws_sites")
# Nobody stops these runs by a tag (test_gates.py does): to ask for it takes a process of boto3 in every step.
USUAL: dict[str, Any] = {"workload_definitions": [], "workload_services": [], "rollout_stop_tag": ""}


# What docs/ promises of the records that runs leave behind.
RECORD = jsonschema.Draft202012Validator(json.loads((paths.ROOT / "docs" / "record.schema.json").read_text()))

# In their order: the first two begin with bare hosts, each of the others needs what the ones before have left.
ONE_FLEET = (
    "test_preflight", "test_rollout", "test_rollout_identity", "test_services", "test_settings", "test_sources",
    "test_site",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The chain of the one fleet first."""
    items.sort(key=lambda item: ONE_FLEET.index(item.path.stem) if item.path.stem in ONE_FLEET else len(ONE_FLEET))


class Chains(LoadScopeScheduling):
    """The chain for one process; the other files for whichever is idle."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "one fleet" if Path(file).stem in ONE_FLEET else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Chains:
    return Chains(config, log)


@dataclass
class Run:
    """What a playbook run has left behind."""

    code: int
    output: str
    record: dict[str, Any] | None

    @property
    def changed(self) -> dict[str, int]:
        """The recap's count of changes, by host."""
        return {name: int(count) for name, count in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", self.output, re.M)}

    @property
    def outcomes(self) -> dict[str, str]:
        assert self.record, self.output
        return {name: host["outcome"] for name, host in self.record["hosts"].items()}


class Fleet:
    def __init__(self, sandbox: Sandbox, warm: Mapping[str, str]) -> None:
        self.sandbox = sandbox
        self.env = {**sandbox.env, **warm, "ANSIBLE_NOCOLOR": "true"}
        self.usual = {**USUAL, **FOR_PLAYBOOKS}

    def start(self, *arguments: str, output: Path) -> subprocess.Popen[bytes]:
        """A command inside the sandbox, in a process group of its own."""
        with output.open("wb") as stream:
            return subprocess.Popen(
                self.sandbox.inside(*arguments), stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=self.env, cwd=paths.ROOT, start_new_session=True,
            )  # fmt: skip

    def ansible(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.sandbox.inside(*arguments), capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={**self.env, **environment}, cwd=paths.ROOT, timeout=PATIENCE, check=False,
        )  # fmt: skip

    def command(self, playbook: str, *arguments: str, **extra: Any) -> list[str]:
        chosen = ["--extra-vars", json.dumps({**self.usual, **extra})]
        return self.plain_command(playbook, *WITHOUT_AWS_SITES, *arguments, *chosen)

    def plain_command(self, playbook: str, *arguments: str) -> list[str]:
        tool = self.sandbox.tool("ansible-playbook")
        return [tool, "-i", "inventories/sandbox", f"playbooks/{playbook}.yml", *arguments]

    def playbook(self, playbook: str, *arguments: str, **extra: Any) -> Run:
        """A playbook for the hosts; the last of several limits counts."""
        return self.run(self.command(playbook, *arguments, **extra))

    def run(self, command: list[str], **environment: str) -> Run:
        before = self.records()
        asker = {"AWS_ACCESS_KEY_ID": policies.caller(playbook_of(command)), **environment}
        done = self.ansible(*command, **asker)
        written = sorted(self.records() - before)
        record = json.loads(written[-1].read_text()) if written else None
        if record:
            RECORD.validate(record)
        return Run(done.returncode, done.stdout + done.stderr, record)

    def last_record(self) -> dict[str, Any]:
        """Also that of a run which was killed."""
        newest: dict[str, Any] = json.loads(max(self.records()).read_text())
        RECORD.validate(newest)
        return newest

    def records(self) -> set[Path]:
        return set(paths.records(self.sandbox.instance).glob("*.json"))

    def kill_when(self, playbook: str, moment: Callable[[], bool], output: Path, *arguments: str) -> None:
        """Start a playbook and kill its whole process group when the moment has come."""
        process = self.start(*self.command(playbook, *arguments), output=output)
        try:
            deadline = time.monotonic() + PATIENCE
            while not moment():
                assert process.poll() is None, output.read_text()
                assert time.monotonic() < deadline, "the moment did not come"
                time.sleep(0.2)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def hosts(self, *arguments: str) -> str:
        return subprocess.run(
            self.sandbox.hosts(*arguments), capture_output=True, text=True, check=True, timeout=PATIENCE
        ).stdout

    def executions(self) -> dict[str, int]:
        counts: dict[str, int] = json.loads(self.hosts("executions"))
        return counts

    def forget_executions(self) -> None:
        self.hosts("executions", "--reset")

    def region(self, path: str, method: str = "GET", order: Any = None) -> Any:
        url, data = f"{variables.ENDPOINT}/_sandbox/{path}", None if order is None else json.dumps(order).encode()
        return self.script(
            f"request = urllib.request.Request({url!r}, {data!r}, method={method!r})\n"
            "answer = json.load(urllib.request.urlopen(request))"
        )

    def calls(self, caller: str = "control") -> Counter[str]:
        """Calls by service:action, of the control node or (nodes) of the hosts' agents."""
        agents = ("mi-", "i-", "anonymous")
        return Counter(
            f"{call['service']}:{call['action']}"
            for call in self.region("calls")["calls"]
            if str(call["caller"]).startswith(agents) == (caller != "control")
        )

    def forget_calls(self) -> None:
        self.region("calls", "DELETE")

    def boto3(self, expression: str) -> Any:
        """The value of an expression over boto3's client(), as the Region's users would ask it."""
        return self.script(f"answer = {expression}")

    def script(self, program: str) -> Any:
        """What a program with boto3's client() leaves in `answer`.

        It runs where the warm Python is, inside the sandbox's network, and knows nothing of the programs before.
        """
        head = "import boto3, json, time, urllib.request\nclient = boto3.client"
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(f"{head}\n{program}\nprint(json.dumps(answer, default=str))")
            file.flush()
            answer = subprocess.run(
                [str(INTERPRETER), file.name],
                capture_output=True, text=True, env=self.env, timeout=PATIENCE, check=False,
            )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def instances(self, cluster: str = "demo-edge") -> list[dict[str, Any]]:
        arns = f"client('ecs').list_container_instances(cluster='{cluster}')['containerInstanceArns']"
        found: list[dict[str, Any]] = self.boto3(
            f"[client('ecs').describe_container_instances(cluster='{cluster}', containerInstances=arns)"
            f"['containerInstances'] if arns else [] for arns in [{arns}]][0]"
        )
        return found

    def activations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.boto3("client('ssm').describe_activations()['ActivationList']")
        return found


def playbook_of(command: Iterable[str]) -> str:
    return next((Path(word).stem for word in command if word.startswith("playbooks/")), "")


@contextlib.contextmanager
def standing_fleet(instance: str, sites: Mapping[str, Iterable[str]]) -> Iterator[Fleet]:
    packages = os.environ.get("EDGEFLEET_PACKAGES")
    # The environment that runs the tests has Ansible and the Region in it, too.
    ready = Environment("this", "this", Path(sys.prefix))
    sandbox = Sandbox(ready, instance, Path(packages) if packages else machine.agent_packages())
    machine.remove(instance)
    try:
        sandbox.boot(sites)
        sandbox.start_services()
        with serving(paths.state(instance) / "warm", sandbox.inside) as warm:
            yield Fleet(sandbox, warm)
        # Whatever the tests made the playbooks do, docs/iam has to allow it.
        policies.check(policies.logged(sandbox.calls.read_text().splitlines()))
    finally:
        machine.remove(instance)


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    with standing_fleet(INSTANCE, SITES) as ready:
        yield ready
