# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules run_task and task_info."""

from __future__ import annotations

from typing import Any

import pytest

from .workloads import CLUSTER, define, ecs, running, serve  # noqa: F401

MANY = 250
EXTERNAL = {"launch_type": "EXTERNAL"}


def test_run_task(ansible: Any, fleet: Any, region: Any) -> None:
    made = region.client("ecs")
    site = fleet(2)
    define(made)
    define(made, "job", "shop/job:1")
    region.outcome("shop/job:1", "exit", exit_code=0)
    output = ansible.target("run_task", target_cluster=CLUSTER, target_hosts=site.ids)
    assert "hunter2" not in output


def test_task_info(ansible: Any, fleet: Any, region: Any) -> None:
    made = region.client("ecs")
    (host,) = fleet(1).ids
    define(made, portMappings=[{"containerPort": 80}])
    serve(made)
    for stop in (False, True):
        (task,) = made.run_task(cluster=CLUSTER, taskDefinition="web", launchType="EXTERNAL", startedBy="ops")["tasks"]
        region.settle()
        if stop:
            made.stop_task(cluster=CLUSTER, task=task["taskArn"], reason="enough")
    region.settle()
    ansible.target("task_info", target_cluster=CLUSTER, target_host=host)


@pytest.mark.one_end
def test_tasks_are_run_and_looked_at_in_batches(ansible: Any, region: Any, ecs: Any) -> None:  # noqa: F811
    region.instances(CLUSTER, MANY // 10)
    define(ecs, cpu=10, memory=16)
    region.control("DELETE", "calls")
    asked = {"cluster": CLUSTER, "task_definition": "web", "count": MANY, "started_by": "ops", **EXTERNAL}
    result = ansible.module("run_task", count_running=True, **asked)
    assert len({task["task_arn"] for task in result["tasks"]}) == MANY, result
    calls = ansible.calls()
    looks = calls.pop("ecs:DescribeTasks")
    assert calls == {"ecs:DescribeTaskDefinition": 1, "ecs:ListTasks": 1, "ecs:RunTask": MANY // 10}
    # Pages of a hundred; whatever runs already when the wait begins costs nothing more.
    assert looks <= 3 * 4, looks

    region.control("DELETE", "calls")
    result = ansible.module("task_info", cluster=CLUSTER, started_by="ops")
    assert len(result["tasks"]) == MANY
    assert ansible.calls() == {"ecs:ListTasks": 3, "ecs:DescribeTasks": 3}


def test_what_finds_no_place_is_a_failure(ansible: Any, region: Any, ecs: Any) -> None:  # noqa: F811
    (host,) = region.instances(CLUSTER)
    define(ecs, memory=1500)
    result = ansible.module("run_task", cluster=CLUSTER, task_definition="web", count=3, **EXTERNAL)
    assert result["failed"], result
    assert "Only 2 of 3 tasks of web:1 in cluster retail-edge were started." in result["msg"]
    assert "RESOURCE:MEMORY" in result["msg"]
    assert "less memory" in result["msg"]
    assert result["failures"] == [{"arn": host, "reason": "RESOURCE:MEMORY"}]
    # Those that were started are not hidden.
    assert result["changed"]
    assert len(result["tasks"]) == 2


def test_an_exit_code_is_a_failure_with_its_reason(ansible: Any, region: Any, ecs: Any) -> None:  # noqa: F811
    region.instances(CLUSTER)
    define(ecs, "job", "shop/job:1")
    region.outcome("shop/job:1", "exit", exit_code=3)
    asked = {"cluster": CLUSTER, "task_definition": "job", "wait_for": "stopped", **EXTERNAL}
    result = ansible.module("run_task", **asked)
    assert result["failed"], result
    assert "main: exit code 3" in result["msg"]
    assert result["tasks"][0]["containers"][0]["exit_code"] == 3
    assert not ansible.module("run_task", fail_on_exit_code=False, **asked).get("failed")


@pytest.mark.one_end
def test_throttling_and_cut_connections_start_nothing_twice(ansible: Any, region: Any, ecs: Any) -> None:  # noqa: F811
    region.instances(CLUSTER, 2)
    define(ecs)
    region.fault("ecs", "*", "throttle", count=3)
    region.fault("ecs", "RunTask", "error", count=2, status=503)
    result = ansible.module("run_task", cluster=CLUSTER, task_definition="web", count=12, **EXTERNAL)
    assert not result.get("failed"), result
    assert len(ecs.list_tasks(cluster=CLUSTER)["taskArns"]) == 12
    # One name for one request, however often it is sent.
    tokens = {token for _cluster, token in region.state.ecs.runs}
    assert len(tokens) == 2
