# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outposts: finding them by any of their names, and what they have room for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._aws.errors import NotPossible
from .common import OUTPOSTS, PAGE
from .transformations import Resource, shape_hosts, shape_instance_types, shape_outpost, sum_capacity
from .validation import is_arn, is_id


@dataclass(frozen=True)
class OutpostQuery:
    """Empty means "any"."""

    outposts: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)
    availability_zones: list[str] = field(default_factory=list)
    life_cycle_status: list[str] = field(default_factory=list)


def names_of(outpost: Mapping[str, Any]) -> tuple[str, str, str]:
    """By all of these an Outpost may be asked for."""
    return outpost["outpost_arn"], outpost["outpost_id"], outpost["name"]


def select(outposts: Iterable[Resource], query: OutpostQuery) -> list[Resource]:
    """AWS filters by at most five values and not by name or site: a page holds a thousand, so all are read."""
    status = [value.upper() for value in query.life_cycle_status]
    return [
        outpost
        for outpost in outposts
        if (not query.outposts or not set(query.outposts).isdisjoint(names_of(outpost)))
        and (not query.sites or outpost["site_id"] in query.sites)
        and _in_zones(outpost, query.availability_zones)
        and (not status or str(outpost["life_cycle_status"]).upper() in status)
    ]


def _in_zones(outpost: Mapping[str, Any], zones: Sequence[str]) -> bool:
    return not zones or outpost["availability_zone"] in zones or outpost["availability_zone_id"] in zones


def missing(outposts: Iterable[Resource], references: Iterable[str]) -> list[str]:
    known = {name for outpost in outposts for name in names_of(outpost)}
    return [reference for reference in references if reference not in known]


def list_all(client: Any) -> list[Resource]:
    found = OUTPOSTS.call_all(client, "list_outposts", "Outposts", "list the Outposts", MaxResults=PAGE)
    return [shape_outpost(outpost) for outpost in found]


def get(client: Any, reference: str) -> Resource:
    """One Outpost by ARN, id or name; names need not be unique, so a name is looked up among all."""
    if is_arn(reference) or is_id(reference):
        found = OUTPOSTS.call(client, "get_outpost", f"read Outpost {reference}", OutpostId=reference)
        return shape_outpost(found["Outpost"])
    return only(reference, list_all(client))


def only(name: str, outposts: Iterable[Resource]) -> Resource:
    found = [outpost for outpost in outposts if outpost["name"] == name]
    if not found:
        raise NotPossible(
            f"No Outpost is named {name!r} in this account and Region. "
            "Give its ARN or id, or see what edgefleet.ecs.outpost_info lists."
        )
    if len(found) > 1:
        ids = ", ".join(sorted(outpost["outpost_id"] for outpost in found))
        raise NotPossible(f"{len(found)} Outposts are named {name!r}: {ids}. Give the id of the one that is meant.")
    return found[0]


def _of(client: Any, method: str, key: str, outpost: str, member: str = "OutpostIdentifier", **more: Any) -> list[Any]:
    intent = f"read what Outpost {outpost} holds"
    return OUTPOSTS.call_all(client, method, key, intent, MaxResults=PAGE, **{member: outpost}, **more)


def read_capacity(client: Any, outpost: str) -> Resource:
    """Hosts, and capacity by instance type. AWS tells this to the account that owns the Outpost."""
    assets = _of(client, "list_assets", "Assets", outpost, AssetTypeFilter=["COMPUTE"])
    instances = _of(client, "list_asset_instances", "AssetInstances", outpost)
    hosts = shape_hosts(assets, instances)
    return {"capacity": sum_capacity(hosts), "hosts": hosts}


def read_configured_types(client: Any, outpost: str) -> Resource:
    types = _of(client, "get_outpost_instance_types", "InstanceTypes", outpost, member="OutpostId")
    return {"configured_instance_types": shape_instance_types(types)}


def read_supported_types(client: Any, outpost: str) -> Resource:
    types = _of(client, "get_outpost_supported_instance_types", "InstanceTypes", outpost)
    return {"supported_instance_types": shape_instance_types(types)}
