# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules service and service_info."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from .workloads import CLUSTER, define, ecs, running, serve  # noqa: F401

MANY = 250
ROLL_BACK = {"minimumHealthyPercent": 0, "deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def test_service(ansible: Any, region: Any, ecs: Any) -> None:  # noqa: F811
    region.instances(CLUSTER, 2, site="lyon")
    define(ecs)
    define(ecs, image="shop/web:2")
    ansible.target("service", target_cluster=CLUSTER)


def test_service_info(ansible: Any, region: Any, ecs: Any) -> None:  # noqa: F811
    region.instances(CLUSTER)
    define(ecs)
    serve(ecs, "shop", tags=[{"key": "fleet", "value": "retail"}])
    serve(ecs, "collector", schedulingStrategy="DAEMON")
    region.settle()
    ansible.target("service_info", target_cluster=CLUSTER)


@pytest.mark.one_end
def test_calls_grow_with_pages_and_not_with_services(ansible: Any, region: Any, ecs: Any) -> None:  # noqa: F811
    define(ecs)
    for number in range(MANY):
        serve(ecs, f"shop-{number:03}", count=0)
    region.control("DELETE", "calls")
    result = ansible.module("service_info", cluster=CLUSTER)
    assert [item["service_name"] for item in result["services"]] == [f"shop-{number:03}" for number in range(MANY)]
    assert ansible.calls() == {"ecs:ListServices": 3, "ecs:DescribeServices": 25}


@pytest.mark.one_end
def test_what_is_unchanged_costs_two_looks_at_most(ansible: Any, region: Any, ecs: Any) -> None:  # noqa: F811
    region.instances(CLUSTER)
    define(ecs)
    serve(ecs)
    region.settle()
    for reference, calls in (("web:1", {}), ("web", {"ecs:DescribeTaskDefinition": 1})):
        region.control("DELETE", "calls")
        result = ansible.module("service", cluster=CLUSTER, name="shop", task_definition=reference, desired_count=1)
        assert not result["changed"], result
        assert ansible.calls() == {"ecs:DescribeServices": 1, **calls}


def test_a_rollout_that_is_rolled_back_is_a_failure_that_says_why(
    ansible: Any,
    region: Any,
    ecs: Any,  # noqa: F811
) -> None:
    region.instances(CLUSTER, 2)
    define(ecs)
    serve(ecs, count=2, deploymentConfiguration=ROLL_BACK)
    region.settle()
    region.outcome("shop/web:broken", "cannot-pull")
    define(ecs, image="shop/web:broken")
    process = ansible.start_module("service", cluster=CLUSTER, name="shop", task_definition="web", wait_timeout=120)
    while process.poll() is None:
        # The scheduler waits longer from failure to failure.
        region.advance(5)
        time.sleep(0.2)
    result = json.loads(ansible.finish(process))
    assert result["failed"], result
    message = result["msg"]
    assert "of web:2" in message
    assert "deployment failed: tasks failed to start" in message
    assert "rolling back to (deployment " in message
    assert "of web:1 is the PRIMARY one" in message
    assert "TaskFailedToStart" in message
    assert "CannotPullContainerError" in message
    assert "Check the image's name and tag" in message
    assert result["stopped_tasks"][0]["stop_code"] == "TaskFailedToStart"
    assert result["service"]["task_definition"].endswith(":task-definition/web:1")


def test_a_rollout_that_is_not_over_in_time_says_what_is_in_the_way(
    ansible: Any,
    region: Any,
    ecs: Any,  # noqa: F811
) -> None:
    region.instances(CLUSTER, site="oslo")
    define(ecs)
    lyon = [{"type": "memberOf", "expression": "attribute:site == lyon"}]
    asked = {"cluster": CLUSTER, "name": "shop", "task_definition": "web", "placement_constraints": lyon}
    result = ansible.module("service", launch_type="EXTERNAL", wait_timeout=2, **asked)
    assert result["failed"], result
    assert "Waited 2 s for shop to have deployment" in result["msg"]
    assert "0 of 1 tasks running" in result["msg"]
    assert "MemberOf placement constraint unsatisfied" in result["msg"]
    assert "Compare the placement constraints with the attributes" in result["msg"]


@pytest.mark.one_end
def test_throttling_and_cut_connections_are_survived(ansible: Any, region: Any, ecs: Any) -> None:  # noqa: F811
    region.instances(CLUSTER)
    define(ecs)
    region.fault("ecs", "*", "throttle", count=3)
    region.fault("ecs", "CreateService", "reset", count=1)
    asked = {"cluster": CLUSTER, "name": "shop", "task_definition": "web", "launch_type": "EXTERNAL"}
    result = ansible.module("service", **asked)
    assert not result.get("failed"), result
    assert result["service"]["running_count"] == 1
