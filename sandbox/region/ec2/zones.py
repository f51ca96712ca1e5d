# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones: the Region's own, which are moto's, a Local Zone and a Wavelength Zone.

The latter two take subnets once the account has opted in to their group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..registry import Params, Reply, action
from . import moto_models
from .common import dry_run, invalid, matches

if TYPE_CHECKING:
    from ..context import Context, Settings

LOCAL, WAVELENGTH, AVAILABILITY = "local-zone", "wavelength-zone", "availability-zone"
OPTED_IN, NOT_OPTED_IN, NOT_REQUIRED = "opted-in", "not-opted-in", "opt-in-not-required"
_FILTERS = frozenset(
    {
        "group-name",
        "message",
        "opt-in-status",
        "parent-zone-id",
        "parent-zone-name",
        "region-name",
        "state",
        "zone-id",
        "zone-name",
        "zone-type",
    }
)


def edge_zones(settings: Settings) -> list[dict[str, Any]]:
    """The zones outside the Region's own, after those that us-west-2 has in Los Angeles and Las Vegas."""
    name = settings.name
    parent, parent_id = moto_models.zones(settings)[0]
    prefix = parent_id.partition("-")[0]
    zones = [
        {"ZoneName": f"{name}-lax-1a", "ZoneId": f"{prefix}-lax1-az1", "GroupName": f"{name}-lax-1", "ZoneType": LOCAL},
        {
            "ZoneName": f"{name}-wl1-las-wlz-1",
            "ZoneId": f"{prefix}-wl1-las-wlz1",
            "GroupName": f"{name}-wl1",
            "ZoneType": WAVELENGTH,
        },
    ]
    return [{**zone, "ParentZoneName": parent, "ParentZoneId": parent_id} for zone in zones]


def _own_zones(settings: Settings) -> list[dict[str, Any]]:
    return [
        {
            "ZoneName": zone,
            "ZoneId": zone_id,
            "GroupName": settings.name,
            "ZoneType": AVAILABILITY,
            "OptInStatus": NOT_REQUIRED,
        }
        for zone, zone_id in moto_models.zones(settings)
    ]


def _all_zones(context: Context) -> list[dict[str, Any]]:
    settings, groups = context.region.settings, context.region.ec2.zone_groups
    edge = [
        {**zone, "OptInStatus": OPTED_IN if zone["GroupName"] in groups else NOT_OPTED_IN}
        for zone in edge_zones(settings)
    ]
    common = {"RegionName": settings.name, "State": "available", "Messages": []}
    return [{**common, "NetworkBorderGroup": _border(zone), **zone} for zone in [*_own_zones(settings), *edge]]


def _border(zone: dict[str, Any]) -> str:
    """A Wavelength Zone has a border group of its own, in a Local Zone it is the group."""
    return str(zone["ZoneName"] if zone["ZoneType"] == WAVELENGTH else zone["GroupName"])


@action("ec2", "DescribeAvailabilityZones")
def describe_zones(params: Params, context: Context) -> Reply:
    """The zones that the account can use, or all."""
    dry_run(params)
    found = [
        zone
        for zone in _all_zones(context)
        if (params.get("AllAvailabilityZones") or zone["OptInStatus"] != NOT_OPTED_IN)
        and matches(zone, {}, params.get("Filters", []), _FILTERS)
    ]
    for option, member in (("ZoneNames", "ZoneName"), ("ZoneIds", "ZoneId")):
        wanted = params.get(option, [])
        unknown = set(wanted) - {zone[member] for zone in _all_zones(context)}
        if unknown:
            raise invalid(f"Invalid availability zones: [{', '.join(sorted(unknown))}]")
        found = [zone for zone in found if not wanted or zone[member] in wanted]
    return {"AvailabilityZones": found}


@action("ec2", "ModifyAvailabilityZoneGroup")
def modify_zone_group(params: Params, context: Context) -> Reply:
    """Opt in to a group of zones. To opt out, customers ask AWS Support."""
    groups = {zone["GroupName"] for zone in edge_zones(context.region.settings)}
    if params["GroupName"] not in groups:
        raise invalid(f"The zone group '{params['GroupName']}' does not exist or needs no opt-in")
    if params["OptInStatus"] != OPTED_IN:
        raise ApiError("OperationNotPermitted", "Contact AWS Support to opt out of a zone group.")
    dry_run(params)
    context.region.ec2.zone_groups.add(params["GroupName"])
    return {"Return": True}


def check_usable(params: Params, context: Context) -> None:
    """Refuse a subnet in a zone whose group the account has not opted in to."""
    settings = context.region.settings
    for zone in edge_zones(settings):
        name, zone_id = zone["ZoneName"], zone["ZoneId"]
        if name != params.get("AvailabilityZone") and zone_id != params.get("AvailabilityZoneId"):
            continue
        if zone["GroupName"] not in context.region.ec2.zone_groups:
            usable = ", ".join(known for known, _zone_id in moto_models.zones(settings))
            raise invalid(
                f"Value ({name}) for parameter availabilityZone is invalid. "
                f"Subnets can currently only be created in the following availability zones: {usable}."
            )
        moto_models.know_zone(settings, name, zone_id, zone["ZoneType"])
