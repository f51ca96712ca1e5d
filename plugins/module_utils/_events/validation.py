# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EventBridge takes, checked before any call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._aws.errors import invalid

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
_RATE = re.compile(r"rate\((?:1 (?:minute|hour|day)|(?!1 )[1-9]\d* (?:minutes|hours|days))\)")
_CRON = re.compile(r"cron\(([^()]+)\)")
# RunTask starts at most ten at once.
_MOST_TASKS = 10
_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


def check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise invalid("name", name, "a rule's name has 1 to 64 letters, digits, full stops, hyphens and underscores")
    return name


def check_schedule(expression: str | None) -> str | None:
    if expression is None or _RATE.fullmatch(expression):
        return expression
    cron = _CRON.fullmatch(expression)
    fields = cron[1].split(" ") if cron else []
    if len(fields) != 6:
        rule = (
            "it is rate(1 hour), rate(5 minutes), or cron(minutes hours day-of-month month day-of-week year), in UTC; "
            "EventBridge takes the singular for 1 only"
        )
        raise invalid("schedule_expression", expression, rule)
    if [fields[2], fields[4]].count("?") != 1:
        rule = "one of day-of-month and day-of-week must be ?, and the other one not"
        raise invalid("schedule_expression", expression, rule)
    return expression


def check_pattern(pattern: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if pattern is not None:
        _check_values("event_pattern", pattern)
    return pattern


def _check_values(path: str, pattern: Mapping[str, Any]) -> None:
    if not pattern:
        raise invalid(path, dict(pattern), "an empty pattern matches nothing that could be meant")
    for key, value in pattern.items():
        if isinstance(value, Mapping):
            _check_values(f"{path}.{key}", value)
        elif not isinstance(value, list):
            raise invalid(f"{path}.{key}", value, "a pattern holds lists of values, also for a single one")


def check_count(count: int) -> int:
    if not 1 <= count <= _MOST_TASKS:
        raise invalid("task_count", count, f"a rule starts 1 to {_MOST_TASKS} tasks")
    return count


def check_role(arn: str) -> str:
    if not _ARN.fullmatch(arn):
        raise invalid("role_arn", arn, "give the ARN of an IAM role that events.amazonaws.com may take")
    return arn
