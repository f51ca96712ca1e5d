# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import run_task, task_info

Run = Callable[..., dict[str, Any]]
ASKED = {"cluster": "edge", "task_definition": "web", "launch_type": "EXTERNAL"}
DEFINITION = {
    "taskDefinition": {
        "taskDefinitionArn": "arn:aws:ecs:us-west-2:111122223333:task-definition/web:3",
        "family": "web",
        "status": "ACTIVE",
        "requiresCompatibilities": ["EXTERNAL"],
        "containerDefinitions": [{"name": "main", "image": "web", "memory": 128}],
    }
}
INSTANCE = "arn:aws:ecs:us-west-2:111122223333:container-instance/edge/"


def task(number: int, status: str = "RUNNING", **more: Any) -> dict[str, Any]:
    return {
        "taskArn": f"arn:aws:ecs:us-west-2:111122223333:task/edge/{number:032x}",
        "taskDefinitionArn": DEFINITION["taskDefinition"]["taskDefinitionArn"],
        "group": "family:web",
        "startedBy": "ops",
        "launchType": "EXTERNAL",
        "lastStatus": status,
        "desiredStatus": "STOPPED" if status == "STOPPED" else "RUNNING",
        "containers": [{"name": "main"}],
        **more,
    }


def tasks(*found: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tasks": list(found), "failures": [], **more}


def listed(*found: dict[str, Any]) -> dict[str, Any]:
    return {"taskArns": [one["taskArn"] for one in found]}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"task_definition": None}, "task_definition"),
        ({"task_definition": "a b"}, "task_definition"),
        ({"group": "service:web"}, "group"),
        ({"started_by": "a b"}, "started_by"),
        ({"client_token": "x" * 61}, "client_token"),
        ({"count": -1}, "count"),
        ({"tasks": ["web"]}, "tasks"),
        ({"tasks": ["0" * 32]}, "state: stopped"),
        ({"container_instances": ["lyon-01"]}, "container_instances"),
        ({"capacity_provider_strategy": [{"capacityProvider": "rack"}]}, "capacity"),
        ({"state": "stopped", "task_definition": None}, "started_by"),
        ({"network_configuration": {"awsvpcConfiguration": {"subnets": ["s"]}}}, "networkConfiguration"),
    ],
)
def test_bad_input_fails_before_any_call(run: Run, params: dict[str, Any], words: str) -> None:
    result = run(run_task, {**ASKED, **params})
    assert result["failed"]
    assert words in result["msg"]


def test_what_ecs_does_not_place_is_a_failure(run: Run, client: Any) -> None:
    failures = [{"arn": f"{INSTANCE}x", "reason": "RESOURCE:PORTS"}]
    fake = client(describe_task_definition=DEFINITION, run_task=tasks(failures=failures))
    result = run(run_task, ASKED, fake)
    assert result["failed"]
    assert result["changed"] is False
    assert "RESOURCE:PORTS (x): Another task or the agent holds its host port" in result["msg"]


def test_tasks_are_run_ten_a_call_each_under_a_name_of_its_own(run: Run, client: Any) -> None:
    fake = client(describe_task_definition=DEFINITION, run_task=lambda count, **_: tasks(*map(task, range(count))))
    result = run(run_task, {**ASKED, "count": 25, "client_token": "night", "wait": False}, fake)
    assert len(result["tasks"]) == 25
    orders = [parameters for method, parameters in fake.calls if method == "run_task"]
    assert [(order["count"], order["clientToken"]) for order in orders] == [
        (10, "night"),
        (10, "night-1"),
        (5, "night-2"),
    ]
    # The revision that was checked, also when another one is registered meanwhile.
    assert {order["taskDefinition"] for order in orders} == {DEFINITION["taskDefinition"]["taskDefinitionArn"]}


def test_a_failure_ends_the_batches_and_keeps_what_was_started_in_sight(run: Run, client: Any) -> None:
    short = tasks(*map(task, range(4)), failures=[{"arn": f"{INSTANCE}x", "reason": "RESOURCE:CPU"}])
    fake = client(describe_task_definition=DEFINITION, run_task=[tasks(*map(task, range(10))), short])
    result = run(run_task, {**ASKED, "count": 30}, fake)
    assert "Only 14 of 30 tasks" in result["msg"]
    assert result["changed"] is True
    assert len(result["tasks"]) == 14


def test_a_refusal_after_the_first_batch_does_not_hide_its_tasks(run: Run, client: Any) -> None:
    from botocore.exceptions import ClientError

    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "RunTask")
    fake = client(describe_task_definition=DEFINITION, run_task=[tasks(*map(task, range(10))), denied])
    result = run(run_task, {**ASKED, "count": 20}, fake)
    assert "Only 10 of 20 tasks" in result["msg"]
    assert "AccessDeniedException" in result["msg"]
    assert result["changed"] is True
    assert len(result["tasks"]) == 10


def test_a_cluster_without_hosts_is_told_with_the_way_out(run: Run, client: Any) -> None:
    from botocore.exceptions import ClientError

    error = {"Code": "InvalidParameterException", "Message": "No Container Instances were found in your cluster."}
    fake = client(describe_task_definition=DEFINITION, run_task=ClientError({"Error": error}, "RunTask"))
    assert "external ones take EXTERNAL only" in run(run_task, ASKED, fake)["msg"]


def test_running_tasks_count_when_asked(run: Run, client: Any) -> None:
    others = [task(2, group="night"), task(3, startedBy="me"), task(4, taskDefinitionArn="arn:x:task-definition/job:1")]
    found = [task(1), *others]
    params = {**ASKED, "count": 2, "count_running": True, "started_by": "ops", "wait": False}
    for check_mode in (True, False):
        fake = client(
            describe_task_definition=DEFINITION,
            list_tasks=listed(*found),
            describe_tasks=tasks(*found),
            run_task=tasks(task(9)),
        )
        result = run(run_task, params, fake, check_mode)
        assert result["changed"]
        assert result["diff"] == {"before": {"tasks": 1}, "after": {"tasks": 2}}
        assert dict(fake.calls)["list_tasks"] == {"cluster": "edge", "startedBy": "ops", "desiredStatus": "RUNNING"}
    assert dict(fake.calls)["run_task"]["count"] == 1
    enough = client(describe_task_definition=DEFINITION, list_tasks=listed(*found), describe_tasks=tasks(*found))
    assert not run(run_task, {**params, "count": 1}, enough)["changed"]


def test_tasks_are_started_on_the_chosen_hosts_that_have_none_yet(run: Run, client: Any) -> None:
    arns = [f"{INSTANCE}{number:032x}" for number in range(12)]
    hosts = [
        {"containerInstanceArn": arn, "ec2InstanceId": f"mi-{number:017x}", "status": "ACTIVE", "agentConnected": True}
        for number, arn in enumerate(arns)
    ]
    fake = client(
        describe_task_definition=DEFINITION,
        list_container_instances={"containerInstanceArns": arns},
        describe_container_instances={"containerInstances": hosts},
        list_tasks=listed(task(1)),
        describe_tasks=tasks(task(1, containerInstanceArn=arns[0])),
        start_task=lambda containerInstances, **_: tasks(*(task(n) for n, _ in enumerate(containerInstances))),
    )
    params = {"cluster": "edge", "task_definition": "web", "launch_type": "EXTERNAL", "count_running": True}
    chosen = [host["ec2InstanceId"] for host in hosts]
    result = run(run_task, {**params, "container_instances": chosen, "wait": False}, fake)
    assert result["changed"]
    orders = [parameters for method, parameters in fake.calls if method == "start_task"]
    assert [len(order["containerInstances"]) for order in orders] == [10, 1]
    assert arns[0] not in orders[0]["containerInstances"]
    assert "launchType" not in orders[0]


def test_the_rules_of_external_instances_hold_for_chosen_hosts(run: Run, client: Any) -> None:
    body = {**DEFINITION["taskDefinition"], "networkMode": "awsvpc"}
    host = {"containerInstanceArn": f"{INSTANCE}x", "ec2InstanceId": "mi-" + "0" * 17, "status": "ACTIVE"}
    fake = client(
        describe_task_definition={"taskDefinition": body},
        list_container_instances={"containerInstanceArns": ["x"]},
        describe_container_instances={"containerInstances": [host]},
    )
    params = {"cluster": "edge", "task_definition": "web", "container_instances": [host["ec2InstanceId"]]}
    assert "awsvpc" in run(run_task, params, fake)["msg"]


def test_a_wait_ends_with_the_exit_codes(run: Run, client: Any) -> None:
    ended = task(1, "STOPPED", stopCode="EssentialContainerExited", containers=[{"name": "main", "exitCode": 0}])
    fake = client(
        describe_task_definition=DEFINITION,
        run_task=tasks(task(1, "PENDING")),
        describe_tasks=[tasks(task(1)), tasks(ended)],
    )
    result = run(run_task, {**ASKED, "wait_for": "stopped"}, fake)
    assert result["tasks"][0]["containers"] == [{"name": "main", "exit_code": 0}]


def test_a_task_that_stops_instead_of_running_is_a_failure(run: Run, client: Any) -> None:
    ended = task(1, "STOPPED", stopCode="TaskFailedToStart", stoppedReason="CannotPullContainerError: x")
    fake = client(describe_task_definition=DEFINITION, run_task=tasks(task(1, "PENDING")), describe_tasks=tasks(ended))
    result = run(run_task, ASKED, fake)
    assert result["failed"]
    assert "TaskFailedToStart: CannotPullContainerError" in result["msg"]
    assert result["changed"] is True


def test_a_wait_that_ends_in_vain_says_what_was_started(run: Run, client: Any) -> None:
    fake = client(describe_task_definition=DEFINITION, run_task=tasks(task(1, "PENDING")))
    result = run(run_task, {**ASKED, "wait_timeout": 0}, fake)
    assert "Waited 0 s" in result["msg"]
    assert "PENDING" in result["msg"]
    assert result["changed"] is True
    assert len(result["tasks"]) == 1


def test_nobody_reads_what_may_be_a_secret(run: Run, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    overrides = {"containerOverrides": [{"name": "main", "environment": [{"name": "PASSWORD", "value": "hunter2"}]}]}
    shown: list[Any] = []
    hide = run_task.hide
    monkeypatch.setattr(run_task, "hide", lambda module: (hide(module), shown.append(dict(module.params)))[0])
    fake = client(describe_task_definition=DEFINITION, run_task=tasks(task(1, overrides=overrides)))
    result = run(run_task, {**ASKED, "overrides": overrides, "wait": False}, fake)
    assert "hunter2" in str(fake.calls)
    assert "hunter2" not in str(result)
    assert "hunter2" not in str(shown)
    assert "PASSWORD" in str(shown)


def test_tasks_of_services_are_stopped_by_name_only(run: Run, client: Any) -> None:
    own, other = task(1), task(2, group="service:web")
    fake = client(list_tasks=listed(own, other), describe_tasks=tasks(own, other), stop_task={})
    params = {"cluster": "edge", "state": "stopped", "started_by": "ops", "wait": False, "reason": "enough"}
    result = run(run_task, params, fake)
    assert result["changed"]
    assert [parameters["task"] for method, parameters in fake.calls if method == "stop_task"] == [own["taskArn"]]
    assert dict(fake.calls)["stop_task"]["reason"] == "enough"


def test_what_has_stopped_is_not_stopped_again(run: Run, client: Any) -> None:
    stopped, gone = task(1, "STOPPED"), "f" * 32
    fake = client(describe_tasks=tasks(stopped))
    result = run(run_task, {"cluster": "edge", "state": "stopped", "tasks": [stopped["taskArn"], gone]}, fake)
    assert not result["changed"]
    assert result["missing"] == [gone]


def test_filters_that_list_tasks_does_not_know_are_applied_to_what_it_brings(run: Run, client: Any) -> None:
    found = [task(1), task(2, group="night"), task(3, launchType="EC2")]
    fake = client(list_tasks=listed(*found), describe_tasks=tasks(*found))
    params = {"cluster": "edge", "started_by": "ops", "group": "family:web", "launch_type": "EXTERNAL"}
    result = run(task_info, params, fake)
    assert [item["task_arn"] for item in result["tasks"]] == [found[0]["taskArn"]]
    # ECS takes startedBy alone only.
    assert fake.calls[0][1] == {"cluster": "edge", "startedBy": "ops", "desiredStatus": "RUNNING"}
