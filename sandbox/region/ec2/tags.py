# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of the resources that moto does not keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import HandToMoto, not_implemented
from ..registry import Params, Reply, action
from .common import dry_run
from .model import Resource

if TYPE_CHECKING:
    from ..context import Context


def _ours(params: Params, context: Context, name: str) -> list[Resource]:
    resources = context.region.ec2.resources
    found = [resources[identity] for identity in params["Resources"] if identity in resources]
    if not found:
        raise HandToMoto
    if len(found) != len(params["Resources"]):
        raise not_implemented("ec2", f"{name} of local gateway resources together with others")
    dry_run(params)
    return found


@action("ec2", "CreateTags")
def create_tags(params: Params, context: Context) -> Reply:
    """Set tags."""
    for resource in _ours(params, context, "CreateTags"):
        resource.tags.update({tag["Key"]: tag.get("Value", "") for tag in params["Tags"]})
    return {}


@action("ec2", "DeleteTags")
def delete_tags(params: Params, context: Context) -> Reply:
    """Take tags away: by key, or by key and value; all when none is named."""
    for resource in _ours(params, context, "DeleteTags"):
        for tag in params.get("Tags", [{"Key": key} for key in resource.tags]):
            if tag.get("Value") in (None, resource.tags.get(tag["Key"])):
                resource.tags.pop(tag["Key"], None)
    return {}
