# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each job template of examples/awx, run by ansible-runner as a controller runs it, over hosts that only answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ansible_runner
import pytest

from sandbox.bench import observation, simulated
from sandbox.region.context import Settings
from sandbox.region.testing import running_region
from tests.integration.warm.server import INTERPRETER
from tests.integration.warm.server import VARIABLE as WARM_PYTHON
from tests.unit.examples import controller

pytestmark = pytest.mark.one_end

HOSTS = {name: name.partition("-")[0] for name in ("lab-1", "lab-2", "lyon-1", "lyon-2", "oslo-1", "oslo-2")}
TEMPLATES = {item["name"].removeprefix("retail "): item for item in controller.configuration()["controller_templates"]}
BIN = Path(sys.executable).parent


class Controller:
    """A folder for each job, with what a controller puts there: a synchronized project, an inventory, variables."""

    def __init__(self, fleet: simulated.Fleet, folder: Path, warm_python: str) -> None:
        self.fleet = fleet
        self.folder = folder
        self.environment = {
            **fleet.environment(), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", WARM_PYTHON: warm_python
        }  # fmt: skip
        # The project has one of its own, which jobs find where they start.
        del self.environment["ANSIBLE_CONFIG"]
        self.inventory = self._imported()
        self.jobs = 0

    def _imported(self) -> str:
        """What is in the controller's database after a sync: what ansible-inventory says, and hosts that are played."""
        source = controller.PROJECT / "inventories" / "retail" / "hosts.yml"
        ask = [str(BIN / "ansible-inventory"), "-i", str(source), "--list", "--export"]
        answer = subprocess.run(ask, env=self.environment, capture_output=True, text=True, check=True)
        found = json.loads(answer.stdout)
        variables = found["all"].setdefault("vars", {})
        assert variables["fleet_cluster"] == "retail-edge"
        variables |= {
            "fleet_name": observation.FLEET,
            "fleet_cluster": observation.CLUSTER,
            "fleet_endpoint_url": self.fleet.region.url,
            "fleet_record_dir": str(self.folder / "records"),
            "preflight_network": "never",
            "preflight_services": [],
        }
        # As in the tests of modules: each would take a second to import boto3.
        found["_meta"]["hostvars"]["localhost"]["ansible_python_interpreter"] = str(INTERPRETER)
        found["fleet"].setdefault("vars", {}).update(
            ansible_connection="simulated", ansible_python_interpreter="/usr/bin/python3"
        )
        # An inventory of a controller is a program that prints it.
        return f"#!{sys.executable}\nprint({json.dumps(found)!r})\n"

    def launch(self, name: str, limit: str = "", check: bool = False, **given: Any) -> tuple[int, str]:
        template = TEMPLATES[name]
        self.fleet.answer_now()
        self.jobs += 1
        job = self.folder / f"job-{self.jobs}"
        (job / "inventory").mkdir(parents=True)
        program = job / "inventory" / "hosts"
        program.write_text(self.inventory)
        program.chmod(0o700)
        shutil.copytree(controller.PROJECT, job / "project", ignore=shutil.ignore_patterns("inventories"))
        variables = {**(template.get("extra_vars") or {}), **controller.answers(template), **given}
        done = ansible_runner.run(
            private_data_dir=str(job), playbook=template["playbook"], inventory=str(program), extravars=variables,
            limit=limit or None, cmdline="--check" if check else None, forks=template["forks"],
            verbosity=template["verbosity"] or None, envvars=self.environment, quiet=True,
            settings={"job_timeout": 300, "suppress_ansible_output": True},
        )  # fmt: skip
        return done.rc, (job / "artifacts").joinpath(done.config.ident, "stdout").read_text()


@pytest.fixture(scope="module")
def awx(tmp_path_factory: pytest.TempPathFactory, warm_python: str) -> Iterator[Controller]:
    folder = tmp_path_factory.mktemp("awx")
    with running_region(Settings(name=observation.REGION, connected_timeout=36000, ping_timeout=36000)) as region:
        fleet = simulated.Fleet(region, folder / "fleet", HOSTS)
        yield Controller(fleet, folder, warm_python)


# Options of a launch, and what the output says when it went well.
LAUNCHES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "plan": ({}, "6 as asked"),
    "rollout": ({"limit": "lyon,fleet_conductors", "fleet_confirmed": ["pilot"]}, "2 as asked"),
    "drain": ({"limit": "lyon,fleet_conductors"}, "lyon"),
    "undrain": ({"limit": "lyon,fleet_conductors"}, "lyon"),
    "heal": ({"limit": "lyon,fleet_conductors", "check": True}, "lyon"),
    "audit": ({}, "Nothing is amiss."),
    "decommission": (
        {"limit": "lyon-2,fleet_conductors", "check": True, "decommission_confirm": "bench/lyon/lyon-2"},
        "lyon-2",
    ),
    "preflight": ({"limit": "lab"}, "lab"),
    "recheck": ({"heal_suspects": ["mi-00000000000000002"]}, "lyon-1: is well again"),
}


@pytest.mark.parametrize("name", LAUNCHES)
def test_a_job_of_each_template_ends_well(awx: Controller, name: str) -> None:
    options, says = LAUNCHES[name]
    code, output = awx.launch(name, **options)
    print(output)
    assert code == 0, output
    assert says in output
