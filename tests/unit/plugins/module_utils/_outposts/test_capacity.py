# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils._outposts import outposts
from ansible_collections.edgefleet.ecs.plugins.module_utils._outposts.transformations import shape_hosts, sum_capacity


def asset(number: int, capacities: Mapping[str, int], state: str = "ACTIVE") -> dict[str, Any]:
    counts = [{"InstanceType": name, "Count": count} for name, count in capacities.items()]
    return {
        "AssetId": f"{number:010d}",
        "RackId": "0000000001",
        "AssetType": "COMPUTE",
        "ComputeAttributes": {"HostId": f"h-{number}", "State": state, "InstanceTypeCapacities": counts},
    }


def instances(number: int, kind: str, count: int) -> list[dict[str, Any]]:
    return [{"InstanceId": "i", "InstanceType": kind, "AssetId": f"{number:010d}"}] * count


def test_free_is_what_is_left_on_each_host() -> None:
    hosts = shape_hosts(
        [asset(1, {"c5.large": 4, "c5.xlarge": 2}), asset(2, {"c5.large": 4})],
        instances(1, "c5.large", 1) + instances(2, "c5.large", 4),
    )
    assert sum_capacity(hosts) == {
        "c5.large": {"total": 8, "used": 5, "free": 3},
        "c5.xlarge": {"total": 2, "used": 0, "free": 2},
    }
    assert hosts[1]["capacity"] == {"c5.large": {"total": 4, "used": 4, "free": 0}}


def test_only_active_hosts_have_room() -> None:
    hosts = shape_hosts([asset(1, {"c5.large": 4}, "ISOLATED"), asset(2, {"c5.large": 1})], [])
    assert sum_capacity(hosts)["c5.large"] == {"total": 5, "used": 0, "free": 1}


def test_more_than_configured_leaves_no_less_than_nothing_free() -> None:
    """After a capacity task, a type may still run that a host is no longer configured for."""
    hosts = shape_hosts(
        [asset(1, {"c5.large": 1}), asset(2, {"c5.large": 3})],
        instances(1, "c5.large", 2) + instances(1, "m5.large", 1),
    )
    assert sum_capacity(hosts) == {
        "c5.large": {"total": 4, "used": 2, "free": 3},
        "m5.large": {"total": 0, "used": 1, "free": 0},
    }


def test_an_outpost_without_hosts_has_no_capacity(client: Callable[..., Any]) -> None:
    fake = client(list_assets={"Assets": []}, list_asset_instances={"AssetInstances": []})
    assert outposts.read_capacity(fake, "op") == {"capacity": {}, "hosts": []}
    assert fake.calls[0][1]["AssetTypeFilter"] == ["COMPUTE"]
