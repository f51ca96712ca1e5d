# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which function serves which action."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .context import Context

Params = dict[str, Any]
Reply = dict[str, Any]
Handler = Callable[[Params, "Context"], Reply]

_HANDLERS: dict[tuple[str, str], Handler] = {}


def action(service: str, name: str) -> Callable[[Handler], Handler]:
    """Register a function as the handler of an action."""

    def register(handler: Handler) -> Handler:
        key = (service, name)
        if key in _HANDLERS:
            raise ValueError(f"{service}:{name} has two handlers")
        _HANDLERS[key] = handler
        return handler

    return register


def find(service: str, name: str) -> Handler | None:
    return _HANDLERS.get((service, name))


def names(service: str) -> frozenset[str]:
    return frozenset(name for owner, name in _HANDLERS if owner == service)
