# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services: placement, rollouts, the circuit breaker, draining, and hosts that fall silent."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from sandbox.region.testing import RunningRegion

from .conftest import CLUSTER, ROLE
from .expect import refused
from .services import define, messages, places, rollouts, serve, service, tasks

_NO_WAIT = {"Delay": 0, "MaxAttempts": 1}


def _drain(ecs: Any, *instances: str, status: str = "DRAINING") -> None:
    ecs.update_container_instances_state(cluster=CLUSTER, containerInstances=list(instances), status=status)


def test_a_service_starts_its_tasks_and_reaches_a_steady_state(region: RunningRegion, ecs: Any) -> None:
    hosts = region.instances(CLUSTER, 2, site="oslo")
    made = serve(ecs, define(ecs))
    assert (made["status"], made["runningCount"], made["deployments"][0]["rolloutState"]) == (
        "ACTIVE",
        0,
        "IN_PROGRESS",
    )
    assert service(ecs)["pendingCount"] == 2
    region.settle()
    ecs.get_waiter("services_stable").wait(cluster=CLUSTER, services=["web"], WaiterConfig=_NO_WAIT)
    now = service(ecs)
    assert (now["runningCount"], now["pendingCount"], rollouts(ecs)) == (2, 0, [("PRIMARY", "COMPLETED")])
    assert sorted(places(ecs, serviceName="web")) == sorted(hosts)
    told = messages(ecs)
    assert "has started 2 tasks" in told[0]
    assert told[-1] == "(service web) has reached a steady state."
    (shown,) = ecs.describe_clusters(clusters=[CLUSTER], include=["STATISTICS"])["clusters"]
    statistics = {item["name"]: item["value"] for item in shown["statistics"]}
    assert (shown["runningTasksCount"], shown["activeServicesCount"]) == (2, 1)
    assert statistics["runningExternalTasksCount"] == "2"
    assert statistics["activeExternalServiceCount"] == "1"


def test_without_a_host_a_service_waits_and_says_so(region: RunningRegion, ecs: Any) -> None:
    serve(ecs, define(ecs))
    region.settle()
    assert rollouts(ecs) == [("PRIMARY", "IN_PROGRESS")]
    assert len(messages(ecs)) == 1
    assert "No Container Instances were found in your cluster" in messages(ecs)[0]
    region.instances(CLUSTER, 1)
    region.settle()
    assert service(ecs)["runningCount"] == 2


def test_room_that_another_task_leaves_is_taken(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER)
    large = define(ecs, container={"memory": 3000})
    (other,) = ecs.run_task(cluster=CLUSTER, taskDefinition=large, launchType="EXTERNAL")["tasks"]
    serve(ecs, large, 1)
    region.settle()
    assert service(ecs)["runningCount"] == 0
    ecs.stop_task(cluster=CLUSTER, task=other["taskArn"])
    region.settle()
    assert service(ecs)["runningCount"] == 1


@pytest.mark.parametrize(
    ("need", "words"),
    [
        ({"memory": 64000}, "has insufficient memory available"),
        ({"cpu": 64000}, "has insufficient CPU units available"),
        ({"portMappings": [{"containerPort": 22, "hostPort": 22}]}, "is already using a port required by your task"),
    ],
)
def test_an_event_names_what_is_lacking(region: RunningRegion, ecs: Any, need: Any, words: str) -> None:
    (host,) = region.instances(CLUSTER)
    serve(ecs, define(ecs, container=need), 1)
    region.settle()
    (told,) = messages(ecs)
    assert words in told
    assert host.rpartition("/")[2] in told


def test_tasks_are_spread_over_sites(region: RunningRegion, ecs: Any) -> None:
    sites = {
        arn: site for site, count in (("oslo", 5), ("lyon", 1)) for arn in region.instances(CLUSTER, count, site=site)
    }
    serve(ecs, define(ecs), 6, placementStrategy=[{"type": "spread", "field": "attribute:site"}])
    region.settle()
    assert Counter(sites[place] for place in places(ecs)) == {"oslo": 3, "lyon": 3}


def test_tasks_are_packed(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 4)
    serve(ecs, define(ecs), 8, placementStrategy=[{"type": "binpack", "field": "memory"}])
    region.settle()
    assert len(set(places(ecs))) == 1


def test_placement_constraints_hold(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 3, site="oslo")
    lyon = region.instances(CLUSTER, 2, site="lyon")
    constraints = [{"type": "memberOf", "expression": "attribute:site == lyon"}, {"type": "distinctInstance"}]
    serve(ecs, define(ecs), 3, placementConstraints=constraints)
    region.settle()
    assert sorted(places(ecs)) == sorted(lyon)
    assert "DistinctInstance placement constraint unsatisfied." in messages(ecs)[-1]
    (new,) = region.instances(CLUSTER, 1, site="lyon")
    region.settle()
    assert new in places(ecs)


def test_a_constraint_on_groups_of_tasks(region: RunningRegion, ecs: Any) -> None:
    first, second = region.instances(CLUSTER, 2)
    serve(ecs, define(ecs), 1)
    region.settle()
    (taken,) = places(ecs, serviceName="web")
    apart = [{"type": "memberOf", "expression": "not(task:group == service:web)"}]
    serve(ecs, define(ecs, "cache"), 1, "cache", placementConstraints=apart)
    region.settle()
    assert places(ecs, serviceName="cache") == [second if taken == first else first]


def test_a_new_definition_is_rolled_out_within_the_bounds(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 4)
    bounds = {"minimumHealthyPercent": 50, "maximumPercent": 100}
    serve(ecs, define(ecs), 4, deploymentConfiguration=bounds)
    region.settle()
    update = define(ecs, image="shop/web:2")
    ecs.update_service(cluster=CLUSTER, service="web", taskDefinition=update)
    healthy, most = [], []
    for _ in range(20):
        running = service(ecs)
        healthy.append(sum(task["desiredStatus"] == task["lastStatus"] == "RUNNING" for task in tasks(ecs)))
        most.append(running["runningCount"] + running["pendingCount"])
        if not region.tick():
            break
    assert min(healthy) == 2
    assert max(most) == 4
    assert rollouts(ecs) == [("PRIMARY", "COMPLETED")]
    assert {task["taskDefinitionArn"] for task in tasks(ecs)} == {update}
    assert any("deployment completed" in told for told in messages(ecs))


def test_with_room_to_spare_the_new_tasks_run_first(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 2)
    serve(ecs, define(ecs), 2)
    region.settle()
    ecs.update_service(cluster=CLUSTER, service="web", forceNewDeployment=True)
    assert [one["runningCount"] + one["pendingCount"] for one in service(ecs)["deployments"]] == [2, 2]
    while len(service(ecs)["deployments"]) > 1:
        assert sum(task["lastStatus"] == "RUNNING" for task in tasks(ecs)) >= 2
        assert region.tick()
    assert service(ecs)["runningCount"] == 2


def test_a_fixed_port_on_one_host_needs_the_old_task_to_end_first(region: RunningRegion, ecs: Any) -> None:
    """With the default bounds the rollout never ends; with minimumHealthyPercent 0 it does."""
    region.instances(CLUSTER, 1)
    port = {"portMappings": [{"containerPort": 80, "hostPort": 8080}]}
    serve(ecs, define(ecs, container=port), 1)
    region.settle()
    ecs.update_service(cluster=CLUSTER, service="web", taskDefinition=define(ecs, container=port, image="shop/web:2"))
    region.settle()
    assert rollouts(ecs) == [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")]
    assert "already using a port" in messages(ecs)[-1]
    ecs.update_service(cluster=CLUSTER, service="web", deploymentConfiguration={"minimumHealthyPercent": 0})
    region.settle()
    assert rollouts(ecs) == [("PRIMARY", "COMPLETED")]


def test_scaling_keeps_the_deployment(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 3)
    serve(ecs, define(ecs), 3)
    region.settle()
    before = service(ecs)["deployments"][0]["id"]
    for count in (1, 2):
        ecs.update_service(cluster=CLUSTER, service="web", desiredCount=count)
        region.settle()
        assert service(ecs)["runningCount"] == count
        assert [one["id"] for one in service(ecs)["deployments"]] == [before]


def test_the_circuit_breaker_rolls_back(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 2)
    first = define(ecs)
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    serve(ecs, first, 2, deploymentConfiguration=breaker)
    region.settle()
    region.outcome("shop/web:broken", "cannot-pull")
    ecs.update_service(cluster=CLUSTER, service="web", taskDefinition=define(ecs, image="shop/web:broken"))
    states = set()
    for _ in range(20):
        region.advance(30)
        states.update(rollouts(ecs))
    assert ("ACTIVE", "FAILED") in states
    assert rollouts(ecs) == [("PRIMARY", "COMPLETED")]
    assert service(ecs)["taskDefinition"] == first
    assert service(ecs)["runningCount"] == 2
    told = " ".join(messages(ecs))
    assert "deployment failed: tasks failed to start." in told
    assert "rolling back to (deployment ecs-svc/" in told
    (stopped, *_) = tasks(ecs, desiredStatus="STOPPED")
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["containers"][0]["reason"].startswith("CannotPullContainerError")


def test_without_rollback_a_failed_deployment_stays(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 1)
    region.outcome("*:broken", "cannot-pull")
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    serve(ecs, define(ecs, image="shop/web:broken"), 1, deploymentConfiguration=breaker)
    for _ in range(20):
        region.advance(30)
    (deployment,) = service(ecs)["deployments"]
    assert (deployment["rolloutState"], deployment["failedTasks"]) == ("FAILED", 3)
    assert deployment["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."


def test_without_a_breaker_tasks_are_tried_ever_more_slowly(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 1)
    region.outcome("*:broken", "cannot-pull")
    serve(ecs, define(ecs, image="shop/web:broken"), 1)
    for _ in range(60):
        region.advance(1)
    assert 4 <= len(tasks(ecs, desiredStatus="STOPPED")) <= 6
    assert rollouts(ecs) == [("PRIMARY", "IN_PROGRESS")]
    assert any("unable to consistently start tasks" in told for told in messages(ecs))


CHECKED = {"healthCheck": {"command": ["CMD-SHELL", "true"]}}


def test_an_unhealthy_task_goes_when_its_replacement_is_healthy(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 2)
    region.outcome("shop/sick:1", "unhealthy", after=60)
    serve(ecs, define(ecs, image="shop/sick:1", container=CHECKED), 2)
    region.settle()
    before = {task["taskArn"] for task in tasks(ecs)}
    assert {task["healthStatus"] for task in tasks(ecs)} == {"HEALTHY"}
    region.advance(61)
    running = []
    while region.tick():
        running.append(sum(task["healthStatus"] == "HEALTHY" for task in tasks(ecs)))
        assert len(tasks(ecs)) <= 4
    after = tasks(ecs)
    assert len(after) == 2 and not before & {task["taskArn"] for task in after}
    stopped = tasks(ecs, desiredStatus="STOPPED")
    assert {task["taskArn"] for task in stopped} == before
    assert {(task["stopCode"], task["stoppedReason"]) for task in stopped} == {
        ("ServiceSchedulerInitiated", "Task failed container health checks")
    }
    assert sum("failed container health checks" in text for text in messages(ecs)) == 2


def test_without_room_for_a_replacement_the_unhealthy_task_goes_first(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 1)
    region.outcome("shop/sick:1", "unhealthy", after=60)
    bounds = {"minimumHealthyPercent": 0, "maximumPercent": 100}
    serve(ecs, define(ecs, image="shop/sick:1", container=CHECKED), 1, deploymentConfiguration=bounds)
    region.settle()
    (before,) = tasks(ecs)
    region.advance(61)
    region.settle()
    (after,) = tasks(ecs)
    assert after["taskArn"] != before["taskArn"] and after["healthStatus"] == "HEALTHY"


def test_a_daemon_is_replaced_on_its_instance(region: RunningRegion, ecs: Any) -> None:
    (arn,) = region.instances(CLUSTER, 1)
    region.outcome("shop/sick:1", "unhealthy", after=60)
    serve(ecs, define(ecs, image="shop/sick:1", container=CHECKED), None, schedulingStrategy="DAEMON")
    region.settle()
    (before,) = tasks(ecs)
    region.advance(61)
    region.settle()
    (after,) = tasks(ecs)
    assert after["taskArn"] != before["taskArn"] and after["containerInstanceArn"] == arn


def test_a_rollout_whose_tasks_fall_ill_is_given_up(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 2)
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    first = define(ecs)
    serve(ecs, first, 1, deploymentConfiguration=breaker)
    region.settle()
    region.outcome("shop/sick:1", "unhealthy")
    sick = define(ecs, image="shop/sick:1", container={"healthCheck": {"command": ["CMD", "false"], "startPeriod": 0}})
    ecs.update_service(cluster=CLUSTER, service="web", taskDefinition=sick)
    for _ in range(20):
        region.advance(30)
    assert service(ecs)["taskDefinition"] == first
    assert rollouts(ecs) == [("PRIMARY", "COMPLETED")]
    assert service(ecs)["runningCount"] == 1


def test_draining_moves_service_tasks_and_leaves_the_others(region: RunningRegion, ecs: Any) -> None:
    first, second = region.instances(CLUSTER, 2)
    definition = define(ecs)
    serve(ecs, definition, 2)
    alone = ecs.start_task(cluster=CLUSTER, taskDefinition=definition, containerInstances=[first])["tasks"][0]
    region.settle()
    _drain(ecs, first)
    running = []
    while region.tick():
        running.append(service(ecs)["runningCount"])
    assert min(running) >= 2
    assert places(ecs, serviceName="web") == [second, second]
    (left,) = tasks(ecs, containerInstance=first)
    assert (left["taskArn"], left["lastStatus"]) == (alone["taskArn"], "RUNNING")
    _drain(ecs, first, status="ACTIVE")
    ecs.update_service(cluster=CLUSTER, service="web", desiredCount=3)
    region.settle()
    assert first in places(ecs, serviceName="web")


def test_the_tasks_of_a_silent_host_run_on(region: RunningRegion, ecs: Any, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    host.join(CLUSTER, {"site": "oslo"})
    serve(ecs, define(ecs), 1)
    region.settle()
    region.advance(3600)
    (task,) = tasks(ecs)
    assert (task["lastStatus"], task["connectivity"]) == ("RUNNING", "DISCONNECTED")
    assert service(ecs)["runningCount"] == 1
    ecs.update_service(cluster=CLUSTER, service="web", desiredCount=2)
    region.settle()
    assert service(ecs)["runningCount"] == 1
    assert 'encountered error "AGENT"' in messages(ecs)[-1]
    host.rotate()
    host.heartbeat()
    region.settle()
    assert service(ecs)["runningCount"] == 2


def test_a_forced_deregistration_orphans_tasks(region: RunningRegion, ecs: Any) -> None:
    (first,) = region.instances(CLUSTER, 1)
    serve(ecs, define(ecs), 1)
    region.settle()
    with refused("InvalidParameterException", "running tasks"):
        ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=first)
    ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=first, force=True)
    (orphan,) = tasks(ecs, desiredStatus="STOPPED")
    assert "deregistration forced by user" in orphan["stoppedReason"]
    (second,) = region.instances(CLUSTER, 1)
    region.settle()
    assert places(ecs, serviceName="web") == [second]


def test_a_daemon_runs_once_on_every_instance_that_it_may(region: RunningRegion, ecs: Any) -> None:
    oslo = region.instances(CLUSTER, 2, site="oslo")
    region.instances(CLUSTER, 1, site="lyon")
    only = [{"type": "memberOf", "expression": "attribute:site == oslo"}]
    made = serve(ecs, define(ecs, "agent"), None, "agent", schedulingStrategy="DAEMON", placementConstraints=only)
    assert made["deploymentConfiguration"]["minimumHealthyPercent"] == 0
    region.settle()
    assert sorted(places(ecs)) == sorted(oslo)
    assert (service(ecs, "agent")["desiredCount"], rollouts(ecs, "agent")) == (2, [("PRIMARY", "COMPLETED")])
    oslo += region.instances(CLUSTER, 1, site="oslo")
    region.settle()
    assert sorted(places(ecs)) == sorted(oslo)
    _drain(ecs, oslo[0])
    region.settle()
    assert sorted(places(ecs)) == sorted(oslo[1:])
    update = define(ecs, "agent", image="shop/agent:2")
    ecs.update_service(cluster=CLUSTER, service="agent", taskDefinition=update)
    region.settle()
    assert {task["taskDefinitionArn"] for task in tasks(ecs)} == {update}
    assert rollouts(ecs, "agent") == [("PRIMARY", "COMPLETED")]


def test_a_daemon_leaves_a_draining_instance_last(region: RunningRegion, ecs: Any) -> None:
    first, _ = region.instances(CLUSTER, 2)
    serve(ecs, define(ecs, "agent"), None, "agent", schedulingStrategy="DAEMON")
    serve(ecs, define(ecs), 2)
    region.settle()
    _drain(ecs, first)
    left = [{task["group"] for task in tasks(ecs, containerInstance=first)}]
    while region.tick():
        left.append({task["group"] for task in tasks(ecs, containerInstance=first)})
    assert left[0] == {"service:web", "service:agent"}
    assert {"service:web"} not in left
    assert left[-1] == set()


def test_a_deleted_service_drains_and_is_inactive(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 1)
    definition = define(ecs)
    serve(ecs, definition, 1)
    region.settle()
    with refused("InvalidParameterException", "scaled above 0"):
        ecs.delete_service(cluster=CLUSTER, service="web")
    assert ecs.delete_service(cluster=CLUSTER, service="web", force=True)["service"]["status"] == "DRAINING"
    with refused("InvalidParameterException", "still Draining"):
        serve(ecs, definition, 1)
    with refused("ClusterContainsServicesException"):
        region.state.ecs.clusters["other"] = region.state.ecs.clusters[CLUSTER]
        region.state.ecs.instances.pop(CLUSTER)
        ecs.delete_cluster(cluster=CLUSTER)
    region.settle()
    ecs.get_waiter("services_inactive").wait(cluster=CLUSTER, services=["web"], WaiterConfig=_NO_WAIT)
    assert ecs.list_services(cluster=CLUSTER)["serviceArns"] == []
    assert tasks(ecs) == []
    with refused("ServiceNotActiveException"):
        ecs.update_service(cluster=CLUSTER, service="web", desiredCount=1)
    assert serve(ecs, definition, 0)["status"] == "ACTIVE"


def test_creation_is_idempotent(region: RunningRegion, ecs: Any) -> None:
    definition = define(ecs)
    first = serve(ecs, definition, 1)
    assert serve(ecs, definition, 1)["createdAt"] == first["createdAt"]
    with refused("InvalidParameterException", "not idempotent"):
        serve(ecs, definition, 2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"loadBalancers": [{"targetGroupArn": "arn:x", "containerName": "main", "containerPort": 80}]},
            "load balancers",
        ),
        ({"serviceRegistries": [{"registryArn": "arn:x"}]}, "service discovery"),
        ({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}, "network configuration"),
        ({"serviceConnectConfiguration": {"enabled": True}}, "Service Connect"),
        ({"propagateTags": "SERVICE"}, "tag propagation"),
        ({"placementConstraints": [{"type": "memberOf", "expression": "site == lyon"}]}, "expression"),
        ({"placementStrategy": [{"type": "binpack", "field": "disk"}]}, "binpack"),
        ({"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}}, "block deployments"),
        ({"desiredCount": -1}, "DesiredCount"),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            "both a launch type and capacity provider strategy",
        ),
        ({"schedulingStrategy": "DAEMON"}, "desired count"),
    ],
)
def test_what_a_service_cannot_have(region: RunningRegion, ecs: Any, options: dict[str, Any], words: str) -> None:
    with refused("InvalidParameterException", words):
        serve(
            ecs, define(ecs), **{"count": 1, **options} if "desiredCount" not in options else {"count": None, **options}
        )
    assert ecs.list_services(cluster=CLUSTER)["serviceArns"] == []


def test_services_are_listed_in_pages_of_ten(region: RunningRegion, ecs: Any) -> None:
    definition = define(ecs)
    for number in range(12):
        serve(ecs, definition, 0, f"web-{number}")
    assert len(ecs.list_services(cluster=CLUSTER)["serviceArns"]) == 10
    pages = ecs.get_paginator("list_services").paginate(cluster=CLUSTER, launchType="EXTERNAL")
    arns = [arn for page in pages for arn in page["serviceArns"]]
    assert len(arns) == 12
    assert ecs.list_services(cluster=CLUSTER, schedulingStrategy="DAEMON")["serviceArns"] == []
    with refused("InvalidParameterException", "at most 10"):
        ecs.describe_services(cluster=CLUSTER, services=arns)
    reply = ecs.describe_services(cluster=CLUSTER, services=[arns[0], "none"])
    assert [one["serviceArn"] for one in reply["services"]] == [arns[0]]
    assert reply["failures"][0]["reason"] == "MISSING"


def test_tags_of_a_service(region: RunningRegion, ecs: Any) -> None:
    arn = serve(ecs, define(ecs), 0, tags=[{"key": "team", "value": "shop"}])["serviceArn"]
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "tier", "value": "edge"}])
    ecs.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "tier", "value": "edge"}]
    assert service(ecs)["tags"] == [{"key": "tier", "value": "edge"}]


def test_many_tasks_are_placed_evenly(region: RunningRegion, ecs: Any) -> None:
    """Counts, not seconds: bin/bench measures."""
    for site in ("oslo", "lyon", "bern"):
        region.instances(CLUSTER, 200, site=site)
    serve(ecs, define(ecs), 600, placementStrategy=[{"type": "spread", "field": "attribute:site"}])
    ticks = region.settle()
    assert ticks <= 3
    assert service(ecs)["runningCount"] == 600
    assert Counter(Counter(places(ecs)).values()) == {1: 600}
