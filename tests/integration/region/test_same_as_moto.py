# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One suite against moto alone and against the Region: where moto is right, our handlers must not be seen."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from sandbox.region.testing import RunningRegion, _session

Client = Callable[[str], Any]
Script = Callable[[Client], list[Any]]
_ACCIDENTAL = re.compile(
    r"\b[a-z]+(-[a-z]+)*-[0-9a-f]{8,17}\b|\b\d+[.-]\d+[.-]\d+[.-]\d+\b(?!/)|\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b|\b[0-9a-f-]{36}\b"
)


def _told(call: Callable[..., Any], **params: Any) -> Any:
    """A reply, or the code of a refusal."""
    try:
        reply: dict[str, Any] = call(**params)
    except ClientError as error:
        return error.response["Error"]["Code"]
    reply.pop("ResponseMetadata")
    return reply


def _essence(value: Any) -> Any:
    """A reply without what differs between any two runs: ids, addresses, times."""
    if isinstance(value, dict):
        return {name: _essence(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted((_essence(item) for item in value), key=repr)
    if isinstance(value, datetime):
        return "TIME"
    return _ACCIDENTAL.sub("ID", value) if isinstance(value, str) else value


def networks(client: Client) -> list[Any]:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    tags = [{"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": "s"}]}]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24", AvailabilityZone="us-west-2a", TagSpecifications=tags)
    subnet = made["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    return [
        made["Subnet"],
        _told(ec2.create_subnet, VpcId=vpc, CidrBlock="10.1.1.128/25"),
        _told(ec2.create_subnet, VpcId=vpc, CidrBlock="10.2.0.0/24"),
        _told(ec2.create_subnet, VpcId="vpc-00000000", CidrBlock="10.1.2.0/24"),
        _told(ec2.modify_subnet_attribute, SubnetId=subnet, MapPublicIpOnLaunch={"Value": True}),
        _told(ec2.modify_subnet_attribute, SubnetId="subnet-00000000", MapPublicIpOnLaunch={"Value": True}),
        _told(ec2.create_route, RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway),
        _told(ec2.create_route, RouteTableId="rtb-00000000", DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway),
        _told(ec2.describe_route_tables, RouteTableIds=[table]),
        _told(ec2.create_tags, Resources=[subnet, vpc], Tags=[{"Key": "a", "Value": "1"}]),
        _told(ec2.delete_tags, Resources=[subnet], Tags=[{"Key": "Name"}]),
        _told(ec2.create_tags, Resources=["subnet-00000000"], Tags=[{"Key": "a", "Value": "1"}]),
        _told(ec2.describe_subnets, SubnetIds=[subnet]),
        _told(ec2.describe_subnets, Filters=[{"Name": "vpc-id", "Values": [vpc]}]),
    ]


def instances(client: Client) -> list[Any]:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24", AvailabilityZone="us-west-2a")["Subnet"]["SubnetId"]
    order = {
        "ImageId": "ami-12345678",
        "InstanceType": "t3.micro",
        "SubnetId": subnet,
        "MinCount": 2,
        "MaxCount": 2,
        "UserData": "#!/bin/sh\necho 'a=b & ü'",
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "i &"}]}],
        "ClientToken": "t",
    }
    launched = _told(ec2.run_instances, **order)
    ids = [one["InstanceId"] for one in launched["Instances"]]
    user_data = ec2.describe_instance_attribute(InstanceId=ids[0], Attribute="userData")["UserData"]["Value"]
    return [
        launched,
        base64.b64decode(user_data).decode(),
        _told(ec2.run_instances, **{**order, "SubnetId": "subnet-00000000", "ClientToken": "u"}),
        _told(ec2.run_instances, **{**order, "DryRun": True, "ClientToken": "v"}),
        _told(ec2.stop_instances, InstanceIds=ids[:1]),
        _told(ec2.start_instances, InstanceIds=ids[:1]),
        _told(ec2.start_instances, InstanceIds=["i-00000000"]),
        _told(ec2.describe_instances, InstanceIds=ids),
        _told(ec2.terminate_instances, InstanceIds=ids),
        _told(ec2.describe_instances, Filters=[{"Name": "instance-state-name", "Values": ["running"]}]),
    ]


def addresses(client: Client) -> list[Any]:
    ec2 = client("ec2")
    made = _told(ec2.allocate_address, Domain="vpc")
    return [
        made,
        _told(ec2.describe_addresses),
        _told(ec2.release_address, AllocationId=made["AllocationId"]),
        _told(ec2.release_address, AllocationId="eipalloc-00000000"),
    ]


def clusters(client: Client) -> list[Any]:
    ecs = client("ecs")
    made = _told(ecs.create_cluster, clusterName="c", tags=[{"key": "a", "value": "1"}])
    known = ("clusterName", "clusterArn", "status", "runningTasksCount", "registeredContainerInstancesCount")
    (described,) = ecs.describe_clusters(clusters=["c"])["clusters"]
    return [
        {name: made["cluster"][name] for name in known},
        {name: described[name] for name in known},
        _told(ecs.list_clusters),
        ecs.list_tags_for_resource(resourceArn=made["cluster"]["clusterArn"])["tags"],
        _told(ecs.list_services, cluster="gone"),
        _told(ecs.describe_services, cluster="c", services=["gone"])["services"],
        ecs.delete_cluster(cluster="c")["cluster"]["status"],
    ]


@pytest.mark.parametrize("script", [networks, instances, addresses, clusters])
def test_moto_and_the_region_tell_the_same(region: RunningRegion, script: Script) -> None:
    keys = {"aws_access_key_id": "AKIAOPERATOR", "aws_secret_access_key": "none", "region_name": region.name}
    with mock_aws():
        right = script(lambda service: _session().client(service, **keys))
    region.reset()
    for told, wanted in zip(script(region.client), right, strict=True):
        assert _essence(told) == _essence(wanted)
