# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An instance on an Outpost is a host of its own: it joins by its user data, runs containers, stops, starts, goes."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .conftest import PATIENCE, Fleet

CLUSTER = "depot-edge"
IMAGE = "demo/web:1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
USER_DATA = f"""#cloud-config
write_files:
  - path: /etc/ecs/ecs.config
    permissions: "0600"
    content: |
      ECS_CLUSTER={CLUSTER}
      ECS_INSTANCE_ATTRIBUTES={{"site":"depot"}}
runcmd:
  - [touch, /run/user-data-ran]
"""
# How long a container instance may take to be there: a few seconds, on a machine that does nothing else.
JOINED_WITHIN = 60

LAUNCH = """
iam, ec2 = client("iam"), client("ec2")
iam.create_role(RoleName="Depot", AssumeRolePolicyDocument={trust!r})
iam.create_instance_profile(InstanceProfileName="Depot")
iam.add_role_to_instance_profile(InstanceProfileName="Depot", RoleName="Depot")
client("ecs").create_cluster(clusterName={cluster!r})
vpc = ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
subnet = ec2.create_subnet(
    VpcId=vpc, CidrBlock="10.3.1.0/24", OutpostArn={outpost[outpost_arn]!r},
    AvailabilityZone={outpost[availability_zone]!r},
)["Subnet"]["SubnetId"]
answer = ec2.run_instances(
    SubnetId=subnet, ImageId="ami-12345678", InstanceType="c5.large", MinCount=1, MaxCount=1,
    UserData={user_data!r}, IamInstanceProfile={{"Name": "Depot"}},
)["Instances"][0]
"""
RUN = f"""
ecs = client("ecs")
ports = [{{"containerPort": 80, "hostPort": 80}}]
container = {{"name": "web", "image": "{IMAGE}", "memory": 32, "portMappings": ports}}
ecs.register_task_definition(family="depot-web", containerDefinitions=[container], networkMode="bridge")
told = ecs.run_task(cluster="{CLUSTER}", taskDefinition="depot-web")
answer = [told["failures"], [task["taskArn"] for task in told["tasks"]]]
"""


def _wait(what: Callable[[], Any], patience: float = 60) -> Any:
    deadline = time.monotonic() + patience
    while not (found := what()) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert found
    return found


@pytest.fixture(scope="module")
def instance(fleet: Fleet) -> Iterator[dict[str, Any]]:
    order = {"trust": json.dumps(TRUST), "cluster": CLUSTER, "outpost": fleet.sandbox.outpost("depot")}
    launched: dict[str, Any] = fleet.script(LAUNCH.format(user_data=USER_DATA, **order))
    yield launched
    fleet.boto3(f"client('ec2').terminate_instances(InstanceIds=['{launched['InstanceId']}'])")
    _wait(lambda: launched["InstanceId"] not in _hosts(fleet))
    fleet.boto3(f"client('ecs').delete_cluster(cluster='{CLUSTER}')")


def _hosts(fleet: Fleet) -> dict[str, dict[str, Any]]:
    return {host["name"]: host for host in json.loads(fleet.hosts("list", "--json"))}


def _connected(fleet: Fleet) -> list[dict[str, Any]]:
    return [one for one in fleet.instances(CLUSTER) if one["agentConnected"]]


def _booted_at(fleet: Fleet, name: str) -> str:
    """When its systemd started; nothing while it does not answer."""
    ask = fleet.sandbox.hosts("ssh", name, "systemctl show --value --property UserspaceTimestampMonotonic")
    return subprocess.run(ask, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout.strip()


def _task(fleet: Fleet, arn: str) -> dict[str, Any]:
    (found,) = fleet.boto3(f"client('ecs').describe_tasks(cluster='{CLUSTER}', tasks=['{arn}'])['tasks']")
    assert isinstance(found, dict)
    return found


def test_its_host_boots_and_joins_the_cluster(fleet: Fleet, instance: dict[str, Any]) -> None:
    (joined,) = _wait(lambda: _connected(fleet), JOINED_WITHIN)
    assert (joined["ec2InstanceId"], joined["status"]) == (instance["InstanceId"], "ACTIVE")
    told = {item["name"]: item.get("value") for item in joined["attributes"]}
    assert "ecs.capability.external" not in told
    assert (told["site"], told["ecs.subnet-id"]) == ("depot", instance["SubnetId"])
    assert (told["ecs.outpost-arn"], told["ecs.instance-type"]) == (instance["OutpostArn"], "c5.large")
    host = _hosts(fleet)[instance["InstanceId"]]
    assert (host["site"], host["state"]) == ("depot", "up")
    fleet.hosts("ssh", host["name"], "test -e /run/user-data-ran && systemctl is-system-running --wait")
    # Its address in the VPC is one of the sandbox's network, too; and its signed calls are its own.
    fleet.ansible("bash", "-c", f"exec 3<>/dev/tcp/{instance['PrivateIpAddress']}/22").check_returncode()
    callers = {call["caller"] for call in fleet.region("calls?action=RegisterContainerInstance")["calls"]}
    assert instance["InstanceId"] in callers


def test_a_task_is_a_container_there_and_outlives_the_service_link(fleet: Fleet, instance: dict[str, Any]) -> None:
    name = instance["InstanceId"]
    failures, (arn,) = fleet.script(RUN)
    assert failures == []
    _wait(lambda: _task(fleet, arn)["lastStatus"] == "RUNNING")
    running = "sudo docker ps --quiet --filter label=com.amazonaws.ecs.task-arn=" + arn
    container = fleet.hosts("ssh", name, running)
    assert container
    link = f"outposts/{fleet.sandbox.outpost('depot')['outpost_id']}/link"
    fleet.region(link, "POST", {"state": "down"})
    try:
        _wait(lambda: not _connected(fleet))
        # The host reaches its neighbours and itself; calls to the Region end nowhere.
        assert fleet.hosts("ssh", name, "curl -s -m 5 http://198.18.0.1:4566/; echo $?").strip() == "56"
        assert _task(fleet, arn)["lastStatus"] == "RUNNING"
        assert fleet.script(RUN)[0][0]["reason"] == "AGENT"
    finally:
        fleet.region(link, "POST", {"state": "up"})
    _wait(lambda: _connected(fleet))
    assert fleet.hosts("ssh", name, running) == container


def test_what_is_done_to_the_instance_is_done_to_the_host(fleet: Fleet, instance: dict[str, Any]) -> None:
    name = instance["InstanceId"]
    (before,) = fleet.instances(CLUSTER)
    fleet.boto3(f"client('ec2').stop_instances(InstanceIds=['{name}'])")
    _wait(lambda: _hosts(fleet)[name]["state"] == "off")
    assert not _connected(fleet)
    fleet.boto3(f"client('ec2').start_instances(InstanceIds=['{name}'])")
    (after,) = _wait(lambda: _connected(fleet))
    assert after["containerInstanceArn"] == before["containerInstanceArn"], "it has kept its disk"
    booted = _booted_at(fleet, name)
    assert booted
    fleet.boto3(f"client('ec2').reboot_instances(InstanceIds=['{name}'])")
    # It may be back before anybody has seen that it was gone.
    _wait(lambda: _booted_at(fleet, name) not in ("", booted))
    _wait(lambda: _connected(fleet))
    fleet.boto3(f"client('ec2').terminate_instances(InstanceIds=['{name}'])")
    _wait(lambda: name not in _hosts(fleet))
    described = f"client('ecs').describe_container_instances(cluster='{CLUSTER}', "
    described += f"containerInstances=['{after['containerInstanceArn']}'])['containerInstances'][0]['status']"
    assert fleet.boto3(described) == "INACTIVE"
    (reservation,) = fleet.boto3(f"client('ec2').describe_instances(InstanceIds=['{name}'])['Reservations']")
    assert reservation["Instances"][0]["State"]["Name"] == "terminated"
