# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user asks of a subnet on an Outpost: read, and held against the Outpost before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.errors import NotPossible, invalid
from .._aws.tags import read_tags
from . import validation
from .local_gateways import coip_pool, route_table
from .subnets import NO_LNI, NO_POOL, SubnetChange, WantedSubnet


def read_wanted(params: Mapping[str, Any]) -> WantedSubnet:
    cidr = params["cidr"]
    return WantedSubnet(
        subnet_id=validation.check_optional_id("subnet_id", params["subnet_id"], "subnet"),
        vpc_id=validation.check_optional_id("vpc_id", params["vpc_id"], "vpc"),
        cidr=None if cidr is None else validation.check_subnet_cidr(cidr),
        map_public_ip=params["map_public_ip_on_launch"],
        pool=read_pool(params["map_customer_owned_ip_on_launch"], params["customer_owned_ipv4_pool"]),
        lni=read_lni(params["enable_lni_at_device_index"], params["disable_lni_at_device_index"]),
        tags=read_tags(params["tags"]),
        purge_tags=params["purge_tags"],
    )


def read_pool(mapped: bool | None, pool: str | None) -> str | None:
    option = "map_customer_owned_ip_on_launch"
    if mapped and pool is None:
        raise invalid(option, mapped, "name the pool too, in customer_owned_ipv4_pool")
    if mapped is False and pool is not None:
        raise invalid(option, mapped, "it contradicts customer_owned_ipv4_pool; leave one of them out")
    if mapped is False:
        return NO_POOL
    return validation.check_optional_id("customer_owned_ipv4_pool", pool, "ipv4pool-coip")


def read_lni(index: int | None, disabled: bool | None) -> int | None:
    if index is not None and index < 1:
        rule = "index 0 is the primary interface, which is always the VPC's; give 1 or more"
        raise invalid("enable_lni_at_device_index", index, rule)
    return NO_LNI if disabled else index


def check_against_outpost(zone: str | None, wanted: WantedSubnet, outpost: Mapping[str, Any]) -> None:
    """The rules that need to know the Outpost."""
    label = f"Outpost {outpost['outpost_id']} ({outpost['name']})"
    name, identity = outpost["availability_zone"], outpost["availability_zone_id"]
    if zone not in (None, name, identity):
        raise invalid("availability_zone", zone, f"{label} is in {name} ({identity}); leave the option out")
    hardware = outpost["supported_hardware_type"]
    if wanted.pool and hardware == "SERVER":
        rule = f"{label} is a server, without a local gateway; use enable_lni_at_device_index"
        raise invalid("customer_owned_ipv4_pool", wanted.pool, rule)
    if wanted.lni and hardware == "RACK":
        rule = f"{label} is a rack, without local network interfaces; use its local gateway"
        raise invalid("enable_lni_at_device_index", wanted.lni, rule)


def check_pool(client: Any, change: SubnetChange, outpost: Mapping[str, Any]) -> None:
    """Whether the pool that is about to be set belongs to the Outpost, so that no subnet is left half made."""
    pool = next((one["CustomerOwnedIpv4Pool"] for one in change.attributes if "CustomerOwnedIpv4Pool" in one), None)
    if pool is None:
        return
    table = route_table(client, coip_pool(client, pool)["local_gateway_route_table_id"])
    if table["outpost_arn"] != outpost["outpost_arn"]:
        raise NotPossible(
            f"Customer-owned IP pool {pool} belongs to Outpost {table['outpost_arn']}, and the subnet to "
            f"{outpost['outpost_arn']}. edgefleet.ecs.local_gateway_info lists the pools of an Outpost."
        )
