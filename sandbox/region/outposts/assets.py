# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hardware of an Outpost: hosts, what they are configured for and what runs on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..ec2 import moto_models
from ..registry import Params, Reply, action
from . import capacity, catalog
from .common import find_outpost, numbered, passes
from .model import ACTIVE, Asset, Outpost

if TYPE_CHECKING:
    from ..context import Context


def deliver(outpost: Outpost, hosts: Iterable[Mapping[str, int]]) -> None:
    """Put hosts into an Outpost; each is told by the instances that it is configured for."""
    for capacities in hosts:
        number = len(outpost.assets)
        family = catalog.family(next(iter(capacities)))
        asset = Asset(
            id=f"{outpost.number:05d}{number:05d}",
            host_id=f"h-{outpost.number * 1000 + number:017x}",
            rack_id=f"{outpost.number:010d}",
            family=family,
            max_vcpus=catalog.host_vcpus(family),
            capacities=dict(capacities),
            elevation=float(number % 42),
        )
        outpost.assets[asset.id] = asset
    outpost.status = ACTIVE


def check_hosts(outpost: Outpost, hosts: Any) -> list[dict[str, int]]:
    """Hosts from the control API's JSON; a ValueError tells what is wrong with them."""
    if not isinstance(hosts, list) or not hosts:
        raise ValueError("hosts must be a list, each a map of instance types and counts")
    for host in hosts:
        if not isinstance(host, dict) or not host:
            raise ValueError("a host must be a map of instance types and counts")
        wrong = [name for name in host if not catalog.known(name)]
        if wrong:
            raise ValueError(f"unknown instance types: {', '.join(wrong)}")
        families = {catalog.family(name) for name in host}
        if len(families) > 1:
            raise ValueError(f"a host carries one family, not {', '.join(sorted(families))}")
        (family,) = families
        if catalog.FAMILIES[family].hardware != outpost.hardware:
            raise ValueError(f"{family} does not run on hardware of type {outpost.hardware}")
        if sum(catalog.vcpus(name) * count for name, count in host.items()) > catalog.host_vcpus(family):
            raise ValueError(f"a host of family {family} has {catalog.host_vcpus(family)} vCPUs")
    return hosts


def in_use(outpost: Outpost, context: Context) -> dict[str, Counter[str]]:
    """How many instances of which type hold a place on each host; stopped ones hold none."""
    used: dict[str, Counter[str]] = {asset: Counter() for asset in outpost.assets}
    for identity, asset in outpost.hosts_of.items():
        instance = moto_models.instance(context.region.settings, identity)
        if instance is not None and instance.state in moto_models.PLACED:
            used[asset][instance.instance_type] += 1
    return used


def place(outpost: Outpost, instance_type: str, context: Context) -> str | None:
    """The host with the most room for one more instance of a type; None when all are full."""
    capacity.progress(outpost, context)
    used = in_use(outpost, context)
    room = {
        asset.id: asset.capacities.get(instance_type, 0) - used[asset.id][instance_type]
        for asset in outpost.assets.values()
        if asset.state == "ACTIVE"
    }
    best = max(room, key=lambda asset: room[asset], default=None)
    return best if best is not None and room[best] > 0 else None


def free(outpost: Outpost, instance_type: str, context: Context) -> int:
    """Places left for instances of a type."""
    capacity.progress(outpost, context)
    used = in_use(outpost, context)
    return sum(
        max(0, asset.capacities.get(instance_type, 0) - used[asset.id][instance_type])
        for asset in outpost.assets.values()
        if asset.state == "ACTIVE"
    )


def _view(asset: Asset, outpost: Outpost) -> dict[str, Any]:
    capacities = [{"InstanceType": name, "Count": count} for name, count in sorted(asset.capacities.items())]
    return {
        "AssetId": asset.id,
        "RackId": asset.rack_id,
        "AssetType": "COMPUTE",
        "ComputeAttributes": {
            "HostId": asset.host_id,
            "State": asset.state,
            "InstanceFamilies": [asset.family],
            "InstanceTypeCapacities": capacities,
            "MaxVcpus": asset.max_vcpus,
        },
        **({"AssetLocation": {"RackElevation": asset.elevation}} if outpost.hardware == "RACK" else {}),
    }


@action("outposts", "ListAssets")
def list_assets(params: Params, context: Context) -> Reply:
    """Hosts with the instance types that they are configured for."""
    outpost = find_outpost(context, params["OutpostIdentifier"])
    capacity.progress(outpost, context)
    hosts, states, kinds = (params.get(f"{name}Filter") for name in ("HostId", "Status", "AssetType"))
    found = [
        asset
        for asset in outpost.assets.values()
        if passes(asset.host_id, hosts) and passes(asset.state, states) and passes("COMPUTE", kinds)
    ]
    chosen, token = numbered(found, params, ("assets", outpost.id, hosts, states, kinds))
    return {"Assets": [_view(asset, outpost) for asset in chosen], **token}


@action("outposts", "ListAssetInstances")
def list_asset_instances(params: Params, context: Context) -> Reply:
    """Instances that hold a place, and the host that carries them."""
    outpost = find_outpost(context, params["OutpostIdentifier"])
    account = context.region.settings.account
    names = ("AssetId", "InstanceType", "AccountId", "AwsService")
    assets, types, accounts, services = (params.get(f"{name}Filter") for name in names)
    found = []
    for identity, asset in outpost.hosts_of.items():
        instance = moto_models.instance(context.region.settings, identity)
        if instance is None or instance.state not in moto_models.PLACED:
            continue
        if passes(asset, assets) and passes(instance.instance_type, types):
            found.append((identity, instance.instance_type, asset))
    if not passes(account, accounts) or not passes("EC2", services):
        found = []
    chosen, token = numbered(found, params, ("instances", outpost.id, assets, types, accounts, services))
    views = [
        {"InstanceId": identity, "InstanceType": kind, "AssetId": asset, "AccountId": account, "AwsServiceName": "EC2"}
        for identity, kind, asset in chosen
    ]
    return {"AssetInstances": views, **token}


def _items(types: Iterable[str]) -> list[dict[str, Any]]:
    return [{"InstanceType": name, "VCPUs": catalog.vcpus(name)} for name in types]


@action("outposts", "GetOutpostInstanceTypes")
def get_outpost_instance_types(params: Params, context: Context) -> Reply:
    """What an Outpost is configured for now."""
    outpost = find_outpost(context, params["OutpostId"])
    capacity.progress(outpost, context)
    types = {name for asset in outpost.assets.values() for name, count in asset.capacities.items() if count}
    chosen, token = numbered(sorted(types), params, ("types", outpost.id))
    return {"OutpostId": outpost.id, "OutpostArn": outpost.arn, "InstanceTypes": _items(chosen), **token}


@action("outposts", "GetOutpostSupportedInstanceTypes")
def get_outpost_supported_instance_types(params: Params, context: Context) -> Reply:
    """What an Outpost could be configured for."""
    outpost = find_outpost(context, params["OutpostIdentifier"])
    hosts = [outpost.assets[params["AssetId"]]] if params.get("AssetId") in outpost.assets else outpost.assets.values()
    families = sorted({asset.family for asset in hosts})
    types = [name for family in families for name in catalog.types(family)]
    chosen, token = numbered(types, params, ("supported", outpost.id, params.get("AssetId")))
    return {"InstanceTypes": _items(chosen), **token}


@action("outposts", "ListOrderableInstanceTypes")
def list_orderable_instance_types(params: Params, context: Context) -> Reply:
    """What hardware can be had for."""
    generation = params.get("OutpostGenerationFilter", "GENERATION_1")
    types = [name for family in sorted(catalog.FAMILIES) for name in catalog.types(family)]
    found = types if generation == "GENERATION_1" else []
    chosen, token = numbered(found, params, ("orderable", generation))
    views = [
        {
            "InstanceType": name,
            "VCPUs": catalog.vcpus(name),
            "MemoryInMib": catalog.memory(name),
            "FormFactorConfigs": [
                {"FormFactor": catalog.FAMILIES[catalog.family(name)].hardware, "OutpostGeneration": "GENERATION_1"}
            ],
        }
        for name in chosen
    ]
    return {"InstanceTypes": views, **token}
