# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local gateways, their routes and associations: the ladders, what they cost in calls, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def ec2(region: Any) -> Any:
    return region.client("ec2")


@pytest.fixture
def plant(region: Any) -> dict[str, Any]:
    rack: dict[str, Any] = region.outpost(name="plant", availability_zone="us-west-2b")
    return rack


@pytest.fixture
def table(ec2: Any, plant: dict[str, Any]) -> str:
    (found,) = ec2.describe_local_gateway_route_tables()["LocalGatewayRouteTables"]
    return str(found["LocalGatewayRouteTableId"])


@pytest.fixture
def group(ec2: Any, plant: dict[str, Any]) -> str:
    (found,) = ec2.describe_local_gateway_virtual_interface_groups()["LocalGatewayVirtualInterfaceGroups"]
    return str(found["LocalGatewayVirtualInterfaceGroupId"])


@pytest.fixture
def vpc(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def subnet(ec2: Any, plant: dict[str, Any], vpc: str) -> str:
    made = ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.0.3.0/24", OutpostArn=plant["outpost_arn"], AvailabilityZone="us-west-2b"
    )
    return str(made["Subnet"]["SubnetId"])


@pytest.fixture
def second_table(ec2: Any, plant: dict[str, Any]) -> Callable[[str], str]:
    def make(mode: str) -> str:
        made = ec2.create_local_gateway_route_table(LocalGatewayId=plant["local_gateway_id"], Mode=mode)
        return str(made["LocalGatewayRouteTable"]["LocalGatewayRouteTableId"])

    return make


def test_local_gateway_info(
    ansible: Any, region: Any, ec2: Any, plant: dict[str, Any], second_table: Callable[[str], str]
) -> None:
    pool = ec2.create_coip_pool(LocalGatewayRouteTableId=second_table("coip"))["CoipPool"]["PoolId"]
    ec2.create_coip_cidr(CoipPoolId=pool, Cidr="192.168.7.0/24")
    region.outpost(name="elsewhere")
    ansible.target("local_gateway_info", target_plant=plant, target_pool=pool)


def test_local_gateway_route(ansible: Any, ec2: Any, table: str, group: str, subnet: str) -> None:
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    ansible.target("local_gateway_route", target_table=table, target_group=group, target_interface=interface)


def test_local_gateway_route_table_association(
    ansible: Any, table: str, vpc: str, second_table: Callable[[str], str]
) -> None:
    other = second_table("direct-vpc-routing")
    name = "local_gateway_route_table_association"
    ansible.target(name, target_table=table, target_other_table=other, target_vpc=vpc)


@pytest.mark.one_end
def test_routes_are_read_page_by_page(ansible: Any, region: Any, ec2: Any, table: str, group: str) -> None:
    """A page holds a thousand; the many are put into the Region's memory, which is quicker than to create them."""
    where = {"LocalGatewayRouteTableId": table, "LocalGatewayVirtualInterfaceGroupId": group}
    first = ec2.create_local_gateway_route(**where, DestinationCidrBlock="172.16.0.0/24")["Route"]
    cidrs = [f"172.{16 + number // 256}.{number % 256}.0/24" for number in range(2500)]
    region.state.ec2.routes[table].update({cidr: {**first, "DestinationCidrBlock": cidr} for cidr in cidrs})

    region.control("DELETE", "calls")
    result = ansible.module("local_gateway_info", include=["routes"])
    assert len(result["routes"]) == 2500
    assert ansible.calls() == {
        "ec2:DescribeLocalGateways": 1,
        "ec2:DescribeLocalGatewayRouteTables": 1,
        "ec2:SearchLocalGatewayRoutes": 3,
    }

    region.control("DELETE", "calls")
    wanted = {"local_gateway_route_table_id": table, "local_gateway_virtual_interface_group_id": group}
    assert not ansible.module("local_gateway_route", destination_cidr_block=cidrs[-1], **wanted)["changed"]
    assert ansible.calls() == {"ec2:SearchLocalGatewayRoutes": 1}


@pytest.mark.one_end
def test_many_local_gateways_take_as_many_calls_as_filters(ansible: Any, region: Any) -> None:
    for number in range(250):
        region.outpost(name=f"o{number}", hosts=[{"c5.large": 1}])
    region.control("DELETE", "calls")
    result = ansible.module("local_gateway_info", include=["virtual_interfaces", "vpc_associations"])
    assert (len(result["local_gateways"]), len(result["virtual_interfaces"])) == (250, 500)
    assert ansible.calls() == {
        "ec2:DescribeLocalGateways": 1,
        "ec2:DescribeLocalGatewayVirtualInterfaces": 2,
        "ec2:DescribeLocalGatewayRouteTableVpcAssociations": 2,
    }


@pytest.mark.one_end
def test_a_propagated_route_stays_beside_the_static_one(
    ansible: Any, ec2: Any, table: str, group: str, vpc: str, subnet: str
) -> None:
    ec2.create_local_gateway_route_table_vpc_association(LocalGatewayRouteTableId=table, VpcId=vpc)
    wanted = {"local_gateway_route_table_id": table, "destination_cidr_block": "10.0.3.0/24"}
    result = ansible.module("local_gateway_route", local_gateway_virtual_interface_group_id=group, **wanted)
    assert (result["changed"], result["route"]["type"]) == (True, "static")
    assert (result["propagated_route"]["type"], result["propagated_route"]["subnet_id"]) == ("propagated", subnet)
    result = ansible.module("local_gateway_route", state="absent", **wanted)
    assert (result["changed"], result["route"]) == (True, None)
    assert [route["Type"] for route in ec2.search_local_gateway_routes(LocalGatewayRouteTableId=table)["Routes"]] == [
        "propagated"
    ]


@pytest.mark.one_end
def test_a_blackhole_is_left_and_told(ansible: Any, region: Any, ec2: Any, table: str, subnet: str) -> None:
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    wanted = {"local_gateway_route_table_id": table, "destination_cidr_block": "10.9.0.0/16"}
    ec2.create_local_gateway_route(
        LocalGatewayRouteTableId=table, DestinationCidrBlock="10.9.0.0/16", NetworkInterfaceId=interface
    )
    region.state.ec2.routes[table]["10.9.0.0/16"]["State"] = "blackhole"
    result = ansible.module("local_gateway_route", network_interface_id=interface, **wanted)
    assert (result["changed"], result["route"]["state"]) == (False, "blackhole")
    assert "is a blackhole" in result["warnings"][0]


@pytest.mark.one_end
def test_throttling_is_survived(ansible: Any, region: Any, table: str, group: str, vpc: str) -> None:
    region.fault("ec2", "*", "throttle", count=3)
    region.fault("ec2", "CreateLocalGatewayRouteTableVpcAssociation", "error", count=1, status=503)
    where = {"local_gateway_route_table_id": table}
    result = ansible.module("local_gateway_route_table_association", vpc_id=vpc, **where)
    assert result["changed"], result
    assert result["association"]["state"] == "associated"
