# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules: thin calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.errors import Refused
from .common import EVENTS
from .rule_plan import CurrentRule, Resource, RuleChange

_NOT_FOUND = "ResourceNotFoundException"


def find(client: Any, bus: str, name: str) -> CurrentRule | None:
    """The rule with its targets and tags, or None."""
    try:
        rule = EVENTS.call(client, "describe_rule", f"read rule {name}", Name=name, EventBusName=bus)
    except Refused as error:
        if error.code == _NOT_FOUND:
            return None
        raise
    rule.pop("ResponseMetadata", None)
    return complete(client, bus, rule)


def complete(client: Any, bus: str, rule: Resource) -> CurrentRule:
    name = rule["Name"]
    targets = EVENTS.call_all(
        client, "list_targets_by_rule", "Targets", f"list the targets of rule {name}", Rule=name, EventBusName=bus
    )
    return CurrentRule(rule, targets, read_tags(client, rule))


def read_tags(client: Any, rule: Mapping[str, Any]) -> dict[str, str]:
    intent = f"read the tags of rule {rule['Name']}"
    reply = EVENTS.call(client, "list_tags_for_resource", intent, ResourceARN=rule["Arn"])
    return {tag["Key"]: tag["Value"] for tag in reply.get("Tags", [])}


def list_rules(client: Any, bus: str, prefix: str | None) -> list[Resource]:
    asked = {"NamePrefix": prefix} if prefix else {}
    return EVENTS.call_all(
        client, "list_rules", "Rules", f"list the rules of event bus {bus}", EventBusName=bus, **asked
    )


def put(client: Any, bus: str, name: str, current: CurrentRule | None, change: RuleChange) -> None:
    """What differs, and nothing else. Tags of a new rule go with it: a rule without tags would belong to nobody."""
    tags = _tag_list(change.tags.put)
    if change.rule:
        more: Resource = {"Tags": tags} if current is None and tags else {}
        EVENTS.call(client, "put_rule", f"put rule {name}", **change.rule, **more)
    if change.target:
        intent = f"put target {change.target['Id']} of rule {name}"
        reply = EVENTS.call(client, "put_targets", intent, Rule=name, EventBusName=bus, Targets=[change.target])
        refuse_failed("events:PutTargets", intent, reply)
    if current is not None:
        _change_tags(client, current, change)


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _change_tags(client: Any, current: CurrentRule, change: RuleChange) -> None:
    name, arn = current.rule["Name"], current.rule["Arn"]
    if change.tags.drop:
        intent = f"remove tags of rule {name}"
        EVENTS.call(client, "untag_resource", intent, ResourceARN=arn, TagKeys=change.tags.drop)
    if change.tags.put:
        EVENTS.call(client, "tag_resource", f"tag rule {name}", ResourceARN=arn, Tags=_tag_list(change.tags.put))


def delete(client: Any, bus: str, current: CurrentRule) -> None:
    """A rule is deleted without targets only."""
    name, identifiers = current.rule["Name"], [target["Id"] for target in current.targets]
    if identifiers:
        intent = f"remove the target of rule {name}"
        reply = EVENTS.call(client, "remove_targets", intent, Rule=name, EventBusName=bus, Ids=identifiers)
        refuse_failed("events:RemoveTargets", intent, reply)
    EVENTS.call(client, "delete_rule", f"delete rule {name}", Name=name, EventBusName=bus)


def refuse_failed(operation: str, intent: str, reply: Mapping[str, Any]) -> None:
    """These calls succeed although an entry of them has failed."""
    failed = reply.get("FailedEntries") or []
    if failed:
        first = failed[0]
        code, message = first.get("ErrorCode", ""), first.get("ErrorMessage", "")
        details = {"operation": operation, "code": code, "message": message}
        raise Refused(f"Could not {intent}: {operation} answered {code}: {message}", code=code, error=details)
