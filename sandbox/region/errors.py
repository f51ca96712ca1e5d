# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals as AWS words them."""

from __future__ import annotations

from collections.abc import Callable, Mapping


class ApiError(Exception):
    """An error reply: code and message as the service gives them."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class HandToMoto(Exception):  # noqa: N818 - a detour, not an error
    """Raised by a handler for a request that moto answers better; what then becomes of moto's good answer.

    `fields` are put in the place of those of the request (query forms only).
    """

    def __init__(self, then: Callable[[bytes], bytes] | None = None, fields: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.then = then
        self.fields = fields or {}


def validation(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def not_implemented(service: str, action: str) -> ApiError:
    return ApiError("NotImplemented", f"The simulated Region does not implement {service}:{action}.", status=501)
