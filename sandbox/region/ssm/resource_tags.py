# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of managed nodes as the Resource Groups Tagging API tells them, many at once; other resources are moto's.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ApiError, HandToMoto
from ..registry import Params, Reply, action
from .common import tags_to_list

if TYPE_CHECKING:
    from ..context import Context

SERVICE = "tagging"
_KIND = ":managed-instance/"
_ALONE = ("TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken")


@action(SERVICE, "GetResources")
def get_resources(params: Params, context: Context) -> Reply:
    """Managed nodes by their ARNs: those that are there and have, or have had, tags."""
    arns = params.get("ResourceARNList", [])
    if not any(_KIND in arn for arn in arns):
        raise HandToMoto
    if any(params.get(name) for name in _ALONE):
        raise ApiError("InvalidParameterException", "ResourceARNList cannot be combined with filters and pages.")
    found = []
    for arn in arns:
        node = context.ssm.nodes.get(arn.rpartition("/")[2])
        if node is not None and node.tags and arn == context.region.arn("ssm", f"managed-instance/{node.id}"):
            found.append({"ResourceARN": arn, "Tags": tags_to_list(node.tags)})
    return {"PaginationToken": "", "ResourceTagMappingList": found}
