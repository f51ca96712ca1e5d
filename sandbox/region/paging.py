# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of a list, with tokens that only the list that gave them takes back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


class InvalidToken(ValueError):
    """A token that this Region did not hand out for this list and these filters."""


def _digest(scope: object) -> str:
    return hashlib.sha256(json.dumps(scope, sort_keys=True, default=str).encode()).hexdigest()[:16]


def encode(after: int, scope: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([after, _digest(scope)]).encode()).decode()


def decode(token: str, scope: object) -> int:
    try:
        after, digest = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidToken(token) from error
    if digest != _digest(scope) or not isinstance(after, int):
        raise InvalidToken(token)
    return after


def page(
    items: Sequence[Item], order: Callable[[Item], int], size: int, token: str | None, scope: object
) -> tuple[list[Item], str | None]:
    """One page of items sorted by a number that never changes, so that removals between two pages lose nothing."""
    after = decode(token, scope) if token else -1
    rest = sorted((item for item in items if order(item) > after), key=order)
    chosen = rest[:size]
    more = len(rest) > size
    return chosen, encode(order(chosen[-1]), scope) if more else None
