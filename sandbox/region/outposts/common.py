# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several Outposts actions share: finding records by id or ARN, pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .. import paging
from ..errors import ApiError, validation
from .model import Outpost, Site

if TYPE_CHECKING:
    from ..context import Context

Item = TypeVar("Item")

PAGE = 1000
_MARK = "1##"  # tokens of this service are DIGITS##TEXT


def not_found(what: str, reference: str) -> ApiError:
    return ApiError("NotFoundException", f"{what} {reference} not found.", status=404)


def conflict(message: str) -> ApiError:
    return ApiError("ConflictException", message, status=409)


def _id(reference: str) -> str:
    return reference.rpartition("/")[2]


def find_outpost(context: Context, reference: str) -> Outpost:
    outpost = context.region.outposts.outposts.get(_id(reference))
    if outpost is None or ("/" in reference and outpost.arn != reference):
        raise not_found("Outpost", reference)
    return outpost


def find_site(context: Context, reference: str) -> Site:
    site = context.region.outposts.sites.get(_id(reference))
    if site is None or ("/" in reference and site.arn != reference):
        raise not_found("Site", reference)
    return site


def page(
    items: Sequence[Item], order: Callable[[Item], int], params: dict[str, Any], scope: object
) -> tuple[list[Item], dict[str, str]]:
    token = params.get("NextToken")
    if token is not None and not token.startswith(_MARK):
        raise validation("Invalid NextToken.")
    try:
        inner = token[len(_MARK) :] if token else None
        chosen, following = paging.page(items, order, params.get("MaxResults", PAGE), inner, scope)
    except paging.InvalidToken as error:
        raise validation("Invalid NextToken.") from error
    return chosen, {"NextToken": _MARK + following} if following else {}


def numbered(items: Sequence[Item], params: dict[str, Any], scope: object) -> tuple[list[Item], dict[str, str]]:
    """A page of a list whose order is its own."""
    chosen, token = page(list(enumerate(items)), lambda pair: pair[0], params, scope)
    return [item for _number, item in chosen], token


def change(record: Outpost | Site, params: dict[str, Any], *names: str) -> None:
    """Set those of a record's members that a request names."""
    for name in names:
        if name in params:
            setattr(record, name.lower(), params[name])


def passes(value: str | None, wanted: Sequence[str] | None) -> bool:
    return not wanted or value in wanted
