# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed nodes: reading them in pages, and thin calls that change them one by one, as the API has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._aws.errors import NotPossible, Refused
from .._aws.service import batches
from .common import SSM
from .node_plan import NodeChange, WantedNode
from .transformations import Resource, shape_node, tags_to_dict, tags_to_list

DESCRIBE_PAGE = 50
# Values that one filter takes, by the API reference.
FILTER_VALUES = 100

# A machine outside of AWS, as DescribeInstanceInformation and the calls for tags name it.
MANAGED = "ManagedInstance"
# https://docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-configure-instance-tiers.html
_TIER_SETTING = "/ssm/managed-instance/activation-tier"
_LIMITS = {"standard": 1000}
# What AWS calls a managed node that is not there (any more).
_GONE = "InvalidInstanceId"
_NAMED_AT_MOST = 20


@dataclass(frozen=True)
class NodeQuery:
    """Empty means "any"."""

    instance_ids: list[str] = field(default_factory=list)
    activation_ids: list[str] = field(default_factory=list)
    ping_status: str | None = None
    resource_type: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    # Tags by the values that will do; any value where the list is empty.
    tag_values: Mapping[str, Sequence[str]] = field(default_factory=dict)


def filters(query: NodeQuery) -> Iterator[list[dict[str, Any]]]:
    """One list of filters for each request that the limit on values makes necessary.

    AWS does not take filters by tag together with others, so those are left to select().
    """
    if query.tags or query.tag_values:
        exact = [_filter(f"tag:{key}", [value]) for key, value in query.tags.items()]
        yield [*exact, *(_tag_filter(key, values) for key, values in query.tag_values.items())]
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


def _tag_filter(key: str, values: Sequence[str]) -> dict[str, Any]:
    return _filter(f"tag:{key}", list(values)) if values else _filter("tag-key", [key])


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


def find(client: Any, query: NodeQuery, required_tags: Mapping[str, str]) -> tuple[list[Resource], list[str]]:
    """The machines outside of AWS that are meant, and the ids that AWS does not know. Refuses those of somebody else.

    A filter by tag goes with no other filter, so that with tags all their nodes are read, and then chosen from.
    """
    tagged = describe(client, NodeQuery(tags=dict(required_tags))) if required_tags else []
    found = select(tagged, query) if required_tags else describe(client, query)
    unseen = _unseen(query.instance_ids, found)
    if not unseen or not (required_tags or query.activation_ids):
        return found, unseen
    others = describe(client, NodeQuery(instance_ids=unseen))
    if required_tags:
        _require_own(others, tagged, required_tags)
    return found, _unseen(unseen, others)


def _unseen(ids: Sequence[str], found: Iterable[Mapping[str, Any]]) -> list[str]:
    seen = {node["instance_id"] for node in found}
    return [node_id for node_id in ids if node_id not in seen]


def _require_own(others: Sequence[Resource], tagged: Sequence[Resource], required_tags: Mapping[str, str]) -> None:
    own = {node["instance_id"] for node in tagged}
    foreign = [str(node["instance_id"]) for node in others if node["instance_id"] not in own]
    if foreign:
        tags = ", ".join(f"{key}={value}" for key, value in required_tags.items())
        raise NotPossible(
            f"{len(foreign)} of the managed nodes named do not have the required tags ({tags}) and are not touched, "
            f"nor is any other: {_names(foreign)}. Take them out of instance_ids, or correct required_tags.",
            foreign=foreign,
        )


def require_all(missing: Sequence[str]) -> None:
    if missing:
        raise NotPossible(
            f"{len(missing)} managed nodes are not in this account and Region: {_names(missing)}. Correct their ids, "
            "or register these machines anew.",
            missing=list(missing),
        )


def _names(ids: Sequence[str]) -> str:
    more = len(ids) - _NAMED_AT_MOST
    return ", ".join(ids[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def with_tags(client: Any, nodes: Sequence[Resource], wanted: WantedNode) -> list[Resource]:
    """The nodes, and the tags of those whose tags may have to change.

    Tags are told for one node a call. A filter finds out in pages who has the wanted ones already.
    """
    if wanted.tags is None or not nodes:
        return list(nodes)
    done: set[str] = set()
    if wanted.tags and not wanted.purge_tags:
        done = {str(node["instance_id"]) for node in describe(client, NodeQuery(tags=wanted.tags))}
    return [node if node["instance_id"] in done else {**node, "tags": read_tags(client, node)} for node in nodes]


def read_tags(client: Any, node: Mapping[str, Any]) -> dict[str, str]:
    node_id = node["instance_id"]
    intent = f"read the tags of managed node {node_id}"
    reply = SSM.call(client, "list_tags_for_resource", intent, ResourceType=MANAGED, ResourceId=node_id)
    # Tags of AWS itself are no concern of ours, and cannot be removed.
    return {key: value for key, value in tags_to_dict(reply.get("TagList")).items() if not key.startswith("aws:")}


def apply(client: Any, node: Mapping[str, Any], change: NodeChange) -> None:
    node_id = node["instance_id"]
    label, where = f"managed node {node_id}", {"ResourceType": MANAGED, "ResourceId": node_id}
    if change.iam_role is not None:
        intent = f"give {label} the role {change.iam_role}"
        SSM.call(client, "update_managed_instance_role", intent, InstanceId=node_id, IamRole=change.iam_role)
    if change.tags.drop:
        SSM.call(client, "remove_tags_from_resource", f"remove tags of {label}", TagKeys=change.tags.drop, **where)
    if change.tags.put:
        SSM.call(client, "add_tags_to_resource", f"tag {label}", Tags=tags_to_list(change.tags.put), **where)


def deregister(client: Any, node: Mapping[str, Any]) -> None:
    node_id = node["instance_id"]
    try:
        SSM.call(client, "deregister_managed_instance", f"deregister managed node {node_id}", InstanceId=node_id)
    except Refused as refusal:
        if refusal.code != _GONE:
            raise


def read_quota(client: Any, everybody: Sequence[Mapping[str, Any]] | None = None) -> Resource:
    """How many machines outside of AWS the account may have in this Region. `everybody` saves reading all nodes."""
    intent = "read the activation tier"
    setting = SSM.call(client, "get_service_setting", intent, SettingId=_TIER_SETTING)["ServiceSetting"]
    tier = setting["SettingValue"]
    nodes = describe(client, NodeQuery(resource_type=MANAGED)) if everybody is None else everybody
    registered = sum(node["resource_type"] == MANAGED for node in nodes)
    limit = _LIMITS.get(tier)
    free = None if limit is None else max(0, limit - registered)
    return {"activation_tier": tier, "registered_nodes": registered, "limit": limit, "free": free}
