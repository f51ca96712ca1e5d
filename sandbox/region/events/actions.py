# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moto takes and EventBridge would not: schedules that mean nothing, clusters without a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ApiError, HandToMoto, validation
from ..registry import Params, Reply, action
from . import invocations, moto_rules, schedules

if TYPE_CHECKING:
    from ..context import Context

SERVICE = "events"


@action(SERVICE, "PutRule")
def put_rule(params: Params, context: Context) -> Reply:
    """A schedule counts from now on."""
    expression = params.get("ScheduleExpression")
    if not expression:
        raise HandToMoto
    try:
        schedules.parse(expression)
    except schedules.NotValid as error:
        raise validation("Parameter ScheduleExpression is not valid.") from error
    except schedules.NotModelled as error:
        text = f"The simulated Region does not know the days of {expression}."
        raise ApiError("NotImplemented", text, status=501) from error

    def then(body: bytes) -> bytes:
        for rule in moto_rules.scheduled(context.region.settings):
            if rule.name == params["Name"]:
                invocations.start_counting(context.region, rule)
        return body

    raise HandToMoto(then)


@action(SERVICE, "DeleteRule")
def delete_rule(params: Params, context: Context) -> Reply:
    """A rule that is made again counts anew."""
    gone = [rule.arn for rule in moto_rules.scheduled(context.region.settings) if rule.name == params["Name"]]

    def then(body: bytes) -> bytes:
        for arn in gone:
            context.region.events.anchors.pop(arn, None)
        return body

    raise HandToMoto(then)


@action(SERVICE, "PutTargets")
def put_targets(params: Params, _context: Context) -> Reply:
    """A cluster as target needs a role, and to be told what to run."""
    for target in params["Targets"]:
        if not moto_rules.is_cluster(target):
            continue
        for member in ("RoleArn", "EcsParameters"):
            if member not in target:
                raise validation(f"{member} is required for target {target['Arn']}.")
    raise HandToMoto
