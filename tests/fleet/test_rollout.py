# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of a fleet, in the order of the tests: bare hosts, a killed run, a dark site, no drift, changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import HOSTS, SITES, Fleet

WRITES = ("Create", "Put", "Update", "Delete", "Register", "Deregister", "Tag", "Untag", "Add", "Remove")
BARE = "test ! -e /etc/ecs -a ! -e /var/lib/amazon && ! dpkg -s docker.io >/dev/null 2>&1"
OLD_OS = "sudo sed -i.kept s/^VERSION_ID=.*/VERSION_ID=9/ /etc/os-release"
REAL_OS = "sudo mv /etc/os-release.kept /etc/os-release"
CHANGED: dict[str, Any] = {"ecs_agent_config": {"ECS_IMAGE_CLEANUP_INTERVAL": "45m"}}


def _said(instance: dict[str, Any], attribute: str) -> str:
    return next((entry.get("value", "") for entry in instance["attributes"] if entry["name"] == attribute), "")


def _set_status(fleet: Fleet, arn: str, status: str) -> None:
    request = f"cluster='demo-edge', containerInstances=['{arn}'], status='{status}'"
    fleet.boto3(f"client('ecs').update_container_instances_state({request})")


# Of every host something else; all of it is said at once.
BAD_HOSTS: dict[str, dict[str, object]] = {
    "lab-1": {"ecs_agent_config": {"ECS_CLUSTR": "x"}},
    "lab-2": {"ecs_agent_config": {"ECS_INSTANCE_ATTRIBUTES": "{“site”: “lab”}"}},
    "lyon-1": {"ecs_agent_config": {"ECS_DISABLE_METRICS": "True"}},
    "lyon-2": {"fleet_cluster": "retail edge"},
}


@pytest.mark.parametrize(
    ("hosts", "extra", "named"),
    [
        (
            BAD_HOSTS,
            {},
            ["ECS_CLUSTR", "ECS_CLUSTER", "ECS_INSTANCE_ATTRIBUTES", "typographic", "ECS_DISABLE_METRICS", "True",
             "true", "retail edge"],
        ),
        ({"lab-1": {"fleet_site": ""}}, {}, ["fleet_site", "lab-1"]),
        ({}, {"fleet_cluster": "nowhere"}, ["nowhere", "ClusterNotFoundException"]),
        ({}, {"fleet_max_unavailable": "half"}, ["fleet_max_unavailable", "half"]),
    ],
)  # fmt: skip
def test_bad_input_is_named_before_anything_is_touched(
    fleet: Fleet, tmp_path: Path, hosts: dict[str, dict[str, object]], extra: dict[str, object], named: list[str]
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"all": {"hosts": hosts}}))
    fleet.forget_calls()
    run = fleet.playbook("rollout", "--inventory", str(bad), **extra)
    assert run.code == 2, run.output
    for text in named:
        assert text in run.output
    assert [call for call in fleet.calls() if call.split(":")[1].startswith(WRITES)] == []
    for host in HOSTS:
        fleet.hosts("ssh", host, BARE)


def test_a_limit_without_the_control_node_is_refused(fleet: Fleet) -> None:
    run = fleet.playbook("rollout", "--limit", "lyon")
    assert run.code == 2
    assert "--limit 'lyon,localhost,fleet_conductors'" in run.output


def test_check_mode_of_a_new_fleet_ends_with_the_plan(fleet: Fleet) -> None:
    fleet.forget_calls()
    run = fleet.playbook("site", "--check", "--diff")
    assert run.code == 0, run.output
    assert "6 to change" in run.output
    assert [call for call in fleet.calls() if call.split(":")[1].startswith(WRITES)] == []
    fleet.hosts("ssh", "lab-1", BARE)


def test_a_run_that_was_killed_leaves_something_to_go_on_from(fleet: Fleet, tmp_path: Path) -> None:
    fleet.forget_calls()

    def first_host_has_joined() -> bool:
        return fleet.calls("agents")["ecs:RegisterContainerInstance"] > 0

    fleet.kill_when("site", first_host_has_joined, tmp_path / "killed.log")
    assert len(fleet.instances()) == 1
    assert [item["DefaultInstanceName"] for item in fleet.activations()] == ["demo-lab"]
    left = fleet.last_record()
    assert (left["state"], left["totals"]["pending"], left["batches"][0]["ended"]) == ("running", 6, None)


def test_the_next_run_goes_on_although_a_site_is_dark_and_a_host_is_refused(fleet: Fleet) -> None:
    fleet.hosts("link", "down", "lyon")
    fleet.hosts("ssh", "oslo-2", OLD_OS)
    try:
        run = fleet.playbook("site")
    finally:
        fleet.hosts("link", "up", "lyon")
        fleet.hosts("ssh", "oslo-2", REAL_OS)
    assert run.code == 4, run.output
    outcomes = run.outcomes
    # It depends on the moment at which the run before was killed whether its host had anything left to do.
    assert outcomes.pop("lab-1") in ("converged", "unchanged")
    assert outcomes == {
        "lab-2": "converged", "lyon-1": "unreachable", "lyon-2": "unreachable", "oslo-1": "converged",
        "oslo-2": "blocked",
    }  # fmt: skip
    assert "lyon      2          0          0        0       0            2" in run.output
    # One record a host in ECS and in SSM, also of the host at which the run before was killed; no activation is left.
    assert len({item["ec2InstanceId"] for item in fleet.instances()}) == len(fleet.instances()) == 3
    assert fleet.activations() == []


def test_a_failure_on_the_way_deletes_the_activation_and_keeps_to_the_limit(fleet: Fleet) -> None:
    fleet.forget_calls()
    fleet.forget_executions()
    run = fleet.playbook("rollout", "--limit", "lyon,fleet_conductors", ecs_agent_version="9.9.9-1")
    assert run.code == 2, run.output
    assert run.outcomes == {"lyon-1": "failed", "lyon-2": "failed"}
    assert run.record and "9.9.9-1" in run.record["hosts"]["lyon-1"]["reason"]
    # Both are managed nodes by now, by one activation, and that is gone.
    assert fleet.calls()["ssm:CreateActivation"] == 1
    assert fleet.activations() == []
    assert {host for host, count in fleet.executions().items() if count} == {"lyon-1", "lyon-2"}


def test_the_rest_comes_when_it_can_and_nobody_else_is_asked(fleet: Fleet) -> None:
    fleet.forget_calls()
    fleet.forget_executions()
    # The run before the last was about all six; of two sites at once, what it has left.
    left = max(path for path in fleet.records() if "oslo-2" in json.loads(path.read_text())["hosts"])
    run = fleet.playbook("site", fleet_only_failed=str(left), fleet_waves=[], fleet_sites_in_parallel=2)
    assert run.code == 0, run.output
    assert run.outcomes == dict.fromkeys(("lyon-1", "lyon-2", "oslo-2"), "converged")
    assert {host for host, count in fleet.executions().items() if count} == set(run.outcomes)
    assert "2+ site oslo: oslo-2" in run.output
    # The site lyon has its identities already; the activation of oslo is for one.
    assert fleet.calls()["ssm:CreateActivation"] == fleet.calls()["ssm:DeleteActivation"] == 1
    assert len(fleet.boto3("client('ssm').describe_instance_information()['InstanceInformationList']")) == len(HOSTS)
    instances = fleet.instances()
    assert len(instances) == len(HOSTS)
    assert all(item["status"] == "ACTIVE" and item["agentConnected"] for item in instances)
    assert sorted(_said(item, "site") for item in instances) == sorted(site for site in SITES for _host in SITES[site])
    assert {_said(item, "fleet_release") for item in instances} == {"2026.11"}


def test_without_drift_a_run_asks_every_host_once_and_changes_nothing(fleet: Fleet) -> None:
    fleet.forget_calls()
    fleet.forget_executions()
    run = fleet.playbook("site")
    assert run.code == 0, run.output
    assert run.changed == dict.fromkeys([*HOSTS, "localhost"], 0)
    assert set(run.outcomes.values()) == {"unchanged"}
    assert fleet.executions() == dict.fromkeys(HOSTS, 1)
    fleet_calls = {call: count for call, count in fleet.calls().items() if call.startswith(("ecs:", "ssm:"))}
    # The cluster, then pages of 100 instances and of 50 nodes: none of it grows with six hosts. The Region's role
    # counts the hosts that are registered; whether the account has room for more is of no interest here.
    assert fleet_calls == {
        "ecs:DescribeClusters": 1, "ecs:ListContainerInstances": 1, "ecs:DescribeContainerInstances": 1,
        "ssm:DescribeInstanceInformation": 2,
    }  # fmt: skip


def test_the_region_tells_the_fleet_as_an_inventory(fleet: Fleet) -> None:
    tool = fleet.sandbox.tool("ansible-inventory")
    done = fleet.ansible(tool, "-i", "inventories/sandbox/fleet.yml", "--list")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert sorted(told["fleet"]["hosts"]) == sorted(told["connected"]["hosts"]) == sorted(HOSTS)
    for name, known in told["_meta"]["hostvars"].items():
        (asked,) = [site for site, hosts in SITES.items() if name in hosts]
        assert (known["node_site"], known["node_ping_status"], known["node_status"]) == (asked, "Online", "ACTIVE")
        assert known["ansible_host"].startswith("198.18.") and known["ansible_user"] == "ops"


def test_check_mode_shows_a_change_and_makes_none(fleet: Fleet) -> None:
    fleet.forget_calls()
    run = fleet.playbook("site", "--check", "--diff", **CHANGED)
    assert run.code == 0, run.output
    assert {name: run.changed[name] for name in HOSTS} == dict.fromkeys(HOSTS, 1)
    assert "ECS_IMAGE_CLEANUP_INTERVAL" in run.output and "45m" in run.output
    assert [call for call in fleet.calls() if call.split(":")[1].startswith(WRITES)] == []
    assert "45m" not in fleet.hosts("ssh", "lab-1", "sudo cat /etc/ecs/ecs.config")


def test_a_change_of_ecs_config_drains_nothing_and_keeps_every_identity(fleet: Fleet) -> None:
    before = {item["ec2InstanceId"]: item["containerInstanceArn"] for item in fleet.instances()}
    fleet.forget_calls()
    run = fleet.playbook("site", **CHANGED)
    assert run.code == 0, run.output
    assert set(run.outcomes.values()) == {"converged"}
    assert "ECS_IMAGE_CLEANUP_INTERVAL=45m" in fleet.hosts("ssh", "oslo-2", "sudo cat /etc/ecs/ecs.config")
    assert fleet.calls()["ecs:UpdateContainerInstancesState"] == 0
    assert {item["ec2InstanceId"]: item["containerInstanceArn"] for item in fleet.instances()} == before


def test_a_host_that_fails_stops_its_site_and_all_that_come_later(fleet: Fleet) -> None:
    run = fleet.playbook("site", ecs_agent_version="9.9.9-1")
    assert run.code == 2, run.output
    others = [name for name in HOSTS if name != "lab-1"]
    assert run.outcomes == {"lab-1": "rolled_back", **dict.fromkeys(others, "skipped")}
    assert run.record
    assert "Wave 'canary' has stopped" in run.record["hosts"]["oslo-1"]["reason"]
    assert all(item["status"] == "ACTIVE" for item in fleet.instances())


def test_a_new_engine_waits_for_a_drain(fleet: Fleet) -> None:
    version = fleet.hosts("ssh", "lab-1", "dpkg-query --show --showformat='${Version}' docker.io")
    older = "/^Package: docker.io$/,/^$/s/^Version: .*/Version: 0.1-1/"
    fleet.hosts("ssh", "lab-1", f"sudo sed -i '{older}' /var/lib/dpkg/status")
    arn = next(item["containerInstanceArn"] for item in fleet.instances() if _said(item, "site") == "oslo")
    _set_status(fleet, arn, "DRAINING")
    fleet.forget_calls()
    run = fleet.playbook("rollout", container_engine_version=version, **CHANGED)
    assert run.code == 0, run.output
    assert "site lab: lab-1  (drains 1)" in run.output
    assert run.outcomes == {**dict.fromkeys(HOSTS, "unchanged"), "lab-1": "converged"}
    assert fleet.hosts("ssh", "lab-1", "dpkg-query --show --showformat='${Version}' docker.io") == version
    # To DRAINING and back; the host that an operator has drained stays so.
    assert fleet.calls()["ecs:UpdateContainerInstancesState"] == 2
    assert {item["containerInstanceArn"] for item in fleet.instances() if item["status"] == "DRAINING"} == {arn}
    assert not any(_said(item, "fleet_drained") for item in fleet.instances())
    _set_status(fleet, arn, "ACTIVE")


def test_a_host_of_another_cluster_is_not_moved_undrained(fleet: Fleet) -> None:
    fleet.boto3("client('ecs').create_cluster(clusterName='other')")
    run = fleet.playbook("rollout", fleet_cluster="other", **CHANGED)
    assert run.code == 2, run.output
    assert run.outcomes == dict.fromkeys(HOSTS, "blocked")
    assert "in cluster demo-edge" in run.output


def test_a_host_that_an_unfinished_run_left_draining_comes_back(fleet: Fleet) -> None:
    arn = fleet.instances()[0]["containerInstanceArn"]
    mark = f"{{'name': 'fleet_drained', 'value': 'x', 'targetType': 'container-instance', 'targetId': '{arn}'}}"
    fleet.boto3(f"client('ecs').put_attributes(cluster='demo-edge', attributes=[{mark}])")
    _set_status(fleet, arn, "DRAINING")
    run = fleet.playbook("rollout", **CHANGED)
    assert run.code == 0, run.output
    assert sorted(run.outcomes.values()) == ["converged", *["unchanged"] * 5]
    instance = next(item for item in fleet.instances() if item["containerInstanceArn"] == arn)
    assert instance["status"] == "ACTIVE"
    assert not _said(instance, "fleet_drained")


def test_a_wrong_activation_leaves_a_registered_host_registered(fleet: Fleet) -> None:
    truth = "sudo cat /var/lib/amazon/ssm/Vault/Store/RegistrationKey"
    before = fleet.hosts("ssh", "lab-1", truth)
    options = (
        "region=us-west-2 reregister=true retries=1 activation_id=00000000-0000-0000-0000-000000000000 "
        "activation_code=not-the-code-of-any-activation"
    )
    ansible = fleet.sandbox.tool("ansible")
    done = fleet.ansible(
        ansible, "-i", "inventories/sandbox", "-m", "edgefleet.ecs.registration", "-a", options, "lab-1"
    )
    assert done.returncode == 2, done.stdout
    assert "InvalidActivation" in done.stdout
    assert "not-the-code-of-any-activation" not in done.stdout + done.stderr
    assert fleet.hosts("ssh", "lab-1", truth) == before
    run = fleet.playbook("rollout", **CHANGED)
    assert set(run.outcomes.values()) == {"unchanged"}, run.output
