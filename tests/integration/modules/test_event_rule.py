# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of EventBridge: the ladder, what others have put there, calls of many, throttling."""

from __future__ import annotations

from typing import Any

import pytest

CLUSTER = "retail-edge"
MANY = 250
RULE = {
    "name": "retail-stock",
    "schedule_expression": "rate(1 hour)",
    "cluster": CLUSTER,
    "task_definition": "stock",
    "launch_type": "EXTERNAL",
    "role_arn": "arn:aws:iam::111122223333:role/retail-events",
}


def _define(region: Any) -> None:
    container = {"name": "main", "image": "shop/stock:1", "memory": 64}
    region.client("ecs").register_task_definition(
        family="stock", requiresCompatibilities=["EXTERNAL"], containerDefinitions=[container]
    )


def test_event_rule(ansible: Any) -> None:
    ansible.target("event_rule")


@pytest.mark.one_end
def test_targets_of_others_stay_and_keep_a_rule_from_being_deleted(ansible: Any, region: Any) -> None:
    _define(region)
    events = region.client("events")
    events.put_rule(Name="retail-stock", ScheduleExpression="rate(1 day)", Description="mine")
    events.put_targets(
        Rule="retail-stock", Targets=[{"Id": "log", "Arn": "arn:aws:logs:us-west-2:111122223333:log-group:x"}]
    )
    result = ansible.module("event_rule", **RULE)
    assert [target["Id"] for target in result["rule"]["targets"]] == ["ecs", "log"]
    assert result["rule"]["description"] == "mine"
    result = ansible.module("event_rule", name="retail-stock", state="absent")
    assert result["failed"]
    assert "log" in result["msg"]
    assert len(events.list_targets_by_rule(Rule="retail-stock")["Targets"]) == 2


@pytest.mark.one_end
def test_calls_and_throttling(ansible: Any, region: Any) -> None:
    _define(region)
    region.control("DELETE", "calls")
    region.fault("events", "*", "throttle", count=3)
    result = ansible.module("event_rule", **RULE, tags={"fleet": "retail"})
    assert result["changed"], result
    region.control("DELETE", "calls")
    assert not ansible.module("event_rule", **RULE, tags={"fleet": "retail"})["changed"]
    assert ansible.calls() == {
        "ecs:DescribeTaskDefinition": 1,
        "events:DescribeRule": 1,
        "events:ListTargetsByRule": 1,
        "events:ListTagsForResource": 1,
    }


@pytest.mark.one_end
def test_rules_are_listed_in_pages(ansible: Any, region: Any) -> None:
    events = region.client("events")
    for number in range(MANY):
        tags = [{"Key": "fleet", "Value": "retail" if number < 3 else "other"}]
        events.put_rule(Name=f"rule-{number:03d}", ScheduleExpression="rate(1 day)", Tags=tags)
    region.control("DELETE", "calls")
    result = ansible.module("event_rule_info", tags={"fleet": "retail"})
    assert [rule["name"] for rule in result["rules"]] == ["rule-000", "rule-001", "rule-002"]
    calls = ansible.calls()
    assert calls["events:ListRules"] == 5
    assert calls["events:ListTargetsByRule"] == 3


def test_s3_event_bridge(ansible: Any) -> None:
    ansible.target("s3_event_bridge")
