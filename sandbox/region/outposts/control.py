# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API's part for Outposts: deliver hardware, cut and mend the service link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..context import Context
from ..ec2 import gateways, hosts, joining, moto_models
from ..errors import ApiError
from ..identity import Caller
from . import assets, outposts, sites
from .model import Outpost

if TYPE_CHECKING:
    from ..context import Region

_DELIVERY = {"outpost_id", "name", "site_name", "availability_zone", "hardware", "hosts", "tags"}
_STATES = {"up": True, "down": False}
DEFAULT_HOSTS = {
    "RACK": [{"c5.large": 8, "c5.xlarge": 4}, {"m5.large": 8, "m5.xlarge": 4}],
    "SERVER": [{"c6id.large": 8}],
}


def context_of(region: Region) -> Context:
    """For work that no call asked for."""
    return Context(region, Caller(None), "", region.clock.now())


def _check(order: Mapping[str, Any], known: set[str]) -> None:
    unknown = set(order) - known
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")


def _ordered(context: Context, order: Mapping[str, Any]) -> Outpost:
    """The Outpost that is to be delivered: one that the API has created, or a new one at a site of its own."""
    if "outpost_id" in order:
        outpost = context.region.outposts.outposts.get(order["outpost_id"])
        if outpost is None or outpost.assets:
            raise ValueError(f"{order['outpost_id']} is no Outpost that waits for its hardware")
        return outpost
    hardware = order.get("hardware", "RACK")
    if hardware not in DEFAULT_HOSTS:
        raise ValueError("hardware must be RACK or SERVER")
    name = str(order.get("name", "outpost"))
    site = sites.create(context, {"Name": str(order.get("site_name", name))})
    zone = order.get("availability_zone", f"{context.region.settings.name}a")
    wanted = {"Name": name, "SiteId": site.id, "AvailabilityZone": zone, "SupportedHardwareType": hardware}
    try:
        return outposts.create(context, {**wanted, "Tags": order.get("tags", {})})
    except ApiError as error:
        raise ValueError(error.message) from error


def deliver(region: Region, order: Mapping[str, Any]) -> dict[str, Any]:
    """Hardware for an Outpost; a rack comes with a local gateway."""
    _check(order, _DELIVERY)
    context = context_of(region)
    outpost = _ordered(context, order)
    assets.deliver(outpost, assets.check_hosts(outpost, order.get("hosts", DEFAULT_HOSTS[outpost.hardware])))
    gateway = gateways.install(context, outpost).id if outpost.hardware == "RACK" else None
    return {**_view(outpost), "local_gateway_id": gateway}


def _view(outpost: Outpost) -> dict[str, Any]:
    return {
        "outpost_id": outpost.id,
        "outpost_arn": outpost.arn,
        "site_id": outpost.site,
        "availability_zone": outpost.availability_zone,
        "link": "up" if outpost.service_link else "down",
    }


def set_link(region: Region, reference: str, order: Mapping[str, Any]) -> dict[str, Any]:
    """Cut or mend the service link: what runs runs on, calls that must reach the Outpost fail."""
    _check(order, {"state"})
    outpost = region.outposts.outposts.get(reference)
    if outpost is None:
        raise ValueError(f"there is no Outpost {reference}")
    if order.get("state") not in _STATES:
        raise ValueError("state must be up or down")
    outpost.service_link = _STATES[order["state"]]
    context = context_of(region)
    # A real agent's connections are cut; host reaches host as before.
    region.links.sever(region, outpost.id, None if outpost.service_link else hosts.outage(region, outpost))
    for identity in outpost.hosts_of:
        instance = moto_models.instance(region.settings, identity)
        if not outpost.service_link:
            joining.silence(context, identity)
        elif instance is not None and instance.state in moto_models.PLACED:
            joining.heard_again(context, identity)
    return _view(outpost)


def set_host(region: Region, identity: str, asset: str, order: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a host: only an ACTIVE one takes new instances."""
    _check(order, {"state"})
    outpost = region.outposts.outposts.get(identity)
    if outpost is None or asset not in outpost.assets:
        raise ValueError(f"there is no host {asset} in {identity}")
    if order.get("state") not in ("ACTIVE", "ISOLATED", "RETIRING", "INSTALLING"):
        raise ValueError("state must be ACTIVE, ISOLATED, RETIRING or INSTALLING")
    outpost.assets[asset].state = order["state"]
    return {"asset_id": asset, "state": order["state"]}
