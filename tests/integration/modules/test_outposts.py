# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outposts and their subnets: the ladders, what they cost in calls, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

MANY = 250
FLEET = {"fleet": "retail"}


@pytest.fixture
def plant(region: Any) -> dict[str, Any]:
    rack: dict[str, Any] = region.outpost(
        name="plant", availability_zone="us-west-2b", hosts=[{"c5.large": 8}, {"m5.large": 8}], tags=FLEET
    )
    return rack


@pytest.fixture
def vpc(region: Any) -> str:
    return str(region.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def subnet(region: Any, vpc: str, outpost: dict[str, Any] | None = None, cidr: str = "10.0.3.0/24") -> str:
    where = {"AvailabilityZone": "us-west-2b"} | ({"OutpostArn": outpost["outpost_arn"]} if outpost else {})
    made = region.client("ec2").create_subnet(VpcId=vpc, CidrBlock=cidr, **where)
    return str(made["Subnet"]["SubnetId"])


def pool(region: Any, outpost: dict[str, Any]) -> str:
    ec2 = region.client("ec2")
    made = ec2.create_local_gateway_route_table(LocalGatewayId=outpost["local_gateway_id"], Mode="coip")
    table = made["LocalGatewayRouteTable"]["LocalGatewayRouteTableId"]
    return str(ec2.create_coip_pool(LocalGatewayRouteTableId=table)["CoipPool"]["PoolId"])


def launch(region: Any, subnet_id: str) -> str:
    wanted = {"ImageId": "ami-12345678", "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
    return str(region.client("ec2").run_instances(SubnetId=subnet_id, **wanted)["Instances"][0]["InstanceId"])


def test_outpost_info(ansible: Any, region: Any, plant: dict[str, Any], vpc: str) -> None:
    shop = region.outpost(name="shop", hardware="SERVER")
    launch(region, subnet(region, vpc, plant))
    assets = region.client("outposts").list_assets(OutpostIdentifier=plant["outpost_id"])["Assets"]
    host = f"outposts/{plant['outpost_id']}/hosts/{assets[1]['AssetId']}"
    region.control("POST", host, {"state": "ISOLATED"})
    ansible.target("outpost_info", target_plant=plant, target_shop=shop, target_site=plant["site_id"])


def test_outpost_subnet(ansible: Any, region: Any, plant: dict[str, Any], vpc: str) -> None:
    region.outpost(name="shop", hardware="SERVER", availability_zone="us-west-2b")
    subnet(region, vpc, cidr="10.0.9.0/24")
    ansible.target("outpost_subnet", target_plant=plant, target_pool=pool(region, plant), target_vpc=vpc)


@pytest.mark.one_end
def test_an_outpost_is_found_on_the_third_page(ansible: Any, region: Any, plant: dict[str, Any]) -> None:
    """A page holds a thousand; the many are put into the Region's memory, which is quicker than to order them."""
    model = region.state.outposts.outposts
    first = model[plant["outpost_id"]]
    for number in range(1000, 3500):
        identity = f"op-{number:017x}"
        arn = first.arn.replace(first.id, identity)
        model[identity] = type(first)(
            **{**vars(first), "number": number, "id": identity, "arn": arn, "name": f"o{number}"}
        )
    region.control("DELETE", "calls")
    result = ansible.module("outpost_info", include_capacity=False)
    assert len(result["outposts"]) == 2501
    assert ansible.calls() == {"outposts:ListOutposts": 3}

    region.control("DELETE", "calls")
    result = ansible.module("outpost_info", outposts=["o3400", "plant"])
    assert [one["name"] for one in result["outposts"]] == ["plant", "o3400"]
    assert ansible.calls() == {
        "outposts:ListOutposts": 3,
        "outposts:ListAssets": 2,
        "outposts:ListAssetInstances": 2,
    }


@pytest.mark.one_end
def test_a_vpc_full_of_subnets_is_read_in_one_call(ansible: Any, region: Any, plant: dict[str, Any], vpc: str) -> None:
    for number in range(MANY):
        subnet(region, vpc, plant if number % 2 else None, f"10.0.{number}.0/25")
    asked = {"outpost": plant["outpost_arn"], "vpc_id": vpc}

    region.control("DELETE", "calls")
    assert not ansible.module("outpost_subnet", cidr="10.0.249.0/25", **asked)["changed"]
    assert ansible.calls() == {"outposts:GetOutpost": 1, "ec2:DescribeSubnets": 1}

    region.control("DELETE", "calls")
    result = ansible.module("outpost_subnet", cidr="10.0.248.0/23", **asked)
    assert result["failed"]
    assert "overlaps with subnet-" in result["msg"]
    assert "(10.0.248.0/25, us-west-2b)" in result["msg"]
    assert f"(10.0.249.0/25, {plant['outpost_arn']})" in result["msg"]
    assert ansible.calls() == {"outposts:GetOutpost": 1, "ec2:DescribeSubnets": 1, "ec2:DescribeVpcs": 1}

    region.control("DELETE", "calls")
    assert ansible.module("outpost_subnet", cidr="10.0.250.0/25", map_public_ip_on_launch=True, **asked)["changed"]
    assert ansible.calls() == {
        "outposts:GetOutpost": 1,
        "ec2:DescribeSubnets": 2,
        "ec2:DescribeVpcs": 1,
        "ec2:CreateSubnet": 1,
        "ec2:ModifySubnetAttribute": 1,
    }


@pytest.mark.one_end
def test_a_subnet_in_use_is_not_deleted(ansible: Any, region: Any, plant: dict[str, Any], vpc: str) -> None:
    used = subnet(region, vpc, plant)
    instance = launch(region, used)
    result = ansible.module("outpost_subnet", subnet_id=used, state="absent")
    assert result["failed"]
    assert instance in result["msg"]
    assert not region.calls(service="ec2", action="DeleteSubnet")


@pytest.mark.one_end
def test_throttling_is_survived(ansible: Any, region: Any, plant: dict[str, Any], vpc: str) -> None:
    region.fault("outposts", "*", "throttle", count=2)
    region.fault("ec2", "DescribeSubnets", "throttle", count=2)
    region.fault("ec2", "CreateSubnet", "throttle", count=2)
    result = ansible.module("outpost_subnet", outpost="plant", vpc_id=vpc, cidr="10.0.3.0/24")
    assert result["changed"], result
    assert result["subnet"]["outpost_arn"] == plant["outpost_arn"]
