# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API's part for ECS: ticks on order, hosts that are played, and what becomes of their containers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ..events import invocations
from . import agents, scheduler
from .model import ACTIVE, Outcome

if TYPE_CHECKING:
    from ..context import Region

_MOST_TICKS = 10_000
_MOST_HOSTS = 10_000
_INSTANCES = {"cluster", "count", "attributes", "kind"}
_OUTCOME = {"image", "kind", "exit_code", "after"}


def settle(region: Region, most: int) -> int:
    """Tick until nothing happens any more; the number of ticks in which something did."""
    for count in range(most):
        if not scheduler.tick(region):
            return count
    return most


def _known(order: Mapping[str, Any], names: set[str]) -> None:
    unknown = set(order) - names
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")


def _number(order: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = order.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}")
    return value


def add_outcome(region: Region, order: Mapping[str, Any]) -> None:
    """What becomes of containers whose image matches a pattern; the latest rule that matches holds."""
    _known(order, _OUTCOME)
    image, kind, after = order.get("image"), order.get("kind"), order.get("after", 0)
    if not isinstance(image, str) or not image:
        raise ValueError("image must be a pattern")
    if kind not in agents.OUTCOMES:
        raise ValueError(f"kind must be one of {', '.join(agents.OUTCOMES)}")
    if isinstance(after, bool) or not isinstance(after, (int, float)) or after < 0:
        raise ValueError("after must be a number of seconds")
    region.ecs.outcomes.append(Outcome(image, kind, _number(order, "exit_code", 0, 0, 255), float(after)))
    # Tasks that had settled may end now.
    region.ecs.moving.update(
        {task.id: task for tasks in region.ecs.tasks.values() for task in tasks.values() if task.live}
    )


def add_instances(region: Region, order: Mapping[str, Any]) -> list[dict[str, str]]:
    """Register container instances whose agents the Region plays."""
    _known(order, _INSTANCES)
    cluster = region.ecs.clusters.get(order.get("cluster", "default"))
    if cluster is None or cluster.status != ACTIVE:
        raise ValueError(f"there is no cluster {order.get('cluster', 'default')}")
    kind, attributes = order.get("kind", "EXTERNAL"), order.get("attributes", {})
    if kind not in ("EC2", "EXTERNAL"):
        raise ValueError("kind must be EC2 or EXTERNAL")
    if not isinstance(attributes, dict) or not all(isinstance(value, str) for value in attributes.values()):
        raise ValueError("attributes must map names to texts")
    prefix, made = ("mi-" if kind == "EXTERNAL" else "i-"), []
    for _ in range(_number(order, "count", 1, 1, _MOST_HOSTS)):
        identifier = f"{prefix}{region.ecs.number():017x}"
        instance = agents.simulate(region, cluster.name, identifier, attributes)
        made.append({"containerInstanceArn": instance.arn, "ec2InstanceId": identifier})
    scheduler.tick(region)
    return made


class Control:
    """Handlers of the control API."""

    def __init__(self, region: Region) -> None:
        self.region = region

    def routes(self) -> list[Route]:
        return [
            Route("/_sandbox/tick", self.tick, methods=["POST"]),
            Route("/_sandbox/instances", self.instances, methods=["POST"]),
            Route("/_sandbox/outcomes", self.outcomes, methods=["GET"]),
            Route("/_sandbox/outcomes", self.new_outcome, methods=["POST"]),
            Route("/_sandbox/outcomes", self.forget_outcomes, methods=["DELETE"]),
        ]

    @staticmethod
    async def _order(request: Request) -> dict[str, Any]:
        body = await request.body()
        order = await request.json() if body else {}
        if not isinstance(order, dict):
            raise ValueError("the body must be a JSON object")
        return order

    async def tick(self, request: Request) -> JSONResponse:
        try:
            order = await self._order(request)
            _known(order, {"most"})
            ticks = settle(self.region, _number(order, "most", 1, 1, _MOST_TICKS))
            invocations.look_round(self.region)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"ticks": ticks})

    async def instances(self, request: Request) -> JSONResponse:
        try:
            made = add_instances(self.region, await self._order(request))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"instances": made})

    async def outcomes(self, _request: Request) -> JSONResponse:
        return JSONResponse({"outcomes": [asdict(one) for one in self.region.ecs.outcomes]})

    async def new_outcome(self, request: Request) -> JSONResponse:
        try:
            add_outcome(self.region, await self._order(request))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return await self.outcomes(request)

    async def forget_outcomes(self, request: Request) -> JSONResponse:
        self.region.ecs.outcomes.clear()
        return await self.outcomes(request)
