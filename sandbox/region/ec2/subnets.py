# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnets on an Outpost: where they may be, customer-owned addresses and local network interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ApiError, HandToMoto
from ..outposts.model import ACTIVE, Outpost
from ..registry import Params, Reply, action
from . import moto_models, zones
from .coip import POOL
from .common import dry_run, find, invalid

if TYPE_CHECKING:
    from ..context import Context

_OURS = ("MapCustomerOwnedIpOnLaunch", "CustomerOwnedIpv4Pool", "EnableLniAtDeviceIndex", "DisableLniAtDeviceIndex")


def outpost_of(context: Context, arn: str) -> Outpost:
    outpost = context.region.outposts.by_arn(arn)
    if outpost is None:
        raise invalid(f"The Outpost ARN '{arn}' does not exist")
    if outpost.status != ACTIVE:
        raise invalid(f"The Outpost '{outpost.id}' is not active")
    return outpost


@action("ec2", "CreateSubnet")
def create_subnet(params: Params, context: Context) -> Reply:
    """Make sure that a subnet for an Outpost names the Outpost's own Availability Zone; moto does the rest."""
    if "OutpostArn" not in params:
        zones.check_usable(params, context)
        raise HandToMoto
    outpost = outpost_of(context, params["OutpostArn"])
    zone, zone_id = params.get("AvailabilityZone"), params.get("AvailabilityZoneId")
    if zone is None and zone_id is None:
        raise ApiError("MissingParameter", "The Availability Zone of the Outpost must be specified with its ARN.")
    if zone not in (None, outpost.availability_zone) or zone_id not in (None, outpost.availability_zone_id):
        raise invalid(
            f"The Outpost '{outpost.id}' is in Availability Zone {outpost.availability_zone} "
            f"({outpost.availability_zone_id}), not in {zone or zone_id}"
        )
    dry_run(params)

    def then(body: bytes) -> bytes:
        identity = body.partition(b"<subnetId>")[2].partition(b"<")[0].decode()
        moto_models.subnet(context.region.settings, identity).outpost_arn = outpost.arn
        return body.replace(b"</subnet>", f"<outpostArn>{outpost.arn}</outpostArn></subnet>".encode())

    # moto knows zones by id only when they have no name.
    raise HandToMoto(then, {"AvailabilityZone": outpost.availability_zone})


@action("ec2", "DeleteSubnet")
def delete_subnet(params: Params, context: Context) -> Reply:
    """moto deletes subnets with all that is in them; EC2 does not."""
    subnet = moto_models.subnet(context.region.settings, params["SubnetId"])
    if moto_models.interfaces_in(context.region.settings, subnet.id):
        message = f"The subnet '{subnet.id}' has dependencies and cannot be deleted."
        raise ApiError("DependencyViolation", message)
    dry_run(params)
    raise HandToMoto


@action("ec2", "ModifySubnetAttribute")
def modify_subnet_attribute(params: Params, context: Context) -> Reply:
    """Attributes that only subnets on an Outpost have; others are moto's."""
    if not any(name in params for name in _OURS):
        raise HandToMoto
    subnet = moto_models.subnet(context.region.settings, params["SubnetId"])
    if subnet.outpost_arn is None:
        raise invalid(f"The subnet '{subnet.id}' is not on an Outpost")
    outpost = outpost_of(context, subnet.outpost_arn)
    if "MapCustomerOwnedIpOnLaunch" in params or "CustomerOwnedIpv4Pool" in params:
        _map_owned(params, context, outpost, subnet)
    elif "EnableLniAtDeviceIndex" in params:
        # A local network interface is never the primary one.
        if params["EnableLniAtDeviceIndex"] < 1:
            raise invalid("EnableLniAtDeviceIndex must be 1 or more")
        if outpost.hardware != "SERVER":
            raise ApiError("Unsupported", f"The Outpost '{outpost.id}' has no local network interfaces")
        subnet.enable_lni_at_device_index = params["EnableLniAtDeviceIndex"]
    elif params["DisableLniAtDeviceIndex"].get("Value"):
        subnet.enable_lni_at_device_index = None
    return {}


def _map_owned(params: Params, context: Context, outpost: Outpost, subnet: object) -> None:
    wanted = params.get("MapCustomerOwnedIpOnLaunch", {}).get("Value", False)
    if wanted and "CustomerOwnedIpv4Pool" not in params:
        raise ApiError("MissingParameter", "MapCustomerOwnedIpOnLaunch needs CustomerOwnedIpv4Pool")
    pool = None
    if "CustomerOwnedIpv4Pool" in params:
        pool = find(context, POOL, params["CustomerOwnedIpv4Pool"])
        table = find(context, "local-gateway-route-table", pool.members["LocalGatewayRouteTableId"])
        if table.members["OutpostArn"] != outpost.arn:
            raise invalid(f"The pool '{pool.id}' does not belong to the Outpost of the subnet")
    for name, value in (
        ("map_customer_owned_ip_on_launch", wanted),
        ("customer_owned_ipv4_pool", pool.id if wanted and pool else None),
    ):
        setattr(subnet, name, value)
