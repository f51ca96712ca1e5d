# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the shapes of the Outposts API to what the modules return. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

Resource = dict[str, Any]
# By instance type: how many an Outpost or a host is configured for, how many run, how many more may start.
Capacity = dict[str, dict[str, int]]

_OUTPOST = (
    "OutpostId",
    "OutpostArn",
    "OwnerId",
    "Name",
    "Description",
    "SiteId",
    "SiteArn",
    "LifeCycleStatus",
    "AvailabilityZone",
    "AvailabilityZoneId",
    "SupportedHardwareType",
)
# Only a host in this state takes new instances.
_TAKES_INSTANCES = "ACTIVE"


def shape_outpost(outpost: Mapping[str, Any]) -> Resource:
    shaped: Resource = camel_dict_to_snake_dict({name: outpost.get(name) for name in _OUTPOST})
    shaped["tags"] = dict(outpost.get("Tags") or {})
    return shaped


def shape_hosts(assets: Iterable[Mapping[str, Any]], instances: Iterable[Mapping[str, Any]]) -> list[Resource]:
    """The hosts of an Outpost (assets of type COMPUTE), each with its capacity."""
    used: dict[str, Counter[str]] = {}
    for instance in instances:
        used.setdefault(instance["AssetId"], Counter())[instance["InstanceType"]] += 1
    return [_shape_host(asset, used.get(asset["AssetId"], Counter())) for asset in assets]


def _shape_host(asset: Mapping[str, Any], used: Counter[str]) -> Resource:
    told = asset.get("ComputeAttributes", {})
    total = {item["InstanceType"]: item["Count"] for item in told.get("InstanceTypeCapacities", [])}
    open_for_more = told.get("State") == _TAKES_INSTANCES
    return {
        "asset_id": asset["AssetId"],
        "host_id": told.get("HostId"),
        "rack_id": asset.get("RackId"),
        "state": told.get("State"),
        "instance_families": told.get("InstanceFamilies", []),
        "max_vcpus": told.get("MaxVcpus"),
        "capacity": {
            name: {
                "total": total.get(name, 0),
                "used": used[name],
                "free": max(0, total.get(name, 0) - used[name]) if open_for_more else 0,
            }
            for name in sorted(total.keys() | used.keys())
        },
    }


def sum_capacity(hosts: Iterable[Mapping[str, Any]]) -> Capacity:
    """The capacity of an Outpost; what is free is free on one host, so the sum of the hosts and not of the types."""
    summed: Capacity = {}
    for host in hosts:
        for name, counts in host["capacity"].items():
            known = summed.setdefault(name, {"total": 0, "used": 0, "free": 0})
            for member, count in counts.items():
                known[member] += count
    return dict(sorted(summed.items()))


def shape_instance_types(types: Iterable[Mapping[str, Any]]) -> list[Resource]:
    return [{"instance_type": item["InstanceType"], "vcpus": item.get("VCPUs")} for item in types]
