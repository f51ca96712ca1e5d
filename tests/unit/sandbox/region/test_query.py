# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster query language."""

from __future__ import annotations

import pytest

from sandbox.region.ecs.query import Facts, SyntaxProblem, parse, timestamp

FACTS = Facts(
    attributes={"site": "oslo", "ecs.capability.external": None, "rank": "9", "note": "a b"},
    fields={
        "agentConnected": "true",
        "agentVersion": "1.105.1",
        "ec2InstanceId": "mi-0123456789abcdef0",
        "registeredAt": "2026-11-21T10:00:00Z",
        "runningTasksCount": "0",
    },
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("attribute:site == oslo", True),
        ("attribute:site == lyon", False),
        ("attribute:site equals oslo", True),
        ("attribute:site != lyon", True),
        ("attribute:site not_equals oslo", False),
        ("attribute:absent != x", True),
        ("attribute:absent == x", False),
        ("attribute:site in [lyon, oslo]", True),
        ("attribute:site in [lyon,nice]", False),
        ("attribute:site !in [lyon]", True),
        ("attribute:site not_in [oslo]", False),
        ("attribute:site exists", True),
        ("attribute:ecs.capability.external exists", True),
        ("attribute:absent exists", False),
        ("attribute:absent !exists", True),
        ("attribute:absent not_exists", True),
        ("attribute:site =~ os.*", True),
        ("attribute:site matches os", False),
        ("attribute:site !~ ly.*", True),
        ('attribute:note == "a b"', True),
        ("attribute:note == 'a b'", True),
        ("attribute:rank > 10", False),
        ("attribute:rank < 10", True),
        ("attribute:absent < 10", False),
        ("attribute:site < 10", False),
        ("agentConnected == true", True),
        ("agentConnected == false", False),
        ("agentVersion < 1.106.0", True),
        ("agentVersion >= 1.105.10", False),
        ("ec2InstanceId in [mi-0123456789abcdef0]", True),
        ("registeredAt > 2026-11-20", True),
        ("registeredAt > 2026-11-21T11:00:00Z", False),
        ("runningTasksCount == 0", True),
        ("runningTasksCount greater_than 0", False),
        ("attribute:site == oslo and agentConnected == false", False),
        ("attribute:site == oslo && agentConnected == true", True),
        ("attribute:site == lyon or runningTasksCount == 0", True),
        ("attribute:site == lyon || attribute:rank == 9", True),
        ("not attribute:site == lyon", True),
        ("!(attribute:site == oslo)", False),
        # "and" binds closer than "or"; parentheses change that.
        ("runningTasksCount == 0 or attribute:site == lyon and agentConnected == false", True),
        ("(runningTasksCount == 0 or attribute:site == lyon) and agentConnected == false", False),
    ],
)
def test_expressions(text: str, expected: bool) -> None:
    assert parse(text)(FACTS) is expected


@pytest.mark.parametrize(
    "text",
    [
        "attribute:site",
        "attribute:site ==",
        "attribute:site = oslo",
        "site == oslo",
        "(attribute:site == oslo",
        "attribute:site == oslo)",
        "attribute:site in oslo",
        "attribute:site in [oslo",
        "attribute:site == oslo and",
        "attribute:site =~ [",
        "attribute:site == oslo lyon",
        "",
    ],
)
def test_syntax_errors(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        parse(text)


def test_timestamps_are_in_the_form_that_expressions_use() -> None:
    assert timestamp(0) == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("task:group == service:web", True),
        ("task:group == service:none", False),
        ("task:group != service:web", False),
        ("task:group != service:none", True),
        ("not(task:group == service:web)", False),
        ("task:group in [service:none, family:job]", True),
        ("task:group !in [service:none, family:job]", False),
        ("task:group =~ 'service:.*'", True),
        ("task:group !~ 'service:.*'", False),
    ],
)
def test_groups_of_tasks_on_an_instance(expression: str, expected: bool) -> None:
    facts = Facts({}, {}, lambda: ("service:web", "family:job"))
    assert parse(expression)(facts) is expected


def test_an_instance_without_tasks_has_no_group() -> None:
    facts = Facts({}, {})
    assert parse("task:group == service:web")(facts) is False
    assert parse("task:group != service:web")(facts) is True
