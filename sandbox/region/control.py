# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API under /_sandbox: what a test or a demo asks of the sandbox and not of AWS."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from . import faults, links, state
from .calls import FILTERS
from .context import Region
from .ec2 import hosts
from .ecs import control as ecs_control
from .ecs import scheduler
from .events import control as events_control
from .events import invocations
from .moto_app import Moto
from .outposts import control as outposts


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        order = await request.json()
    except ValueError as error:
        raise ValueError("the body must be JSON") from error
    if not isinstance(order, dict):
        raise ValueError("the body must be a JSON object")
    return order


def _wanted(request: Request, more: frozenset[str]) -> tuple[int, dict[str, str]]:
    """The number after which calls are asked for, and what they must match."""
    query = {name: value for name, value in request.query_params.items() if name not in more}
    since = query.pop("since", "0")
    unknown = set(query) - set(FILTERS)
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    if not since.isdigit():
        raise ValueError("since must be the number of a call")
    return int(since), query


def _refused(error: ValueError) -> JSONResponse:
    return JSONResponse({"error": str(error)}, status_code=400)


class Control:
    """Handlers of the control API. Its own calls are not in the call log and suffer no faults."""

    def __init__(self, region: Region, moto: Moto) -> None:
        self.region = region
        self.moto = moto

    def routes(self) -> list[Route]:
        return [
            Route("/_sandbox/health", self.health, methods=["GET"]),
            Route("/_sandbox/calls", self.calls, methods=["GET"]),
            Route("/_sandbox/calls/summary", self.summarise_calls, methods=["GET"]),
            Route("/_sandbox/calls", self.forget_calls, methods=["DELETE"]),
            Route("/_sandbox/faults", self.pending_faults, methods=["GET"]),
            Route("/_sandbox/faults", self.add_fault, methods=["POST"]),
            Route("/_sandbox/faults", self.forget_faults, methods=["DELETE"]),
            Route("/_sandbox/outages", self.pending_outages, methods=["GET"]),
            Route("/_sandbox/outages", self.add_outage, methods=["POST"]),
            Route("/_sandbox/outages", self.mend_outages, methods=["DELETE"]),
            Route("/_sandbox/outposts", self.deliver_outpost, methods=["POST"]),
            Route("/_sandbox/outposts/{outpost}/link", self.link_outpost, methods=["POST"]),
            Route("/_sandbox/outposts/{outpost}/hosts/{asset}", self.change_host, methods=["POST"]),
            Route("/_sandbox/ec2/hosts", self.hosts_of_instances, methods=["GET"]),
            Route("/_sandbox/ec2/hosts/{instance}", self.report_host, methods=["POST"]),
            Route("/_sandbox/ec2/hosts/{instance}/metadata", self.metadata, methods=["GET"]),
            *ecs_control.Control(self.region).routes(),
            *events_control.Control(self.region).routes(),
            Route("/_sandbox/clock", self.advance_clock, methods=["POST"]),
            Route("/_sandbox/save", self.save, methods=["POST"]),
            Route("/_sandbox/reset", self.reset, methods=["POST"]),
            Route("/_sandbox/{rest:path}", self.unknown, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
        ]

    async def unknown(self, request: Request) -> JSONResponse:
        text = f"there is no {request.method} {request.url.path}; see sandbox/region/README.md"
        return JSONResponse({"error": text}, status_code=404)

    async def health(self, _request: Request) -> JSONResponse:
        region = self.region
        return JSONResponse(
            {
                "status": "ok",
                "pid": os.getpid(),
                "region": region.settings.name,
                "account": region.settings.account,
                "time": region.clock.now(),
                "clock_offset": region.clock.offset,
                "clusters": region.ecs.count_clusters(),
                "container_instances": region.ecs.count_container_instances(),
                "managed_nodes": len(region.ssm.nodes),
                "unimplemented": dict(region.unimplemented),
            }
        )

    async def calls(self, request: Request) -> JSONResponse:
        try:
            since, wanted = _wanted(request, frozenset())
        except ValueError as error:
            return _refused(error)
        entries = self.region.calls.select(since, **wanted)
        return JSONResponse({"count": len(entries), "calls": [entry.as_dict() for entry in entries]})

    async def summarise_calls(self, request: Request) -> JSONResponse:
        names = request.query_params.get("by", "service,action").split(",")
        try:
            since, wanted = _wanted(request, frozenset({"by"}))
            unknown = set(names) - set(FILTERS)
            if unknown:
                raise ValueError(f"by takes {', '.join(FILTERS)}, not {', '.join(sorted(unknown))}")
        except ValueError as error:
            return _refused(error)
        return JSONResponse({"summary": self.region.calls.summary(names, since, **wanted)})

    async def forget_calls(self, _request: Request) -> JSONResponse:
        self.region.calls.clear()
        return JSONResponse({})

    async def pending_faults(self, _request: Request) -> JSONResponse:
        return JSONResponse({"faults": self.region.faults.pending()})

    async def add_fault(self, request: Request) -> JSONResponse:
        try:
            self.region.faults.add(faults.parse(await _json_object(request)))
        except ValueError as error:
            return _refused(error)
        return JSONResponse({"faults": self.region.faults.pending()})

    async def forget_faults(self, _request: Request) -> JSONResponse:
        self.region.faults.clear()
        return JSONResponse({})

    def _outages(self) -> JSONResponse:
        return JSONResponse({"outages": [outage.as_dict() for outage in self.region.links.outages]})

    async def pending_outages(self, _request: Request) -> JSONResponse:
        return self._outages()

    async def add_outage(self, request: Request) -> JSONResponse:
        try:
            self.region.links.add(self.region, links.parse(await _json_object(request)))
        except ValueError as error:
            return _refused(error)
        return self._outages()

    async def mend_outages(self, _request: Request) -> JSONResponse:
        self.region.links.mend(self.region)
        return self._outages()

    async def _outpost(self, request: Request, order_of: Callable[[dict[str, Any]], dict[str, Any]]) -> JSONResponse:
        try:
            order = await _json_object(request)
            async with self.moto.turn:
                return JSONResponse(order_of(order))
        except ValueError as error:
            return _refused(error)

    async def deliver_outpost(self, request: Request) -> JSONResponse:
        return await self._outpost(request, lambda order: outposts.deliver(self.region, order))

    async def link_outpost(self, request: Request) -> JSONResponse:
        identity = request.path_params["outpost"]
        return await self._outpost(request, lambda order: outposts.set_link(self.region, identity, order))

    async def change_host(self, request: Request) -> JSONResponse:
        where = request.path_params["outpost"], request.path_params["asset"]
        return await self._outpost(request, lambda order: outposts.set_host(self.region, *where, order))

    async def hosts_of_instances(self, _request: Request) -> JSONResponse:
        return JSONResponse({"enabled": self.region.settings.instance_hosts, "hosts": hosts.orders(self.region)})

    async def report_host(self, request: Request) -> JSONResponse:
        identity = request.path_params["instance"]
        return await self._outpost(request, lambda order: hosts.report(self.region, identity, order))

    async def metadata(self, request: Request) -> JSONResponse:
        try:
            async with self.moto.turn:
                return JSONResponse(hosts.pages(self.region, request.path_params["instance"]))
        except ValueError as error:
            return _refused(error)

    async def advance_clock(self, request: Request) -> JSONResponse:
        try:
            order = await _json_object(request)
            seconds = order.get("advance")
            if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
                raise ValueError("advance must be a number of seconds")
            self.region.clock.advance(seconds)
            scheduler.tick(self.region)
            invocations.look_round(self.region)
        except ValueError as error:
            return _refused(error)
        return JSONResponse({"time": self.region.clock.now(), "clock_offset": self.region.clock.offset})

    async def save(self, _request: Request) -> JSONResponse:
        path = self.region.settings.state
        if path is None:
            return _refused(ValueError("the Region was started without --state FILE"))
        async with self.moto.turn:
            return JSONResponse({"file": str(path), "left_out": state.save(self.region, self.moto, path)})

    async def reset(self, _request: Request) -> JSONResponse:
        self.region.reset()
        self.moto.reset()
        return JSONResponse({})
