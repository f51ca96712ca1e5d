# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four ways to the same effect. Each has a site of its own, and as many connections at a time as the others.

The effect: a raised kernel limit where it is too low; docker.io from a signed repository; both agents from files whose
signatures were verified with a known key; the host registered with Systems Manager; both files of ecs.config; the
guard of the unit; the agent restarted if something was new, and heard of.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..tooling import paths, variables
from .observation import CLUSTER, FLEET, REGION, RELEASE
from .sandboxed import Bench

BASELINES = Path(__file__).parent / "baselines"
SANDBOX_GROUPS = paths.ROOT / "inventories" / "sandbox" / "group_vars"
PACKAGES = f"http://{variables.REGION_HOST}:{variables.PACKAGE_SERVER_PORT}"
SSM_PATH = f"amazon-ssm-{REGION}/latest/debian_amd64/amazon-ssm-agent.deb"
ECS_PATH = f"amazon-ecs-agent-{REGION}/amazon-ecs-init-latest.amd64.deb"
# Settings of the change of the configuration: before, and after.
PULLS = ("default", "prefer-cached")


@dataclass(frozen=True)
class Task:
    """What is to be so on the hosts of a site."""

    bench: Bench
    site: str
    activation: Mapping[str, str]
    pull: str
    parallel: int

    @property
    def folder(self) -> Path:
        folder = self.bench.folder / self.site
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def ssh_config(self) -> str:
        return str(paths.state(self.bench.sandbox.instance) / "ssh_config")

    @property
    def fingerprints(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.bench.sandbox.packages / "keys" / "fingerprints.json").read_text())
        return found

    @property
    def values(self) -> dict[str, str]:
        """For the baselines."""
        return {
            "region": REGION,
            "cluster": CLUSTER,
            "site": self.site,
            "endpoint": variables.ENDPOINT,
            "packages_url": PACKAGES,
            "ssm_agent_path": SSM_PATH,
            "ecs_agent_path": ECS_PATH,
            "ssm_agent_fingerprint": self.fingerprints["ssm_agent"],
            "ecs_agent_fingerprint": self.fingerprints["ecs_agent"],
            "pull": self.pull,
            **self.activation,
        }


def _tool(task: Task, name: str) -> str:
    return task.bench.sandbox.tool(name)


def _inventory(task: Task, group: str, settings: Mapping[str, Any]) -> Path:
    hosts = {name: {"ansible_host": address} for name, address in task.bench.addresses(task.site).items()}
    local = {"ansible_connection": "local", "ansible_python_interpreter": _tool(task, "python")}
    inventory = {
        "all": {
            "vars": {"ansible_user": "ops", "ansible_ssh_common_args": f"-F {task.ssh_config}"},
            "children": {
                group: {"children": {task.site: {"hosts": hosts}}, "vars": dict(settings)},
                "control": {"hosts": {"localhost": local}},
            },
        }
    }
    file = task.folder / "inventory.yml"
    file.write_text(yaml.safe_dump(inventory))
    return file


def ours(task: Task, playbook: str = "rollout") -> list[str]:
    """The collection, with the settings of inventories/sandbox; its lookups of a URL and a variable put in."""
    settings = yaml.safe_load((SANDBOX_GROUPS / "fleet.yml").read_text())
    settings.update(
        sandbox_packages_url=PACKAGES,
        sandbox_fingerprints=task.fingerprints,
        ansible_ssh_common_args=f"-F {task.ssh_config}",
        ecs_agent_config={"ECS_IMAGE_PULL_BEHAVIOR": task.pull},
        fleet_site=task.site,
    )
    extra = {
        "fleet_name": FLEET,
        "fleet_region": REGION,
        "fleet_cluster": CLUSTER,
        "fleet_release": RELEASE,
        "fleet_endpoint_url": variables.ENDPOINT,
        "fleet_record_dir": str(task.folder / "records"),
        "fleet_max_unavailable": "100%",
    }
    file = _inventory(task, "fleet", settings)
    return [
        _tool(task, "ansible-playbook"), "-i", str(file), "--forks", str(task.parallel), "--extra-vars",
        json.dumps(extra), f"playbooks/{playbook}.yml",
    ]  # fmt: skip


def conventional(task: Task) -> list[str]:
    values = {**task.values, "packages_in": "/var/cache/bench-packages"}
    file = _inventory(task, "hosts", {"ansible_python_interpreter": "/usr/bin/python3"})
    return [
        _tool(task, "ansible-playbook"), "-i", str(file), "--forks", str(task.parallel), "--limit", task.site,
        "--extra-vars", json.dumps(values), str(BASELINES / "conventional.yml"),
    ]  # fmt: skip


def shell(task: Task) -> list[str]:
    names = list(task.bench.addresses(task.site))
    program = (BASELINES / "converge.sh").read_text()
    values = task.values
    texts = {
        "REGION": values["region"],
        "CLUSTER": values["cluster"],
        "SITE": values["site"],
        "ENDPOINT": values["endpoint"],
        "PACKAGES": values["packages_url"],
        "SSM_KEY": values["ssm_agent_fingerprint"],
        "ECS_KEY": values["ecs_agent_fingerprint"],
        "ACTIVATION_ID": values["activation_id"],
        "ACTIVATION_CODE": values["activation_code"],
        "PULL": values["pull"],
    }
    for name in names:
        head = "".join(f"{key}={shlex.quote(value)}\n" for key, value in {**texts, "HOST": name}.items())
        (task.folder / f"{name}.sh").write_text(head + program)
    (task.folder / "hosts").write_text("\n".join(names) + "\n")
    return ["sh", str(BASELINES / "fan-out.sh"), str(task.folder), task.ssh_config, str(task.parallel)]


def pyinfra(task: Task, tool: Path) -> list[str]:
    connection = {
        "ssh_user": "ops",
        "ssh_config_file": task.ssh_config,
        "ssh_key": str(paths.state(task.bench.sandbox.instance) / "ssh_key"),
        "ssh_known_hosts_file": str(paths.state(task.bench.sandbox.instance) / "known_hosts"),
    }
    hosts = [
        (name, {**connection, **task.values, "ssh_hostname": address})
        for name, address in task.bench.addresses(task.site).items()
    ]
    file = task.folder / "inventory.py"
    file.write_text(f"hosts = {hosts!r}\n")
    return [str(tool), "-y", "--sudo", "--parallel", str(task.parallel), str(file), str(BASELINES / "deploy.py")]
