# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts out of service and back, what ails them, and how a site leaves and comes again: in the order of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import INSTANCE, Fleet, standing_fleet

# Four hosts are enough for four faults, and lyon for the site that leaves.
FOUR = ("--limit", "lab,lyon,fleet_conductors")
LYON = ("--limit", "lyon,fleet_conductors")
ATTRIBUTES = {"ecs_agent_attributes": {"site": "{{ fleet_site }}", "rack": "7"}}

SERVICE = """
for arn in client('ecs').list_services(cluster='demo-edge')['serviceArns']:
    client('ecs').delete_service(cluster='demo-edge', service=arn, force=True)
client('ecs').register_task_definition(family='held', requiresCompatibilities=['EXTERNAL'], containerDefinitions=[
    {'name': 'held', 'image': 'demo/web:1', 'memory': 16, 'essential': True}])
client('ecs').create_service(cluster='demo-edge', serviceName='held', taskDefinition='held', desiredCount=1,
    launchType='EXTERNAL', deploymentConfiguration={'minimumHealthyPercent': 50, 'maximumPercent': 100},
    placementConstraints=[{'type': 'memberOf', 'expression': 'attribute:site == lyon'}])
deadline = time.monotonic() + 60
while True:
    answer = client('ecs').describe_services(cluster='demo-edge', services=['held'])['services'][0]['runningCount']
    if answer or time.monotonic() > deadline:
        break
    time.sleep(1)
"""
GIVING_WAY = """
answer = client('ecs').update_service(cluster='demo-edge', service='held', desiredCount=1,
    deploymentConfiguration={'minimumHealthyPercent': 0, 'maximumPercent': 100})['service']['status']
"""
NO_SERVICE = (
    "answer = client('ecs').delete_service(cluster='demo-edge', service='held', force=True)['service']['status']"
)

RUNTIME = "/var/lib/amazon/ssm/runtimeconfig/identity_config.json"
OLD_CREDENTIALS = f"sudo sed -i 's/\\(CredentialsExpiresAt\": \"\\)20../\\12001/' {RUNTIME}"
NO_NAT = "sudo iptables -t nat -F"
BROKEN_STATE = (
    "sudo sh -c 'systemctl stop ecs; printf half > /var/lib/ecs/data/agent.db; systemctl start --no-block ecs'"
)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A fleet of four, so that all records that there are can be looked at."""
    sites = {site: [f"{site}-{number}:with-engine" for number in (1, 2)] for site in ("lab", "lyon")}
    with standing_fleet(f"{INSTANCE}-leaving", sites) as four:
        yield four


def by_host(fleet: Fleet) -> dict[str, dict[str, Any]]:
    """Both records of every host, without what changes by itself."""
    program = """
ecs, ssm = client('ecs'), client('ssm')
arns = ecs.list_container_instances(cluster='demo-edge')['containerInstanceArns']
instances = ecs.describe_container_instances(cluster='demo-edge', containerInstances=arns, include=['TAGS'])
nodes = {node['InstanceId']: node for node in ssm.describe_instance_information()['InstanceInformationList']}
answer = {}
for item in instances['containerInstances']:
    tags = {tag['key']: tag['value'] for tag in item['tags']}
    node = {key: value for key, value in nodes[item['ec2InstanceId']].items() if 'Date' not in key}
    told = ssm.list_tags_for_resource(ResourceType='ManagedInstance', ResourceId=item['ec2InstanceId'])['TagList']
    answer[tags['host']] = {'instance': item, 'node': node, 'node_tags': told}
"""
    found: dict[str, dict[str, Any]] = fleet.script(program)
    return found


def statuses(fleet: Fleet, site: str) -> set[str]:
    return {item["instance"]["status"] for host, item in by_host(fleet).items() if host.startswith(site)}


def test_a_drain_by_hand_outlives_a_rollout(fleet: Fleet) -> None:
    run = fleet.playbook("site", *FOUR, **ATTRIBUTES)
    assert run.code == 0, run.output
    assert fleet.script(SERVICE) == 1
    # A service that gives up no task is named, and nothing is touched.
    run = fleet.playbook("drain", *LYON)
    assert run.code == 2 and "held" in run.output and "Nothing was touched" in run.output, run.output
    assert statuses(fleet, "lyon") == {"ACTIVE"}
    fleet.script(GIVING_WAY)
    fleet.forget_calls()
    fleet.forget_executions()
    # A host that is off is drained like any other; nobody is asked.
    run = fleet.playbook("drain", *LYON, drain_pause=1, drain_timeout=120)
    assert run.code == 0, run.output
    assert "2 of 2 hosts are empty" in run.output
    assert statuses(fleet, "lyon") == {"DRAINING"}
    assert sum(fleet.executions().values()) == 0
    assert fleet.calls()["ecs:UpdateContainerInstancesState"] == 1
    fleet.script(NO_SERVICE)


def test_attributes_that_are_asked_for_no_more_go_and_foreign_ones_stay(fleet: Fleet) -> None:
    lab = by_host(fleet)["lab-1"]["instance"]["containerInstanceArn"]
    mark = f"{{'name': 'gpu', 'value': 'old', 'targetType': 'container-instance', 'targetId': '{lab}'}}"
    fleet.boto3(f"client('ecs').put_attributes(cluster='demo-edge', attributes=[{mark}])")
    run = fleet.playbook("rollout", *FOUR)
    assert run.code == 0, run.output
    for host, item in by_host(fleet).items():
        names = {entry["name"] for entry in item["instance"]["attributes"]}
        assert "rack" not in names and {"site", "fleet_release"} <= names, host
        assert ("gpu" in names) == (host == "lab-1")
    # The rollout went over the hosts of lyon, and left them as the operator had them.
    assert statuses(fleet, "lyon") == {"DRAINING"}
    assert fleet.playbook("undrain", *LYON).code == 0
    assert statuses(fleet, "lyon") == {"ACTIVE"}


def test_four_hosts_with_four_faults_are_healed_at_once(fleet: Fleet) -> None:
    before = by_host(fleet)
    fleet.hosts("ssh", "lab-1", OLD_CREDENTIALS)
    fleet.hosts("ssh", "lab-2", NO_NAT)
    fleet.hosts("ssh", "lyon-1", BROKEN_STATE)
    arn = before["lyon-2"]["instance"]["containerInstanceArn"]
    fleet.boto3(
        f"client('ecs').deregister_container_instance(cluster='demo-edge', containerInstance='{arn}', force=True)"
        "['containerInstance']['status']"
    )
    run = fleet.playbook("heal", *FOUR)
    assert run.code == 0, run.output
    assert run.record
    done = {name: (host["result"], host["remedies"]) for name, host in run.record["hosts"].items()}
    assert done == {
        "lab-1": ("healed", ["restart_ssm_agent"]),
        "lab-2": ("healed", ["restart_ecs"]),
        "lyon-1": ("healed", ["reset_state", "restart_ecs"]),
        "lyon-2": ("healed", ["reset_state", "restart_ecs"]),
    }
    assert "agent.db is broken" in str(run.record["hosts"]["lyon-1"]["symptoms"])
    after = by_host(fleet)
    assert all(item["instance"]["agentConnected"] for item in after.values())
    # One record a host; identities are what they were, and the first two kept even their instance.
    assert len(fleet.instances()) == 4
    assert {host: item["node"]["InstanceId"] for host, item in after.items()} == {
        host: item["node"]["InstanceId"] for host, item in before.items()
    }
    for host in ("lab-1", "lab-2"):
        kept = (before[host]["instance"]["containerInstanceArn"], after[host]["instance"]["containerInstanceArn"])
        assert kept[0] == kept[1]
    fleet.forget_executions()
    run = fleet.playbook("heal", *FOUR)
    assert run.code == 0 and "4 of 4 hosts were healthy" in run.output, run.output
    assert {host: count for host, count in fleet.executions().items() if count} == dict.fromkeys(done, 1)


def test_a_site_leaves_and_no_other_record_changes(fleet: Fleet) -> None:
    before = by_host(fleet)
    # Nothing is touched without its name.
    run = fleet.playbook("decommission", *LYON, decommission_confirm="demo/lab")
    assert run.code == 2 and "Set decommission_confirm to demo/lyon" in " ".join(run.output.split()), run.output
    assert by_host(fleet) == before
    fleet.hosts("power", "off", "lyon-2")
    run = fleet.playbook("decommission", *LYON, decommission_confirm="demo/lyon", decommission_drain_pause=1)
    assert run.code == 0, run.output
    assert run.record
    assert {name: host["outcome"] for name, host in run.record["hosts"].items()} == {
        "lyon-1": "removed", "lyon-2": "removed",
    }  # fmt: skip
    removed = run.record["hosts"]["lyon-2"]["removed"]
    assert removed == {
        "container_instances": [before["lyon-2"]["instance"]["containerInstanceArn"]],
        "managed_nodes": [before["lyon-2"]["node"]["InstanceId"]],
        "on_host": [],
    }
    left = by_host(fleet)
    assert left == {host: item for host, item in before.items() if host.startswith("lab")}
    nodes = fleet.boto3("client('ssm').describe_instance_information()['InstanceInformationList']")
    assert len(nodes) == 2
    gone = "sudo test ! -e /var/lib/ecs/data/agent.db -a ! -s /root/.aws/credentials && ! systemctl is-enabled -q ecs"
    fleet.hosts("ssh", "lyon-1", gone)


def test_it_comes_again(fleet: Fleet) -> None:
    # The host that was off still has its identity, which nobody knows any more: the same run ends what it could not do.
    fleet.hosts("power", "on", "lyon-2")
    run = fleet.playbook("decommission", *LYON, decommission_confirm="demo/lyon")
    assert run.code == 0, run.output
    assert run.record and run.record["hosts"]["lyon-1"]["outcome"] == "absent"
    assert run.record["hosts"]["lyon-2"]["removed"]["on_host"][-1] == "ssm_agent"
    run = fleet.playbook("rollout", *LYON)
    assert run.code == 0, run.output
    assert set(run.outcomes.values()) == {"converged"}
    assert statuses(fleet, "lyon") == {"ACTIVE"}
    assert len(fleet.instances()) == 4
