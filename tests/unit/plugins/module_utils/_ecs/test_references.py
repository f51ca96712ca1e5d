# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import InvalidInput
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs import advice, references, shapes

ARN = "arn:aws-cn:ecs:cn-north-1:111122223333:"


@pytest.mark.parametrize("good", ["web", "web:7", f"{ARN}task-definition/web:7", "a_b-C"])
def test_definitions_that_may_be_named(good: str) -> None:
    assert references.check_definition(good) == good


@pytest.mark.parametrize("bad", ["", "web:", "web:0", "web:latest", "a b", f"{ARN}task-definition/", "web/7"])
def test_definitions_that_may_not(bad: str) -> None:
    with pytest.raises(InvalidInput, match="task_definition"):
        references.check_definition(bad)


def test_a_family_leaves_the_revision_to_ecs() -> None:
    assert references.is_family("web")
    assert references.is_family(f"{ARN}task-definition/web")
    assert not references.is_family(f"{ARN}task-definition/web:7")


def test_names_of_services_and_tasks() -> None:
    service = f"{ARN}service/edge/shop"
    assert references.check_services(["shop", service, "shop"]) == ["shop", service]
    task = "0" * 32
    assert references.check_tasks([task, f"{ARN}task/edge/{task}"]) == [task, f"{ARN}task/edge/{task}"]
    for check, bad in ((references.check_services, "a b"), (references.check_tasks, "web")):
        with pytest.raises(InvalidInput, match=bad):
            check([bad])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("RESOURCE:MEMORY", "less memory"),
        ("RESOURCE:FPGA", "too little of this resource"),
        ("AGENT", "not connected"),
        ('(service x) was unable to place a task. It encountered error "AGENT". See the guide.', "not connected"),
        ("is already using a port required by your task.", "hostPort 0"),
        ("MemberOf placement constraint unsatisfied.", "placement constraints"),
        ("CannotPullContainerError: manifest unknown", "name and tag"),
        ("something new", ""),
    ],
)
def test_what_to_do_about_what_ecs_says(said: str, words: str) -> None:
    found = advice.way_out(said)
    assert words in found
    assert bool(found) is bool(words)


def test_values_of_variables_are_hidden_and_all_else_stays() -> None:
    given = {"cpu": "1", "containerOverrides": [{"name": "main", "command": ["x"]}, {"environment": [{"name": "A"}]}]}
    given["containerOverrides"][1]["environment"][0]["value"] = "hunter2"  # type: ignore[index]
    hidden = shapes.hide_overrides(given)
    assert "hunter2" not in str(hidden)
    assert "hunter2" in str(given)
    assert (hidden["cpu"], hidden["containerOverrides"][0]) == ("1", given["containerOverrides"][0])
    assert hidden["containerOverrides"][1]["environment"][0]["name"] == "A"
    assert shapes.hide_overrides(None) == {}
