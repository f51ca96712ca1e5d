# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import NotPossible, Refused
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.tags import TagChange
from ansible_collections.edgefleet.ecs.plugins.module_utils._ec2 import subnets
from ansible_collections.edgefleet.ecs.plugins.module_utils._ec2.subnets import (
    NO_LNI,
    NO_POOL,
    SubnetChange,
    WantedSubnet,
    check_overlap,
    check_place,
    check_vpc,
    compare,
    predict,
)
from ansible_collections.edgefleet.ecs.plugins.module_utils._ec2.transformations import shape_subnet
from botocore.exceptions import ClientError

ARN = "arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0"
OUTPOST = {
    "outpost_id": ARN.rpartition("/")[2],
    "outpost_arn": ARN,
    "name": "plant",
    "availability_zone": "us-west-2b",
    "availability_zone_id": "usw2-az1",
}
WANTED = WantedSubnet(vpc_id="vpc-1", cidr="10.0.3.0/24")


def told(**members: Any) -> dict[str, Any]:
    return {
        "SubnetId": "subnet-1",
        "VpcId": "vpc-1",
        "CidrBlock": "10.0.3.0/24",
        "OutpostArn": ARN,
        "AvailabilityZone": "us-west-2b",
        "State": "available",
        "MapPublicIpOnLaunch": False,
        "Tags": [{"Key": "fleet", "Value": "retail"}],
        **members,
    }


CURRENT = shape_subnet(told())
POOLED = shape_subnet(told(MapCustomerOwnedIpOnLaunch=True, CustomerOwnedIpv4Pool="pool", EnableLniAtDeviceIndex=1))


def test_what_was_not_asked_is_not_touched() -> None:
    for current in (CURRENT, POOLED):
        assert not compare(current, WANTED)


@pytest.mark.parametrize(
    ("current", "wanted", "attributes"),
    [
        (CURRENT, {"map_public_ip": True}, [{"MapPublicIpOnLaunch": {"Value": True}}]),
        (CURRENT, {"map_public_ip": False, "pool": NO_POOL, "lni": NO_LNI}, []),
        (
            CURRENT,
            {"pool": "pool"},
            [{"MapCustomerOwnedIpOnLaunch": {"Value": True}, "CustomerOwnedIpv4Pool": "pool"}],
        ),
        (POOLED, {"pool": NO_POOL}, [{"MapCustomerOwnedIpOnLaunch": {"Value": False}}]),
        (POOLED, {"pool": "pool", "lni": 1}, []),
        (POOLED, {"lni": 2}, [{"EnableLniAtDeviceIndex": 2}]),
        (POOLED, {"lni": NO_LNI}, [{"DisableLniAtDeviceIndex": {"Value": True}}]),
    ],
)
def test_attributes_in_the_terms_of_the_api(
    current: dict[str, Any], wanted: dict[str, Any], attributes: list[dict[str, Any]]
) -> None:
    assert compare(current, WantedSubnet(**wanted)).attributes == attributes


def test_a_pool_that_is_not_mapped_has_no_effect() -> None:
    current = shape_subnet(told(CustomerOwnedIpv4Pool="pool"))
    assert compare(current, WantedSubnet(pool="pool"))
    assert not compare(current, WantedSubnet(pool=NO_POOL))


def test_prediction_equals_what_a_second_comparison_calls_unchanged() -> None:
    wanted = WantedSubnet(
        vpc_id="vpc-1", cidr="10.0.3.0/24", map_public_ip=True, pool="pool", lni=1, tags={"a": "1"}, purge_tags=True
    )
    for current in (None, CURRENT, POOLED):
        after = predict(current, wanted, OUTPOST)
        assert not compare(after, wanted)
        assert after["tags"] == {"a": "1"}
    off = WantedSubnet(pool=NO_POOL, lni=NO_LNI)
    assert not compare(predict(POOLED, off, OUTPOST), off)


def test_a_subnet_on_the_outpost_is_in_its_place() -> None:
    check_place(CURRENT, OUTPOST)
    check_place(CURRENT, None)


@pytest.mark.parametrize("outpost", [OUTPOST, None])
def test_a_regional_subnet_is_never_ours(outpost: dict[str, Any] | None) -> None:
    regional = shape_subnet({**told(), "OutpostArn": None})
    with pytest.raises(NotPossible, match=r"subnet-1 \(10.0.3.0/24 of vpc-1\) is a regional subnet in us-west-2b"):
        check_place(regional, outpost)


def test_a_subnet_of_another_outpost_is_not_ours() -> None:
    other = shape_subnet(told(OutpostArn=ARN[:-1] + "f"))
    with pytest.raises(NotPossible, match=r"is on Outpost \S+cdeff, not on op-0123456789abcdef0 \(plant\)"):
        check_place(other, OUTPOST)


def test_a_cidr_lies_in_one_of_the_networks_of_its_vpc() -> None:
    check_vpc("vpc-1", ["10.1.0.0/16", "10.0.0.0/16"], "10.0.3.0/24")
    with pytest.raises(NotPossible, match="10.2.0.0/24 is not inside of VPC vpc-1, which has 10.1.0.0/16, 10.0.0.0/16"):
        check_vpc("vpc-1", ["10.1.0.0/16", "10.0.0.0/16"], "10.2.0.0/24")


def test_an_overlap_names_all_that_are_in_the_way() -> None:
    others = [CURRENT, shape_subnet({**told(SubnetId="subnet-2", CidrBlock="10.0.2.0/25"), "OutpostArn": None})]
    check_overlap(others, "10.0.4.0/24")
    with pytest.raises(NotPossible) as error:
        check_overlap(others, "10.0.2.0/23")
    assert f"subnet-1 (10.0.3.0/24, {ARN})" in error.value.message
    assert "subnet-2 (10.0.2.0/25, us-west-2b)" in error.value.message


def test_every_page_of_a_vpc_is_read(client: Callable[..., Any]) -> None:
    pages = [
        {"Subnets": [told(SubnetId="subnet-0", CidrBlock="10.0.1.0/24")], "NextToken": "a"},
        {"Subnets": [told(), {**told(SubnetId="subnet-6"), "CidrBlock": None}]},
    ]
    fake = client(describe_subnets=pages)
    found, others = subnets.find(fake, WANTED)
    assert found and found["subnet_id"] == "subnet-1"
    assert [item["subnet_id"] for item in others] == ["subnet-0"]
    assert fake.calls[0][1] == {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}], "MaxResults": 1000}
    assert fake.calls[1][1]["NextToken"] == "a"


def test_create_names_the_zone_by_its_id(client: Callable[..., Any]) -> None:
    fake = client(create_subnet={"Subnet": told()})
    subnets.create(fake, WantedSubnet(vpc_id="vpc-1", cidr="10.0.3.0/24", tags={"a": "1"}), OUTPOST)
    assert fake.calls[0][1] == {
        "VpcId": "vpc-1",
        "CidrBlock": "10.0.3.0/24",
        "OutpostArn": ARN,
        "AvailabilityZoneId": "usw2-az1",
        "TagSpecifications": [{"ResourceType": "subnet", "Tags": [{"Key": "a", "Value": "1"}]}],
    }


def conflict() -> ClientError:
    return ClientError({"Error": {"Code": "InvalidSubnet.Conflict", "Message": "conflicts"}}, "CreateSubnet")


def test_a_repeated_create_finds_its_own_subnet(client: Callable[..., Any]) -> None:
    fake = client(create_subnet=[conflict()], describe_subnets={"Subnets": [told()]})
    assert subnets.create(fake, WANTED, OUTPOST)["subnet_id"] == "subnet-1"
    other = client(create_subnet=[conflict()], describe_subnets={"Subnets": [{**told(), "OutpostArn": None}]})
    with pytest.raises(Refused, match="InvalidSubnet.Conflict"):
        subnets.create(other, WANTED, OUTPOST)


def test_one_attribute_a_call_and_tags_last(client: Callable[..., Any]) -> None:
    fake = client(modify_subnet_attribute={}, delete_tags={}, create_tags={})
    attributes = [{"MapPublicIpOnLaunch": {"Value": True}}, {"EnableLniAtDeviceIndex": 1}]
    subnets.update(fake, "subnet-1", SubnetChange(attributes, TagChange(put={"a": "1"}, drop=["fleet"])))
    assert fake.calls == [
        ("modify_subnet_attribute", {"SubnetId": "subnet-1", "MapPublicIpOnLaunch": {"Value": True}}),
        ("modify_subnet_attribute", {"SubnetId": "subnet-1", "EnableLniAtDeviceIndex": 1}),
        ("delete_tags", {"Resources": ["subnet-1"], "Tags": [{"Key": "fleet"}]}),
        ("create_tags", {"Resources": ["subnet-1"], "Tags": [{"Key": "a", "Value": "1"}]}),
    ]


def test_what_uses_a_subnet_is_named(client: Callable[..., Any]) -> None:
    subnets.check_unused(client(describe_network_interfaces={"NetworkInterfaces": []}), "subnet-1")
    interfaces = [
        {"NetworkInterfaceId": "eni-1", "Attachment": {"InstanceId": "i-1"}},
        {"NetworkInterfaceId": "eni-2", "Description": "VPC endpoint"},
        *({"NetworkInterfaceId": f"eni-{number}"} for number in range(3, 24)),
    ]
    with pytest.raises(NotPossible) as error:
        subnets.check_unused(client(describe_network_interfaces={"NetworkInterfaces": interfaces}), "subnet-1")
    assert "in use by eni-1 (instance i-1), eni-2 (VPC endpoint), eni-3 (not attached)" in error.value.message
    assert "and 3 more" in error.value.message
    assert len(error.value.details["in_use_by"]) == 23
