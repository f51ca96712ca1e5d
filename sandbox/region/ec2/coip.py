# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Customer-owned addresses: pools of a local gateway's route table, and addresses out of them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, HandToMoto
from ..registry import Params, Reply, action
from . import moto_models
from .common import add, describe, dry_run, find, given_tags, invalid, page, view
from .gateways import COIP, TABLE, remove
from .model import Resource

if TYPE_CHECKING:
    from ..context import Context

POOL = "coip-pool"
_PREFIX = "coip-pool."


@action("ec2", "CreateCoipPool")
def create_pool(params: Params, context: Context) -> Reply:
    """Create a pool for a route table of mode coip."""
    table = find(context, TABLE, params["LocalGatewayRouteTableId"])
    tags = given_tags(params, POOL)
    if table.members["Mode"] != COIP:
        raise invalid(f"The route table '{table.id}' is not in CoIP mode.")
    dry_run(params)
    pool = add(context, POOL, {"PoolCidrs": [], "LocalGatewayRouteTableId": table.id}, tags)
    pool.members["PoolArn"] = context.region.arn("ec2", f"coip-pool/{pool.id}")
    context.region.ec2.addresses[pool.id] = {}
    return {"CoipPool": view(pool)}


@action("ec2", "DeleteCoipPool")
def delete_pool(params: Params, context: Context) -> Reply:
    """Delete a pool none of whose addresses is in use."""
    pool = find(context, POOL, params["CoipPoolId"])
    dry_run(params)
    if usage(context, pool):
        raise ApiError("DependencyViolation", f"The pool '{pool.id}' has addresses in use.")
    context.region.ec2.addresses.pop(pool.id)
    reply = remove(context, pool)
    return {"CoipPool": {name: value for name, value in reply.items() if name != "State"}}


@action("ec2", "DescribeCoipPools")
def describe_pools(params: Params, context: Context) -> Reply:
    """Pools. Their filters, unlike those of the other actions here, have the name of the resource before them."""
    known = (f"{_PREFIX}local-gateway-route-table-id", f"{_PREFIX}pool-id")
    found, token = describe(context, params, POOL, "PoolIds", *known)
    return {"CoipPools": found, **token}


def _network(text: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError as error:
        raise invalid(f"Value ({text}) for parameter cidr is invalid.") from error


@action("ec2", "CreateCoipCidr")
def create_cidr(params: Params, context: Context) -> Reply:
    """Add a range of addresses to a pool."""
    pool, network = find(context, POOL, params["CoipPoolId"]), _network(params["Cidr"])
    for other in context.region.ec2.of(POOL):
        if any(network.overlaps(_network(cidr)) for cidr in other.members["PoolCidrs"]):
            raise invalid(f"The range {network} overlaps with one of pool '{other.id}'.")
    dry_run(params)
    pool.members["PoolCidrs"].append(str(network))
    return {"CoipCidr": _cidr(pool, str(network))}


def _cidr(pool: Resource, cidr: str) -> dict[str, Any]:
    table = pool.members["LocalGatewayRouteTableId"]
    return {"Cidr": cidr, "CoipPoolId": pool.id, "LocalGatewayRouteTableId": table}


@action("ec2", "DeleteCoipCidr")
def delete_cidr(params: Params, context: Context) -> Reply:
    """Take a range away."""
    pool, network = find(context, POOL, params["CoipPoolId"]), _network(params["Cidr"])
    if str(network) not in pool.members["PoolCidrs"]:
        raise invalid(f"The pool '{pool.id}' has no range {network}.")
    if any(ipaddress.IPv4Address(address) in network for address in usage(context, pool)):
        raise ApiError("DependencyViolation", f"Addresses of {network} are in use.")
    dry_run(params)
    pool.members["PoolCidrs"].remove(str(network))
    return {"CoipCidr": _cidr(pool, str(network))}


def usage(context: Context, pool: Resource) -> dict[str, str]:
    """Addresses in use; what moto has released in the meantime is free again."""
    backend = moto_models.backend(context.region.settings)
    allocated = {address.allocation_id for address in backend.addresses}
    allocated.update(one.id for one in backend.all_instances() if one.state != "terminated")
    known = context.region.ec2.addresses[pool.id]
    for address in [address for address, owner in known.items() if owner not in allocated]:
        del known[address]
    return known


def take(context: Context, pool: Resource, owner: str, wanted: str | None = None) -> str:
    """An address of the pool that nobody uses."""
    used = usage(context, pool)
    for cidr in pool.members["PoolCidrs"]:
        for address in _network(cidr).hosts():
            if str(address) not in used and wanted in (None, str(address)):
                used[str(address)] = owner
                return str(address)
    raise ApiError("InsufficientAddressCapacity", f"There are no free addresses in pool '{pool.id}'.")


@action("ec2", "GetCoipPoolUsage")
def get_usage(params: Params, context: Context) -> Reply:
    """Which addresses are in use, by whom."""
    pool = find(context, POOL, params["PoolId"])
    dry_run(params)
    account = context.region.settings.account
    found = [
        {"CoIp": address, "AwsAccountId": account, "AwsService": "EC2"}
        | ({"AllocationId": owner} if owner.startswith("eipalloc-") else {})
        for address, owner in usage(context, pool).items()
    ]
    chosen, token = page(found, params, ("usage", pool.id))
    table = pool.members["LocalGatewayRouteTableId"]
    return {"CoipPoolId": pool.id, "CoipAddressUsages": chosen, "LocalGatewayRouteTableId": table, **token}


@action("ec2", "AllocateAddress")
def allocate_address(params: Params, context: Context) -> Reply:
    """An Elastic IP address out of a pool; others are moto's."""
    if "CustomerOwnedIpv4Pool" not in params:
        raise HandToMoto
    pool = find(context, POOL, params["CustomerOwnedIpv4Pool"])
    tags = given_tags(params, "elastic-ip")
    dry_run(params)
    address = take(context, pool, "", params.get("Address"))
    allocated = moto_models.backend(context.region.settings).allocate_address("vpc", address=address, tags=tags)
    allocated.customer_owned_ip, allocated.customer_owned_ipv4_pool = address, pool.id
    context.region.ec2.addresses[pool.id][address] = allocated.allocation_id
    told = {"AllocationId": allocated.allocation_id, "Domain": "vpc"}
    return {**told, "CustomerOwnedIp": address, "CustomerOwnedIpv4Pool": pool.id}
