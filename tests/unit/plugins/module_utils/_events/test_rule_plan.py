# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules: what has to change, and what EventBridge would refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import InvalidInput, Refused
from ansible_collections.edgefleet.ecs.plugins.module_utils._events import rule_plan, rules, validation

TARGET = {
    "Id": "ecs",
    "Arn": "cluster",
    "RoleArn": "role",
    "EcsParameters": {"TaskDefinitionArn": "web", "LaunchType": "EXTERNAL", "TaskCount": 1},
}
RULE = {"Name": "r", "Arn": "arn", "State": "ENABLED", "ScheduleExpression": "rate(1 day)", "EventBusName": "default"}


def wanted(**more: Any) -> rule_plan.WantedRule:
    return rule_plan.WantedRule(**{"name": "r", "bus": "default", "target": TARGET, "schedule": "rate(1 day)", **more})


def current(target: Any = None, **rule: Any) -> rule_plan.CurrentRule:
    return rule_plan.CurrentRule({**RULE, **rule}, [target or TARGET], {"fleet": "retail"})


def test_what_is_as_asked_stays() -> None:
    assert not rule_plan.compare(current(Description="mine", State="DISABLED"), wanted())
    # ECS adds them by itself.
    filled = {**TARGET["EcsParameters"], "EnableECSManagedTags": False, "EnableExecuteCommand": False}  # type: ignore[dict-item]
    assert not rule_plan.compare(current({**TARGET, "EcsParameters": filled}), wanted())
    text = {**TARGET, "Input": '{ "cpu": "1" }'}
    assert not rule_plan.compare(current(text), wanted(target={**TARGET, "Input": '{"cpu":"1"}'}))


def test_put_rule_carries_over_what_was_not_named() -> None:
    change = rule_plan.compare(current(Description="mine"), wanted(schedule=None, pattern={"source": ["a"]}))
    assert change.rule == {
        "Name": "r",
        "EventBusName": "default",
        "State": "ENABLED",
        "Description": "mine",
        "EventPattern": '{"source":["a"]}',
    }
    assert not change.target
    assert rule_plan.compare(current(), wanted(enabled=False)).rule["State"] == "DISABLED"
    assert rule_plan.compare(current(), wanted(target={**TARGET, "RoleArn": "other"})).target["RoleArn"] == "other"


def test_a_pattern_is_compared_by_what_it_says() -> None:
    spaced = json.dumps({"source": ["a"], "detail": {"b": [1]}}, indent=2)
    had = current(EventPattern=spaced, ScheduleExpression="")
    assert not rule_plan.compare(had, wanted(schedule=None, pattern={"detail": {"b": [1]}, "source": ["a"]}))


@pytest.mark.parametrize("expression", ["rate(1 minute)", "rate(15 minutes)", "cron(0 12 ? * MON-FRI *)"])
def test_schedules_that_eventbridge_takes(expression: str) -> None:
    assert validation.check_schedule(expression) == expression


@pytest.mark.parametrize(
    "expression", ["rate(1 minutes)", "rate(5 minute)", "rate(0 days)", "cron(0 12 * * * *)", "cron(0 12 * *)", "daily"]
)
def test_schedules_that_it_refuses(expression: str) -> None:
    with pytest.raises(InvalidInput, match="schedule_expression"):
        validation.check_schedule(expression)


@pytest.mark.parametrize("pattern", [{}, {"source": "a"}, {"detail": {"b": {}}}])
def test_patterns_hold_lists(pattern: Any) -> None:
    with pytest.raises(InvalidInput, match="event_pattern"):
        validation.check_pattern(pattern)


def test_an_entry_that_failed_is_a_refusal() -> None:
    entry = {"TargetId": "ecs", "ErrorCode": "ConcurrentModificationException", "ErrorMessage": "again"}
    with pytest.raises(Refused, match="ConcurrentModificationException"):
        rules.refuse_failed("events:PutTargets", "put it", {"FailedEntryCount": 1, "FailedEntries": [entry]})
    rules.refuse_failed("events:PutTargets", "put it", {"FailedEntryCount": 0, "FailedEntries": []})
