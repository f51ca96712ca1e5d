# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules run tasks: what is due, what RunTask is asked, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .. import registry, shapes
from ..context import Context
from ..ecs import changes, definitions, scheduler
from ..errors import ApiError
from ..identity import Caller
from . import inputs, moto_rules, permissions, schedules
from .model import Invocation

if TYPE_CHECKING:
    from ..context import Region

# Of the moments that a schedule has missed while nobody looked at the clock, the first so many are made up for.
MOST_AT_ONCE = 100
# Members of EcsParameters that RunTask has under the same name in its own spelling.
_SAME = ("Group", "LaunchType", "PlacementConstraints", "PlacementStrategy", "PlatformVersion", "PropagateTags")
_OTHERS = {
    "EnableECSManagedTags": "enableECSManagedTags",
    "EnableExecuteCommand": "enableExecuteCommand",
    "ReferenceId": "referenceId",
    "CapacityProviderStrategy": "capacityProviderStrategy",
}
_SPELLING = {**{name: name[0].lower() + name[1:] for name in _SAME}, **_OTHERS}


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _scheduled_event(region: Region, rule: Any, moment: float) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": region.settings.account,
        "time": _stamp(moment),
        "region": region.settings.name,
        "resources": [rule.arn],
        "detail": {},
    }


def _event(region: Region, event: Mapping[str, Any]) -> dict[str, Any]:
    """moto's event as EventBridge would tell it: with an id of its own, a text for its time, no empty versions."""
    kept = {name: value for name, value in event.items() if name != "ingestion-time"}
    thing = kept["detail"].get("object") if kept.get("source") == "aws.s3" else None
    if isinstance(thing, dict) and thing.get("version-id") is None:
        thing.pop("version-id", None)
    return {**kept, "id": str(uuid.uuid4()), "time": _stamp(region.clock.now())}


def look_round(region: Region) -> None:
    """Tell of container instances, run what is due by schedule, and what events have matched."""
    changes.tell(region)
    now, before = region.clock.now(), region.events.count
    for rule in moto_rules.scheduled(region.settings):
        for moment in _due(region, rule, now):
            _invoke(region, rule, _scheduled_event(region, rule, moment))
    for rule, event in moto_rules.matches(region.settings):
        _invoke(region, rule, _event(region, event))
    if region.events.count != before:
        scheduler.tick(region)


def start_counting(region: Region, rule: Any) -> None:
    """A rule counts from its making, and anew when its schedule changes."""
    known = region.events.anchors.get(rule.arn)
    if known is None or known[0] != rule.scheduled_expression:
        region.events.anchors[rule.arn] = (rule.scheduled_expression, region.clock.now())


def _due(region: Region, rule: Any, now: float) -> list[float]:
    start_counting(region, rule)
    expression, since = region.events.anchors[rule.arn]
    moments = schedules.due(schedules.parse(expression), since, now, MOST_AT_ONCE)
    if moments:
        region.events.anchors[rule.arn] = (expression, now if len(moments) == MOST_AT_ONCE else moments[-1])
    return moments if rule.state == "ENABLED" else []


def _invoke(region: Region, rule: Any, event: dict[str, Any]) -> None:
    for target in [one for one in list(rule.targets) if moto_rules.is_cluster(one)]:
        tasks: list[str] = []
        try:
            reason = _run(region, rule, target, event, tasks)
        except (ApiError, inputs.Unusable) as error:
            reason = str(error)
        store = region.events
        store.count += 1
        state = "failed" if reason else "succeeded"
        shown = Invocation(store.count, region.clock.now(), rule.name, target["Id"], state, tuple(tasks), reason, event)
        store.invocations.append(shown)


def _request(rule: Any, target: Mapping[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    given = target["EcsParameters"]
    request: dict[str, Any] = {
        "cluster": target["Arn"],
        "taskDefinition": given["TaskDefinitionArn"],
        "count": given.get("TaskCount", 1),
        "startedBy": f"events-rule/{rule.name}",
        **{own: given[name] for name, own in _SPELLING.items() if name in given},
    }
    if "Tags" in given:
        request["tags"] = [{"key": tag["Key"], "value": tag["Value"]} for tag in given["Tags"]]
    network = given.get("NetworkConfiguration", {}).get("awsvpcConfiguration")
    if network:
        own = {name[0].lower() + name[1:]: value for name, value in network.items()}
        request["networkConfiguration"] = {"awsvpcConfiguration": own}
    return {**request, "overrides": overrides} if overrides else request


def _run(
    region: Region, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], tasks: list[str]
) -> str | None:
    """Ask ECS; the reason why not all tasks have started."""
    request = _request(rule, target, inputs.overrides(target, event))
    context = Context(region, Caller(permissions.PRINCIPAL), "", region.clock.now())
    definition = definitions.usable(context, request["taskDefinition"])
    overrides = request.get("overrides", {})
    named = (given.get(name) for given in (definition.body, overrides) for name in ("taskRoleArn", "executionRoleArn"))
    passed = {role for role in named if role}
    denied = permissions.problem(region, target["RoleArn"], definition.arn, sorted(passed))
    if denied:
        return denied
    reply = _ask(region, request, context)
    tasks += [task["taskArn"] for task in reply["tasks"]]
    return "; ".join(failure["reason"] for failure in reply["failures"]) or None


def _ask(region: Region, request: dict[str, Any], context: Context) -> dict[str, Any]:
    """RunTask, in the log and open to faults as if it came over the wire."""
    handler = registry.find("ecs", "RunTask")
    assert handler is not None
    status, code = 200, None
    try:
        fault = region.faults.take("ecs", "RunTask", permissions.PRINCIPAL)
        if fault is not None:
            raise ApiError(fault.code or "ThrottlingException", fault.message or "A fault that was asked for.")
        problems = shapes.input_problems("ecs", "RunTask", request)
        if problems:
            raise ApiError("InvalidParameterException", "; ".join(problems))
        return handler(request, context)
    except ApiError as error:
        status, code = error.status, error.code
        raise
    finally:
        region.calls.add(
            time=context.now,
            service="ecs",
            action="RunTask",
            caller=permissions.PRINCIPAL,
            status=status,
            error=code,
            page_token=False,
        )
