# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian 11, 12, 13 and the stand-in of RHEL 9 in one site: one rollout, tasks, another look, an upgrade by RPM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Fleet, Run

TYPES = {"type-11": "bullseye", "type-12": "bookworm", "type-13": "trixie", "type-rhel": "rhel9"}
CLUSTER = "types-edge"
OLD = {"ssm_agent_version": "3.3.859.0", "ecs_agent_version": "1.104.0-1"}
NEW = {"ssm_agent_version": "3.3.987.0", "ecs_agent_version": "1.105.1-1"}
# A task on every host, by the engine and the image that each of them has.
TASKS = f"""
ecs = client("ecs")
container = {{"name": "web", "image": "demo/web:1", "memory": 32}}
ecs.register_task_definition(family="types", containerDefinitions=[container], networkMode="bridge")
arns = ecs.list_container_instances(cluster="{CLUSTER}")["containerInstanceArns"]
started = ecs.start_task(cluster="{CLUSTER}", taskDefinition="types", containerInstances=arns)
tasks = [task["taskArn"] for task in started["tasks"]]
deadline = time.monotonic() + 60
while True:
    answer = [task["lastStatus"] for task in ecs.describe_tasks(cluster="{CLUSTER}", tasks=tasks)["tasks"]]
    if set(answer) == {{"RUNNING"}} or time.monotonic() > deadline:
        break
    time.sleep(1)
"""
PYTHON = "python3 -c 'import sys; print(*sys.version_info[:2])'"


def _play(fleet: Fleet, playbook: str, hosts: str, **extra: Any) -> Run:
    """A playbook for hosts of this file: another inventory beside the demo's, and a cluster of its own."""
    limited = ("-i", "tests/fleet/host_types.yml", "--limit", f"{hosts},localhost,fleet_conductors")
    return fleet.playbook(playbook, *limited, fleet_cluster=CLUSTER, **extra)


def _package(fleet: Fleet, name: str) -> str:
    return fleet.hosts("ssh", "type-rhel", f"rpm -q {name}").strip()


@pytest.fixture(scope="module", autouse=True)
def _types(fleet: Fleet) -> Iterator[None]:
    wanted = ",".join(f"{name}:{kind}" for name, kind in TYPES.items())
    fleet.hosts("up", "--packages", str(fleet.sandbox.packages), f"types={wanted}")
    yield
    for name in TYPES:
        fleet.hosts("remove", name)
    # Tests that come later count the nodes of the account.
    fleet.region("reset", "POST")


def test_one_rollout_brings_every_kind_of_host_in(fleet: Fleet) -> None:
    run = _play(fleet, "site", "types", **OLD)
    assert run.code == 0, run.output
    assert run.outcomes == dict.fromkeys(TYPES, "converged")
    assert "Debian GNU/Linux 13 (trixie) is not supported by ECS Anywhere" in run.output
    instances = fleet.instances(CLUSTER)
    assert len(instances) == len(TYPES)
    assert all(item["status"] == "ACTIVE" and item["agentConnected"] for item in instances)
    assert fleet.script(TASKS) == ["RUNNING"] * len(TYPES)
    # Three generations of Python run the same scripts.
    pythons = [fleet.hosts("ssh", name, PYTHON).split() for name in TYPES]
    assert pythons == [["3", "9"], ["3", "11"], ["3", "13"], ["3", "11"]]


def test_the_stand_in_of_rhel_is_one_for_ansible_and_took_rpms(fleet: Fleet) -> None:
    subset = "gather_subset=!all,!min,distribution,pkg_mgr"
    setup = [fleet.sandbox.tool("ansible"), "-i", "inventories/sandbox", "-i", "tests/fleet/host_types.yml"]
    told = fleet.ansible(*setup, "--one-line", "-m", "ansible.builtin.setup", "-a", subset, "type-rhel").stdout
    facts = json.loads(told.partition("=> ")[2])["ansible_facts"]
    seen = [facts[f"ansible_{name}"] for name in ("os_family", "distribution", "distribution_version", "pkg_mgr")]
    assert seen == ["RedHat", "RedHat", "9.5", "dnf"]
    assert _package(fleet, "amazon-ssm-agent") == "amazon-ssm-agent-3.3.859.0-1.x86_64"
    assert _package(fleet, "amazon-ecs-init") == "amazon-ecs-init-1.104.0-1.x86_64"
    fleet.hosts("ssh", "type-rhel", "systemctl is-enabled amazon-ssm-agent ecs && ! command -v dpkg apt-get")


def test_another_run_asks_every_kind_of_host_once_and_changes_nothing(fleet: Fleet) -> None:
    fleet.forget_executions()
    run = _play(fleet, "rollout", "types", **OLD)
    assert run.code == 0, run.output
    assert run.outcomes == dict.fromkeys(TYPES, "unchanged")
    assert {name: run.changed[name] for name in TYPES} == dict.fromkeys(TYPES, 0)
    assert {name: count for name, count in fleet.executions().items() if count} == dict.fromkeys(TYPES, 1)


def test_an_rpm_of_another_signer_is_refused(fleet: Fleet) -> None:
    # Pinned is the key of the other agent's packages.
    keys = json.loads((fleet.sandbox.packages / "keys/fingerprints.json").read_text())
    pinned = [{"fingerprint": keys["ecs_agent"]}]
    run = _play(fleet, "rollout", "type-rhel", ssm_agent_signing_keys=pinned, **NEW)
    assert run.code == 2, run.output
    assert run.outcomes == {"type-rhel": "rolled_back"}
    assert "Signature refused" in run.output
    assert _package(fleet, "amazon-ssm-agent") == "amazon-ssm-agent-3.3.859.0-1.x86_64"


def test_an_upgrade_takes_an_rpm_from_a_file_and_another_from_a_repository(fleet: Fleet) -> None:
    run = _play(fleet, "rollout", "type-rhel", ecs_agent_source="repository", **NEW)
    assert run.code == 0, run.output
    assert run.outcomes == {"type-rhel": "converged"}
    assert _package(fleet, "amazon-ssm-agent") == "amazon-ssm-agent-3.3.987.0-1.x86_64"
    assert _package(fleet, "amazon-ecs-init") == "amazon-ecs-init-1.105.1-1.x86_64"
    versions = sorted(item["versionInfo"]["agentVersion"] for item in fleet.instances(CLUSTER))
    assert versions == ["1.104.0", "1.104.0", "1.104.0", "1.105.1"]
    assert [item["runningTasksCount"] for item in fleet.instances(CLUSTER)] == [1] * len(TYPES)
