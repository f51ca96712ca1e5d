# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outposts and their life cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ec2 import moto_models
from ..errors import validation
from ..registry import Params, Reply, action
from .common import change, conflict, find_outpost, find_site, page, passes
from .model import Outpost, identifier

if TYPE_CHECKING:
    from ..context import Context


def view(outpost: Outpost, context: Context) -> dict[str, Any]:
    return {
        "OutpostId": outpost.id,
        "OwnerId": context.region.settings.account,
        "OutpostArn": outpost.arn,
        "SiteId": outpost.site,
        "SiteArn": context.region.outposts.sites[outpost.site].arn,
        "Name": outpost.name,
        "Description": outpost.description,
        "LifeCycleStatus": outpost.status,
        "AvailabilityZone": outpost.availability_zone,
        "AvailabilityZoneId": outpost.availability_zone_id,
        "Tags": outpost.tags,
        "SupportedHardwareType": outpost.hardware,
    }


def _zone(params: Params, context: Context) -> tuple[str, str]:
    """Name and id of the Availability Zone that is asked for."""
    name, identity = params.get("AvailabilityZone"), params.get("AvailabilityZoneId")
    if (name is None) is (identity is None):
        raise validation("Specify either AvailabilityZone or AvailabilityZoneId.")
    for zone in moto_models.zones(context.region.settings):
        if name in (None, zone[0]) and identity in (None, zone[1]):
            return zone
    raise validation(f"Availability Zone {name or identity} is not in {context.region.settings.name}.")


def create(context: Context, params: Params) -> Outpost:
    store = context.region.outposts
    site = find_site(context, params["SiteId"])
    zone, zone_id = _zone(params, context)
    number = store.number()
    identity = identifier("op", number)
    outpost = Outpost(
        number=number,
        id=identity,
        arn=context.region.arn("outposts", f"outpost/{identity}"),
        name=params["Name"],
        description=params.get("Description", ""),
        site=site.id,
        availability_zone=zone,
        availability_zone_id=zone_id,
        hardware=params.get("SupportedHardwareType", "RACK"),
        tags=dict(params.get("Tags", {})),
    )
    store.outposts[identity] = outpost
    return outpost


@action("outposts", "CreateOutpost")
def create_outpost(params: Params, context: Context) -> Reply:
    """Create an Outpost without hardware; the control API delivers it."""
    return {"Outpost": view(create(context, params), context)}


@action("outposts", "GetOutpost")
def get_outpost(params: Params, context: Context) -> Reply:
    """Describe one Outpost."""
    return {"Outpost": view(find_outpost(context, params["OutpostId"]), context)}


@action("outposts", "ListOutposts")
def list_outposts(params: Params, context: Context) -> Reply:
    """Outposts, by life cycle and Availability Zone."""
    status, zone, zone_id = (
        params.get(f"{name}Filter") for name in ("LifeCycleStatus", "AvailabilityZone", "AvailabilityZoneId")
    )
    found = [
        outpost
        for outpost in context.region.outposts.outposts.values()
        if passes(outpost.status, status)
        and passes(outpost.availability_zone, zone)
        and passes(outpost.availability_zone_id, zone_id)
    ]
    chosen, token = page(found, lambda outpost: outpost.number, params, ("outposts", status, zone, zone_id))
    return {"Outposts": [view(outpost, context) for outpost in chosen], **token}


@action("outposts", "UpdateOutpost")
def update_outpost(params: Params, context: Context) -> Reply:
    """Change name and description."""
    outpost = find_outpost(context, params["OutpostId"])
    if params.get("SupportedHardwareType", outpost.hardware) != outpost.hardware and outpost.assets:
        raise conflict(f"Outpost {outpost.id} has hardware of type {outpost.hardware}.")
    change(outpost, params, "Name", "Description")
    outpost.hardware = params.get("SupportedHardwareType", outpost.hardware)
    return {"Outpost": view(outpost, context)}


@action("outposts", "DeleteOutpost")
def delete_outpost(params: Params, context: Context) -> Reply:
    """Delete an Outpost that carries nothing."""
    outpost = find_outpost(context, params["OutpostId"])
    subnets = moto_models.subnets_on(context.region.settings, outpost.arn)
    if subnets:
        raise conflict(f"Outpost {outpost.id} has subnets: {', '.join(subnets)}.")
    del context.region.outposts.outposts[outpost.id]
    context.region.ec2.forget_outpost(outpost.arn)
    return {}
