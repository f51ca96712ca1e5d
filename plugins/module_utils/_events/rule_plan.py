# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a rule, and what has to change on it. Pure; rules and targets are in the API's own form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.tags import TagChange, compare_tags

Resource = dict[str, Any]

ENABLED, DISABLED = "ENABLED", "DISABLED"
# PutRule replaces a rule as a whole: what it does not name is gone.
_RULE = ("Name", "EventBusName", "ScheduleExpression", "EventPattern", "State", "Description", "RoleArn")


@dataclass(frozen=True)
class WantedRule:
    """None stands for "leave as it is"."""

    name: str
    bus: str
    target: Resource
    schedule: str | None = None
    pattern: Mapping[str, Any] | None = None
    description: str | None = None
    enabled: bool | None = None
    tags: dict[str, str] | None = None
    purge_tags: bool = False


@dataclass(frozen=True)
class CurrentRule:
    """A rule with all that belongs to it."""

    rule: Resource
    targets: list[Resource]
    tags: dict[str, str]

    def target(self, identifier: str) -> Resource | None:
        return next((target for target in self.targets if target["Id"] == identifier), None)

    def others(self, identifier: str) -> list[str]:
        return [target["Id"] for target in self.targets if target["Id"] != identifier]


@dataclass(frozen=True)
class RuleChange:
    """Parameters of PutRule and PutTargets, where there are any."""

    rule: Resource = field(default_factory=dict)
    target: Resource = field(default_factory=dict)
    tags: TagChange = field(default_factory=TagChange)

    def __bool__(self) -> bool:
        return bool(self.rule or self.target or self.tags)


def rule_request(current: CurrentRule | None, wanted: WantedRule) -> Resource:
    """The whole rule as it is to be."""
    before = {name: current.rule[name] for name in _RULE if current.rule.get(name)} if current else {}
    asked: Resource = {
        "Name": wanted.name,
        "EventBusName": wanted.bus,
        "Description": wanted.description,
        "State": None if wanted.enabled is None else ENABLED if wanted.enabled else DISABLED,
    }
    request = {**before, **{name: value for name, value in asked.items() if value is not None}}
    # A rule is set off by one of both.
    request.pop("EventPattern" if wanted.schedule else "ScheduleExpression", None)
    if wanted.schedule:
        request["ScheduleExpression"] = wanted.schedule
    elif not _same_json(request.get("EventPattern"), wanted.pattern):
        request["EventPattern"] = _compact(wanted.pattern)
    return {name: value for name, value in request.items() if value != ""}


def compare(current: CurrentRule | None, wanted: WantedRule) -> RuleChange:
    request = rule_request(current, wanted)
    if current is None:
        return RuleChange(request, wanted.target, TagChange(put=dict(wanted.tags or {})))
    before = {name: current.rule[name] for name in _RULE if current.rule.get(name)}
    before.setdefault("EventBusName", wanted.bus)
    target = current.target(wanted.target["Id"])
    return RuleChange(
        rule=request if request != before else {},
        target=wanted.target if target is None or _normal(target) != _normal(wanted.target) else {},
        tags=compare_tags(current.tags, wanted.tags, wanted.purge_tags),
    )


def predict(current: CurrentRule | None, wanted: WantedRule, change: RuleChange) -> CurrentRule:
    before = current or CurrentRule({}, [], {})
    others = [target for target in before.targets if target["Id"] != wanted.target["Id"]]
    rule = {**before.rule, **(change.rule or {})} if current and not change.rule else {"State": ENABLED, **change.rule}
    if current and change.rule:
        rule["Arn"] = current.rule.get("Arn")
    return CurrentRule(rule, [*others, wanted.target], change.tags.apply_to(before.tags))


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _same_json(text: str | None, value: Any) -> bool:
    return text is not None and json.loads(text) == value


def _normal(target: Mapping[str, Any]) -> Resource:
    """A target with its JSON read, and without what AWS adds by itself."""
    normal = dict(target)
    if "Input" in normal:
        normal["Input"] = json.loads(normal["Input"])
    parameters = dict(normal.get("EcsParameters", {}))
    # Added when they are left out: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EcsParameters.html
    for name, value in (("EnableECSManagedTags", False), ("EnableExecuteCommand", False), ("TaskCount", 1)):
        if parameters.get(name) == value:
            del parameters[name]
    for name in ("PlacementConstraints", "PlacementStrategy", "Tags"):
        if name in parameters:
            parameters[name] = sorted(json.dumps(item, sort_keys=True) for item in parameters[name])
            if not parameters[name]:
                del parameters[name]
    return {**normal, "EcsParameters": parameters}


# Showing.


def shape(found: CurrentRule | None) -> Resource | None:
    """A rule as modules return it; what a user writes in the API's terms stays in them."""
    if found is None:
        return None
    rule = found.rule
    pattern = rule.get("EventPattern")
    return {
        "name": rule.get("Name"),
        "rule_arn": rule.get("Arn"),
        "event_bus_name": rule.get("EventBusName", "default"),
        "description": rule.get("Description", ""),
        "enabled": rule.get("State") != DISABLED,
        "schedule_expression": rule.get("ScheduleExpression"),
        "event_pattern": json.loads(pattern) if pattern else None,
        "targets": sorted(found.targets, key=lambda target: str(target["Id"])),
        "tags": found.tags,
    }


def difference(found: CurrentRule | None) -> Resource:
    shaped = shape(found) or {}
    return {name: value for name, value in shaped.items() if name != "rule_arn"}
