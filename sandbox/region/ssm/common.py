# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several SSM actions share: the role check, tags and pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .. import paging
from ..errors import ApiError, validation

if TYPE_CHECKING:
    from ..context import Context
    from .model import ManagedNode

Item = TypeVar("Item")

MAX_TAGS = 50


def check_role(role: str, context: Context) -> None:
    """A managed node's role must exist and let SSM assume it."""
    if not context.region.trusts(role, "ssm.amazonaws.com"):
        settings = context.region.settings
        arn = f"arn:{settings.partition}:iam::{settings.account}:role/{role}"
        raise validation(f"Nonexistent role or missing ssm service principal in trust policy: {arn}")


def find_node(instance_id: str, context: Context) -> ManagedNode:
    node = context.ssm.nodes.get(instance_id)
    if node is None:
        raise ApiError("InvalidInstanceId", f"Instance {instance_id} is not a managed node of this account.")
    return node


def page(
    items: Sequence[Item], order: Callable[[Item], int], size: int, params: dict[str, Any], scope: object
) -> tuple[list[Item], dict[str, str]]:
    """A page, and the reply's own NextToken member."""
    try:
        chosen, token = paging.page(items, order, size, params.get("NextToken"), scope)
    except paging.InvalidToken as error:
        raise ApiError("InvalidNextToken", "The specified token isn't valid.") from error
    return chosen, {"NextToken": token} if token else {}


def tags_to_dict(tags: Sequence[dict[str, str]] | None) -> dict[str, str]:
    found = {tag["Key"]: tag["Value"] for tag in tags or ()}
    for key in found:
        if key.lower().startswith("aws:"):
            raise validation("Tag keys that begin with aws: are reserved.")
    if len(found) > MAX_TAGS:
        raise ApiError("TooManyTagsError", "")
    return found


def tags_to_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
