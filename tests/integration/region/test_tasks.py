# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task definitions, and tasks that somebody starts and stops."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import WaiterError

from sandbox.region.ecs import agents
from sandbox.region.testing import RunningRegion

from .conftest import CLUSTER, ROLE
from .expect import refused
from .services import define, serve, service, tasks

_NO_WAIT = {"Delay": 0, "MaxAttempts": 1}


def _run(ecs: Any, definition: str, **more: Any) -> Any:
    return ecs.run_task(cluster=CLUSTER, taskDefinition=definition, **{"launchType": "EXTERNAL", **more})


def _one(ecs: Any, task: str, **more: Any) -> dict[str, Any]:
    (found,) = ecs.describe_tasks(cluster=CLUSTER, tasks=[task], **more)["tasks"]
    shown: dict[str, Any] = found
    return shown


def _instance(ecs: Any, arn: str) -> dict[str, Any]:
    (found,) = ecs.describe_container_instances(cluster=CLUSTER, containerInstances=[arn])["containerInstances"]
    shown: dict[str, Any] = found
    return shown


def _remaining(ecs: Any, arn: str) -> dict[str, Any]:
    resources = _instance(ecs, arn)["remainingResources"]
    return {item["name"]: item.get("stringSetValue") or item["integerValue"] for item in resources}


def test_a_definition_is_filled_with_defaults(ecs: Any) -> None:
    arn = define(ecs, container={"portMappings": [{"containerPort": 80}]})
    assert arn.endswith(":task-definition/web:1")
    shown = ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]
    (container,) = shown["containerDefinitions"]
    assert container["essential"] is True
    assert container["portMappings"] == [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}]
    assert (shown["networkMode"], shown["revision"], shown["status"]) == ("bridge", 1, "ACTIVE")
    assert shown["compatibilities"] == ["EXTERNAL", "EC2"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"networkMode": "awsvpc"}, "awsvpc"),
        ({"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]}, "efsVolumeConfiguration"),
        ({"volumes": [{"name": "v", "configuredAtLaunch": True}]}, "EBS"),
        ({"proxyConfiguration": {"containerName": "main"}}, "proxyConfiguration"),
        ({"enableFaultInjection": True}, "fault injection"),
        ({"networkMode": "none", "container": {"portMappings": [{"containerPort": 80}]}}, "networkMode=none"),
        (
            {"networkMode": "host", "container": {"portMappings": [{"containerPort": 80, "hostPort": 81}]}},
            "must match",
        ),
        ({"container": {"mountPoints": [{"sourceVolume": "none", "containerPath": "/x"}]}}, "Unknown volume"),
        ({"container": {"essential": False}}, "essential"),
        ({"container": {"memory": 4}}, "at least 6"),
        ({"family": "no spaces"}, "Family"),
    ],
)
def test_what_a_definition_for_external_instances_cannot_have(ecs: Any, options: dict[str, Any], words: str) -> None:
    with refused("ClientException", words):
        define(ecs, **options)
    assert ecs.list_task_definitions()["taskDefinitionArns"] == []


def test_a_container_needs_a_memory_limit(ecs: Any) -> None:
    with refused("ClientException", "At least one of 'memory' or 'memoryReservation'"):
        ecs.register_task_definition(family="web", containerDefinitions=[{"name": "main", "image": "web"}])


def test_revisions_live_and_end(ecs: Any) -> None:
    first, second, other = define(ecs), define(ecs), define(ecs, "cache")
    assert ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["taskDefinitionArn"] == second
    ecs.deregister_task_definition(taskDefinition="web:2")
    assert ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["taskDefinitionArn"] == first
    assert ecs.describe_task_definition(taskDefinition=second)["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.list_task_definitions()["taskDefinitionArns"] == [other, first]
    assert ecs.list_task_definitions(familyPrefix="web", status="INACTIVE")["taskDefinitionArns"] == [second]
    pages = ecs.get_paginator("list_task_definitions").paginate(sort="DESC", PaginationConfig={"PageSize": 1})
    assert [page["taskDefinitionArns"] for page in pages] == [[first], [other]]
    assert define(ecs).endswith(":3")
    reply = ecs.delete_task_definitions(taskDefinitions=[first, second])
    assert [one["status"] for one in reply["taskDefinitions"]] == ["DELETE_IN_PROGRESS"]
    assert [one["arn"] for one in reply["failures"]] == [first]
    with refused("ClientException", "inactive"):
        serve(ecs, second, 1)
    with refused("ClientException", "Unable to describe"):
        ecs.describe_task_definition(taskDefinition="web:9")
    with refused("InvalidParameterException", "revision"):
        ecs.deregister_task_definition(taskDefinition="web")


def test_families_by_what_is_left_of_them(ecs: Any) -> None:
    define(ecs), define(ecs, "cache")
    ecs.deregister_task_definition(taskDefinition="web:1")
    families = {
        status: ecs.list_task_definition_families(status=status)["families"] for status in ("ACTIVE", "INACTIVE", "ALL")
    }
    assert families == {"ACTIVE": ["cache"], "INACTIVE": ["web"], "ALL": ["cache", "web"]}


def test_a_task_runs_and_is_stopped(region: RunningRegion, ecs: Any) -> None:
    (host,) = region.instances(CLUSTER)
    ports = {"portMappings": [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 53, "protocol": "udp"}]}
    reply = _run(ecs, define(ecs, container=ports), startedBy="me", tags=[{"key": "team", "value": "shop"}])
    assert reply["failures"] == []
    (task,) = reply["tasks"]
    assert (task["lastStatus"], task["group"], task["containerInstanceArn"]) == ("PENDING", "family:web", host)
    assert _instance(ecs, host)["pendingTasksCount"] == 1
    region.settle()
    ecs.get_waiter("tasks_running").wait(cluster=CLUSTER, tasks=[task["taskArn"]], WaiterConfig=_NO_WAIT)
    running = _one(ecs, task["taskArn"], include=["TAGS"])
    assert running["tags"] == [{"key": "team", "value": "shop"}]
    assert [(item["hostPort"], item["protocol"]) for item in running["containers"][0]["networkBindings"]] == [
        (8080, "tcp"),
        (32768, "udp"),
    ]
    assert _instance(ecs, host)["runningTasksCount"] == 1
    assert [one["taskArn"] for one in tasks(ecs, startedBy="me")] == [task["taskArn"]]
    ecs.stop_task(cluster=CLUSTER, task=task["taskArn"], reason="enough")
    assert _one(ecs, task["taskArn"])["desiredStatus"] == "STOPPED"
    region.settle()
    ecs.get_waiter("tasks_stopped").wait(cluster=CLUSTER, tasks=[task["taskArn"]], WaiterConfig=_NO_WAIT)
    stopped = _one(ecs, task["taskArn"])
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")
    assert _instance(ecs, host)["runningTasksCount"] == 0
    with pytest.raises(WaiterError):
        ecs.get_waiter("tasks_running").wait(cluster=CLUSTER, tasks=[task["taskArn"]], WaiterConfig=_NO_WAIT)
    region.advance(3601)
    assert ecs.describe_tasks(cluster=CLUSTER, tasks=[task["taskArn"]])["failures"][0]["reason"] == "MISSING"


def test_resources_are_taken_and_given_back(region: RunningRegion, ecs: Any) -> None:
    (host,) = region.instances(CLUSTER)
    before = _remaining(ecs, host)
    ports = {"portMappings": [{"containerPort": 80, "hostPort": 8080}]}
    (task,) = _run(ecs, define(ecs, container=ports))["tasks"]
    taken = _remaining(ecs, host)
    assert (before["CPU"] - taken["CPU"], before["MEMORY"] - taken["MEMORY"]) == (100, 128)
    assert set(taken["PORTS"]) - set(before["PORTS"]) == {"8080"}
    ecs.stop_task(cluster=CLUSTER, task=task["taskArn"])
    region.settle()
    assert _remaining(ecs, host) == before


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"container": {"memory": 64000}}, "RESOURCE:MEMORY"),
        ({"container": {"cpu": 64000}}, "RESOURCE:CPU"),
        ({"memory": "64 GB"}, "RESOURCE:MEMORY"),
        ({"container": {"portMappings": [{"containerPort": 80, "hostPort": 51678}]}}, "RESOURCE:PORTS"),
        (
            {"placementConstraints": [{"type": "memberOf", "expression": "attribute:site == rome"}]},
            "MemberOf placement constraint unsatisfied.",
        ),
    ],
)
def test_failures_name_the_reason(region: RunningRegion, ecs: Any, options: dict[str, Any], reason: str) -> None:
    (host,) = region.instances(CLUSTER, site="oslo")
    definition = define(ecs, **options)
    assert _run(ecs, definition)["failures"] == [{"arn": host, "reason": reason}]
    started = ecs.start_task(cluster=CLUSTER, taskDefinition=definition, containerInstances=[host])
    assert started["failures"] == [{"arn": host, "reason": reason}]


def test_an_agent_that_lacks_a_capability(region: RunningRegion, ecs: Any) -> None:
    (host,) = region.instances(CLUSTER, **{"com.amazonaws.ecs.capability.docker-remote-api.1.41": ""})
    log = {"logConfiguration": {"logDriver": "awslogs"}}
    assert _run(ecs, define(ecs, container=log))["failures"] == [{"arn": host, "reason": "ATTRIBUTE"}]


def test_a_silent_agent_takes_no_task(region: RunningRegion, ecs: Any, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    host.join(CLUSTER)
    region.advance(60)
    assert _run(ecs, define(ecs))["failures"] == [{"arn": host.container_instance, "reason": "AGENT"}]


def test_what_does_not_fit_is_told_beside_what_does(region: RunningRegion, ecs: Any) -> None:
    (host,) = region.instances(CLUSTER)
    reply = _run(ecs, define(ecs, container={"memory": 1500}), count=3)
    assert len(reply["tasks"]) == 2
    assert reply["failures"] == [{"arn": host, "reason": "RESOURCE:MEMORY"}]


def test_external_and_ec2_instances_are_told_apart(region: RunningRegion, ecs: Any) -> None:
    definition = define(ecs)
    (machine,) = region.instances(CLUSTER, kind="EC2")
    with refused("InvalidParameterException", "No Container Instances were found"):
        _run(ecs, definition)
    (task,) = _run(ecs, definition, launchType="EC2")["tasks"]
    assert (task["containerInstanceArn"], task["launchType"]) == (machine, "EC2")


def test_start_task_says_what_is_wrong_with_each_instance(region: RunningRegion, ecs: Any) -> None:
    first, second, third = region.instances(CLUSTER, 3)
    ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=second)
    ecs.update_container_instances_state(cluster=CLUSTER, containerInstances=[third], status="DRAINING")
    reply = ecs.start_task(cluster=CLUSTER, taskDefinition=define(ecs), containerInstances=[first, second, "none"])
    assert [task["containerInstanceArn"] for task in reply["tasks"]] == [first]
    assert [failure["reason"] for failure in reply["failures"]] == ["INACTIVE", "MISSING"]


def test_overrides_change_what_is_needed(region: RunningRegion, ecs: Any) -> None:
    (host,) = region.instances(CLUSTER)
    before = _remaining(ecs, host)
    overrides = {"containerOverrides": [{"name": "main", "memory": 256, "command": ["sleep", "1"]}]}
    (task,) = _run(ecs, define(ecs), overrides=overrides)["tasks"]
    assert task["overrides"]["containerOverrides"][0]["command"] == ["sleep", "1"]
    assert before["MEMORY"] - _remaining(ecs, host)["MEMORY"] == 256
    with refused("InvalidParameterException", "not a container"):
        _run(ecs, "web", overrides={"containerOverrides": [{"name": "side"}]})


def test_a_client_token_starts_once(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER)
    definition = define(ecs)
    first, again = (_run(ecs, definition, clientToken="t-1")["tasks"] for _ in range(2))
    assert [task["taskArn"] for task in first] == [task["taskArn"] for task in again]
    with refused("ConflictException"):
        _run(ecs, definition, clientToken="t-1", count=2)


def test_a_container_that_exits_takes_its_task_with_it(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER)
    region.outcome("shop/job:*", "exit", exit_code=3, after=10)
    (task,) = _run(ecs, define(ecs, "job", image="shop/job:1"))["tasks"]
    region.settle()
    assert _one(ecs, task["taskArn"])["lastStatus"] == "RUNNING"
    region.advance(11)
    stopped = _one(ecs, task["taskArn"])
    assert (stopped["stopCode"], stopped["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3)


def test_a_service_replaces_a_task_that_was_stopped(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER)
    serve(ecs, define(ecs), 1)
    region.settle()
    (task,) = tasks(ecs)
    ecs.stop_task(cluster=CLUSTER, task=task["taskArn"])
    region.settle()
    (other,) = tasks(ecs)
    assert other["taskArn"] != task["taskArn"]
    assert service(ecs)["runningCount"] == 1


def test_lists_of_tasks(region: RunningRegion, ecs: Any) -> None:
    first, _ = region.instances(CLUSTER, 2)
    serve(ecs, define(ecs), 4)
    _run(ecs, define(ecs, "job"), count=2)
    region.settle()
    count = {
        "all": len(tasks(ecs)),
        "service": len(tasks(ecs, serviceName="web")),
        "family": len(tasks(ecs, family="job")),
        "instance": len(tasks(ecs, containerInstance=first)),
        "stopped": len(tasks(ecs, desiredStatus="STOPPED")),
        "ec2": len(tasks(ecs, launchType="EC2")),
        "pages": len(list(ecs.get_paginator("list_tasks").paginate(cluster=CLUSTER, maxResults=4))),
    }
    assert count == {"all": 6, "service": 4, "family": 2, "instance": 3, "stopped": 0, "ec2": 0, "pages": 2}
    with refused("ServiceNotFoundException"):
        ecs.list_tasks(cluster=CLUSTER, serviceName="none")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 11}, "between 1 and 10"),
        ({"group": "service:web"}, "service:"),
        ({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}, "network configuration"),
        ({"propagateTags": "TASK_DEFINITION"}, "tag propagation"),
        ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, "capacity provider strategy"),
    ],
)
def test_what_run_task_refuses(region: RunningRegion, ecs: Any, options: dict[str, Any], words: str) -> None:
    region.instances(CLUSTER)
    with refused("InvalidParameterException", words):
        _run(ecs, define(ecs), **options)


def test_fargate_is_not_implemented(region: RunningRegion, ecs: Any) -> None:
    with refused("NotImplemented") as refusal:
        _run(ecs, define(ecs), launchType="FARGATE")
    assert refusal.status == 501


def test_definitions_for_other_launch_types_do_not_run_outside(region: RunningRegion, ecs: Any) -> None:
    definition = define(ecs, networkMode="awsvpc", requiresCompatibilities=["EC2"])
    with refused("InvalidParameterException", "does not support launch_type EXTERNAL"):
        _run(ecs, definition)


def test_settings_of_the_account(ecs: Any) -> None:
    ecs.put_account_setting_default(name="containerInsights", value="enabled")
    ecs.put_account_setting(name="containerInsights", value="enhanced")

    def effective() -> str:
        reply = ecs.list_account_settings(name="containerInsights", effectiveSettings=True)
        return str(reply["settings"][0]["value"])

    assert effective() == "enhanced"
    ecs.delete_account_setting(name="containerInsights")
    assert effective() == "enabled"
    assert ecs.list_account_settings()["settings"] == []
    with refused("InvalidParameterException"):
        ecs.put_account_setting(name="containerInsights", value="maybe")


def test_capacity_providers_are_kept_and_joined_to_clusters(ecs: Any) -> None:
    group = {"autoScalingGroupArn": "arn:aws:autoscaling:us-west-2:111122223333:autoScalingGroup:x:y"}
    made = ecs.create_capacity_provider(name="racks", autoScalingGroupProvider=group)["capacityProvider"]
    assert made["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"] == 100
    changed = {"managedTerminationProtection": "DISABLED"}
    made = ecs.update_capacity_provider(name="racks", autoScalingGroupProvider=changed)["capacityProvider"]
    assert made["updateStatus"] == "UPDATE_COMPLETE"
    strategy = [{"capacityProvider": "racks", "weight": 1}]
    cluster = ecs.put_cluster_capacity_providers(
        cluster=CLUSTER, capacityProviders=["racks", "FARGATE"], defaultCapacityProviderStrategy=strategy
    )["cluster"]
    assert cluster["capacityProviders"] == ["racks", "FARGATE"]
    with refused("ClientException", "in use"):
        ecs.delete_capacity_provider(capacityProvider="racks")
    with refused("ClientException", "does not exist"):
        ecs.create_cluster(clusterName="other", capacityProviders=["none"])
    ecs.put_cluster_capacity_providers(cluster=CLUSTER, capacityProviders=[], defaultCapacityProviderStrategy=[])
    ecs.delete_capacity_provider(capacityProvider="racks")
    described = ecs.describe_capacity_providers()["capacityProviders"]
    assert [one["name"] for one in described] == ["FARGATE", "FARGATE_SPOT"]


def test_what_an_agent_may_have_started_only_the_agent_can_stop(region: RunningRegion, ecs: Any) -> None:
    """A payload that is under way cannot be called back: without an order to stop, its container would run on."""
    (host,) = region.instances(CLUSTER)
    instance = region.state.ecs.instances_of(CLUSTER)[host.rpartition("/")[2]]
    instance.session = True  # a real agent, which does not do anything by itself
    definition = define(ecs)
    kept, sent = (_run(ecs, definition)["tasks"][0]["taskArn"] for _ in range(2))
    ecs.stop_task(cluster=CLUSTER, task=kept)
    assert _one(ecs, kept)["lastStatus"] == "STOPPED"
    assert [(task.arn, task.desired_status) for task in agents.outbox(instance)] == [(sent, "RUNNING")]
    ecs.stop_task(cluster=CLUSTER, task=sent)
    assert _one(ecs, sent)["lastStatus"] == "PENDING"
    (order,) = agents.outbox(instance)
    assert (order.arn, order.desired_status) == (sent, "STOPPED")
    agents.acknowledge(order, "STOPPED")
    agents.report_task(region.state, order, "STOPPED")
    assert _one(ecs, sent)["lastStatus"] == "STOPPED"
