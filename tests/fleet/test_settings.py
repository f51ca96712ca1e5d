# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One host over time: other versions, settings of its engine, images. The fleet stands since test_rollout."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.tooling import variables

from .conftest import Fleet, Run

HOST = "lab-1"
LIMIT = ("--limit", f"{HOST},localhost,fleet_conductors")
IMAGE = "demo/till:1"
VERSIONS = {"ssm_agent_version": "3.3.987.0", "ecs_agent_version": "1.105.1-1"}
# Read again by a running engine, and read at its start only.
MIRROR = {"registry-mirrors": ["http://198.18.0.1:5000/"], "live-restore": False}
ROTATION = {"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}
STARTED = "sudo systemctl show --property=ActiveEnterTimestampMonotonic --value docker"
# Measured. Most of it is Ansible's copy of the archive, and the packages.
EXECUTIONS = 15
OLD = {
    "amazon-ssm-agent": "amazon-ssm-us-west-2/3.3.859.0/debian_amd64/amazon-ssm-agent.deb",
    "amazon-ecs-init": "amazon-ecs-agent-us-west-2/amazon-ecs-init-1.104.0-1.amd64.deb",
}


@pytest.fixture(scope="module")
def archive(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image as a file on the control node, which no engine has."""
    save = f"sudo docker tag demo/web:1 {IMAGE} && sudo docker save {IMAGE} | base64 --wrap=0"
    path = tmp_path_factory.mktemp("images") / "till-1.tar"
    path.write_bytes(base64.b64decode(fleet.hosts("ssh", HOST, save)))
    fleet.hosts("ssh", HOST, f"sudo docker rmi {IMAGE}")
    return path


@pytest.fixture(scope="module")
def wanted(archive: Path) -> dict[str, Any]:
    images = [{"image": IMAGE, "archive": str(archive)}]
    return {**VERSIONS, "container_engine_settings": MIRROR, "container_engine_images": images}


def _on_host(fleet: Fleet, command: str) -> str:
    return fleet.hosts("ssh", HOST, command).strip()


def _tries(run: Run) -> int:
    """Repeated looks while something comes up."""
    return run.output.count(f"FAILED - RETRYING: [{HOST}]")


def _downgrade(fleet: Fleet) -> None:
    server = f"http://{variables.REGION_HOST}:{variables.PACKAGE_SERVER_PORT}"
    fetch = " && ".join(f"curl -sSf -o /tmp/{name}.deb {server}/{path}" for name, path in OLD.items())
    files = " ".join(f"/tmp/{name}.deb" for name in OLD)
    _on_host(fleet, f"{fetch} && sudo dpkg --install {files} >/dev/null 2>&1 && sudo systemctl restart ecs")


def test_agents_settings_and_images_of_a_working_host_change_without_a_drain(
    fleet: Fleet, wanted: dict[str, Any]
) -> None:
    _downgrade(fleet)
    engine = _on_host(fleet, STARTED)
    fleet.forget_executions()
    fleet.forget_calls()
    run = fleet.playbook("upgrade", *LIMIT, **wanted)
    assert run.code == 0, run.output
    assert run.outcomes == {HOST: "converged"}
    # One to look; one to set and reload; a folder, a copy with its file and its clean-up, and the load of an archive;
    # the package of each agent, and its restart, which waits for the proof.
    assert run.record
    # Tests before this one may have left another ecs.config: one more, to write it.
    components = [entry["component"] for entry in run.record["hosts"][HOST]["drift"]]
    assert fleet.executions()[HOST] - _tries(run) == EXECUTIONS + components.count("ecs_config")
    assert f"{HOST}: SSM agent 3.3.859.0 -> 3.3.987.0, ECS agent 1.104.0-1 -> 1.105.1-1" in run.output
    assert fleet.calls()["ecs:UpdateContainerInstancesState"] == 0
    assert _on_host(fleet, STARTED) == engine
    says = json.loads(_on_host(fleet, "sudo docker info --format '{{json .RegistryConfig.Mirrors}}'"))
    assert says == MIRROR["registry-mirrors"]
    assert _on_host(fleet, f"sudo docker image inspect --format '{{{{.Id}}}}' {IMAGE}").startswith("sha256:")
    assert _on_host(fleet, "sudo ls /var/cache/edgefleet") == ""
    metadata = json.loads(_on_host(fleet, "curl -sSf localhost:51678/v1/metadata"))
    assert "v1.105.1 " in metadata["Version"]


def test_a_setting_that_takes_a_restart_waits_for_a_drain(fleet: Fleet, wanted: dict[str, Any]) -> None:
    engine = _on_host(fleet, STARTED)
    fleet.forget_executions()
    fleet.forget_calls()
    settings = {"container_engine_settings": {**MIRROR, **ROTATION}}
    run = fleet.playbook("rollout", *LIMIT, **{**wanted, **settings})
    assert run.code == 0, run.output
    assert f"site lab: {HOST}  (drains 1)" in run.output
    assert run.outcomes == {HOST: "converged"}
    # One to look, one to set, one to restart until the engine answers, one for the agent that went down with it.
    assert fleet.executions()[HOST] == 4
    # To DRAINING and back.
    assert fleet.calls()["ecs:UpdateContainerInstancesState"] == 2
    assert int(_on_host(fleet, STARTED)) > int(engine)
    assert _on_host(fleet, "sudo docker info --format '{{.LoggingDriver}}'") == "json-file"
    assert json.loads(_on_host(fleet, "cat /etc/docker/daemon.json")) == {**MIRROR, **ROTATION}
    assert all(item["status"] == "ACTIVE" and item["agentConnected"] for item in fleet.instances())


def test_as_asked_with_all_of_it_still_costs_one_execution(fleet: Fleet, wanted: dict[str, Any]) -> None:
    fleet.forget_executions()
    settings = {"container_engine_settings": {**MIRROR, **ROTATION}}
    run = fleet.playbook("rollout", *LIMIT, **{**wanted, **settings})
    assert run.code == 0, run.output
    assert run.outcomes == {HOST: "unchanged"}
    assert fleet.executions()[HOST] == 1
