# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules and inputs of EventBridge rules, as functions of data."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from sandbox.region.events import inputs, schedules


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("rate(1 minute)", "2026-11-22T10:31:00"),
        ("rate(2 hours)", "2026-11-22T12:30:00"),
        ("rate(1 day)", "2026-11-23T10:30:00"),
        ("cron(0 12 * * ? *)", "2026-11-22T12:00:00"),
        ("cron(30 10 * * ? *)", "2026-11-23T10:30:00"),
        ("cron(0/15 * * * ? *)", "2026-11-22T10:45:00"),
        ("cron(5,20 8-9 ? * MON-FRI *)", "2026-11-23T08:05:00"),
        ("cron(0 0 ? * 1 *)", "2026-11-29T00:00:00"),
        ("cron(0 0 1 jan ? 2028)", "2028-01-01T00:00:00"),
    ],
)
def test_the_first_moment_of_a_schedule(expression: str, first: str) -> None:
    since = _seconds("2026-11-22T10:30:00")  # a Sunday
    schedule = schedules.parse(expression)
    assert schedules.due(schedule, since, _seconds("2029-01-01"), 1) == [_seconds(first)]
    assert schedules.due(schedule, since, _seconds(first) - 1, 1) == []


@pytest.mark.parametrize(
    "expression",
    [
        "every day",
        "rate(2 minute)",
        "rate(1 week)",
        "cron(0 0 ? * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 0 * FOO ? *)",
        "cron(0/0 0 * * ? *)",
    ],
)
def test_what_is_no_schedule(expression: str) -> None:
    with pytest.raises(schedules.NotValid):
        schedules.parse(expression)


@pytest.mark.parametrize("days", ["L * ?", "15W * ?", "? * 6L", "? * 2#1", "? * MON#1"])
def test_what_aws_would_know(days: str) -> None:
    with pytest.raises(schedules.NotModelled):
        schedules.parse(f"cron(0 0 {days} *)")


EVENT = {"detail": {"key": 'a "b"', "size": 3, "tags": ["x", "y"]}, "source": "shop"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{"v": "<key>"}', {"v": 'a "b"'}),
        ('{"v": "s3://<key>/<size>"}', {"v": 's3://a "b"/3'}),
        ('{"v": <key>}', {"v": 'a "b"'}),
        ('{"v": <size>, "w": <tags>}', {"v": 3, "w": ["x", "y"]}),
        ('{"v": <first>, "n": <nothing>}', {"v": "x", "n": None}),
        ('{"v": <aws.events.event>}', {"v": EVENT}),
        ('{"v": "<unknown>"}', {"v": "<unknown>"}),
    ],
)
def test_a_template_is_filled(template: str, text: object) -> None:
    paths = {"key": "$.detail.key", "size": "$.detail.size", "tags": "$.detail.tags", "first": "$.detail.tags[0]"}
    filled = inputs.transform(template, {**paths, "nothing": "$.detail.none"}, EVENT)
    assert json.loads(filled) == text


def test_input_is_a_constant_a_part_or_nothing() -> None:
    assert inputs.overrides({"Input": '{"cpu": "1"}'}, EVENT) == {"cpu": "1"}
    assert inputs.overrides({"InputPath": "$.detail"}, EVENT) == EVENT["detail"]
    assert inputs.overrides({}, EVENT) == {}
    for target in ({"Input": "[]"}, {"Input": "{"}, {"InputPath": "detail"}):
        with pytest.raises(inputs.Unusable):
            inputs.overrides(target, EVENT)
