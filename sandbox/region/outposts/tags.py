# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of sites and Outposts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import validation
from ..registry import Params, Reply, action
from .common import not_found

if TYPE_CHECKING:
    from ..context import Context

MAX = 50


def _tags(context: Context, arn: str) -> dict[str, str]:
    store = context.region.outposts
    known = {site.arn: site.tags for site in store.sites.values()}
    known.update({outpost.arn: outpost.tags for outpost in store.outposts.values()})
    if arn in known:
        return known[arn]
    raise not_found("Resource", arn)


@action("outposts", "ListTagsForResource")
def list_tags(params: Params, context: Context) -> Reply:
    """Tags of a site or an Outpost."""
    return {"Tags": _tags(context, params["ResourceArn"])}


@action("outposts", "TagResource")
def tag_resource(params: Params, context: Context) -> Reply:
    """Set tags."""
    tags = _tags(context, params["ResourceArn"])
    if len(tags.keys() | params["Tags"].keys()) > MAX:
        raise validation(f"A resource can have {MAX} tags.")
    tags.update(params["Tags"])
    return {}


@action("outposts", "UntagResource")
def untag_resource(params: Params, context: Context) -> Reply:
    """Take tags away."""
    tags = _tags(context, params["ResourceArn"])
    for key in params["TagKeys"]:
        tags.pop(key, None)
    return {}
