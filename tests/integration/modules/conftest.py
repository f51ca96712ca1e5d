# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ansible-playbook runs against a simulated Region in this process."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.region.context import Settings
from sandbox.region.testing import RunningRegion, running_region
from sandbox.tooling import policies
from sandbox.tooling.warm import playbook as warm
from tests.integration.warm.server import INTERPRETER, serving
from tests.integration.warm.server import VARIABLE as WARM_PYTHON

RESULT_FILE = INTERPRETER.with_name("callback") / "result_file.py"
TARGETS = Path(__file__).resolve().parents[1] / "targets"
ROLE = "EdgeHosts"
CLUSTER = "retail-edge"
OPERATOR = "AKIAOPERATOR"
OURS = "edgefleet.ecs."


@pytest.fixture(scope="session")
def running() -> Iterator[RunningRegion]:
    # Hosts that are nothing but calls stay connected for as long as a slow test may take.
    with running_region(Settings(connected_timeout=3600, ping_timeout=3600)) as region:
        yield region


@pytest.fixture
def region(running: RunningRegion) -> RunningRegion:
    running.reset()
    running.create_role(ROLE)
    return running


@dataclass
class Site:
    """Machines that have registered, and the activation they came with."""

    activation_id: str
    hosts: list[Any] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [host.id for host in self.hosts]


@pytest.fixture
def fleet(region: RunningRegion) -> Any:
    """Make hosts that have joined the cluster."""
    region.client("ecs").create_cluster(clusterName=CLUSTER)

    def make(count: int, join: bool = True) -> Site:
        tags = [{"Key": "fleet", "Value": "retail"}, {"Key": "site", "Value": "lyon"}]
        activation = region.activate(ROLE, limit=count, Tags=tags)
        site = Site(activation["ActivationId"], [region.host(activation) for _number in range(count)])
        for host in site.hosts if join else []:
            host.join(CLUSTER)
        region.control("DELETE", "calls")
        return site

    return make


@pytest.fixture(scope="session")
def warm_python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the server listens that runs modules."""
    with serving(tmp_path_factory.mktemp("warm") / "socket") as found:
        yield found[WARM_PYTHON]


@pytest.fixture(scope="session")
def warm_playbooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which ansible-playbook comes without its start."""
    with warm.serving(tmp_path_factory.mktemp("playbooks")) as found:
        yield found


@dataclass
class Ansible:
    region: RunningRegion
    tmp: Path
    warm_python: str
    warm_playbooks: dict[str, str]

    def start(self, playbook: Any, /, *flags: str, **variables: Any) -> subprocess.Popen[str]:
        play = self.tmp / "play.yml"
        play.write_text(json.dumps(playbook))
        extra = self.tmp / "variables.json"
        extra.write_text(json.dumps({"ansible_python_interpreter": str(INTERPRETER), **variables}))
        command = [str(warm.PROGRAM), str(play), "--extra-vars", f"@{extra}"]
        command += flags
        return subprocess.Popen(
            command, env=self._environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def _environment(self) -> Mapping[str, str]:
        foreign = ("AWS_", "ANSIBLE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {
            **kept,
            "ANSIBLE_CALLBACK_PLUGINS": str(RESULT_FILE.parent),
            "ANSIBLE_CALLBACKS_ENABLED": RESULT_FILE.stem,
            "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            "EDGEFLEET_RESULT_FILE": str(self.tmp / "result.json"),
            "ANSIBLE_LOCAL_TEMP": str(self.tmp / "local"),
            "ANSIBLE_REMOTE_TEMP": str(self.tmp / "remote"),
            "ANSIBLE_ROLES_PATH": str(TARGETS),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            "AWS_ENDPOINT_URL": self.region.url,
            "AWS_REGION": self.region.name,
            "AWS_ACCESS_KEY_ID": OPERATOR,
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "*",
            WARM_PYTHON: self.warm_python,
            **self.warm_playbooks,
        }

    def play(self, playbook: Any, /, *flags: str, **variables: Any) -> str:
        since = self.last_call()
        process = self.start(playbook, *flags, **variables)
        output, _nothing = process.communicate(timeout=600)
        assert process.returncode == 0, output
        self.within_policy(playbook, since)
        return output

    def last_call(self) -> int:
        return max((call["n"] for call in self.region.calls(caller=OPERATOR)), default=0)

    def within_policy(self, playbook: Any, since: int) -> None:
        """What playbooks of the collection have called after that call, docs/iam has to allow."""
        imported = [str(part.get("ansible.builtin.import_playbook", "")) for part in playbook]
        for name in [name.removeprefix(OURS) for name in imported if name.startswith(OURS)]:
            policies.check({name: self.calls(since=since)})

    def target(self, name: str, **variables: Any) -> str:
        return self.play([self._local(roles=[name])], **variables)

    def module(self, name: str, /, **options: Any) -> dict[str, Any]:
        """The result of one module, also when it failed."""
        result: dict[str, Any] = json.loads(self.finish(self.start_module(name, **options)))
        return result

    def check(self, name: str, /, **options: Any) -> dict[str, Any]:
        """The same in check mode."""
        result: dict[str, Any] = json.loads(self.finish(self._start(name, options, check_mode=True)))
        return result

    def start_module(self, name: str, /, **options: Any) -> subprocess.Popen[str]:
        return self._start(name, options)

    def _start(self, name: str, options: Mapping[str, Any], **keywords: Any) -> subprocess.Popen[str]:
        (self.tmp / "result.json").unlink(missing_ok=True)
        return self.start([self._local(tasks=[{"edgefleet.ecs." + name: options, "ignore_errors": True, **keywords}])])

    def finish(self, process: subprocess.Popen[str]) -> str:
        output, _nothing = process.communicate(timeout=600)
        assert process.returncode == 0, output
        return (self.tmp / "result.json").read_text()

    def _local(self, **parts: Any) -> dict[str, Any]:
        return {"hosts": "localhost", "connection": "local", "gather_facts": False, **parts}

    def calls(self, since: int = 0) -> Counter[str]:
        """What AWS was asked since the fleet was made."""
        calls = self.region.calls(caller=OPERATOR, since=since)
        return Counter(f"{call['service']}:{call['action']}" for call in calls)


@pytest.fixture
def ansible(region: RunningRegion, warm_python: str, warm_playbooks: dict[str, str], tmp_path: Path) -> Ansible:
    return Ansible(region, tmp_path, warm_python, warm_playbooks)
