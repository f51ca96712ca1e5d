# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deployments of a service as records, and the revisions that they roll out."""

from __future__ import annotations

from typing import Any

from sandbox.region.testing import RunningRegion

from .conftest import CLUSTER
from .expect import refused
from .services import define, serve, service

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def listed(ecs: Any, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ecs.list_service_deployments(cluster=CLUSTER, service="web", **query)[
        "serviceDeployments"
    ]
    return found


def described(ecs: Any, *arns: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ecs.describe_service_deployments(serviceDeploymentArns=list(arns))[
        "serviceDeployments"
    ]
    return found


def test_a_deployment_from_its_start_to_its_success(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 1)
    definition = define(ecs)
    made = serve(ecs, definition, 1)
    (brief,) = listed(ecs)
    assert (brief["status"], brief["serviceArn"]) == ("IN_PROGRESS", made["serviceArn"])
    assert made["currentServiceDeployment"] == brief["serviceDeploymentArn"]
    region.settle()
    (full,) = described(ecs, brief["serviceDeploymentArn"])
    assert (full["status"], full["targetServiceRevision"]["runningTaskCount"]) == ("SUCCESSFUL", 1)
    assert full["finishedAt"] >= full["startedAt"]
    shown = service(ecs)
    assert "currentServiceDeployment" not in shown
    (current,) = shown["currentServiceRevisions"]
    assert current == full["targetServiceRevision"]
    answer = ecs.describe_service_revisions(serviceRevisionArns=[current["arn"]])
    (revision,) = answer["serviceRevisions"]
    assert (revision["taskDefinition"], revision["launchType"]) == (definition, "EXTERNAL")
    assert revision["containerImages"] == [{"containerName": "main", "image": "shop/web:1"}]


def test_a_rollback_is_told_of_the_deployment_that_failed(region: RunningRegion, ecs: Any) -> None:
    region.instances(CLUSTER, 2)
    serve(ecs, define(ecs), 1, deploymentConfiguration=BREAKER)
    region.settle()
    region.outcome("*:broken", "cannot-pull")
    ecs.update_service(cluster=CLUSTER, service="web", taskDefinition=define(ecs, image="shop/web:broken"))
    states = set()
    for _ in range(20):
        region.advance(30)
        states.add(listed(ecs)[0]["status"])
    assert states >= {"IN_PROGRESS", "ROLLBACK_SUCCESSFUL"}
    newest, oldest = listed(ecs)
    assert [newest["status"], oldest["status"]] == ["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]
    (full,) = described(ecs, newest["serviceDeploymentArn"])
    assert full["rollback"]["serviceRevisionArn"] == oldest["targetServiceRevisionArn"]
    assert full["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    assert [one["arn"] for one in full["sourceServiceRevisions"]] == [oldest["targetServiceRevisionArn"]]


def test_what_is_overtaken_or_deleted_is_stopped(region: RunningRegion, ecs: Any) -> None:
    definition = define(ecs)
    serve(ecs, definition, 1)
    for _ in range(2):
        ecs.update_service(cluster=CLUSTER, service="web", forceNewDeployment=True)
    assert [one["status"] for one in listed(ecs)] == ["IN_PROGRESS", "STOPPED", "STOPPED"]
    ecs.delete_service(cluster=CLUSTER, service="web", force=True)
    region.settle()
    arns = [one["serviceDeploymentArn"] for one in listed(ecs, status=["STOPPED"])]
    assert len(arns) == 3
    assert all(one["stoppedAt"] for one in described(ecs, *arns))


def test_lists_have_pages_and_filters(region: RunningRegion, ecs: Any) -> None:
    made = serve(ecs, define(ecs), 0)
    for _ in range(24):
        region.advance(10)
        ecs.update_service(cluster=CLUSTER, service="web", forceNewDeployment=True)
    first = ecs.list_service_deployments(service=made["serviceArn"])
    assert len(first["serviceDeployments"]) == 20
    second = ecs.list_service_deployments(service=made["serviceArn"], nextToken=first["nextToken"])
    assert len(second["serviceDeployments"]) == 5 and "nextToken" not in second
    times = [one["createdAt"] for page in (first, second) for one in page["serviceDeployments"]]
    assert times == sorted(times, reverse=True)
    assert len(listed(ecs, createdAt={"after": times[4]})) == 5


def test_what_does_not_exist(region: RunningRegion, ecs: Any) -> None:
    with refused("ServiceNotFoundException"):
        listed(ecs)
    stranger = region.state.arn("ecs", f"service-deployment/{CLUSTER}/web/1")
    answer = ecs.describe_service_deployments(serviceDeploymentArns=[stranger])
    assert answer["failures"] == [{"arn": stranger, "reason": "MISSING"}]
    with refused("InvalidParameterException", "not the ARN of a service-revision"):
        ecs.describe_service_revisions(serviceRevisionArns=[stranger])
    with refused("InvalidParameterException", "at most 20"):
        ecs.describe_service_deployments(serviceDeploymentArns=[f"{stranger}{number}" for number in range(21)])
