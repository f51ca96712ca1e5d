# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils._ssm.managed_nodes import NodeQuery, describe, filters


def raw(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "InstanceId": f"mi-{number:017x}",
        "PingStatus": "Online",
        "ResourceType": "ManagedInstance",
        "ActivationId": "a",
        "IPAddress": "192.0.2.1",
        **changes,
    }


def test_no_query_needs_no_filter(client: Callable[..., Any]) -> None:
    fake = client(describe_instance_information={"InstanceInformationList": [raw(2), raw(1)]})
    assert [node["instance_id"][-1] for node in describe(fake, NodeQuery())] == ["1", "2"]
    assert fake.calls == [("describe_instance_information", {"MaxResults": 50})]


def test_filters() -> None:
    query = NodeQuery(["mi-1"], ["a"], "Online", "ManagedInstance")
    assert list(filters(query)) == [
        [
            {"Key": "PingStatus", "Values": ["Online"]},
            {"Key": "ResourceType", "Values": ["ManagedInstance"]},
            {"Key": "InstanceIds", "Values": ["mi-1"]},
            {"Key": "ActivationIds", "Values": ["a"]},
        ]
    ]


def test_a_filter_takes_a_hundred_values() -> None:
    sizes = [
        len(asked[0]["Values"]) for asked in filters(NodeQuery(instance_ids=[str(number) for number in range(250)]))
    ]
    assert sizes == [100, 100, 50]


def test_filters_by_tag_stand_alone_and_the_rest_is_sifted_here(client: Callable[..., Any]) -> None:
    nodes = [raw(1), raw(2, PingStatus="ConnectionLost"), raw(3, ActivationId="b"), raw(4, ResourceType="EC2Instance")]
    fake = client(describe_instance_information={"InstanceInformationList": nodes})
    query = NodeQuery([], ["a"], "Online", "ManagedInstance", {"fleet": "retail", "site": "lyon"})
    assert [node["instance_id"][-1] for node in describe(fake, query)] == ["1"]
    assert fake.calls[0][1]["Filters"] == [
        {"Key": "tag:fleet", "Values": ["retail"]},
        {"Key": "tag:site", "Values": ["lyon"]},
    ]


def test_shape(client: Callable[..., Any]) -> None:
    fake = client(describe_instance_information={"InstanceInformationList": [raw(1)]})
    node = describe(fake, NodeQuery())[0]
    assert node["ip_address"] == "192.0.2.1"
    assert node["name"] is None
