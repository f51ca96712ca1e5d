# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import service

Run = Callable[..., dict[str, Any]]
ARN = "arn:aws:ecs:us-west-2:111122223333:task-definition/web:"
OVER: dict[str, Any] = {"id": "d", "status": "PRIMARY", "rolloutState": "COMPLETED"}
OVER.update(desiredCount=1, runningCount=1, pendingCount=0)
SHOP = {
    "serviceArn": "arn",
    "serviceName": "shop",
    "status": "ACTIVE",
    "taskDefinition": f"{ARN}1",
    "desiredCount": 1,
    "runningCount": 1,
    "pendingCount": 0,
    "launchType": "EXTERNAL",
    "schedulingStrategy": "REPLICA",
    "deployments": [OVER],
}
ASKED = {"name": "shop", "cluster": "edge"}
NOBODY: dict[str, Any] = {"services": [], "failures": [{"reason": "MISSING"}]}


def described(**changes: Any) -> dict[str, Any]:
    return {"services": [{**SHOP, **changes}]}


def definition(revision: int = 1, status: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "web", "memory": 128, **more}
    body = {"taskDefinitionArn": f"{ARN}{revision}", "family": "web", "status": status, "networkMode": "bridge"}
    return {"taskDefinition": {**body, "requiresCompatibilities": ["EXTERNAL"], "containerDefinitions": [container]}}


def refused(code: str, message: str = "") -> Exception:
    from botocore.exceptions import ClientError

    return ClientError({"Error": {"Code": code, "Message": message}}, "x")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"name": "the shop"}, "Option name: 'the shop'"),
        ({"cluster": "the edge"}, "Option cluster"),
        ({"task_definition": "web:latest"}, "family:revision"),
        ({"tags": {"a": True}}, "tags.a"),
        ({"desired_count": -1}, "desired_count"),
        ({"launch_type": "EXTERNAL", "service_registries": [{"registryArn": "x"}]}, "serviceRegistries"),
        ({"launch_type": "EXTERNAL", "network_configuration": {"awsvpcConfiguration": {"subnets": ["s"]}}}, "network"),
    ],
)
def test_bad_input_fails_before_any_call(run: Run, params: dict[str, Any], words: str) -> None:
    result = run(service, {**ASKED, **params})
    assert result["failed"]
    assert words in result["msg"]


def test_a_family_costs_one_look_and_is_unchanged_at_its_latest_revision(run: Run, client: Any) -> None:
    fake = client(describe_services=described(), describe_task_definition=definition())
    result = run(service, {**ASKED, "task_definition": "web", "desired_count": 1}, fake)
    assert not result["changed"]
    assert result["diff"]["before"] == result["diff"]["after"]
    assert fake.methods() == ["describe_services", "describe_task_definition"]


def test_a_new_revision_of_the_family_is_the_only_thing_sent(run: Run, client: Any) -> None:
    after = described(taskDefinition=f"{ARN}2")["services"][0]
    fake = client(
        describe_services=described(), describe_task_definition=definition(2), update_service={"service": after}
    )
    result = run(service, {**ASKED, "task_definition": "web", "launch_type": "EXTERNAL"}, fake)
    assert result["changed"]
    assert fake.methods() == ["describe_services", "describe_task_definition", "update_service"]
    assert fake.calls[-1][1] == {"cluster": "edge", "service": "shop", "taskDefinition": f"{ARN}2"}


def test_the_definition_that_is_checked_is_the_one_described(run: Run, client: Any) -> None:
    fixed = definition(2, portMappings=[{"containerPort": 80, "hostPort": 8080}])
    both = {"minimumHealthyPercent": 100, "maximumPercent": 200}
    for reference in ("web", "web:2"):
        fake = client(describe_services=described(deploymentConfiguration=both), describe_task_definition=fixed)
        result = run(service, {**ASKED, "task_definition": reference}, fake)
        assert result["failed"], result
        assert "minimumHealthyPercent" in result["msg"]
        assert fake.methods() == ["describe_services", "describe_task_definition"]


@pytest.mark.parametrize("status", ["INACTIVE", None])
def test_a_definition_that_cannot_be_used_is_refused(run: Run, client: Any, status: str | None) -> None:
    unknown = refused("ClientException", "Unable to describe task definition.")
    answer = definition(2, status) if status else unknown
    fake = client(describe_services=described(), describe_task_definition=answer)
    result = run(service, {**ASKED, "task_definition": "web:2"}, fake)
    assert result["failed"]
    assert "ACTIVE revision" in result["msg"]


def test_check_mode_misses_neither_a_cluster_nor_a_definition_that_the_play_would_make(run: Run, client: Any) -> None:
    fake = client(
        describe_services=refused("ClusterNotFoundException", "Cluster not found."),
        describe_task_definition=refused("ClientException", "Unable to describe task definition."),
    )
    asked = {**ASKED, "task_definition": "web", "launch_type": "EXTERNAL"}
    result = run(service, asked, fake, check_mode=True)
    assert result["changed"]
    assert result["service"]["task_definition"] == "web"
    assert fake.methods() == ["describe_services", "describe_task_definition"]
    assert run(service, asked, client(describe_services=refused("ClusterNotFoundException")))["failed"]


def test_tags_alone_need_no_update_service(run: Run, client: Any) -> None:
    fake = client(describe_services=described(), tag_resource={})
    result = run(service, {**ASKED, "tags": {"fleet": "retail"}}, fake)
    assert result["changed"]
    assert result["service"]["tags"] == {"fleet": "retail"}
    assert fake.methods() == ["describe_services", "tag_resource"]


def test_a_new_deployment_on_demand_changes_each_time(run: Run, client: Any) -> None:
    for check_mode in (True, False):
        fake = client(
            describe_services=described(), describe_task_definition=definition(), update_service={"service": SHOP}
        )
        result = run(service, {**ASKED, "force_new_deployment": True}, fake, check_mode)
        assert result["changed"]
        assert result["diff"]["before"]["deployment"] == "d"
        assert result["diff"]["after"]["deployment"] == "a new one"
    assert fake.calls[-1] == ("update_service", {"cluster": "edge", "service": "shop", "forceNewDeployment": True})


def test_an_unchanged_service_whose_rollout_failed_is_a_failure(run: Run, client: Any) -> None:
    failed = {**OVER, "rolloutState": "FAILED", "rolloutStateReason": "tasks failed to start."}
    fake = client(describe_services=described(deployments=[failed]), list_tasks={"taskArns": []})
    assert "tasks failed to start" in run(service, ASKED, fake)["msg"]
    assert not run(service, {**ASKED, "wait": False}, client(describe_services=described(deployments=[failed])))[
        "changed"
    ]


def test_a_service_that_drains_is_not_created_again(run: Run, client: Any) -> None:
    result = run(service, ASKED, client(describe_services=described(status="DRAINING")))
    assert "being deleted" in result["msg"]


def test_a_new_service_needs_a_definition(run: Run, client: Any) -> None:
    result = run(service, ASKED, client(describe_services=NOBODY))
    assert "Option task_definition" in result["msg"]


def test_deletion_scales_waits_deletes_and_waits(run: Run, client: Any) -> None:
    empty = {**SHOP, "desiredCount": 0, "runningCount": 0}
    fake = client(
        describe_services=[described(), {"services": [empty]}, described(status="DRAINING"), NOBODY],
        update_service={"service": {**SHOP, "desiredCount": 0}},
        delete_service={},
    )
    result = run(service, {**ASKED, "state": "absent"}, fake)
    assert (result["changed"], result["service"], result["diff"]["after"]) == (True, None, {})
    assert fake.methods() == [
        "describe_services",
        "update_service",
        "describe_services",
        "delete_service",
        "describe_services",
        "describe_services",
    ]


def test_deletion_by_force_is_one_call(run: Run, client: Any) -> None:
    fake = client(describe_services=described(), delete_service={})
    run(service, {**ASKED, "state": "absent", "force": True, "wait": False}, fake)
    assert fake.calls[1:] == [("delete_service", {"cluster": "edge", "service": "shop", "force": True})]


def test_deletion_that_is_under_way_is_waited_for_and_absent_is_idempotent(run: Run, client: Any) -> None:
    fake = client(describe_services=[described(status="DRAINING"), NOBODY])
    assert not run(service, {**ASKED, "state": "absent"}, fake)["changed"]
    gone = client(describe_services=described(status="INACTIVE"))
    assert not run(service, {**ASKED, "state": "absent"}, gone)["changed"]
    assert gone.methods() == ["describe_services"]


def test_a_task_that_will_not_stop_is_told_with_the_way_out(run: Run, client: Any) -> None:
    fake = client(describe_services=described(), update_service={"service": SHOP})
    result = run(service, {**ASKED, "state": "absent", "wait_timeout": 0}, fake)
    assert "Waited 0 s for shop to have no tasks" in result["msg"]
    assert "force" in result["msg"]
    assert "delete_service" not in fake.methods()


def test_a_site_kind_alone_is_enough_to_scale(run: Run, client: Any) -> None:
    scaled = {**SHOP, "desiredCount": 2}
    fake = client(
        describe_services=described(), describe_task_definition=definition(), update_service={"service": scaled}
    )
    result = run(service, {**ASKED, "desired_count": 2, "site_kind": "external", "wait": False}, fake)
    assert result["changed"], result
    missing = {**ASKED, "task_definition": "web", "site_kind": "external"}
    new = run(service, missing, client(describe_services=NOBODY, describe_task_definition=definition()))
    assert "launchType" in new["msg"]


FIXED_PORT = {"portMappings": [{"containerPort": 80, "hostPort": 8080}]}


def test_an_old_mistake_is_not_in_the_way_of_a_change_of_scale(run: Run, client: Any) -> None:
    old = {"minimumHealthyPercent": 100, "maximumPercent": 200}
    for asked, is_refused in (
        ({"desired_count": 3}, False),
        ({"desired_count": 3, "deployment_configuration": {"maximumPercent": 150}}, True),
        ({"force_new_deployment": True}, True),
    ):
        fake = client(
            describe_services=described(deploymentConfiguration=old),
            describe_task_definition=definition(1, **FIXED_PORT),
            update_service={"service": SHOP},
        )
        result = run(service, {**ASKED, **asked, "wait": False}, fake)
        assert bool(result.get("failed")) is is_refused, result


def test_a_new_service_is_checked_with_the_count_that_it_will_have(run: Run, client: Any) -> None:
    half = {"minimumHealthyPercent": 50, "maximumPercent": 200}
    fake = client(describe_services=NOBODY, describe_task_definition=definition(1, **FIXED_PORT))
    asked = {**ASKED, "task_definition": "web", "launch_type": "EXTERNAL", "deployment_configuration": half}
    # Half of one task, rounded up, is that task.
    assert "minimumHealthyPercent" in run(service, asked, fake)["msg"]
