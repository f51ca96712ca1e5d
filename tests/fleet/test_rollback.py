# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of a host whose change fails, in the order of the tests: it goes back, or it is left and looked at."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.tooling import paths, variables

from .conftest import INSTANCE, PATIENCE, Fleet, Run, standing_fleet

LIMIT = ("--limit", "lab,localhost,fleet_conductors")
HOSTS = ("lab-1", "lab-2")
TOGETHER: dict[str, Any] = {"fleet_waves": [], "fleet_max_unavailable": 2}
# Where nobody listens: nothing that could be refused before, and the agent ends over it again and again.
NOWHERE = f"http://{variables.REGION_HOST}:9"
# What the package server has beside the latest.
OLDER = "3.3.859.0"
# Takes a restart of the engine, so the host is drained.
ROTATION = {"log-driver": "json-file", "log-opts": {"max-size": "10m"}}
FILES = (
    "sudo cat /etc/ecs/ecs.config /var/lib/ecs/ecs.config; sudo cat /etc/docker/daemon.json 2>/dev/null || echo none; "
    "dpkg-query --show amazon-ssm-agent docker.io"
)
UNHEARD = {"service": "ecs", "action": "DiscoverPollEndpoint", "kind": "error", "count": 10000}


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with standing_fleet(f"{INSTANCE}-rollback", {"lab": [f"{name}:with-engine" for name in HOSTS]}) as two:
        run = two.playbook("site", *LIMIT, **TOGETHER)
        assert run.code == 0, run.output
        yield two


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A change that ends the agent of one host, and that the other one can live with."""
    hosts = {
        "lab-1": {
            "ecs_agent_endpoint": NOWHERE,
            "container_engine_settings": ROTATION,
            "ecs_agent_wait": 8,
            "ssm_agent_version": OLDER,
        },
        "lab-2": {"ecs_agent_config": {"ECS_IMAGE_CLEANUP_INTERVAL": "45m"}},
    }
    file: Path = tmp_path_factory.mktemp("inventory") / "changed.json"
    file.write_text(json.dumps({"all": {"hosts": hosts}}))
    return file


def instances(fleet: Fleet) -> dict[str, dict[str, Any]]:
    """By the host that an identity belongs to."""
    told = {item["ec2InstanceId"]: item for item in fleet.instances()}
    program = "sudo grep -o 'mi-[0-9a-f]*' /var/lib/amazon/ssm/registration | head -1"
    return {name: told[fleet.hosts("ssh", name, program).strip()] for name in HOSTS}


def files(fleet: Fleet) -> dict[str, str]:
    return {name: fleet.hosts("ssh", name, FILES) for name in HOSTS}


def mend_when_looked_at(fleet: Fleet, name: str, done: threading.Event) -> None:
    """Lets the Region hear the agents again when the host has been given up: its logs are the fourth execution."""
    deadline = time.monotonic() + PATIENCE
    while fleet.executions().get(name, 0) < 4 and not done.is_set() and time.monotonic() < deadline:
        time.sleep(0.5)
    fleet.region("faults", "DELETE")


def test_hosts_that_fail_go_back_to_what_they_had(fleet: Fleet, changed: Path) -> None:
    before, had = instances(fleet), files(fleet)
    # Nothing is wrong with the other one, but ECS does not hear its agent.
    fleet.region("faults", "POST", {**UNHEARD, "caller": before["lab-2"]["ec2InstanceId"]})
    fleet.forget_executions()
    done = threading.Event()
    mending = threading.Thread(target=mend_when_looked_at, args=(fleet, "lab-2", done))
    mending.start()
    try:
        run = fleet.playbook("rollout", "--inventory", str(changed), *LIMIT, **TOGETHER, rollout_connect_timeout=15)
    finally:
        done.set()
        mending.join()
    spent = fleet.executions()
    assert run.code == 2, run.output
    assert run.outcomes == dict.fromkeys(HOSTS, "rolled_back"), run.output
    assert run.record
    reasons = {name: host["reason"] for name, host in run.record["hosts"].items()}
    assert "Connection refused" in reasons["lab-1"] and "earlier settings again" in reasons["lab-1"]
    assert "agent not connected" in reasons["lab-2"]
    after = instances(fleet)
    for name in HOSTS:
        assert after[name]["containerInstanceArn"] == before[name]["containerInstanceArn"]
        assert after[name]["status"] == "ACTIVE" and after[name]["agentConnected"]
        assert "DRAINING" not in reasons[name]
    # Configuration and packages.
    assert files(fleet) == had
    assert "fleet_drained" not in json.dumps([item["attributes"] for item in after.values()])
    # What the change costs, the logs, and the way back.
    assert spent["lab-2"] == 3 + 2
    # The copy goes when it has been of use.
    fleet.hosts("ssh", "lab-2", "sudo test ! -e /var/lib/edgefleet/backup.json")


def logs(fleet: Fleet, run: Run, name: str) -> Path:
    assert run.record
    return paths.records(fleet.sandbox.instance) / str(run.record["hosts"][name]["logs"])


def test_a_host_that_is_left_is_named_and_its_logs_are_here(fleet: Fleet, changed: Path) -> None:
    fleet.forget_executions()
    run = fleet.playbook("rollout", "--inventory", str(changed), *LIMIT, **TOGETHER, fleet_on_failure="leave")
    spent = fleet.executions()
    assert run.code == 2, run.output
    assert run.outcomes == {"lab-1": "failed", "lab-2": "converged"}, run.output
    assert run.record
    assert "It is left DRAINING" in run.record["hosts"]["lab-1"]["reason"]
    assert instances(fleet)["lab-1"]["status"] == "DRAINING"
    folder = logs(fleet, run, "lab-1")
    assert "Connection refused" in (folder / "var-log-ecs-ecs-agent.log").read_text()
    assert f"ECS_BACKEND_HOST={NOWHERE}" in (folder / "var-lib-ecs-ecs.config").read_text()
    assert {"journal-ecs.txt", "journal-amazon-ssm-agent.txt", "docker-info.txt", "units.txt"} <= {
        path.name for path in folder.iterdir()
    }
    assert folder.stat().st_mode & 0o077 == 0
    # A change of ecs.config alone: one to look, one to write, one to restart the agent and to see it join.
    assert spent["lab-2"] == 3
