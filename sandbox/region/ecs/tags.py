# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of clusters and container instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ApiError
from ..registry import Params, Reply, action
from .common import MAX_TAGS, cluster_name, invalid, tags_to_dict, tags_to_list
from .model import ACTIVE

if TYPE_CHECKING:
    from ..context import Context


def _tags_of(arn: str, context: Context) -> dict[str, str]:
    """The tags of a resource, to be read or changed in place."""
    prefix = context.region.arn("ecs", "")
    kind, _, name = arn.removeprefix(prefix).partition("/")
    if arn.startswith(prefix) and kind == "cluster":
        cluster = context.ecs.clusters.get(cluster_name(arn))
        if cluster is None or cluster.status != ACTIVE:
            raise ApiError("ClusterNotFoundException", "Cluster not found.")
        return cluster.tags
    if arn.startswith(prefix) and kind == "container-instance":
        owner, _, identifier = name.partition("/")
        instance = context.ecs.instances_of(owner).get(identifier)
        if instance is None or not instance.registered:
            raise invalid("The specified container instance was not found.")
        return instance.tags
    raise invalid(f"Invalid resource ARN: {arn}")


@action("ecs", "TagResource")
def tag_resource(params: Params, context: Context) -> Reply:
    """Add tags, or change the values of those that are there."""
    tags = _tags_of(params["resourceArn"], context)
    merged = {**tags, **tags_to_dict(params["tags"])}
    if len(merged) > MAX_TAGS:
        raise invalid(f"A resource can have {MAX_TAGS} tags.")
    tags.update(merged)
    return {}


@action("ecs", "UntagResource")
def untag_resource(params: Params, context: Context) -> Reply:
    """Remove tags; keys that are not there are ignored."""
    tags = _tags_of(params["resourceArn"], context)
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


@action("ecs", "ListTagsForResource")
def list_tags_for_resource(params: Params, context: Context) -> Reply:
    """List a resource's tags."""
    return {"tags": tags_to_list(_tags_of(params["resourceArn"], context))}
