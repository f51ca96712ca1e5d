# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local gateways: tables, associations, routes; customer-owned addresses."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.region.testing import RunningRegion

from .expect import refused


@pytest.fixture
def ec2(client: Any) -> Any:
    return client("ec2")


@pytest.fixture
def outpost(region: RunningRegion) -> dict[str, Any]:
    return region.outpost(name="rack", availability_zone="us-west-2b")


def _vpc(ec2: Any, cidr: str = "10.1.0.0/16") -> str:
    return str(ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"])


def _by_outpost(outpost: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"Name": "outpost-arn", "Values": [outpost["outpost_arn"]]}]


def _table(ec2: Any, outpost: dict[str, Any]) -> dict[str, Any]:
    (table,) = ec2.describe_local_gateway_route_tables(Filters=_by_outpost(outpost))["LocalGatewayRouteTables"]
    return dict(table)


def test_a_rack_comes_with_a_local_gateway(region: RunningRegion, ec2: Any, outpost: dict[str, Any]) -> None:
    region.outpost(name="another")
    (gateway,) = ec2.describe_local_gateways(Filters=_by_outpost(outpost))["LocalGateways"]
    assert (gateway["LocalGatewayId"], gateway["State"]) == (outpost["local_gateway_id"], "available")
    by_gateway = [{"Name": "local-gateway-id", "Values": [gateway["LocalGatewayId"]]}]
    found = ec2.describe_local_gateway_virtual_interface_groups(Filters=by_gateway)
    (group,) = found["LocalGatewayVirtualInterfaceGroups"]
    ids = group["LocalGatewayVirtualInterfaceIds"]
    found = ec2.describe_local_gateway_virtual_interfaces(LocalGatewayVirtualInterfaceIds=ids)
    assert [one["Vlan"] for one in found["LocalGatewayVirtualInterfaces"]] == [100, 101]
    assert _table(ec2, outpost)["Mode"] == "direct-vpc-routing"
    assert len(ec2.describe_local_gateways()["LocalGateways"]) == 2


def test_a_server_has_none(region: RunningRegion, ec2: Any) -> None:
    assert region.outpost(hardware="SERVER")["local_gateway_id"] is None
    assert ec2.describe_local_gateways()["LocalGateways"] == []


def test_tables_and_their_associations(ec2: Any, outpost: dict[str, Any]) -> None:
    tags = [{"ResourceType": "local-gateway-route-table", "Tags": [{"Key": "Name", "Value": "t"}]}]
    made = ec2.create_local_gateway_route_table(
        LocalGatewayId=outpost["local_gateway_id"], Mode="coip", TagSpecifications=tags
    )["LocalGatewayRouteTable"]
    table = made["LocalGatewayRouteTableId"]
    assert (made["Mode"], made["Tags"]) == ("coip", [{"Key": "Name", "Value": "t"}])
    by_tag = [{"Name": "tag:Name", "Values": ["t"]}]
    assert len(ec2.describe_local_gateway_route_tables(Filters=by_tag)["LocalGatewayRouteTables"]) == 1
    vpc = _vpc(ec2)
    with refused("InvalidVpcID.NotFound"):
        ec2.create_local_gateway_route_table_vpc_association(LocalGatewayRouteTableId=table, VpcId="vpc-1")
    association = ec2.create_local_gateway_route_table_vpc_association(LocalGatewayRouteTableId=table, VpcId=vpc)
    identity = association["LocalGatewayRouteTableVpcAssociation"]["LocalGatewayRouteTableVpcAssociationId"]
    with refused("ResourceAlreadyAssociated"):
        ec2.create_local_gateway_route_table_vpc_association(LocalGatewayRouteTableId=table, VpcId=vpc)
    with refused("DependencyViolation"):
        ec2.delete_local_gateway_route_table(LocalGatewayRouteTableId=table)
    by_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    found = ec2.describe_local_gateway_route_table_vpc_associations(Filters=by_vpc)
    assert [one["State"] for one in found["LocalGatewayRouteTableVpcAssociations"]] == ["associated"]
    ec2.delete_local_gateway_route_table_vpc_association(LocalGatewayRouteTableVpcAssociationId=identity)
    ec2.delete_local_gateway_route_table(LocalGatewayRouteTableId=table)
    with refused("InvalidLocalGatewayRouteTableID.NotFound", table):
        ec2.describe_local_gateway_route_tables(LocalGatewayRouteTableIds=[table])


def test_a_group_of_interfaces_serves_one_table(ec2: Any, outpost: dict[str, Any]) -> None:
    found = ec2.describe_local_gateway_route_table_virtual_interface_group_associations()
    (old,) = found["LocalGatewayRouteTableVirtualInterfaceGroupAssociations"]
    made = ec2.create_local_gateway_route_table(LocalGatewayId=outpost["local_gateway_id"])["LocalGatewayRouteTable"]
    wanted = {
        "LocalGatewayRouteTableId": made["LocalGatewayRouteTableId"],
        "LocalGatewayVirtualInterfaceGroupId": old["LocalGatewayVirtualInterfaceGroupId"],
    }
    with refused("ResourceAlreadyAssociated"):
        ec2.create_local_gateway_route_table_virtual_interface_group_association(**wanted)
    member = "LocalGatewayRouteTableVirtualInterfaceGroupAssociationId"
    ec2.delete_local_gateway_route_table_virtual_interface_group_association(**{member: old[member]})
    ec2.create_local_gateway_route_table_virtual_interface_group_association(**wanted)


def test_routes(ec2: Any, outpost: dict[str, Any]) -> None:
    table = _table(ec2, outpost)["LocalGatewayRouteTableId"]
    (group,) = ec2.describe_local_gateway_virtual_interface_groups()["LocalGatewayVirtualInterfaceGroups"]
    where = {"LocalGatewayRouteTableId": table}
    to_group = {**where, "LocalGatewayVirtualInterfaceGroupId": group["LocalGatewayVirtualInterfaceGroupId"]}
    route = ec2.create_local_gateway_route(**to_group, DestinationCidrBlock="0.0.0.0/0")["Route"]
    assert (route["Type"], route["State"]) == ("static", "active")
    ec2.create_local_gateway_route(**to_group, DestinationCidrBlock="192.168.0.0/16")
    with refused("RouteAlreadyExists"):
        ec2.create_local_gateway_route(**to_group, DestinationCidrBlock="0.0.0.0/0")
    with refused("InvalidParameterValue", "10.0.0.1/8"):
        ec2.create_local_gateway_route(**to_group, DestinationCidrBlock="10.0.0.1/8")
    within = [{"Name": "route-search.subnet-of-match", "Values": ["192.0.0.0/8"]}]
    found = ec2.search_local_gateway_routes(**where, Filters=within)["Routes"]
    assert [one["DestinationCidrBlock"] for one in found] == ["192.168.0.0/16"]
    changed = ec2.modify_local_gateway_route(**to_group, DestinationCidrBlock="192.168.0.0/16")["Route"]
    assert changed["LocalGatewayVirtualInterfaceGroupId"] == group["LocalGatewayVirtualInterfaceGroupId"]
    ec2.delete_local_gateway_route(**where, DestinationCidrBlock="0.0.0.0/0")
    with refused("InvalidRoute.NotFound"):
        ec2.delete_local_gateway_route(**where, DestinationCidrBlock="0.0.0.0/0")
    assert len(ec2.search_local_gateway_routes(**where)["Routes"]) == 1


def test_a_vpc_reaches_the_gateway_once_it_is_associated(ec2: Any, outpost: dict[str, Any]) -> None:
    vpc = _vpc(ec2)
    subnet = ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.1.1.0/24", OutpostArn=outpost["outpost_arn"], AvailabilityZone="us-west-2b"
    )["Subnet"]["SubnetId"]
    routes = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": routes, "DestinationCidrBlock": "192.168.0.0/16"}
    with refused("InvalidParameterValue", "not associated"):
        ec2.create_route(**route, LocalGatewayId=outpost["local_gateway_id"])
    table = _table(ec2, outpost)["LocalGatewayRouteTableId"]
    assert ec2.search_local_gateway_routes(LocalGatewayRouteTableId=table)["Routes"] == []
    ec2.create_local_gateway_route_table_vpc_association(LocalGatewayRouteTableId=table, VpcId=vpc)
    (announced,) = ec2.search_local_gateway_routes(LocalGatewayRouteTableId=table)["Routes"]
    assert (announced["Type"], announced["SubnetId"]) == ("propagated", subnet)
    ec2.create_route(**route, LocalGatewayId=outpost["local_gateway_id"])
    described = ec2.describe_route_tables(RouteTableIds=[routes])["RouteTables"][0]["Routes"]
    assert [one.get("LocalGatewayId") for one in described] == [None, outpost["local_gateway_id"]]


def _pool(ec2: Any, outpost: dict[str, Any], *cidrs: str) -> str:
    made = ec2.create_local_gateway_route_table(LocalGatewayId=outpost["local_gateway_id"], Mode="coip")
    table = made["LocalGatewayRouteTable"]["LocalGatewayRouteTableId"]
    pool = str(ec2.create_coip_pool(LocalGatewayRouteTableId=table)["CoipPool"]["PoolId"])
    for cidr in cidrs:
        ec2.create_coip_cidr(CoipPoolId=pool, Cidr=cidr)
    return pool


def test_customer_owned_addresses(ec2: Any, outpost: dict[str, Any]) -> None:
    with refused("InvalidParameterValue", "CoIP mode"):
        ec2.create_coip_pool(LocalGatewayRouteTableId=_table(ec2, outpost)["LocalGatewayRouteTableId"])
    pool = _pool(ec2, outpost, "192.168.7.0/30")
    with refused("InvalidParameterValue", "overlaps"):
        ec2.create_coip_cidr(CoipPoolId=pool, Cidr="192.168.0.0/16")
    first = ec2.allocate_address(Domain="vpc", CustomerOwnedIpv4Pool=pool)
    assert (first["CustomerOwnedIp"], first["CustomerOwnedIpv4Pool"]) == ("192.168.7.1", pool)
    ec2.allocate_address(Domain="vpc", CustomerOwnedIpv4Pool=pool)
    with refused("InsufficientAddressCapacity"):
        ec2.allocate_address(Domain="vpc", CustomerOwnedIpv4Pool=pool)
    used = ec2.get_coip_pool_usage(PoolId=pool)["CoipAddressUsages"]
    assert [(one["CoIp"], one["AllocationId"]) for one in used][0] == ("192.168.7.1", first["AllocationId"])
    with refused("DependencyViolation"):
        ec2.delete_coip_pool(CoipPoolId=pool)
    spare = _pool(ec2, outpost)
    assert ec2.delete_coip_pool(CoipPoolId=spare)["CoipPool"]["PoolId"] == spare
    ec2.release_address(AllocationId=first["AllocationId"])
    assert [one["CoIp"] for one in ec2.get_coip_pool_usage(PoolId=pool)["CoipAddressUsages"]] == ["192.168.7.2"]
    assert ec2.describe_coip_pools(PoolIds=[pool])["CoipPools"][0]["PoolCidrs"] == ["192.168.7.0/30"]
    with refused("DependencyViolation"):
        ec2.delete_coip_cidr(CoipPoolId=pool, Cidr="192.168.7.0/30")
    ec2.create_coip_cidr(CoipPoolId=pool, Cidr="192.168.8.0/30")
    assert ec2.delete_coip_cidr(CoipPoolId=pool, Cidr="192.168.8.0/30")["CoipCidr"]["CoipPoolId"] == pool
    _pool(ec2, outpost)
    by_pool = [{"Name": "coip-pool.pool-id", "Values": [pool]}]
    assert [one["PoolId"] for one in ec2.describe_coip_pools(Filters=by_pool)["CoipPools"]] == [pool]
    with refused("InvalidParameterValue", "filter 'pool-id'"):
        ec2.describe_coip_pools(Filters=[{"Name": "pool-id", "Values": [pool]}])


def test_tags_pages_and_dry_runs(region: RunningRegion, ec2: Any, outpost: dict[str, Any]) -> None:
    gateway = outpost["local_gateway_id"]
    ec2.create_tags(Resources=[gateway], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ec2.delete_tags(Resources=[gateway], Tags=[{"Key": "a"}])
    assert ec2.describe_local_gateways()["LocalGateways"][0]["Tags"] == [{"Key": "b", "Value": "2"}]
    with refused("InvalidParameterValue", "filter 'outpost'"):
        ec2.describe_local_gateways(Filters=[{"Name": "outpost", "Values": ["x"]}])
    for number in range(5):
        region.outpost(name=f"o{number}")
    pages = list(ec2.get_paginator("describe_local_gateways").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["LocalGateways"]) for page in pages] == [5, 1]
    with refused("DryRunOperation") as refusal:
        ec2.create_local_gateway_route_table(LocalGatewayId=gateway, DryRun=True)
    assert refusal.status == 412
    with refused("MissingParameter", "LocalGatewayId"):
        _unchecked(region).create_local_gateway_route_table()


def _unchecked(region: RunningRegion) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "AKIAOPERATOR", "aws_secret_access_key": "none", "region_name": region.name}
    return boto3.client("ec2", endpoint_url=region.url, config=config, **keys)
