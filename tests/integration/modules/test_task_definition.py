# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task definitions: the ladders, what many revisions cost, and a throttled Region."""

from __future__ import annotations

from typing import Any

import pytest

MANY = 250
WEB = {"name": "web", "image": "public.ecr.aws/nginx/nginx:1.29", "memory": 64}


def register(region: Any, family: str, count: int = 1, **members: Any) -> None:
    client = region.client("ecs")
    for _number in range(count):
        client.register_task_definition(family=family, containerDefinitions=[WEB], **members)
    region.control("DELETE", "calls")


def test_ladder(ansible: Any) -> None:
    ansible.target("task_definition")


def test_ladder_of_info(ansible: Any, region: Any) -> None:
    register(region, "retail-web", 2, tags=[{"key": "fleet", "value": "retail"}])
    register(region, "sensors")
    region.client("ecs").deregister_task_definition(taskDefinition="retail-web:1")
    ansible.target("task_definition_info")


@pytest.mark.one_end
def test_calls_do_not_grow_with_revisions(ansible: Any, region: Any) -> None:
    register(region, "web", MANY)
    result = ansible.module("task_definition", family="web", container_definitions=[WEB])
    assert (result["changed"], result["task_definition"]["revision"]) == (False, MANY)
    # community.aws.ecs_taskdefinition describes every revision for this.
    assert ansible.calls() == {"ecs:DescribeTaskDefinition": 1}

    region.control("DELETE", "calls")
    result = ansible.module("task_definition_info", family="web")
    assert len(result["task_definition_arns"]) == MANY
    assert result["task_definition_arns"][0].endswith(f"web:{MANY}")
    assert ansible.calls() == {"ecs:ListTaskDefinitions": 3}

    region.control("DELETE", "calls")
    result = ansible.module("task_definition", family="web", state="absent", delete=True)
    assert (len(result["deregistered"]), len(result["deleted"])) == (MANY, MANY)
    assert ansible.calls() == {
        "ecs:ListTaskDefinitions": 4,
        # ECS takes one at a time here, and ten there.
        "ecs:DeregisterTaskDefinition": MANY,
        "ecs:DeleteTaskDefinitions": MANY // 10,
    }


@pytest.mark.one_end
def test_throttling_is_survived(ansible: Any, region: Any) -> None:
    register(region, "web")
    region.fault("ecs", "*", "throttle", count=3)
    result = ansible.module("task_definition", family="web", container_definitions=[{**WEB, "memory": 128}])
    assert result["changed"], result
    assert result["task_definition"]["revision"] == 2
    # Each attempt that was answered is one of these; no revision was registered twice.
    assert len(region.client("ecs").list_task_definitions(familyPrefix="web")["taskDefinitionArns"]) == 2


@pytest.mark.one_end
def test_what_cannot_run_outside_costs_no_call(ansible: Any, region: Any) -> None:
    region.control("DELETE", "calls")
    result = ansible.module(
        "task_definition",
        family="web",
        requires_compatibilities=["EXTERNAL"],
        container_definitions=[
            {
                **WEB,
                "portMappings": [{"containerPort": 80, "hostPort": 51678}],
                "logConfiguration": {"logDriver": "awslogs"},
            }
        ],
    )
    assert result["failed"]
    assert [finding["field"] for finding in result["findings"]] == [
        "containerDefinitions[0].logConfiguration.logDriver",
        "containerDefinitions[0].portMappings[0].hostPort",
    ]
    assert all(finding["way_out"] in result["msg"] for finding in result["findings"])
    assert not ansible.calls()
