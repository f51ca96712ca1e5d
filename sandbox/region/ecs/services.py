# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services as an operator makes, changes and sees them; what becomes of them is the scheduler's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..registry import Params, Reply, action
from . import definitions, deployments, service_deployments
from .common import active_cluster, invalid, limit, page, tags_to_dict, tags_to_list
from .model import ACTIVE, DRAINING, INACTIVE, LAUNCH_TYPES, Cluster, Deployment, Service, TaskDefinition

if TYPE_CHECKING:
    from ..context import Context

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_ARN = re.compile(r"arn:[^:]+:ecs:[^:]+:[^:]+:service/(?P<cluster>[^/]+)/(?P<name>[^/]+)")
_MAX_DESCRIBE = 10
_DEFAULT_PAGE = 10
_MAX_CONSTRAINTS = 10
_MAX_STRATEGIES = 5
# What ECS has and external instances have not.
_NOT_OUTSIDE = {
    "loadBalancers": "load balancers",
    "serviceRegistries": "service discovery",
    "networkConfiguration": "a network configuration",
    "volumeConfigurations": "Amazon EBS volumes",
    "vpcLatticeConfigurations": "VPC Lattice",
}
# Kept and shown, without any effect here.
_KEPT = (
    "loadBalancers",
    "serviceRegistries",
    "networkConfiguration",
    "healthCheckGracePeriodSeconds",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "propagateTags",
    "availabilityZoneRebalancing",
)


def not_found() -> ApiError:
    return ApiError("ServiceNotFoundException", "Service not found.")


def service_name(reference: str, cluster: str) -> str | None:
    """A service's name from its name or ARN; None when the ARN is of another cluster."""
    match = _ARN.fullmatch(reference)
    if match is None:
        return reference.rpartition("/")[2]
    return match["name"] if match["cluster"] == cluster else None


def find(context: Context, cluster: Cluster, reference: str) -> Service | None:
    return context.ecs.services_of(cluster.name).get(service_name(reference, cluster.name) or "")


# What is refused.


def check_launch_type(params: Params) -> str:
    """The launch type of a request. Nothing is placed through capacity providers, or on Fargate."""
    if params.get("capacityProviderStrategy"):
        if params.get("launchType"):
            raise invalid("Specifying both a launch type and capacity provider strategy is not supported.")
        raise ApiError("NotImplemented", "The simulated Region places nothing through capacity providers.", status=501)
    launch_type = str(params.get("launchType", "EC2"))
    if launch_type not in LAUNCH_TYPES:
        raise ApiError("NotImplemented", f"The simulated Region has no launch type {launch_type}.", status=501)
    return launch_type


def check_outside(params: Params, launch_type: str) -> None:
    """Refuse what tasks on external instances cannot have."""
    if launch_type != "EXTERNAL":
        return
    asked = [words for name, words in _NOT_OUTSIDE.items() if params.get(name)]
    if params.get("serviceConnectConfiguration", {}).get("enabled"):
        asked.append("Service Connect")
    if params.get("propagateTags", "NONE") != "NONE":
        asked.append("tag propagation")
    if asked:
        raise invalid(f"The launch type EXTERNAL does not support {', '.join(asked)}.")


def check_network(params: Params, definition: TaskDefinition) -> None:
    own = definition.body["networkMode"] == "awsvpc"
    if own and not params.get("networkConfiguration"):
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    if not own and params.get("networkConfiguration"):
        raise invalid("Network Configuration is not valid for the given networkMode of this task definition.")


def check_placement(params: Params) -> None:
    constraints, strategies = params.get("placementConstraints", []), params.get("placementStrategy", [])
    if len(constraints) > _MAX_CONSTRAINTS or len(strategies) > _MAX_STRATEGIES:
        raise invalid(
            f"At most {_MAX_CONSTRAINTS} placement constraints and {_MAX_STRATEGIES} placement strategies are allowed."
        )
    for constraint in constraints:
        _check_constraint(constraint)
    for strategy in strategies:
        _check_strategy(strategy.get("type"), strategy.get("field", ""))


def _check_constraint(constraint: Mapping[str, str]) -> None:
    expression = constraint.get("expression", "")
    if constraint.get("type") == "memberOf":
        definitions.check_expression(expression)
    elif expression:
        raise invalid("Placement constraint of type distinctInstance must not have an expression.")


def _check_strategy(kind: str | None, name: str) -> None:
    if kind == "binpack" and name.lower() not in ("cpu", "memory"):
        raise invalid(f"Invalid field for placement strategy binpack: {name}.")
    if kind == "spread" and not (name in ("instanceId", "host") or name.startswith("attribute:")):
        raise invalid(f"Invalid field for placement strategy spread: {name}.")
    if kind == "random" and name:
        raise invalid("Placement strategy random must not have a field.")


def _configuration(given: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """A deployment configuration, with what was there before for what is not given."""
    merged = {**current, **given}
    low, high = merged["minimumHealthyPercent"], merged["maximumPercent"]
    if low < 0 or high <= 0:
        raise invalid("maximumPercent must be positive and minimumHealthyPercent must not be negative.")
    if high < 100 or low > high:
        raise invalid("maximumPercent must be at least 100 and not below minimumHealthyPercent.")
    if low == high == 100:
        raise invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
    if merged.get("strategy", "ROLLING") != "ROLLING":
        raise ApiError("NotImplemented", "The simulated Region has rolling deployments only.", status=501)
    return merged


def _default_configuration(strategy: str) -> dict[str, Any]:
    daemon = strategy == "DAEMON"
    return {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 100 if daemon else 200,
        "minimumHealthyPercent": 0 if daemon else 100,
    }


# What is shown.


def _deployment_view(service: Service, deployment: Deployment) -> Reply:
    wanted = service.desired if deployment is service.primary else 0
    return {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": deployment.definition.arn,
        "desiredCount": wanted,
        "pendingCount": service.count("PENDING", deployment.id),
        "runningCount": service.count("RUNNING", deployment.id),
        "failedTasks": deployment.failed_tasks,
        "createdAt": deployment.created_at,
        "updatedAt": deployment.updated_at,
        "launchType": service.launch_type,
        "rolloutState": deployment.rollout_state,
        "rolloutStateReason": deployment.rollout_reason,
    }


def view(service: Service, context: Context, include: frozenset[str] = frozenset()) -> Reply:
    """A service as the API shows it."""
    shown = {
        "loadBalancers": [],
        "serviceRegistries": [],
        "enableECSManagedTags": False,
        "enableExecuteCommand": False,
        "propagateTags": "NONE",
        **service.body,
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": context.ecs.clusters[service.cluster].arn,
        "status": service.status,
        "desiredCount": service.desired,
        "runningCount": service.count("RUNNING"),
        "pendingCount": service.count("PENDING"),
        "launchType": service.launch_type,
        "taskDefinition": service.definition.arn,
        "deploymentConfiguration": service.configuration,
        "deployments": [_deployment_view(service, one) for one in service.deployments],
        "events": service.events,
        "createdAt": service.created_at,
        "createdBy": service.created_by,
        "placementConstraints": service.constraints,
        "placementStrategy": service.placement,
        "schedulingStrategy": service.strategy,
        "deploymentController": {"type": "ECS"},
    }
    if service.deployments:
        shown.update(service_deployments.current(service, context))
    if "TAGS" in include:
        shown["tags"] = tags_to_list(service.tags)
    return shown


# The actions.


def _existing(context: Context, cluster: Cluster, params: Params) -> Service | None:
    """The service that the same request made before; another one of that name is a refusal."""
    service = context.ecs.services_of(cluster.name).get(params["serviceName"])
    if service is None or service.status == INACTIVE:
        return None
    if service.status == DRAINING:
        raise invalid("Unable to Start a service that is still Draining.")
    definition = definitions.find(context, params.get("taskDefinition", ""))
    same = definition is service.definition and params.get("schedulingStrategy", "REPLICA") == service.strategy
    if not same or (not service.daemon and params.get("desiredCount") != service.desired):
        raise invalid("Creation of service was not idempotent.")
    return service


def _check_new(params: Params) -> None:
    if not _NAME.fullmatch(params["serviceName"]):
        raise invalid("Invalid service name: up to 255 letters, numbers, underscores and hyphens are allowed.")
    if params.get("deploymentController", {}).get("type", "ECS") != "ECS":
        raise ApiError("NotImplemented", "The simulated Region has the deployment controller ECS only.", status=501)
    if not params.get("taskDefinition"):
        raise invalid("TaskDefinition can not be blank.")
    check_placement(params)
    daemon = params.get("schedulingStrategy") == "DAEMON"
    if daemon and params.get("placementStrategy"):
        raise invalid("Placement strategies are not supported with the DAEMON scheduling strategy.")
    if daemon and "desiredCount" in params:
        raise invalid("The daemon scheduling strategy does not support a desired count for services.")
    if not daemon and params.get("desiredCount", -1) < 0:
        raise invalid("DesiredCount must be specified and must not be negative.")
    if daemon and any(one.get("type") == "distinctInstance" for one in params.get("placementConstraints", [])):
        raise invalid("Placement constraint distinctInstance is not supported with the DAEMON scheduling strategy.")


@action("ecs", "CreateService")
def create_service(params: Params, context: Context) -> Reply:
    """Create a service; the scheduler starts its tasks."""
    cluster = active_cluster(context, params.get("cluster"))
    _check_new(params)
    launch_type = check_launch_type(params)
    check_outside(params, launch_type)
    definition = definitions.usable(context, params["taskDefinition"])
    definitions.check_launch_type(definition, launch_type)
    check_network(params, definition)
    made = _existing(context, cluster, params)
    if made is not None:
        return {"service": view(made, context, frozenset({"TAGS"}))}
    strategy = params.get("schedulingStrategy", "REPLICA")
    name = params["serviceName"]
    service = Service(
        number=context.ecs.number(),
        name=name,
        arn=context.region.arn("ecs", f"service/{cluster.name}/{name}"),
        cluster=cluster.name,
        launch_type=launch_type,
        strategy=strategy,
        desired=params.get("desiredCount", 0),
        definition=definition,
        configuration=_configuration(params.get("deploymentConfiguration", {}), _default_configuration(strategy)),
        constraints=params.get("placementConstraints", []),
        placement=params.get("placementStrategy", []),
        body={key: params[key] for key in _KEPT if key in params},
        tags=tags_to_dict(params.get("tags")),
        created_at=context.now,
        created_by=f"arn:{context.region.settings.partition}:iam::{context.region.settings.account}:root",
    )
    deployments.new(context.region, service, definition)
    context.ecs.services_of(cluster.name)[name] = service
    return {"service": view(service, context, frozenset({"TAGS"}))}


def _of(params: Params, context: Context) -> Service:
    service = find(context, active_cluster(context, params.get("cluster")), params["service"])
    if service is None:
        raise not_found()
    return service


@action("ecs", "UpdateService")
def update_service(params: Params, context: Context) -> Reply:
    """Change a service; another task definition, or force, makes a new deployment."""
    service = _of(params, context)
    if service.status != ACTIVE:
        raise ApiError("ServiceNotActiveException", "Service was not ACTIVE.")
    check_placement(params)
    if params.get("capacityProviderStrategy"):
        check_launch_type({"capacityProviderStrategy": params["capacityProviderStrategy"]})
    check_outside(params, service.launch_type)
    definition = service.definition
    if params.get("taskDefinition"):
        definition = definitions.usable(context, params["taskDefinition"])
        definitions.check_launch_type(definition, service.launch_type)
    _check_desired(service, params)
    service.configuration = _configuration(params.get("deploymentConfiguration", {}), service.configuration)
    _change(service, params)
    if definition is not service.definition or params.get("forceNewDeployment"):
        deployments.new(context.region, service, definition)
    return {"service": view(service, context, frozenset({"TAGS"}))}


def _check_desired(service: Service, params: Params) -> None:
    desired = params.get("desiredCount")
    if desired is None:
        return
    if service.daemon:
        raise invalid("The daemon scheduling strategy does not support a desired count for services.")
    if desired < 0:
        raise invalid("DesiredCount must not be negative.")


def _change(service: Service, params: Params) -> None:
    service.body.update({key: params[key] for key in _KEPT if key in params})
    service.constraints = params.get("placementConstraints", service.constraints)
    service.placement = params.get("placementStrategy", service.placement)
    desired = params.get("desiredCount", service.desired)
    if desired != service.desired:
        service.desired = service.primary.desired = desired
        service.steady = False
    # Even where nothing changed: ECS, too, tries again at once what it could not place.
    service.awake, service.blocked = True, False


@action("ecs", "DeleteService")
def delete_service(params: Params, context: Context) -> Reply:
    """Let a service drain; it is INACTIVE when its last task has ended."""
    service = _of(params, context)
    if service.status == INACTIVE:
        raise ApiError("ServiceNotFoundException", "Service not found.")
    if not service.daemon and service.desired and not params.get("force"):
        raise invalid("The service cannot be stopped while it is scaled above 0.")
    service.status, service.desired, service.awake = DRAINING, 0, True
    deployments.stop(context.region, service)
    return {"service": view(service, context)}


@action("ecs", "DescribeServices")
def describe_services(params: Params, context: Context) -> Reply:
    """Describe up to ten services, INACTIVE ones too."""
    cluster = active_cluster(context, params.get("cluster"))
    limit(params["services"], _MAX_DESCRIBE, "Services")
    include = frozenset(params.get("include", []))
    found, failures = [], []
    for reference in dict.fromkeys(params["services"]):
        service = find(context, cluster, reference)
        if service is None:
            name = reference.rpartition("/")[2]
            arn = context.region.arn("ecs", f"service/{cluster.name}/{name}")
            failures.append({"arn": reference if reference.startswith("arn:") else arn, "reason": "MISSING"})
        else:
            found.append(view(service, context, include))
    return {"services": found, "failures": failures}


@action("ecs", "ListServices")
def list_services(params: Params, context: Context) -> Reply:
    """List ARNs, ten a page unless asked for more."""
    cluster = active_cluster(context, params.get("cluster"))
    launch_type, strategy = params.get("launchType"), params.get("schedulingStrategy")
    found = [
        service
        for service in context.ecs.services_of(cluster.name).values()
        if service.status != INACTIVE
        and launch_type in (None, service.launch_type)
        and strategy in (None, service.strategy)
    ]
    scope = ["ListServices", cluster.name, launch_type, strategy]
    chosen, token = page(found, lambda one: one.number, {"maxResults": _DEFAULT_PAGE, **params}, scope)
    return {"serviceArns": [service.arn for service in chosen], **token}
