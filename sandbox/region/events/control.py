# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API's part for EventBridge: what became of invocations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from ..context import Region

_FILTERS = ("rule", "target", "state")


class Control:
    """Handlers of the control API."""

    def __init__(self, region: Region) -> None:
        self.region = region

    def routes(self) -> list[Route]:
        return [
            Route("/_sandbox/invocations", self.invocations, methods=["GET"]),
            Route("/_sandbox/invocations", self.forget, methods=["DELETE"]),
        ]

    async def invocations(self, request: Request) -> JSONResponse:
        wanted = dict(request.query_params)
        unknown = set(wanted) - set(_FILTERS)
        if unknown:
            return JSONResponse({"error": f"unknown: {', '.join(sorted(unknown))}"}, status_code=400)
        found = [
            one.as_dict()
            for one in self.region.events.invocations
            if all(getattr(one, name) == value for name, value in wanted.items())
        ]
        return JSONResponse({"count": len(found), "invocations": found})

    async def forget(self, _request: Request) -> JSONResponse:
        self.region.events.invocations.clear()
        return JSONResponse({})
