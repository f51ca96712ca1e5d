# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import InvalidInput, NotPossible
from ansible_collections.edgefleet.ecs.plugins.module_utils._ec2.subnet_input import (
    check_against_outpost,
    check_pool,
    read_lni,
    read_pool,
)
from ansible_collections.edgefleet.ecs.plugins.module_utils._ec2.subnets import (
    NO_LNI,
    NO_POOL,
    WantedSubnet,
    compare,
    predict,
)
from ansible_collections.edgefleet.ecs.plugins.module_utils._ec2.validation import (
    check_ids,
    check_subnet_cidr,
    read_network,
)

POOL = "ipv4pool-coip-0123456789abcdef0"
RACK = {
    "outpost_id": "op-1",
    "outpost_arn": "arn",
    "name": "plant",
    "availability_zone": "us-west-2b",
    "availability_zone_id": "usw2-az1",
    "supported_hardware_type": "RACK",
}
SERVER = {**RACK, "supported_hardware_type": "SERVER"}


@pytest.mark.parametrize(
    ("mapped", "pool", "read"),
    [(None, None, None), (None, POOL, POOL), (True, POOL, POOL), (False, None, NO_POOL)],
)
def test_pool_and_mapping_are_one_attribute(mapped: bool | None, pool: str | None, read: str | None) -> None:
    assert read_pool(mapped, pool) == read


@pytest.mark.parametrize(
    ("mapped", "pool", "message"),
    [
        (True, None, "name the pool too"),
        (False, POOL, "contradicts"),
        (None, "pool", "customer_owned_ipv4_pool: 'pool'"),
    ],
)
def test_halves_of_it_are_refused(mapped: bool | None, pool: str | None, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_pool(mapped, pool)


def test_local_network_interfaces_are_never_the_primary_one() -> None:
    assert (read_lni(1, None), read_lni(None, True), read_lni(None, False), read_lni(None, None)) == (
        1,
        NO_LNI,
        None,
        None,
    )
    for index in (0, -1):
        with pytest.raises(InvalidInput, match="index 0 is the primary interface"):
            read_lni(index, None)


@pytest.mark.parametrize("zone", [None, "us-west-2b", "usw2-az1"])
def test_the_zone_may_be_named_either_way(zone: str | None) -> None:
    check_against_outpost(zone, WantedSubnet(), RACK)


@pytest.mark.parametrize(
    ("zone", "wanted", "outpost", "message"),
    [
        ("us-west-2a", {}, RACK, r"availability_zone: 'us-west-2a' .* is in us-west-2b \(usw2-az1\)"),
        (None, {"pool": POOL}, SERVER, "is a server"),
        (None, {"lni": 1}, RACK, "is a rack"),
    ],
)
def test_what_an_outpost_cannot_do(
    zone: str | None, wanted: dict[str, Any], outpost: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_against_outpost(zone, WantedSubnet(**wanted), outpost)


def test_switching_off_what_cannot_be_on_is_no_error() -> None:
    check_against_outpost(None, WantedSubnet(pool=NO_POOL), SERVER)
    check_against_outpost(None, WantedSubnet(lni=NO_LNI), RACK)


def tables(client: Callable[..., Any], outpost: str) -> Any:
    return client(
        describe_coip_pools={"CoipPools": [{"PoolId": POOL, "LocalGatewayRouteTableId": "lgw-rtb-1"}]},
        describe_local_gateway_route_tables={
            "LocalGatewayRouteTables": [{"LocalGatewayRouteTableId": "lgw-rtb-1", "OutpostArn": outpost}]
        },
    )


def test_a_pool_belongs_to_the_outpost(client: Callable[..., Any]) -> None:
    new = predict(None, WantedSubnet(vpc_id="vpc-1", cidr="10.0.3.0/24"), RACK)
    change = compare(new, WantedSubnet(pool=POOL))
    fake = tables(client, "arn")
    check_pool(fake, change, RACK)
    assert fake.calls[0][1]["Filters"] == [{"Name": "coip-pool.pool-id", "Values": [POOL]}]
    with pytest.raises(NotPossible, match="belongs to Outpost another"):
        check_pool(tables(client, "another"), change, RACK)
    with pytest.raises(NotPossible, match="is not in this account and Region"):
        check_pool(client(describe_coip_pools={"CoipPools": []}), change, RACK)
    # Nothing to set, nothing to ask.
    check_pool(client(), compare(new, WantedSubnet(pool=NO_POOL)), RACK)


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.0.3.0/28"])
def test_sizes_of_a_subnet(cidr: str) -> None:
    assert check_subnet_cidr(cidr) == cidr


@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        ("10.0.0.0/15", "/16 to /28"),
        ("10.0.3.0/29", "/16 to /28"),
        ("10.0.3.7/24", "write 10.0.3.0/24"),
        ("10.0.3.0/255.255.255.0", "write 10.0.3.0/24"),
        ("10.0.3.0", "write 10.0.3.0/32"),
        ("fd00::/64", "IPv4 network"),
        ("10.0.3.0/33", "IPv4 network"),
    ],
)
def test_what_is_no_network_of_a_subnet(cidr: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_subnet_cidr(cidr)


def test_ids() -> None:
    assert check_ids("o", ["lgw-0123456789abcdef0", "lgw-01234567", "lgw-01234567"], "lgw") == [
        "lgw-0123456789abcdef0",
        "lgw-01234567",
    ]
    with pytest.raises(InvalidInput, match="Option o: 'lgw-rtb-0123456789abcdef0'"):
        check_ids("o", ["lgw-rtb-0123456789abcdef0"], "lgw")
    assert str(read_network("o", "0.0.0.0/0")) == "0.0.0.0/0"
