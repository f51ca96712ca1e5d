# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..registry import Params, Reply, action
from .common import change, conflict, find_site, not_found, page, passes
from .model import Site, identifier

if TYPE_CHECKING:
    from ..context import Context

OPERATING = "OPERATING_ADDRESS"
SHIPPING = "SHIPPING_ADDRESS"
_RACK = (
    "PowerDrawKva",
    "PowerPhase",
    "PowerConnector",
    "PowerFeedDrop",
    "UplinkGbps",
    "UplinkCount",
    "FiberOpticCableType",
    "OpticalStandard",
    "MaximumSupportedWeightLbs",
)


def view(site: Site, context: Context) -> dict[str, Any]:
    address = site.addresses.get(OPERATING, {})
    members = {
        "SiteId": site.id,
        "AccountId": context.region.settings.account,
        "Name": site.name,
        "Description": site.description,
        "Tags": site.tags,
        "SiteArn": site.arn,
        "Notes": site.notes,
        "OperatingAddressCountryCode": address.get("CountryCode"),
        "OperatingAddressStateOrRegion": address.get("StateOrRegion"),
        "OperatingAddressCity": address.get("City"),
        "RackPhysicalProperties": site.rack,
    }
    return {name: value for name, value in members.items() if value is not None}


def create(context: Context, params: Params) -> Site:
    store = context.region.outposts
    number = store.number()
    identity = identifier("os", number)
    arn = context.region.arn("outposts", f"site/{identity}")
    told = params.get
    site = Site(number, identity, arn, params["Name"], told("Description"), told("Notes"), dict(told("Tags", {})))
    for kind, member in ((OPERATING, "OperatingAddress"), (SHIPPING, "ShippingAddress")):
        if member in params:
            site.addresses[kind] = params[member]
    site.rack = dict(told("RackPhysicalProperties", {}))
    store.sites[identity] = site
    return site


@action("outposts", "CreateSite")
def create_site(params: Params, context: Context) -> Reply:
    """Create a site."""
    return {"Site": view(create(context, params), context)}


@action("outposts", "GetSite")
def get_site(params: Params, context: Context) -> Reply:
    """Describe one site."""
    return {"Site": view(find_site(context, params["SiteId"]), context)}


@action("outposts", "ListSites")
def list_sites(params: Params, context: Context) -> Reply:
    """Sites, by the address where they operate."""
    filters = (
        ("CountryCode", params.get("OperatingAddressCountryCodeFilter")),
        ("StateOrRegion", params.get("OperatingAddressStateOrRegionFilter")),
        ("City", params.get("OperatingAddressCityFilter")),
    )
    found = [
        site
        for site in context.region.outposts.sites.values()
        if all(passes(site.addresses.get(OPERATING, {}).get(name), wanted) for name, wanted in filters)
    ]
    chosen, token = page(found, lambda site: site.number, params, ("sites", filters))
    return {"Sites": [view(site, context) for site in chosen], **token}


@action("outposts", "UpdateSite")
def update_site(params: Params, context: Context) -> Reply:
    """Change name, description and notes."""
    site = find_site(context, params["SiteId"])
    change(site, params, "Name", "Description", "Notes")
    return {"Site": view(site, context)}


@action("outposts", "DeleteSite")
def delete_site(params: Params, context: Context) -> Reply:
    """Delete a site without Outposts."""
    store = context.region.outposts
    site = find_site(context, params["SiteId"])
    if any(outpost.site == site.id for outpost in store.outposts.values()):
        raise conflict(f"Site {site.id} has Outposts.")
    del store.sites[site.id]
    return {}


@action("outposts", "GetSiteAddress")
def get_site_address(params: Params, context: Context) -> Reply:
    """One of a site's two addresses."""
    site, kind = find_site(context, params["SiteId"]), params["AddressType"]
    if kind not in site.addresses:
        raise not_found(f"{kind} of site", site.id)
    return {"SiteId": site.id, "AddressType": kind, "Address": site.addresses[kind]}


@action("outposts", "UpdateSiteAddress")
def update_site_address(params: Params, context: Context) -> Reply:
    """Set one of a site's two addresses."""
    site = find_site(context, params["SiteId"])
    site.addresses[params["AddressType"]] = params["Address"]
    return {"AddressType": params["AddressType"], "Address": params["Address"]}


@action("outposts", "UpdateSiteRackPhysicalProperties")
def update_site_rack(params: Params, context: Context) -> Reply:
    """Set what the site offers a rack."""
    site = find_site(context, params["SiteId"])
    site.rack.update({name: params[name] for name in _RACK if name in params})
    return {"Site": view(site, context)}
