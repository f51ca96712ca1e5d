# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deployments of a service as records of their own, and the revisions of the service that they roll out.

Each deployment has a revision of its own here, under the same id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..registry import Params, Reply, action
from . import deployments
from .common import active_cluster, invalid, limit, page
from .model import Deployment, Service

if TYPE_CHECKING:
    from ..context import Context

_MAX_DESCRIBE = 20
_DEFAULT_PAGE = 20
_NEWEST_FIRST = 2**62
_ARN = re.compile(
    r"arn:[^:]+:ecs:[^:]+:[^:]+:(?P<kind>service-deployment|service-revision|service)"
    r"/(?P<cluster>[^/]+)/(?P<service>[^/]+)(/(?P<id>[^/]+))?"
)
_REVISED = ("loadBalancers", "serviceRegistries", "networkConfiguration")
_STAGES = {"ROLLBACK_IN_PROGRESS": "SCALE_UP", "IN_PROGRESS": "SCALE_UP"}
_Found = tuple[Service, Deployment]


def _arn(context: Context, kind: str, service: Service, identifier: str) -> str:
    short = identifier.rpartition("/")[2]
    return context.region.arn("ecs", f"{kind}/{service.cluster}/{service.name}/{short}")


def _summary(context: Context, service: Service, identifier: str) -> Reply:
    """A revision with the tasks that it has."""
    wanted = service.desired if identifier == service.primary.id else 0
    return {
        "arn": _arn(context, "service-revision", service, identifier),
        "requestedTaskCount": wanted,
        "runningTaskCount": service.count("RUNNING", identifier),
        "pendingTaskCount": service.count("PENDING", identifier),
    }


def current(service: Service, context: Context) -> Reply:
    """What a service tells of its deployments: which is under way, and the revisions that are in use."""
    shown: Reply = {"currentServiceRevisions": [_summary(context, service, one.id) for one in service.deployments]}
    under_way = [one for one in service.history if one.outcome in _STAGES]
    if under_way:
        shown["currentServiceDeployment"] = _arn(context, "service-deployment", service, under_way[-1].id)
    return shown


def _brief(service: Service, deployment: Deployment, context: Context) -> Reply:
    members = {
        "serviceDeploymentArn": _arn(context, "service-deployment", service, deployment.id),
        "serviceArn": service.arn,
        "clusterArn": context.ecs.clusters[service.cluster].arn,
        "createdAt": deployment.created_at,
        "startedAt": deployment.created_at,
        "finishedAt": deployment.finished_at,
        "targetServiceRevisionArn": _arn(context, "service-revision", service, deployment.id),
        "status": deployment.outcome,
        "statusReason": deployment.rollout_reason,
    }
    return {name: value for name, value in members.items() if value is not None}


def _breaker(service: Service, deployment: Deployment) -> Reply:
    enabled = service.configuration["deploymentCircuitBreaker"]["enable"]
    if deployment.rollout_state == deployments.FAILED:
        state = "TRIGGERED"
    elif not enabled:
        state = "DISABLED"
    else:
        state = "MONITORING" if deployment.outcome in _STAGES else "MONITORING_COMPLETE"
    threshold = deployments.threshold(service.desired)
    return {"status": state, "failureCount": deployment.failed_tasks, "threshold": threshold}


def _full(service: Service, deployment: Deployment, context: Context) -> Reply:
    members = _brief(service, deployment, context)
    target = _summary(context, service, deployment.id) if service.deployments else {"arn": ""}
    target["arn"] = members.pop("targetServiceRevisionArn")
    members.update(
        updatedAt=deployment.updated_at,
        sourceServiceRevisions=[
            {"arn": _arn(context, "service-revision", service, one), "requestedTaskCount": 0}
            for one in deployment.sources
        ],
        targetServiceRevision=target,
        deploymentConfiguration=service.configuration,
        deploymentCircuitBreaker=_breaker(service, deployment),
    )
    if deployment.outcome == "STOPPED":
        members["stoppedAt"] = deployment.finished_at
    if deployment.outcome in _STAGES:
        members["lifecycleStage"] = _STAGES[deployment.outcome]
    if deployment.back_to is not None:
        members["rollback"] = {
            "reason": "Service deployment rolled back because the circuit breaker threshold was exceeded.",
            "startedAt": deployment.back_at,
            "serviceRevisionArn": _arn(context, "service-revision", service, deployment.back_to.id),
        }
    return members


def _revision(service: Service, deployment: Deployment, context: Context) -> Reply:
    containers = deployment.definition.body["containerDefinitions"]
    return {
        "serviceRevisionArn": _arn(context, "service-revision", service, deployment.id),
        "serviceArn": service.arn,
        "clusterArn": context.ecs.clusters[service.cluster].arn,
        "taskDefinition": deployment.definition.arn,
        "launchType": service.launch_type,
        "containerImages": [{"containerName": one["name"], "image": one["image"]} for one in containers],
        "guardDutyEnabled": False,
        "createdAt": deployment.created_at,
        **{name: deployment.settings[name] for name in _REVISED if name in deployment.settings},
    }


def _parsed(reference: str, kind: str) -> re.Match[str]:
    match = _ARN.fullmatch(reference)
    if match is None or match["kind"] != kind or (match["id"] is None) is not (kind == "service"):
        raise invalid(f"Invalid identifier: {reference} is not the ARN of a {kind}.")
    return match


def _find(context: Context, reference: str, kind: str) -> _Found | None:
    match = _parsed(reference, kind)
    service = context.ecs.services_of(match["cluster"]).get(match["service"])
    # A rollback may have made a deployment that nobody asked for.
    known = {one.id.rpartition("/")[2]: one for one in [*service.history, *service.deployments]} if service else {}
    deployment = known.get(match["id"])
    return (service, deployment) if service and deployment else None


def _describe(
    context: Context, references: Sequence[str], kind: str, shown: Callable[[Service, Deployment, Context], Reply]
) -> tuple[list[Reply], list[dict[str, str]]]:
    limit(references, _MAX_DESCRIBE, f"{kind} ARNs")
    found: list[Reply] = []
    failures = []
    for reference in dict.fromkeys(references):
        match = _find(context, reference, kind)
        if match is None:
            failures.append({"arn": reference, "reason": "MISSING"})
        else:
            found.append(shown(*match, context))
    return found, failures


@action("ecs", "DescribeServiceDeployments")
def describe_service_deployments(params: Params, context: Context) -> Reply:
    """Up to twenty deployments, over or under way."""
    found, failures = _describe(context, params["serviceDeploymentArns"], "service-deployment", _full)
    return {"serviceDeployments": found, "failures": failures}


@action("ecs", "DescribeServiceRevisions")
def describe_service_revisions(params: Params, context: Context) -> Reply:
    """What up to twenty deployments roll out, or did."""
    found, failures = _describe(context, params["serviceRevisionArns"], "service-revision", _revision)
    return {"serviceRevisions": found, "failures": failures}


def _service(params: Params, context: Context) -> Service:
    reference = params["service"]
    if reference.startswith("arn:"):
        match = _parsed(reference, "service")
        cluster, name = match["cluster"], match["service"]
    else:
        cluster, name = active_cluster(context, params.get("cluster")).name, reference
    service = context.ecs.services_of(cluster).get(name)
    if service is None:
        raise ApiError("ServiceNotFoundException", "Service not found.")
    return service


def _chosen(deployment: Deployment, params: dict[str, Any]) -> bool:
    span = params.get("createdAt", {})
    early, late = span.get("after", 0.0), span.get("before", float("inf"))
    statuses = params.get("status")
    return early <= deployment.created_at <= late and (not statuses or deployment.outcome in statuses)


@action("ecs", "ListServiceDeployments")
def list_service_deployments(params: Params, context: Context) -> Reply:
    """Deployments of a service, the newest first; twenty a page unless asked for more."""
    service = _service(params, context)
    found = [one for one in service.history if _chosen(one, params)]
    scope = ["ListServiceDeployments", service.arn, params.get("status"), params.get("createdAt")]
    sized = {"maxResults": _DEFAULT_PAGE, **params}
    chosen, token = page(found, lambda one: _NEWEST_FIRST - one.number, sized, scope)
    return {"serviceDeployments": [_brief(service, one, context) for one in chosen], **token}
