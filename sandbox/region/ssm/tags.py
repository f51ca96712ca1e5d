# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of managed nodes; those of documents, parameters and the like are moto's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ApiError, HandToMoto
from ..registry import Params, Reply, action
from .common import MAX_TAGS, tags_to_dict, tags_to_list

if TYPE_CHECKING:
    from ..context import Context


def _tags_of(params: Params, context: Context) -> dict[str, str]:
    """The tags of a managed node, to be read or changed in place.

    An activation is no resource type here: AWS takes its tags at its creation only, and the model's enum leaves it out.
    """
    if params["ResourceType"] != "ManagedInstance":
        raise HandToMoto
    node = context.ssm.nodes.get(params["ResourceId"])
    if node is None:
        raise ApiError("InvalidResourceId", "")
    return node.tags


@action("ssm", "AddTagsToResource")
def add_tags_to_resource(params: Params, context: Context) -> Reply:
    """Add tags, or change the values of those that are there."""
    tags = _tags_of(params, context)
    merged = {**tags, **tags_to_dict(params["Tags"])}
    if len(merged) > MAX_TAGS:
        raise ApiError("TooManyTagsError", "")
    tags.update(merged)
    return {}


@action("ssm", "RemoveTagsFromResource")
def remove_tags_from_resource(params: Params, context: Context) -> Reply:
    """Remove tags; keys that are not there are ignored."""
    tags = _tags_of(params, context)
    for key in params["TagKeys"]:
        tags.pop(key, None)
    return {}


@action("ssm", "ListTagsForResource")
def list_tags_for_resource(params: Params, context: Context) -> Reply:
    """List tags."""
    return {"TagList": tags_to_list(_tags_of(params, context))}
