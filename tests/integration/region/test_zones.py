# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local Zones and Wavelength Zones, and container instances there and in the Region itself."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.region.testing import RunningRegion

from .conftest import CLUSTER
from .expect import refused
from .test_outpost_instances import TRUST_EC2, USER_DATA

LOCAL, WAVELENGTH = "us-west-2-lax-1a", "us-west-2-wl1-las-wlz-1"
GROUPS = {LOCAL: "us-west-2-lax-1", WAVELENGTH: "us-west-2-wl1"}
PARAMETER = "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id"


@pytest.fixture
def ec2(client: Any) -> Any:
    return client("ec2")


def _zones(ec2: Any, **options: Any) -> dict[str, dict[str, Any]]:
    return {zone["ZoneName"]: zone for zone in ec2.describe_availability_zones(**options)["AvailabilityZones"]}


def test_zones_are_shown_once_opted_in(ec2: Any) -> None:
    own = {"us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"}
    assert set(_zones(ec2)) == own
    every = _zones(ec2, AllAvailabilityZones=True)
    assert set(every) == own | {LOCAL, WAVELENGTH}
    assert (every[LOCAL]["ZoneType"], every[LOCAL]["OptInStatus"]) == ("local-zone", "not-opted-in")
    assert every[WAVELENGTH]["NetworkBorderGroup"] == WAVELENGTH
    assert every["us-west-2a"]["OptInStatus"] == "opt-in-not-required"
    with refused("InvalidParameterValue", "us-west-2-nowhere"):
        ec2.modify_availability_zone_group(GroupName="us-west-2-nowhere", OptInStatus="opted-in")
    with refused("OperationNotPermitted"):
        ec2.modify_availability_zone_group(GroupName=GROUPS[LOCAL], OptInStatus="not-opted-in")
    ec2.modify_availability_zone_group(GroupName=GROUPS[LOCAL], OptInStatus="opted-in")
    assert set(_zones(ec2)) == own | {LOCAL}
    by_type = [{"Name": "zone-type", "Values": ["local-zone"]}]
    assert set(_zones(ec2, Filters=by_type)) == {LOCAL}
    assert set(_zones(ec2, ZoneIds=["usw2-lax1-az1"])) == {LOCAL}
    with refused("InvalidParameterValue", "us-west-2z"):
        _zones(ec2, ZoneNames=["us-west-2z"])


@pytest.mark.parametrize("zone", [LOCAL, WAVELENGTH, "us-west-2c"])
def test_instances_join_wherever_they_are(region: RunningRegion, client: Any, ec2: Any, zone: str) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    order = {"VpcId": vpc, "CidrBlock": "10.1.1.0/24", "AvailabilityZone": zone}
    if zone in GROUPS:
        with refused("InvalidParameterValue", zone):
            ec2.create_subnet(**order)
        ec2.modify_availability_zone_group(GroupName=GROUPS[zone], OptInStatus="opted-in")
    subnet = ec2.create_subnet(**order)["Subnet"]
    assert subnet["AvailabilityZone"] == zone
    region.create_role("EcsInstances", TRUST_EC2)
    iam, ecs = client("iam"), client("ecs")
    iam.create_instance_profile(InstanceProfileName="EcsInstances")
    iam.add_role_to_instance_profile(InstanceProfileName="EcsInstances", RoleName="EcsInstances")
    ecs.create_cluster(clusterName=CLUSTER)
    ec2.run_instances(
        SubnetId=subnet["SubnetId"],
        ImageId=f"resolve:ssm:{PARAMETER}",
        InstanceType="c6g.large",
        MinCount=1,
        MaxCount=1,
        UserData=USER_DATA,
        IamInstanceProfile={"Name": "EcsInstances"},
    )
    arns = ecs.list_container_instances(cluster=CLUSTER)["containerInstanceArns"]
    (member,) = ecs.describe_container_instances(cluster=CLUSTER, containerInstances=arns)["containerInstances"]
    attributes = {one["name"]: one.get("value") for one in member["attributes"]}
    assert attributes["ecs.availability-zone"] == zone
    parameter = client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    assert attributes["ecs.ami-id"] == parameter


def test_an_image_of_a_parameter_that_is_not_there(ec2: Any) -> None:
    with refused("InvalidParameterValue", "/no/such"):
        ec2.run_instances(ImageId="resolve:ssm:/no/such", InstanceType="c5.large", MinCount=1, MaxCount=1)


def test_default_subnets_stay_in_the_regions_own_zones(ec2: Any) -> None:
    ec2.modify_availability_zone_group(GroupName=GROUPS[LOCAL], OptInStatus="opted-in")
    found = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    assert {subnet["AvailabilityZone"] for subnet in found} <= {"us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"}
