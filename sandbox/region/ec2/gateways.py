# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local gateways, their virtual interfaces, route tables and associations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..registry import Params, Reply, action
from . import moto_models
from .common import add, describe, dry_run, find, given_tags, id_member, invalid, view
from .model import Resource

if TYPE_CHECKING:
    from ..context import Context
    from ..outposts.model import Outpost

GATEWAY = "local-gateway"
TABLE = "local-gateway-route-table"
GROUP = "local-gateway-virtual-interface-group"
INTERFACE = "local-gateway-virtual-interface"
VPC_ASSOCIATION = "local-gateway-route-table-vpc-association"
GROUP_ASSOCIATION = "local-gateway-route-table-virtual-interface-group-association"
DIRECT, COIP = "direct-vpc-routing", "coip"
_LOCAL_ASN, _PEER_ASN = 64512, 65000


def _owner(context: Context) -> str:
    return context.region.settings.account


def _arn(context: Context, resource: Resource) -> str:
    return context.region.arn("ec2", f"{resource.kind}/{resource.id}")


def install(context: Context, outpost: Outpost) -> Resource:
    """A rack comes with a local gateway, a group of two virtual interfaces and a route table of direct VPC routing."""
    owner = _owner(context)
    gateway = add(context, GATEWAY, {"OutpostArn": outpost.arn, "OwnerId": owner, "State": "available"})
    group = add(
        context,
        GROUP,
        {
            "LocalGatewayId": gateway.id,
            "OwnerId": owner,
            "LocalBgpAsn": _LOCAL_ASN,
            "ConfigurationState": "available",
        },
    )
    group.members["LocalGatewayVirtualInterfaceGroupArn"] = _arn(context, group)
    group.members["LocalGatewayVirtualInterfaceIds"] = [
        _interface(context, outpost, gateway, group, number).id for number in range(2)
    ]
    table = _table(context, gateway, DIRECT, {})
    _associate_group(context, table, group, {})
    return gateway


def _interface(context: Context, outpost: Outpost, gateway: Resource, group: Resource, number: int) -> Resource:
    interface = add(
        context,
        INTERFACE,
        {
            "LocalGatewayId": gateway.id,
            "LocalGatewayVirtualInterfaceGroupId": group.id,
            "OutpostLagId": f"op-lag-{outpost.number * 10 + number:017x}",
            "Vlan": 100 + number,
            "LocalAddress": f"169.254.{number}.1/30",
            "PeerAddress": f"169.254.{number}.2/30",
            "LocalBgpAsn": _LOCAL_ASN,
            "PeerBgpAsn": _PEER_ASN,
            "OwnerId": _owner(context),
            "ConfigurationState": "available",
        },
    )
    interface.members["LocalGatewayVirtualInterfaceArn"] = _arn(context, interface)
    return interface


def _table(context: Context, gateway: Resource, mode: str, tags: dict[str, str]) -> Resource:
    table = add(
        context,
        TABLE,
        {
            "LocalGatewayId": gateway.id,
            "OutpostArn": gateway.members["OutpostArn"],
            "OwnerId": _owner(context),
            "State": "available",
            "Mode": mode,
        },
        tags,
    )
    table.members["LocalGatewayRouteTableArn"] = _arn(context, table)
    context.region.ec2.routes[table.id] = {}
    return table


def _of_table(table: Resource) -> dict[str, Any]:
    names = ("LocalGatewayRouteTableId", "LocalGatewayRouteTableArn", "LocalGatewayId", "OwnerId")
    return {name: table.members[name] for name in names}


def _associate_group(context: Context, table: Resource, group: Resource, tags: dict[str, str]) -> Resource:
    members = {**_of_table(table), "LocalGatewayVirtualInterfaceGroupId": group.id, "State": "associated"}
    return add(context, GROUP_ASSOCIATION, members, tags)


def associations(context: Context, kind: str, table: str) -> list[Resource]:
    found = context.region.ec2.of(kind)
    return [item for item in found if item.members["LocalGatewayRouteTableId"] == table]


def remove(context: Context, resource: Resource, state: str = "deleted", member: str = "State") -> dict[str, Any]:
    """Forget a record; what the reply tells of it."""
    del context.region.ec2.resources[resource.id]
    return {**view(resource), member: state}


# What can be described: the member of the reply that lists it, and the filters that it has.
_OF_TABLE = ("local-gateway-id", "local-gateway-route-table-arn", "local-gateway-route-table-id", "owner-id", "state")
_DESCRIBED: dict[str, tuple[str, tuple[str, ...]]] = {
    GATEWAY: ("LocalGateways", ("local-gateway-id", "outpost-arn", "owner-id", "state")),
    TABLE: ("LocalGatewayRouteTables", (*_OF_TABLE, "outpost-arn")),
    GROUP: (
        "LocalGatewayVirtualInterfaceGroups",
        (
            "configuration-state",
            "local-bgp-asn",
            "local-gateway-id",
            "local-gateway-virtual-interface-group-arn",
            "local-gateway-virtual-interface-group-id",
            "owner-id",
        ),
    ),
    INTERFACE: (
        "LocalGatewayVirtualInterfaces",
        (
            "configuration-state",
            "local-address",
            "local-bgp-asn",
            "local-gateway-id",
            "local-gateway-virtual-interface-group-id",
            "local-gateway-virtual-interface-id",
            "outpost-lag-id",
            "owner-id",
            "peer-address",
            "peer-bgp-asn",
            "vlan",
        ),
    ),
    VPC_ASSOCIATION: (
        "LocalGatewayRouteTableVpcAssociations",
        (*_OF_TABLE, "local-gateway-route-table-vpc-association-id", "vpc-id"),
    ),
    GROUP_ASSOCIATION: (
        "LocalGatewayRouteTableVirtualInterfaceGroupAssociations",
        (
            *_OF_TABLE,
            "local-gateway-route-table-virtual-interface-group-association-id",
            "local-gateway-route-table-virtual-interface-group-id",
            "local-gateway-virtual-interface-group-id",
        ),
    ),
}


def _serve_description(kind: str, member: str, filters: tuple[str, ...]) -> None:
    @action("ec2", f"Describe{member}")
    def describe_kind(params: Params, context: Context) -> Reply:
        found, token = describe(context, params, kind, f"{id_member(kind)}s", *filters)
        return {member: found, **token}


for _kind, (_member, _filters) in _DESCRIBED.items():
    _serve_description(_kind, _member, _filters)


@action("ec2", "CreateLocalGatewayRouteTable")
def create_table(params: Params, context: Context) -> Reply:
    """Create a route table; without a mode it routes to VPCs directly."""
    gateway = find(context, GATEWAY, params["LocalGatewayId"])
    tags = given_tags(params, TABLE)
    dry_run(params)
    table = _table(context, gateway, params.get("Mode", DIRECT), tags)
    # Only one route table of a local gateway carries traffic at a time; the others wait for a group of interfaces.
    return {"LocalGatewayRouteTable": view(table)}


def _table_in_use(context: Context, table: Resource) -> bool:
    return any(associations(context, kind, table.id) for kind in ("coip-pool", VPC_ASSOCIATION, GROUP_ASSOCIATION))


@action("ec2", "DeleteLocalGatewayRouteTable")
def delete_table(params: Params, context: Context) -> Reply:
    """Delete a route table that has no association and no pool."""
    table = find(context, TABLE, params["LocalGatewayRouteTableId"])
    dry_run(params)
    if _table_in_use(context, table):
        raise ApiError("DependencyViolation", f"The route table '{table.id}' has dependencies and cannot be deleted.")
    context.region.ec2.routes.pop(table.id, None)
    return {"LocalGatewayRouteTable": remove(context, table)}


@action("ec2", "CreateLocalGatewayRouteTableVpcAssociation")
def associate_vpc(params: Params, context: Context) -> Reply:
    """Let a VPC use a local gateway."""
    table = find(context, TABLE, params["LocalGatewayRouteTableId"])
    vpc = moto_models.vpc(context.region.settings, params["VpcId"])
    tags = given_tags(params, VPC_ASSOCIATION)
    if any(
        item.members["VpcId"] == vpc.id and item.members["LocalGatewayId"] == table.members["LocalGatewayId"]
        for item in context.region.ec2.of(VPC_ASSOCIATION)
    ):
        raise ApiError("ResourceAlreadyAssociated", f"The VPC '{vpc.id}' is already associated with the local gateway.")
    dry_run(params)
    association = add(context, VPC_ASSOCIATION, {**_of_table(table), "VpcId": vpc.id, "State": "associated"}, tags)
    return {"LocalGatewayRouteTableVpcAssociation": view(association)}


@action("ec2", "DeleteLocalGatewayRouteTableVpcAssociation")
def disassociate_vpc(params: Params, context: Context) -> Reply:
    """End it."""
    association = find(context, VPC_ASSOCIATION, params["LocalGatewayRouteTableVpcAssociationId"])
    dry_run(params)
    return {"LocalGatewayRouteTableVpcAssociation": remove(context, association, "disassociated")}


@action("ec2", "CreateLocalGatewayRouteTableVirtualInterfaceGroupAssociation")
def associate_group(params: Params, context: Context) -> Reply:
    """Let a route table send to a group of virtual interfaces; a group serves one route table."""
    table = find(context, TABLE, params["LocalGatewayRouteTableId"])
    group = find(context, GROUP, params["LocalGatewayVirtualInterfaceGroupId"])
    tags = given_tags(params, GROUP_ASSOCIATION)
    if group.members["LocalGatewayId"] != table.members["LocalGatewayId"]:
        raise invalid("The route table and the virtual interface group belong to different local gateways.")
    used = [item for item in context.region.ec2.of(GROUP_ASSOCIATION) if _group_of(item) == group.id]
    if used:
        raise ApiError("ResourceAlreadyAssociated", f"The virtual interface group '{group.id}' is already associated.")
    dry_run(params)
    association = _associate_group(context, table, group, tags)
    return {"LocalGatewayRouteTableVirtualInterfaceGroupAssociation": view(association)}


def _group_of(association: Resource) -> str:
    return str(association.members["LocalGatewayVirtualInterfaceGroupId"])


@action("ec2", "DeleteLocalGatewayRouteTableVirtualInterfaceGroupAssociation")
def disassociate_group(params: Params, context: Context) -> Reply:
    """End it."""
    association = find(context, GROUP_ASSOCIATION, params[id_member(GROUP_ASSOCIATION)])
    dry_run(params)
    reply = remove(context, association, "disassociated")
    return {"LocalGatewayRouteTableVirtualInterfaceGroupAssociation": reply}
