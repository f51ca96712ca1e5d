# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identities that are given up, moved and copied, on the fleet that test_rollout leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .conftest import USUAL, Fleet

IDENTITY = "sudo cat /var/lib/amazon/ssm/Vault/Store/RegistrationKey"
NOTE = "sudo cat /var/lib/edgefleet/abandoned.json"
# A copy of the disk, as far as identities are on it.
COPIED = "var/lib/amazon var/lib/ecs/data root/.aws etc/machine-id"
GONE = (
    "sudo sh -c 'test ! -s /etc/machine-id && test ! -e /var/lib/amazon/ssm/Vault && test ! -e /var/lib/ecs/data"
    " && test ! -e /etc/ecs/ecs.config && dpkg -s amazon-ecs-init >/dev/null && ! systemctl is-enabled --quiet ecs'"
)
# The sandbox knows its hosts by the keys that it has given them.
GOLDEN = {"golden_image_confirm": "lyon-2", "golden_image_ssh_host_keys": False}
RECORDS = """
ecs, ssm, answer = client('ecs'), client('ssm'), {}
for cluster in ('demo-edge', 'other'):
    arns = ecs.list_container_instances(cluster=cluster)['containerInstanceArns']
    told = ecs.describe_container_instances(cluster=cluster, containerInstances=arns, include=['TAGS']) if arns else {}
    for item in told.get('containerInstances', []):
        answer.setdefault(item['ec2InstanceId'], {})[item['containerInstanceArn']] = {
            key: item[key] for key in ('status', 'attributes', 'tags', 'registeredAt', 'agentConnected', 'versionInfo')
        }
for node in ssm.describe_instance_information(MaxResults=50)['InstanceInformationList']:
    tags = ssm.list_tags_for_resource(ResourceType='ManagedInstance', ResourceId=node['InstanceId'])['TagList']
    fixed = ('ActivationId', 'RegistrationDate', 'IamRole', 'Name', 'ComputerName')
    kept = {key: node[key] for key in fixed if key in node}
    answer.setdefault(node['InstanceId'], {})['node'] = {**kept, 'tags': tags}
"""


def _records(fleet: Fleet) -> dict[str, dict[str, Any]]:
    """By identity, everything that the Region knows of it and that its owner does not change all the time."""
    found: dict[str, dict[str, Any]] = fleet.script(RECORDS)
    return found


def _identity(fleet: Fleet, host: str) -> str:
    return fleet.hosts("ssh", host, IDENTITY).split('"instanceID": "')[1].split('"')[0]


def _remove(fleet: Fleet, identity: str) -> None:
    fleet.script(f"""
answer = client('ssm').deregister_managed_instance(InstanceId='{identity}')
for cluster in ('demo-edge', 'other'):
    arns = client('ecs').list_container_instances(cluster=cluster, filter="ec2InstanceId == '{identity}'")
    for arn in arns['containerInstanceArns']:
        client('ecs').deregister_container_instance(cluster=cluster, containerInstance=arn, force=True)
""")


def test_a_new_identity_that_was_cut_short_is_ended_by_the_next_run(fleet: Fleet, tmp_path: Path) -> None:
    fleet.boto3("client('ecs').create_cluster(clusterName='other')")
    before, old = _records(fleet), _identity(fleet, "lab-1")
    fleet.forget_calls()
    only = ("--limit", "lab-1,fleet_conductors")
    planned = fleet.playbook("reregister", *only, "--check")
    assert planned.code == 0 and "site lab: lab-1  (drains 1)" in planned.output, planned.output

    def registered() -> bool:
        return fleet.calls("agents")["ssm:RegisterManagedInstance"] > 0

    fleet.kill_when("reregister", registered, tmp_path / "killed.log", *only)
    assert old in fleet.hosts("ssh", "lab-1", NOTE) and old in _records(fleet)
    run = fleet.playbook("reregister", *only)
    assert run.code == 0, run.output
    assert run.outcomes == {"lab-1": "converged"}
    # One identity, not two; and of the old one nothing is left.
    assert fleet.calls("agents")["ssm:RegisterManagedInstance"] == 1
    after, new = _records(fleet), _identity(fleet, "lab-1")
    assert new != old and old not in after
    assert [item["agentConnected"] for key, item in after[new].items() if key != "node"] == [True]
    assert {key: value for key, value in after.items() if key != new} == {
        key: value for key, value in before.items() if key != old
    }
    fleet.hosts("ssh", "lab-1", "test ! -e /var/lib/edgefleet/abandoned.json")


def test_a_clone_becomes_a_machine_of_its_own_and_the_original_stays(fleet: Fleet) -> None:
    lost = _identity(fleet, "lab-2")
    fleet.hosts("ssh", "lab-2", "sudo systemctl stop ecs amazon-ssm-agent && sudo rm -rf /var/lib/amazon/ssm")
    disk = fleet.hosts("ssh", "lab-1", f"sudo tar -C / --create {COPIED} | base64 --wrap=0").strip()
    fleet.hosts("ssh", "lab-2", f"echo {disk} | base64 --decode | sudo tar -C / --extract")
    _remove(fleet, lost)
    before, shared = _records(fleet), _identity(fleet, "lab-1")
    assert _identity(fleet, "lab-2") == shared
    only = ("--limit", "lab-2,fleet_conductors")
    doubted = fleet.playbook("repair_clones", *only, "--check")
    assert "Nothing shows that the host is a clone" in doubted.output
    # As it stands: to a task that is delegated, the warm Python of the control node looks like the host's.
    asked = json.dumps({**USUAL, "fleet_clone_of": ["lab-1"]})
    run = fleet.run(fleet.plain_command("repair_clones", *only, "--extra-vars", asked))
    assert run.code == 0, run.output
    assert run.outcomes == {"lab-2": "converged"}
    after = _records(fleet)
    assert _identity(fleet, "lab-1") == shared != _identity(fleet, "lab-2")
    assert {key: value for key, value in after.items() if key != _identity(fleet, "lab-2")} == before
    ids = [
        fleet.hosts("ssh", host, "cat /etc/machine-id /var/lib/dbus/machine-id").split() for host in ("lab-1", "lab-2")
    ]
    assert ids[0][0] != ids[1][0] == ids[1][1]


def test_a_host_moves_to_another_cluster_and_leaves_nothing(fleet: Fleet) -> None:
    before, identity = _records(fleet), _identity(fleet, "lyon-2")
    run = fleet.playbook(
        "move", "--limit", "lyon-2,fleet_conductors", fleet_cluster="other", fleet_move_from=["demo-edge"]
    )
    assert run.code == 0, run.output
    after = _records(fleet)
    instances = [arn for arn in after[identity] if arn != "node"]
    assert len(instances) == 1 and "/other/" in instances[0]
    assert _identity(fleet, "lyon-2") == identity and after[identity]["node"] == before[identity]["node"]
    del after[identity], before[identity]
    assert after == before


def test_a_golden_image_is_bare_and_its_copy_joins(fleet: Fleet) -> None:
    old, only = _identity(fleet, "lyon-2"), ("--limit", "lyon-2,fleet_conductors")
    unsaid = fleet.playbook("golden_image", *only, golden_image_ssh_host_keys=False)
    assert unsaid.code == 2 and "golden_image_confirm: lyon-2" in unsaid.output and _identity(fleet, "lyon-2") == old
    cleaned = fleet.playbook("golden_image", *only, **GOLDEN)
    assert cleaned.code == 0 and old in cleaned.output, cleaned.output
    fleet.hosts("ssh", "lyon-2", GONE)
    again = fleet.playbook("golden_image", *only, **GOLDEN)
    assert again.code == 0 and again.changed["lyon-2"] == 0, again.output
    _remove(fleet, old)
    fleet.hosts("power", "off", "lyon-2")
    fleet.hosts("power", "on", "lyon-2")
    run = fleet.playbook("rollout", *only)
    assert run.code == 0, run.output
    assert run.outcomes == {"lyon-2": "converged"} and _identity(fleet, "lyon-2") != old
    assert len([key for key in _records(fleet)[_identity(fleet, "lyon-2")] if "/demo-edge/" in key]) == 1
