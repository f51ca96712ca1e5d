# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Subnets on an Outpost: thin calls, and the comparison of what is with what is wanted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.errors import NotPossible, Refused
from .._aws.tags import TagChange, compare_tags
from .common import EC2, PAGE, change_tags, filters, tag_specifications
from .transformations import Resource, shape_subnet

# Values of an attribute that stand for "off".
NO_POOL = ""
NO_LNI = 0


@dataclass(frozen=True)
class WantedSubnet:
    """None stands for "leave as it is"; an Outpost that is None stands for any."""

    subnet_id: str | None = None
    vpc_id: str | None = None
    cidr: str | None = None
    map_public_ip: bool | None = None
    # NO_POOL, or the pool out of which instances get an address at launch.
    pool: str | None = None
    # NO_LNI, or the device index of local network interfaces.
    lni: int | None = None
    tags: dict[str, str] | None = None
    purge_tags: bool = False

    @property
    def label(self) -> str:
        return self.subnet_id or f"{self.cidr} of {self.vpc_id}"


@dataclass(frozen=True)
class SubnetChange:
    """Parameters of one ModifySubnetAttribute each: it takes one attribute at a time, by its reference."""

    attributes: list[Resource] = field(default_factory=list)
    tags: TagChange = field(default_factory=TagChange)

    def __bool__(self) -> bool:
        return bool(self.attributes or self.tags)


def compare(current: Mapping[str, Any], wanted: WantedSubnet) -> SubnetChange:
    attributes: list[Resource] = []
    if wanted.map_public_ip not in (None, current["map_public_ip_on_launch"]):
        attributes.append({"MapPublicIpOnLaunch": {"Value": wanted.map_public_ip}})
    if wanted.pool not in (None, pool_of(current)):
        # These two act as a single attribute, by the API reference; the pool is needed to switch it on.
        pool = {"CustomerOwnedIpv4Pool": wanted.pool} if wanted.pool else {}
        attributes.append({"MapCustomerOwnedIpOnLaunch": {"Value": bool(wanted.pool)}, **pool})
    if wanted.lni not in (None, current["enable_lni_at_device_index"] or NO_LNI):
        switched = (
            {"EnableLniAtDeviceIndex": wanted.lni} if wanted.lni else {"DisableLniAtDeviceIndex": {"Value": True}}
        )
        attributes.append(switched)
    return SubnetChange(attributes, compare_tags(current["tags"], wanted.tags, wanted.purge_tags))


def pool_of(subnet: Mapping[str, Any]) -> str:
    """The pool of which launches take an address: a pool that is not mapped has no effect."""
    return subnet["customer_owned_ipv4_pool"] or NO_POOL if subnet["map_customer_owned_ip_on_launch"] else NO_POOL


def predict(current: Mapping[str, Any] | None, wanted: WantedSubnet, outpost: Mapping[str, Any]) -> Resource:
    """The subnet as it will be; for check mode."""
    base = dict(current) if current else _new(wanted, outpost)
    if wanted.map_public_ip is not None:
        base["map_public_ip_on_launch"] = wanted.map_public_ip
    if wanted.pool is not None:
        base["map_customer_owned_ip_on_launch"] = bool(wanted.pool)
        base["customer_owned_ipv4_pool"] = wanted.pool or None
    if wanted.lni is not None:
        base["enable_lni_at_device_index"] = wanted.lni or None
    base["tags"] = compare_tags(base["tags"], wanted.tags, wanted.purge_tags).apply_to(base["tags"])
    return base


def _new(wanted: WantedSubnet, outpost: Mapping[str, Any]) -> Resource:
    return {
        "vpc_id": wanted.vpc_id,
        "cidr_block": wanted.cidr,
        "availability_zone": outpost["availability_zone"],
        "availability_zone_id": outpost["availability_zone_id"],
        "outpost_arn": outpost["outpost_arn"],
        "state": "available",
        "map_public_ip_on_launch": False,
        "map_customer_owned_ip_on_launch": False,
        "customer_owned_ipv4_pool": None,
        "enable_lni_at_device_index": None,
        "tags": {},
    }


def check_place(subnet: Mapping[str, Any], outpost: Mapping[str, Any] | None) -> None:
    """A subnet never moves: one that is elsewhere is somebody else's, whatever its network is."""
    here, wanted = subnet["outpost_arn"], outpost and outpost["outpost_arn"]
    if here and wanted in (None, here):
        return
    place = f"on Outpost {here}" if here else f"a regional subnet in {subnet['availability_zone']}, on no Outpost"
    asked = f"not on {outpost['outpost_id']} ({outpost['name']})" if outpost else "not one of an Outpost"
    raise NotPossible(
        f"Subnet {subnet['subnet_id']} ({subnet['cidr_block']} of {subnet['vpc_id']}) is {place}, {asked}. "
        "A subnet cannot be moved: choose another CIDR, or delete that subnet first.",
        subnet=dict(subnet),
    )


def check_vpc(vpc_id: str, blocks: Iterable[str], cidr: str) -> None:
    networks = [ipaddress.IPv4Network(block) for block in blocks]
    if not any(ipaddress.IPv4Network(cidr).subnet_of(network) for network in networks):
        told = ", ".join(map(str, networks))
        raise NotPossible(
            f"CIDR {cidr} is not inside of VPC {vpc_id}, which has {told}. "
            "Choose a CIDR inside of these, or add a block to the VPC."
        )


def check_overlap(others: Iterable[Mapping[str, Any]], cidr: str) -> None:
    network = ipaddress.IPv4Network(cidr)
    taken = [item for item in others if network.overlaps(ipaddress.IPv4Network(item["cidr_block"]))]
    if taken:
        named = ", ".join(f"{item['subnet_id']} ({item['cidr_block']}, {_place(item)})" for item in taken)
        raise NotPossible(f"CIDR {cidr} overlaps with {named}. Choose one that is free.")


def _place(subnet: Mapping[str, Any]) -> str:
    return str(subnet["outpost_arn"] or subnet["availability_zone"])


def find(client: Any, wanted: WantedSubnet) -> tuple[Resource | None, list[Resource]]:
    """The subnet, and the others of its VPC as far as they were read: one call, in pages.

    By filter, because a filter that nothing matches is no error.
    """
    by_id = wanted.subnet_id is not None
    asked = filters(subnet_id=wanted.subnet_id or "") if by_id else filters(vpc_id=wanted.vpc_id or "")
    intent = f"look for subnet {wanted.label}"
    described = EC2.call_all(client, "describe_subnets", "Subnets", intent, Filters=asked, MaxResults=PAGE)
    # IPv6-only subnets have no IPv4 network to compare.
    known = [shape_subnet(item) for item in described if by_id or item.get("CidrBlock")]
    found = next((item for item in known if by_id or item["cidr_block"] == wanted.cidr), None)
    return found, [item for item in known if item is not found]


def vpc_blocks(client: Any, vpc_id: str) -> list[str]:
    """The IPv4 networks of a VPC."""
    reply = EC2.call(client, "describe_vpcs", f"read VPC {vpc_id}", VpcIds=[vpc_id])
    associations = [item for vpc in reply["Vpcs"] for item in vpc.get("CidrBlockAssociationSet", [])]
    return [item["CidrBlock"] for item in associations if item["CidrBlockState"]["State"] == "associated"]


def create(client: Any, wanted: WantedSubnet, outpost: Mapping[str, Any]) -> Resource:
    """CreateSubnet has no client token: after a lost reply, the repeated call finds its own subnet in the way."""
    try:
        made = EC2.call(
            client,
            "create_subnet",
            f"create subnet {wanted.label}",
            VpcId=wanted.vpc_id,
            CidrBlock=wanted.cidr,
            OutpostArn=outpost["outpost_arn"],
            # The id means the same zone in every account, the name does not.
            AvailabilityZoneId=outpost["availability_zone_id"],
            **tag_specifications("subnet", wanted.tags),
        )
    except Refused as error:
        found = find(client, wanted)[0] if error.code == "InvalidSubnet.Conflict" else None
        if found is None or found["outpost_arn"] != outpost["outpost_arn"]:
            raise
        return found
    return shape_subnet(made["Subnet"])


def update(client: Any, subnet_id: str, change: SubnetChange) -> None:
    for attribute in change.attributes:
        intent = f"set {' and '.join(attribute)} of subnet {subnet_id}"
        EC2.call(client, "modify_subnet_attribute", intent, SubnetId=subnet_id, **attribute)
    change_tags(client, subnet_id, change.tags)


def delete(client: Any, subnet_id: str) -> None:
    EC2.call(client, "delete_subnet", f"delete subnet {subnet_id}", SubnetId=subnet_id)


def check_unused(client: Any, subnet_id: str) -> None:
    """EC2 says only that something is in the way; this says what."""
    intent = f"read what uses subnet {subnet_id}"
    asked = filters(subnet_id=subnet_id)
    method, key = "describe_network_interfaces", "NetworkInterfaces"
    found = EC2.call_all(client, method, key, intent, Filters=asked, MaxResults=PAGE)
    if found:
        users = [_user(interface) for interface in found]
        raise NotPossible(
            f"Subnet {subnet_id} is in use by {', '.join(users[:20])}"
            f"{f' and {len(users) - 20} more' if len(users) > 20 else ''}. "
            "Terminate these instances, or delete these network interfaces, first.",
            in_use_by=users,
        )


def _user(interface: Mapping[str, Any]) -> str:
    instance = interface.get("Attachment", {}).get("InstanceId")
    what = f"instance {instance}" if instance else interface.get("Description") or "not attached"
    return f"{interface['NetworkInterfaceId']} ({what})"
