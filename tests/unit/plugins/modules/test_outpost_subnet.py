# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import outpost_subnet

Run = Callable[..., dict[str, Any]]
ID = "op-0123456789abcdef0"
ARN = f"arn:aws:outposts:us-west-2:111122223333:outpost/{ID}"
SUBNET = "subnet-0123456789abcdef0"
VPC = "vpc-0123456789abcdef0"
OUTPOST = {
    "Outpost": {
        "OutpostId": ID,
        "OutpostArn": ARN,
        "Name": "plant",
        "AvailabilityZone": "us-west-2b",
        "AvailabilityZoneId": "usw2-az1",
        "SupportedHardwareType": "RACK",
    }
}
WANTED = {"outpost": ID, "vpc_id": VPC, "cidr": "10.0.3.0/24"}
GONE = {"subnet_id": SUBNET, "state": "absent"}
NONE: dict[str, Any] = {"Subnets": []}
UNUSED: dict[str, Any] = {"NetworkInterfaces": []}
BLOCK = {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}}
OLD_BLOCK = {"CidrBlock": "10.2.0.0/16", "CidrBlockState": {"State": "disassociated"}}
VPCS = {"Vpcs": [{"VpcId": VPC, "CidrBlockAssociationSet": [BLOCK, OLD_BLOCK]}]}


def told(**members: Any) -> dict[str, Any]:
    subnet = {
        "SubnetId": SUBNET,
        "VpcId": VPC,
        "CidrBlock": "10.0.3.0/24",
        "OutpostArn": ARN,
        "AvailabilityZone": "us-west-2b",
        "AvailabilityZoneId": "usw2-az1",
        "State": "available",
        **members,
    }
    return {"Subnets": [{name: value for name, value in subnet.items() if value is not None}]}


def made(**members: Any) -> dict[str, Any]:
    return {"Subnet": told(**members)["Subnets"][0]}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({**WANTED, "outpost": "op-1"}, "Option outpost: 'op-1'"),
        ({**WANTED, "vpc_id": "plant"}, "Option vpc_id: 'plant'"),
        ({**WANTED, "cidr": "10.0.3.0/8"}, "Option cidr: '10.0.3.0/8'"),
        ({**WANTED, "enable_lni_at_device_index": 0}, "give 1 or more"),
        ({**WANTED, "map_customer_owned_ip_on_launch": True}, "name the pool too"),
        ({**WANTED, "tags": {"a": True}}, "tags.a"),
        ({**GONE, "subnet_id": "plant"}, "Option subnet_id: 'plant'"),
    ],
)
def test_bad_input_fails_before_any_call(run: Run, params: dict[str, Any], message: str) -> None:
    assert message in run(outpost_subnet, params)["msg"]


def test_another_zone_fails_before_ec2_is_asked(run: Run, client: Any) -> None:
    fake = client(get_outpost=OUTPOST)
    assert (
        "is in us-west-2b (usw2-az1)" in run(outpost_subnet, {**WANTED, "availability_zone": "us-west-2a"}, fake)["msg"]
    )
    assert fake.methods() == ["get_outpost"]


def test_unchanged_costs_two_calls(run: Run, client: Any) -> None:
    fake = client(get_outpost=OUTPOST, describe_subnets=told())
    result = run(outpost_subnet, WANTED, fake)
    assert (result["changed"], result["subnet"]["subnet_id"]) == (False, SUBNET)
    assert result["diff"]["before"] == result["diff"]["after"]
    assert fake.methods() == ["get_outpost", "describe_subnets"]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("asked", [WANTED, {"outpost": ID, "subnet_id": SUBNET}, GONE])
def test_a_regional_subnet_is_an_error_and_left_alone(
    run: Run, client: Any, asked: dict[str, Any], check_mode: bool
) -> None:
    """amazon.aws.ec2_vpc_subnet takes it for the Outpost's, because VPC and CIDR are the same."""
    fake = client(get_outpost=OUTPOST, describe_subnets=told(OutpostArn=None))
    result = run(outpost_subnet, asked, fake, check_mode)
    assert result["failed"]
    assert "is a regional subnet in us-west-2b" in result["msg"]
    assert set(fake.methods()) <= {"get_outpost", "describe_subnets"}


def test_check_mode_creates_nothing_and_predicts(run: Run, client: Any) -> None:
    fake = client(get_outpost=OUTPOST, describe_subnets=NONE, describe_vpcs=VPCS)
    result = run(outpost_subnet, {**WANTED, "tags": {"fleet": "retail"}}, fake, check_mode=True)
    assert result["changed"]
    assert result["subnet"]["availability_zone_id"] == "usw2-az1"
    assert result["diff"]["after"]["tags"] == {"fleet": "retail"}
    assert fake.methods() == ["get_outpost", "describe_subnets", "describe_vpcs"]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("cidr", ["10.1.0.0/24", "10.2.0.0/24"])
def test_a_cidr_outside_of_the_vpc_is_refused_in_check_mode_too(
    run: Run, client: Any, cidr: str, check_mode: bool
) -> None:
    fake = client(get_outpost=OUTPOST, describe_subnets=NONE, describe_vpcs=VPCS)
    assert "is not inside of VPC" in run(outpost_subnet, {**WANTED, "cidr": cidr}, fake, check_mode)["msg"]


def test_a_new_subnet_is_waited_for_and_then_set(run: Run, client: Any, naps: list[float]) -> None:
    looks = [NONE, NONE, told(State="pending"), told(), told(MapPublicIpOnLaunch=True)]
    fake = client(
        get_outpost=OUTPOST,
        describe_subnets=looks,
        describe_vpcs=VPCS,
        create_subnet=made(State="pending"),
        modify_subnet_attribute={},
    )
    result = run(outpost_subnet, {**WANTED, "map_public_ip_on_launch": True}, fake)
    assert result["changed"]
    assert result["subnet"]["map_public_ip_on_launch"]
    assert len(naps) == 3
    assert fake.methods()[-2:] == ["modify_subnet_attribute", "describe_subnets"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_pool_of_another_outpost_leaves_no_subnet_half_made(run: Run, client: Any, check_mode: bool) -> None:
    pool = "ipv4pool-coip-0123456789abcdef0"
    fake = client(
        get_outpost=OUTPOST,
        describe_subnets=NONE,
        describe_vpcs=VPCS,
        describe_coip_pools={"CoipPools": [{"PoolId": pool, "LocalGatewayRouteTableId": "lgw-rtb-1"}]},
        describe_local_gateway_route_tables={
            "LocalGatewayRouteTables": [{"LocalGatewayRouteTableId": "lgw-rtb-1", "OutpostArn": "another"}]
        },
    )
    result = run(outpost_subnet, {**WANTED, "customer_owned_ipv4_pool": pool}, fake, check_mode)
    assert "belongs to Outpost another" in result["msg"]


def test_without_wait_nobody_waits(run: Run, client: Any, naps: list[float]) -> None:
    fake = client(get_outpost=OUTPOST, describe_subnets=NONE, describe_vpcs=VPCS, create_subnet=made(State="pending"))
    assert run(outpost_subnet, {**WANTED, "wait": False}, fake)["subnet"]["state"] == "pending"
    assert naps == []


def test_an_id_that_is_not_there_needs_vpc_and_cidr(run: Run, client: Any) -> None:
    fake = client(get_outpost=OUTPOST, describe_subnets=NONE)
    assert "Give vpc_id and cidr" in run(outpost_subnet, {"outpost": ID, "subnet_id": SUBNET}, fake)["msg"]


def test_deletion_waits_until_it_is_gone(run: Run, client: Any, naps: list[float]) -> None:
    fake = client(describe_subnets=[told(), told(), told(), NONE], describe_network_interfaces=UNUSED, delete_subnet={})
    result = run(outpost_subnet, GONE, fake)
    assert (result["changed"], result["subnet"], result["diff"]["after"]) == (True, None, {})
    assert fake.methods().count("delete_subnet") == 1
    assert len(naps) == 2


def test_a_subnet_in_use_is_told_in_check_mode(run: Run, client: Any) -> None:
    interface = {"NetworkInterfaceId": "eni-1", "Attachment": {"InstanceId": "i-1"}}
    fake = client(describe_subnets=told(), describe_network_interfaces={"NetworkInterfaces": [interface]})
    assert "in use by eni-1 (instance i-1)" in run(outpost_subnet, GONE, fake, check_mode=True)["msg"]


def test_absent_is_idempotent(run: Run, client: Any) -> None:
    result = run(outpost_subnet, GONE, client(describe_subnets=NONE))
    assert (result["changed"], result["subnet"]) == (False, None)
