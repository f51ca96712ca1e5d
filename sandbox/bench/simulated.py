# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of hosts that only answer: what a run of the playbooks costs the control node and the Region, by its size.

The hosts are files that plugins/connection/simulated.py reads, their container instances and managed nodes are records
of a simulated Region in this process. What a control node does for each host beside is real: variables, templates,
comparison, plan, results, and the packing of modules. Not so what ssh itself takes, which real hosts tell.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..region.context import Settings
from ..region.ecs import agents
from ..region.ssm.model import ManagedNode
from ..region.testing import RunningRegion, running_region
from ..tooling import paths, policies
from . import observation
from .observation import CLUSTER, FLEET, REGION, RELEASE

PLUGINS = Path(__file__).parent / "plugins" / "connection"
# The role that managed nodes are said to have.
ROLE = f"{FLEET}-external-instance"
HOSTS_A_SITE = 10


@dataclass(frozen=True)
class Run:
    """One playbook run."""

    code: int
    output: str
    wall: float
    cpu: float
    # The most memory that one of its processes held.
    mib: int
    # By host, remote executions; by service:action, calls of the control node.
    executions: Mapping[str, int]
    calls: Mapping[str, int]
    outcomes: Mapping[str, str]


class Fleet:
    """Hosts by name, each with its site; all as asked, or none of them anything yet (C(bare))."""

    def __init__(self, region: RunningRegion, folder: Path, hosts: Mapping[str, str], bare: bool = False) -> None:
        self.region = region
        self.folder = folder
        self.hosts = dict(hosts)
        self._found: dict[str, dict[str, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        region.client("ecs").create_cluster(clusterName=CLUSTER)
        for number, (name, site) in enumerate(self.hosts.items()):
            self._host(number, name, site, bare)
        self.answer_now()
        self.ask({})

    def _host(self, number: int, name: str, site: str, bare: bool) -> None:
        machine_id = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
        if bare:
            found = observation.bare(name, machine_id)
        else:
            identity = f"mi-{number:017x}"
            arn = self._joined(identity, name, site)
            found = observation.settled(name, site, machine_id, identity, arn)
        self._found[name] = found

    def answer_now(self) -> None:
        """Let the hosts answer with the time as it is: one that is minutes off is no host that works."""
        for name, found in self._found.items():
            (self.folder / f"{name}.answer").write_text(observation.answer(found))

    def _joined(self, identity: str, name: str, site: str) -> str:
        state = self.region.state
        now, tags = state.clock.now(), {"fleet": FLEET, "site": site}
        ssm = state.ssm
        ssm.nodes[identity] = ManagedNode(
            number=ssm.number(), id=identity, activation="", role=ROLE, name="", registered_at=now, fingerprint="",
            public_key="", public_key_type="Rsa", tags=tags, pinged_at=now,
            information={"AgentVersion": "3.3.987.0", "PlatformType": "Linux", "ComputerName": name},
        )  # fmt: skip
        attributes = {"site": site, "fleet_release": RELEASE}
        return agents.simulate(state, CLUSTER, identity, attributes, tags={**tags, "host": name}).arn

    def ask(self, of_sites: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the inventory, with more variables of some sites."""
        sites: dict[str, Any] = {}
        for name, site in self.hosts.items():
            variables = {"fleet_site": site, **of_sites.get(site, {})}
            sites.setdefault(site, {"vars": variables, "hosts": {}})["hosts"][name] = {}
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        fleet = {
            "ansible_connection": "simulated",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_become": True,
            "preflight_network": "never",
        }
        everything = {
            "vars": {
                "fleet_name": FLEET,
                "fleet_region": REGION,
                "fleet_cluster": CLUSTER,
                "fleet_release": RELEASE,
                "fleet_endpoint_url": self.region.url,
                "fleet_record_dir": str(self.folder / "records"),
                "fleet_max_unavailable": "100%",
            },
            "children": {
                "fleet": {"children": sites, "vars": fleet},
                "fleet_conductors": {"hosts": {"localhost": local}},
            },
        }
        (self.folder / "inventory.yml").write_text(yaml.safe_dump({"all": everything}))

    def play(self, playbook: str, *arguments: str, forks: int = 25, extra: Mapping[str, Any] | None = None) -> Run:
        """A playbook of the collection over the fleet."""
        for count in self.folder.glob("*.executions"):
            count.unlink()
        self.region.control("DELETE", "calls")
        tool = str(Path(sys.executable).with_name("ansible-playbook"))
        command = [tool, "-i", str(self.folder / "inventory.yml"), f"playbooks/{playbook}.yml", *arguments]
        if extra:
            command += ["--extra-vars", json.dumps(extra)]
        before = set(self.folder.glob("records/*.json"))
        code, output, wall, usage = measured(command, self.environment(forks))
        written = sorted(set(self.folder.glob("records/*.json")) - before)
        record = json.loads(written[-1].read_text()) if written else {"hosts": {}}
        calls = self._calls()
        policies.check({playbook: calls})
        return Run(
            code, output, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024,
            {path.stem: path.stat().st_size for path in self.folder.glob("*.executions")},
            calls,
            {name: host["outcome"] for name, host in record.get("hosts", {}).items()},
        )  # fmt: skip

    def _calls(self) -> dict[str, int]:
        rows = self.region.summary()
        return {f"{row['service']}:{row['action']}": row["count"] for row in rows}

    def environment(self, forks: int = 25) -> dict[str, str]:
        foreign = ("AWS_", "ANSIBLE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {
            **kept,
            **self.region.environment(),
            "ANSIBLE_CONFIG": str(paths.ROOT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(paths.collections()),
            "ANSIBLE_CONNECTION_PLUGINS": str(PLUGINS),
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            "ANSIBLE_FORKS": str(forks),
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "local"),
            "ANSIBLE_NOCOLOR": "true",
            "EDGEFLEET_SIMULATED": str(self.folder),
        }


def measured(command: Sequence[str], env: Mapping[str, str]) -> tuple[int, str, float, resource.struct_rusage]:
    """Exit code, output, seconds, and what the process and all its children have used."""
    start = time.monotonic()
    process = subprocess.Popen(
        command, env=env, cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output = process.stdout.read() if process.stdout else ""
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, output, time.monotonic() - start, usage


@contextmanager
def fleet(folder: Path, count: int, bare: bool = False, a_site: int = HOSTS_A_SITE) -> Iterator[Fleet]:
    """C(count) hosts, C(a_site) to a site."""
    # Records that no agent keeps alive stay so for as long as a slow run may take.
    with running_region(Settings(name=REGION, connected_timeout=36000, ping_timeout=36000)) as region:
        hosts = {f"s{number // a_site:03d}-h{number:04d}": f"s{number // a_site:03d}" for number in range(count)}
        yield Fleet(region, folder, hosts, bare)
