# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed nodes: reading them in pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._aws.service import batches
from .common import SSM
from .transformations import Resource, shape_node

DESCRIBE_PAGE = 50
# Values that one filter takes, by the API reference.
FILTER_VALUES = 100


@dataclass(frozen=True)
class NodeQuery:
    """Empty means "any"."""

    instance_ids: list[str] = field(default_factory=list)
    activation_ids: list[str] = field(default_factory=list)
    ping_status: str | None = None
    resource_type: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


def filters(query: NodeQuery) -> Iterator[list[dict[str, Any]]]:
    """One list of filters for each request that the limit on values makes necessary.

    AWS does not take filters by tag together with others, so those are left to select().
    """
    if query.tags:
        yield [_filter(f"tag:{key}", [value]) for key, value in query.tags.items()]
        return
    single = [("PingStatus", query.ping_status), ("ResourceType", query.resource_type)]
    plain = [_filter(key, [value]) for key, value in single if value]
    for instance_ids in _portions(query.instance_ids):
        for activation_ids in _portions(query.activation_ids):
            listed = [("InstanceIds", instance_ids), ("ActivationIds", activation_ids)]
            yield [*plain, *(_filter(key, values) for key, values in listed if values)]


def select(nodes: Iterable[Resource], query: NodeQuery) -> list[Resource]:
    return [
        node
        for node in nodes
        if (not query.instance_ids or node["instance_id"] in query.instance_ids)
        and (not query.activation_ids or node["activation_id"] in query.activation_ids)
        and query.ping_status in (None, node["ping_status"])
        and query.resource_type in (None, node["resource_type"])
    ]


def _portions(values: Sequence[str]) -> list[list[str]]:
    return list(batches(values, FILTER_VALUES)) or [[]]


def _filter(key: str, values: list[str]) -> dict[str, Any]:
    return {"Key": key, "Values": values}


def describe(client: Any, query: NodeQuery) -> list[Resource]:
    nodes: list[Resource] = []
    for asked in filters(query):
        nodes.extend(
            SSM.call_all(
                client,
                "describe_instance_information",
                "InstanceInformationList",
                "read the managed nodes",
                MaxResults=DESCRIBE_PAGE,
                **({"Filters": asked} if asked else {}),
            )
        )
    shaped = select((shape_node(node) for node in nodes), query)
    return sorted(shaped, key=lambda node: str(node["instance_id"]))
