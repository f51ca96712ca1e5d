# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of local gateways, and routes of VPCs to local gateways."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, HandToMoto
from ..registry import Params, Reply, action
from . import moto_models
from .common import dry_run, find, invalid, matches, page
from .gateways import GATEWAY, GROUP, GROUP_ASSOCIATION, TABLE, VPC_ASSOCIATION, associations
from .model import Resource

if TYPE_CHECKING:
    from ..context import Context

_FILTERS = frozenset({"prefix-list-id", "route-search.exact-match", "state", "type"})
_SEARCHES = ("longest-prefix-match", "subnet-of-match", "supernet-of-match")


def _destination(params: Params) -> str:
    given = [params[name] for name in ("DestinationCidrBlock", "DestinationPrefixListId") if name in params]
    if len(given) != 1:
        raise ApiError("MissingParameter", "Specify either DestinationCidrBlock or DestinationPrefixListId.")
    if "DestinationCidrBlock" not in params:
        return str(given[0])
    try:
        return str(ipaddress.IPv4Network(given[0]))
    except ValueError as error:
        raise invalid(f"Value ({given[0]}) for parameter destinationCidrBlock is invalid.") from error


def _target(params: Params, table: Resource, context: Context) -> dict[str, str]:
    group, interface = params.get("LocalGatewayVirtualInterfaceGroupId"), params.get("NetworkInterfaceId")
    if (group is None) is (interface is None):
        message = "Specify either LocalGatewayVirtualInterfaceGroupId or NetworkInterfaceId."
        raise ApiError("MissingParameter", message)
    if group is not None:
        find(context, GROUP, group)
        linked = associations(context, GROUP_ASSOCIATION, table.id)
        if all(item.members["LocalGatewayVirtualInterfaceGroupId"] != group for item in linked):
            raise invalid(f"The virtual interface group '{group}' is not associated with route table '{table.id}'.")
        return {"LocalGatewayVirtualInterfaceGroupId": group}
    with moto_models.errors():
        eni = moto_models.backend(context.region.settings).get_network_interface(interface)
    if eni.outpost_arn != table.members["OutpostArn"]:
        raise invalid(f"The network interface '{interface}' is not on the Outpost of the route table.")
    return {"NetworkInterfaceId": eni.id, "SubnetId": eni.subnet.id}


def _route(params: Params, table: Resource, destination: str, target: dict[str, str]) -> dict[str, Any]:
    by = "DestinationCidrBlock" if "DestinationCidrBlock" in params else "DestinationPrefixListId"
    names = ("LocalGatewayRouteTableId", "LocalGatewayRouteTableArn", "OwnerId")
    told = {name: table.members[name] for name in names}
    return {by: destination, **target, "Type": "static", "State": "active", **told}


@action("ec2", "CreateLocalGatewayRoute")
def create_route(params: Params, context: Context) -> Reply:
    """Add a static route."""
    table = find(context, TABLE, params["LocalGatewayRouteTableId"])
    destination, target = _destination(params), _target(params, table, context)
    routes = context.region.ec2.routes[table.id]
    if destination in routes:
        raise ApiError("RouteAlreadyExists", f"The route identified by {destination} already exists.")
    dry_run(params)
    routes[destination] = _route(params, table, destination, target)
    return {"Route": routes[destination]}


def _known(params: Params, table: Resource, context: Context) -> str:
    destination = _destination(params)
    if destination not in context.region.ec2.routes[table.id]:
        message = f"no route with destination {destination} in route table {table.id}"
        raise ApiError("InvalidRoute.NotFound", message)
    return destination


@action("ec2", "ModifyLocalGatewayRoute")
def modify_route(params: Params, context: Context) -> Reply:
    """Point a route elsewhere."""
    table = find(context, TABLE, params["LocalGatewayRouteTableId"])
    destination, target = _known(params, table, context), _target(params, table, context)
    dry_run(params)
    route = _route(params, table, destination, target)
    context.region.ec2.routes[table.id][destination] = route
    return {"Route": route}


@action("ec2", "DeleteLocalGatewayRoute")
def delete_route(params: Params, context: Context) -> Reply:
    """Take a route away."""
    table = find(context, TABLE, params["LocalGatewayRouteTableId"])
    destination = _known(params, table, context)
    dry_run(params)
    return {"Route": {**context.region.ec2.routes[table.id].pop(destination), "State": "deleted"}}


def _found(route: dict[str, Any], search: str, wanted: list[str]) -> bool:
    """Whether a route answers one of the searches by network."""
    block = route.get("DestinationCidrBlock")
    if block is None:
        return False
    network = ipaddress.IPv4Network(block)
    for text in wanted:
        other = ipaddress.IPv4Network(text, strict=False)
        inside = network.subnet_of(other) if search == "subnet-of-match" else network.supernet_of(other)
        if inside:
            return True
    return False


def _propagated(context: Context, table: Resource) -> list[dict[str, Any]]:
    """Direct VPC routing announces the subnets on the Outpost, of VPCs that are associated."""
    if table.members["Mode"] != "direct-vpc-routing":
        return []
    settings = context.region.settings
    vpcs = {item.members["VpcId"] for item in associations(context, VPC_ASSOCIATION, table.id)}
    found = []
    for identity in moto_models.subnets_on(settings, table.members["OutpostArn"]):
        subnet = moto_models.subnet(settings, identity)
        if subnet.vpc_id in vpcs:
            route = _route({"DestinationCidrBlock": ""}, table, subnet.cidr_block, {"SubnetId": identity})
            found.append({**route, "Type": "propagated"})
    return found


@action("ec2", "SearchLocalGatewayRoutes")
def search_routes(params: Params, context: Context) -> Reply:
    """Routes of a table: static ones, and the subnets that it announces."""
    table = find(context, TABLE, params["LocalGatewayRouteTableId"])
    dry_run(params)
    found = [*context.region.ec2.routes[table.id].values(), *_propagated(context, table)]
    for item in params.get("Filters", []):
        search = item.get("Name", "").rpartition(".")[2]
        if search in _SEARCHES:
            found = [route for route in found if _found(route, search, item.get("Values", []))]
        else:
            name = "destination-cidr-block" if search == "exact-match" else item.get("Name", "")
            known = _FILTERS | {"destination-cidr-block"}
            found = [route for route in found if matches(route, {}, [{**item, "Name": name}], known)]
    chosen, token = page(found, params, ("routes", table.id, params.get("Filters")))
    return {"Routes": chosen, **token}


@action("ec2", "CreateRoute")
def create_vpc_route(params: Params, context: Context) -> Reply:
    """A route of a VPC to a local gateway, which moto does not know."""
    if "LocalGatewayId" not in params:
        raise HandToMoto
    gateway = find(context, GATEWAY, params["LocalGatewayId"])
    backend = moto_models.backend(context.region.settings)
    with moto_models.errors():
        table = backend.get_route_table(params["RouteTableId"])
    served = {
        item.members["VpcId"]
        for item in context.region.ec2.of(VPC_ASSOCIATION)
        if item.members["LocalGatewayId"] == gateway.id
    }
    if table.vpc_id not in served:
        raise invalid(f"The VPC '{table.vpc_id}' is not associated with a route table of '{gateway.id}'.")
    dry_run(params)
    with moto_models.errors():
        route = backend.create_route(table.id, params.get("DestinationCidrBlock"))
    route.local_gateway_id = gateway.id
    return {"Return": True}
