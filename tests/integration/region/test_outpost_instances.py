# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnets and instances on an Outpost, and the ECS agents on these instances."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.region import state
from sandbox.region.context import Settings
from sandbox.region.testing import RunningRegion, running_region

from .conftest import CLUSTER
from .expect import refused

USER_DATA = """#!/bin/bash
cat <<'END' >> /etc/ecs/ecs.config
ECS_CLUSTER=retail-edge
ECS_INSTANCE_ATTRIBUTES={"site":"oslo"}
ECS_IMAGE_PULL_BEHAVIOR=prefer-cached
END
"""
TRUST_EC2 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def ec2(client: Any) -> Any:
    return client("ec2")


@pytest.fixture
def outpost(region: RunningRegion) -> dict[str, Any]:
    return region.outpost(availability_zone="us-west-2b", hosts=[{"c5.large": 2}, {"c5.large": 1}])


@pytest.fixture
def vpc(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def subnet(ec2: Any, vpc: str, outpost: dict[str, Any]) -> str:
    return _subnet(ec2, vpc, outpost)


def _subnet(ec2: Any, vpc: str, outpost: dict[str, Any], cidr: str = "10.1.1.0/24") -> str:
    zone = outpost["availability_zone"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, OutpostArn=outpost["outpost_arn"], AvailabilityZone=zone)
    return str(made["Subnet"]["SubnetId"])


def _run(ec2: Any, subnet: str, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    wanted = {"ImageId": "ami-12345678", "InstanceType": "c5.large", "MinCount": count, "MaxCount": count, **more}
    instances: list[dict[str, Any]] = ec2.run_instances(SubnetId=subnet, **wanted)["Instances"]
    return instances


def test_a_subnet_is_where_its_outpost_is(ec2: Any, vpc: str, outpost: dict[str, Any]) -> None:
    order = {"VpcId": vpc, "CidrBlock": "10.1.1.0/24", "OutpostArn": outpost["outpost_arn"]}
    with refused("MissingParameter", "Availability Zone"):
        ec2.create_subnet(**order)
    with refused("InvalidParameterValue", "us-west-2b"):
        ec2.create_subnet(**order, AvailabilityZone="us-west-2a")
    with refused("InvalidParameterValue", "usw2-az2"):
        ec2.create_subnet(**order, AvailabilityZoneId="usw2-az2")
    with refused("InvalidParameterValue", "does not exist"):
        arn = outpost["outpost_arn"][:-1] + "f"
        ec2.create_subnet(**{**order, "OutpostArn": arn}, AvailabilityZone="us-west-2b")
    with refused("DryRunOperation"):
        ec2.create_subnet(**order, AvailabilityZone="us-west-2b", DryRun=True)
    made = ec2.create_subnet(**order, AvailabilityZoneId="usw2-az1")["Subnet"]
    assert (made["OutpostArn"], made["AvailabilityZone"]) == (outpost["outpost_arn"], "us-west-2b")
    regional = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.2.0/24")["Subnet"]
    assert "OutpostArn" not in regional
    by_outpost = [{"Name": "outpost-arn", "Values": [outpost["outpost_arn"]]}]
    (found,) = ec2.describe_subnets(Filters=by_outpost)["Subnets"]
    assert (found["SubnetId"], found["OutpostArn"]) == (made["SubnetId"], outpost["outpost_arn"])


def test_an_outpost_with_subnets_stays(client: Any, outpost: dict[str, Any], subnet: str) -> None:
    with refused("ConflictException", subnet):
        client("outposts").delete_outpost(OutpostId=outpost["outpost_id"])


def test_a_subnet_in_use_stays(ec2: Any, subnet: str) -> None:
    (instance,) = _run(ec2, subnet)
    with refused("DependencyViolation", subnet):
        ec2.delete_subnet(SubnetId=subnet)
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    ec2.delete_subnet(SubnetId=subnet)
    with refused("InvalidSubnetID.NotFound"):
        ec2.delete_subnet(SubnetId=subnet)


def test_instances_take_places(client: Any, ec2: Any, outpost: dict[str, Any], subnet: str) -> None:
    (first,) = _run(ec2, subnet)
    assert first["OutpostArn"] == outpost["outpost_arn"]
    assert first["Placement"]["AvailabilityZone"] == "us-west-2b"
    with refused("InsufficientInstanceCapacity", outpost["outpost_id"]):
        _run(ec2, subnet, 3)
    _run(ec2, subnet, 1, MaxCount=9)  # as many as there is room for
    placed = client("outposts").list_asset_instances(OutpostIdentifier=outpost["outpost_id"])["AssetInstances"]
    assert sorted(one["AssetId"] for one in placed) == ["0000200000", "0000200000", "0000200001"]
    by_outpost = [{"Name": "outpost-arn", "Values": [outpost["outpost_arn"]]}]
    found = ec2.describe_instances(Filters=by_outpost)["Reservations"]
    assert sum(len(one["Instances"]) for one in found) == 3
    ec2.terminate_instances(InstanceIds=[first["InstanceId"]])
    _run(ec2, subnet)


def test_a_type_that_is_not_configured_is_not_supported(ec2: Any, subnet: str) -> None:
    with refused("Unsupported", "m5.large"):
        _run(ec2, subnet, InstanceType="m5.large")


def test_a_stopped_instance_loses_its_place(ec2: Any, subnet: str) -> None:
    first, *_others = _run(ec2, subnet, 3)
    ec2.reboot_instances(InstanceIds=[first["InstanceId"]])
    ec2.stop_instances(InstanceIds=[first["InstanceId"]])
    (last,) = _run(ec2, subnet)
    with refused("InsufficientInstanceCapacity"):
        ec2.start_instances(InstanceIds=[first["InstanceId"]])
    ec2.terminate_instances(InstanceIds=[last["InstanceId"]])
    ec2.start_instances(InstanceIds=[first["InstanceId"]])
    with refused("InsufficientInstanceCapacity"):
        _run(ec2, subnet)


def test_a_zone_that_is_not_the_outposts_is_refused(ec2: Any, subnet: str) -> None:
    with refused("InvalidParameterValue", "us-west-2b"):
        _run(ec2, subnet, Placement={"AvailabilityZone": "us-west-2a"})


def test_a_client_token_launches_once(ec2: Any, subnet: str) -> None:
    (first,) = _run(ec2, subnet, ClientToken="t")
    (again,) = _run(ec2, subnet, ClientToken="t")
    assert (again["InstanceId"], again["ClientToken"], again["OutpostArn"]) == (
        first["InstanceId"],
        "t",
        first["OutpostArn"],
    )
    with refused("IdempotentParameterMismatch"):
        _run(ec2, subnet, 2, ClientToken="t")
    ec2.terminate_instances(InstanceIds=[first["InstanceId"]])
    assert _run(ec2, subnet, ClientToken="t")[0]["State"]["Name"] == "terminated"


def test_a_host_that_is_not_active_takes_nobody(
    region: RunningRegion, ec2: Any, outpost: dict[str, Any], subnet: str
) -> None:
    region.control("POST", f"outposts/{outpost['outpost_id']}/hosts/0000200000", {"state": "ISOLATED"})
    with refused("InsufficientInstanceCapacity"):
        _run(ec2, subnet, 2)
    _run(ec2, subnet, 1)


def test_running_instances_stand_in_the_way_of_a_capacity_task(
    region: RunningRegion, client: Any, ec2: Any, outpost: dict[str, Any], subnet: str
) -> None:
    outposts, identity = client("outposts"), outpost["outpost_id"]
    running = [one["InstanceId"] for one in _run(ec2, subnet, 3)]
    pools = [{"InstanceType": "c5.xlarge", "Count": 2}]
    task = outposts.start_capacity_task(OutpostIdentifier=identity, InstancePools=pools)["CapacityTaskId"]
    where = {"OutpostIdentifier": identity, "CapacityTaskId": task}
    region.advance(11)
    assert outposts.get_capacity_task(**where)["CapacityTaskStatus"] == "WAITING_FOR_EVACUATION"
    waiting = outposts.list_blocking_instances_for_capacity_task(**where)["BlockingInstances"]
    assert sorted(one["InstanceId"] for one in waiting) == sorted(running)
    ec2.stop_instances(InstanceIds=running)
    assert outposts.get_capacity_task(**where)["CapacityTaskStatus"] == "COMPLETED"
    _run(ec2, subnet, 2, InstanceType="c5.xlarge")
    task = outposts.start_capacity_task(
        OutpostIdentifier=identity,
        InstancePools=[{"InstanceType": "c5.large", "Count": 1}],
        TaskActionOnBlockingInstances="FAIL_TASK",
    )["CapacityTaskId"]
    region.advance(11)
    failed = outposts.get_capacity_task(OutpostIdentifier=identity, CapacityTaskId=task)
    assert failed["Failed"]["Type"] == "BLOCKING_INSTANCES_NOT_EVACUATED"


def test_customer_owned_addresses_at_launch(ec2: Any, outpost: dict[str, Any], subnet: str) -> None:
    made = ec2.create_local_gateway_route_table(LocalGatewayId=outpost["local_gateway_id"], Mode="coip")
    table = made["LocalGatewayRouteTable"]["LocalGatewayRouteTableId"]
    pool = ec2.create_coip_pool(LocalGatewayRouteTableId=table)["CoipPool"]["PoolId"]
    ec2.create_coip_cidr(CoipPoolId=pool, Cidr="192.168.7.0/24")
    with refused("MissingParameter", "CustomerOwnedIpv4Pool"):
        ec2.modify_subnet_attribute(SubnetId=subnet, MapCustomerOwnedIpOnLaunch={"Value": True})
    ec2.modify_subnet_attribute(SubnetId=subnet, MapCustomerOwnedIpOnLaunch={"Value": True}, CustomerOwnedIpv4Pool=pool)
    (described,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    assert (described["MapCustomerOwnedIpOnLaunch"], described["CustomerOwnedIpv4Pool"]) == (True, pool)
    (instance,) = _run(ec2, subnet)
    (found,) = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"]
    association = found["Instances"][0]["NetworkInterfaces"][0]["Association"]
    assert association["CustomerOwnedIp"] == "192.168.7.1"
    assert len(ec2.get_coip_pool_usage(PoolId=pool)["CoipAddressUsages"]) == 1
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    assert ec2.get_coip_pool_usage(PoolId=pool)["CoipAddressUsages"] == []


def test_local_network_interfaces(region: RunningRegion, ec2: Any, vpc: str, subnet: str) -> None:
    with refused("Unsupported"):
        ec2.modify_subnet_attribute(SubnetId=subnet, EnableLniAtDeviceIndex=1)
    server = region.outpost(hardware="SERVER", availability_zone="us-west-2b")
    local = _subnet(ec2, vpc, server, "10.1.3.0/24")
    with refused("InvalidParameterValue"):
        ec2.modify_subnet_attribute(SubnetId=local, EnableLniAtDeviceIndex=0)
    ec2.modify_subnet_attribute(SubnetId=local, EnableLniAtDeviceIndex=1)
    assert ec2.describe_subnets(SubnetIds=[local])["Subnets"][0]["EnableLniAtDeviceIndex"] == 1
    ec2.modify_subnet_attribute(SubnetId=local, DisableLniAtDeviceIndex={"Value": True})
    assert "EnableLniAtDeviceIndex" not in ec2.describe_subnets(SubnetIds=[local])["Subnets"][0]
    regional = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.4.0/24")["Subnet"]["SubnetId"]
    with refused("InvalidParameterValue", "not on an Outpost"):
        ec2.modify_subnet_attribute(SubnetId=regional, EnableLniAtDeviceIndex=1)
    ec2.modify_subnet_attribute(SubnetId=local, MapPublicIpOnLaunch={"Value": False})


def test_a_broken_service_link(
    region: RunningRegion, client: Any, ec2: Any, outpost: dict[str, Any], subnet: str
) -> None:
    (instance,) = _run(ec2, subnet)
    region.control("POST", f"outposts/{outpost['outpost_id']}/link", {"state": "down"})
    for call in (
        lambda: _run(ec2, subnet),
        lambda: ec2.stop_instances(InstanceIds=[instance["InstanceId"]]),
        lambda: client("outposts").start_capacity_task(OutpostIdentifier=outpost["outpost_id"], InstancePools=[]),
    ):
        with refused("Unavailable", "disconnected"):
            call()
    assert ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"][0]["Instances"]
    region.control("POST", f"outposts/{outpost['outpost_id']}/link", {"state": "up"})
    _run(ec2, subnet)


@pytest.fixture
def profile(region: RunningRegion, client: Any) -> dict[str, str]:
    region.create_role("EcsInstances", TRUST_EC2)
    iam = client("iam")
    iam.create_instance_profile(InstanceProfileName="EcsInstances")
    iam.add_role_to_instance_profile(InstanceProfileName="EcsInstances", RoleName="EcsInstances")
    return {"Name": "EcsInstances"}


def _members(ecs: Any) -> list[dict[str, Any]]:
    arns = ecs.list_container_instances(cluster=CLUSTER)["containerInstanceArns"]
    if not arns:
        return []
    found: list[dict[str, Any]] = ecs.describe_container_instances(cluster=CLUSTER, containerInstances=arns)[
        "containerInstances"
    ]
    return found


def test_user_data_makes_an_instance_join(
    ecs: Any, ec2: Any, outpost: dict[str, Any], subnet: str, profile: dict[str, str]
) -> None:
    (instance,) = _run(ec2, subnet, UserData=USER_DATA, IamInstanceProfile=profile)
    (member,) = _members(ecs)
    assert (member["ec2InstanceId"], member["agentConnected"]) == (instance["InstanceId"], True)
    attributes = {one["name"]: one.get("value") for one in member["attributes"]}
    assert attributes["site"] == "oslo"
    assert attributes["ecs.outpost-arn"] == outpost["outpost_arn"]
    assert attributes["ecs.instance-type"] == "c5.large"
    assert "ecs.capability.external" not in attributes
    resources = {one["name"]: one.get("integerValue") for one in member["registeredResources"]}
    assert (resources["CPU"], resources["MEMORY"]) == (2048, 4096)
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    assert _members(ecs)[0]["agentConnected"] is False
    ec2.start_instances(InstanceIds=[instance["InstanceId"]])
    assert _members(ecs)[0]["agentConnected"] is True
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    assert _members(ecs) == []


def test_who_does_not_join(ecs: Any, ec2: Any, subnet: str, profile: dict[str, str]) -> None:
    _run(ec2, subnet, UserData=USER_DATA)  # no credentials
    _run(ec2, subnet, UserData="#!/bin/sh\necho hello", IamInstanceProfile=profile)
    _run(ec2, subnet, UserData=USER_DATA.replace(CLUSTER, "elsewhere"), IamInstanceProfile=profile)
    assert _members(ecs) == []


def test_an_agent_waits_for_its_cluster(
    region: RunningRegion, ecs: Any, ec2: Any, subnet: str, profile: dict[str, str]
) -> None:
    (instance,) = _run(ec2, subnet, UserData=USER_DATA.replace(CLUSTER, "later"), IamInstanceProfile=profile)
    ecs.create_cluster(clusterName="later")
    region.advance(1)
    (arn,) = ecs.list_container_instances(cluster="later")["containerInstanceArns"]
    found = ecs.describe_container_instances(cluster="later", containerInstances=[arn])["containerInstances"]
    assert found[0]["ec2InstanceId"] == instance["InstanceId"]


def test_the_link_cuts_the_agents_off(
    region: RunningRegion, ecs: Any, ec2: Any, outpost: dict[str, Any], subnet: str, profile: dict[str, str]
) -> None:
    _run(ec2, subnet, UserData=USER_DATA, IamInstanceProfile=profile)
    region.control("POST", f"outposts/{outpost['outpost_id']}/link", {"state": "down"})
    assert [one["agentConnected"] for one in _members(ecs)] == [False]
    region.control("POST", f"outposts/{outpost['outpost_id']}/link", {"state": "up"})
    assert [one["agentConnected"] for one in _members(ecs)] == [True]


def test_launch_templates_tell_the_type_and_the_user_data(
    ec2: Any, ecs: Any, subnet: str, profile: dict[str, str]
) -> None:
    data = {
        "InstanceType": "c5.large",
        "ImageId": "ami-12345678",
        "UserData": base64.b64encode(USER_DATA.encode()).decode(),
        "IamInstanceProfile": profile,
    }
    ec2.create_launch_template(LaunchTemplateName="t", LaunchTemplateData=json.loads(json.dumps(data)))
    template = {"LaunchTemplateName": "t"}
    ec2.run_instances(SubnetId=subnet, MinCount=1, MaxCount=1, LaunchTemplate=template)
    assert len(_members(ecs)) == 1


def test_a_service_runs_on_an_outpost_through_an_outage(
    region: RunningRegion, ecs: Any, ec2: Any, outpost: dict[str, Any], subnet: str, profile: dict[str, str]
) -> None:
    _run(ec2, subnet, UserData=USER_DATA, IamInstanceProfile=profile)
    ecs.register_task_definition(
        family="web",
        requiresCompatibilities=["EC2"],
        containerDefinitions=[{"name": "web", "image": "registry.example/web:1", "memory": 1024}],
    )
    on_outpost = {"type": "memberOf", "expression": f"attribute:ecs.outpost-arn == {outpost['outpost_arn']}"}
    ecs.create_service(
        cluster=CLUSTER,
        serviceName="web",
        taskDefinition="web",
        desiredCount=2,
        launchType="EC2",
        placementConstraints=[on_outpost],
    )

    def counts() -> tuple[int, int]:
        for _placed_then_running in range(2):
            region.advance(1)
        (service,) = ecs.describe_services(cluster=CLUSTER, services=["web"])["services"]
        return service["runningCount"], service["desiredCount"]

    assert counts() == (2, 2)
    link = f"outposts/{outpost['outpost_id']}/link"
    region.control("POST", link, {"state": "down"})
    ecs.update_service(cluster=CLUSTER, service="web", desiredCount=3)
    assert counts() == (2, 3)
    region.control("POST", link, {"state": "up"})
    assert counts() == (3, 3)


def test_an_outpost_survives_the_process(
    region: RunningRegion,
    ecs: Any,
    ec2: Any,
    outpost: dict[str, Any],
    subnet: str,
    profile: dict[str, str],
    tmp_path: Path,
) -> None:
    (instance,) = _run(ec2, subnet, ClientToken="t", UserData=USER_DATA, IamInstanceProfile=profile)
    state.save(region.state, region._server._moto, tmp_path / "state")
    region.reset()
    with running_region(Settings(state=tmp_path / "state")) as again:
        client = again.client("ec2")
        (found,) = client.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"]
        assert found["Instances"][0]["OutpostArn"] == outpost["outpost_arn"]
        assert client.describe_local_gateways()["LocalGateways"][0]["LocalGatewayId"] == outpost["local_gateway_id"]
        (repeated,) = _run(client, subnet, ClientToken="t", UserData=USER_DATA, IamInstanceProfile=profile)
        assert repeated["InstanceId"] == instance["InstanceId"]
        with refused("InsufficientInstanceCapacity"):
            _run(client, subnet, 3)
        assert [one["agentConnected"] for one in _members(again.client("ecs"))] == [True]
