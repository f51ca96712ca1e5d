# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container instances as an operator sees and changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..registry import Params, Reply, action
from . import placement, query, resources, tasks
from .common import active_cluster, find_instance, invalid, limit, missing, page, tags_to_list
from .model import ACTIVE, DRAINING, INACTIVE, ContainerInstance

if TYPE_CHECKING:
    from ..context import Context

_MAX_DESCRIBE = 100
_MAX_UPDATE = 10


def view(instance: ContainerInstance, context: Context, include: frozenset[str] = frozenset()) -> Reply:
    """A container instance as the API shows it."""
    connected = instance.connected(context.now, context.region.settings.connected_timeout)
    shown: dict[str, Any] = {
        "containerInstanceArn": instance.arn,
        "ec2InstanceId": instance.ec2_instance_id,
        "version": instance.version,
        "versionInfo": instance.version_info,
        "remainingResources": resources.remaining(instance),
        "registeredResources": instance.resources,
        "status": instance.status,
        "agentConnected": connected,
        "runningTasksCount": instance.running_tasks,
        "pendingTasksCount": instance.pending_tasks,
        "attributes": [
            {"name": name} if value is None else {"name": name, "value": value}
            for name, value in instance.attributes.items()
        ],
        "registeredAt": instance.registered_at,
        "attachments": [],
        "tags": tags_to_list(instance.tags) if "TAGS" in include else [],
    }
    if "CONTAINER_INSTANCE_HEALTH" in include:
        shown["healthStatus"] = {"overallStatus": "OK" if connected else "INSUFFICIENT_DATA", "details": []}
    return shown


@action("ecs", "ListContainerInstances")
def list_container_instances(params: Params, context: Context) -> Reply:
    """List ARNs; without a status those of every status but INACTIVE."""
    cluster = active_cluster(context, params.get("cluster"))
    status = params.get("status")
    instances = [one for one in context.ecs.registered(cluster.name) if status in (None, one.status)]
    if params.get("filter"):
        try:
            matches = query.parse(params["filter"])
        except query.SyntaxProblem as error:
            raise invalid(f"Invalid filter expression: {error}") from error
        instances = [one for one in instances if matches(placement.facts(context.region, one))]
    scope = ["ListContainerInstances", cluster.name, status, params.get("filter")]
    chosen, token = page(instances, lambda one: one.number, params, scope)
    return {"containerInstanceArns": [one.arn for one in chosen], **token}


@action("ecs", "DescribeContainerInstances")
def describe_container_instances(params: Params, context: Context) -> Reply:
    """Describe up to 100 container instances, deregistered ones too."""
    cluster = active_cluster(context, params.get("cluster"))
    references = params["containerInstances"]
    limit(references, _MAX_DESCRIBE, "Container instances")
    include = frozenset(params.get("include", []))
    found, failures = [], []
    for reference in dict.fromkeys(references):
        instance = find_instance(context, cluster.name, reference)
        if instance is None:
            failures.append(missing(context, cluster.name, reference))
        else:
            found.append(view(instance, context, include))
    return {"containerInstances": found, "failures": failures}


def _wake(instance: ContainerInstance, context: Context) -> None:
    """Services move their tasks off an instance that drains, and may come to one that is ACTIVE again."""
    context.ecs.freshen(instance)
    for task in instance.tasks.values():
        if task.service is not None:
            task.service.awake = True


@action("ecs", "UpdateContainerInstancesState")
def update_container_instances_state(params: Params, context: Context) -> Reply:
    """Set up to ten container instances ACTIVE or DRAINING."""
    cluster = active_cluster(context, params.get("cluster"))
    status = params["status"]
    if status not in (ACTIVE, DRAINING):
        raise invalid(f"Container instance status can be set to {ACTIVE} or {DRAINING} only, not to {status}.")
    limit(params["containerInstances"], _MAX_UPDATE, "Container instances")
    changed, failures = [], []
    for reference in dict.fromkeys(params["containerInstances"]):
        instance = find_instance(context, cluster.name, reference)
        if instance is None:
            failures.append(missing(context, cluster.name, reference))
        elif not instance.registered:
            failures.append(missing(context, cluster.name, reference, reason="INACTIVE"))
        else:
            if instance.status != status:
                instance.status = status
                instance.version += 1
                _wake(instance, context)
            changed.append(view(instance, context))
    return {"containerInstances": changed, "failures": failures}


@action("ecs", "DeregisterContainerInstance")
def deregister_container_instance(params: Params, context: Context) -> Reply:
    """Take a container instance out of its cluster. The SSM record of the host stays, as in AWS."""
    cluster = active_cluster(context, params.get("cluster"))
    instance = find_instance(context, cluster.name, params["containerInstance"])
    if instance is None or not instance.registered:
        raise ApiError("ClientException", "Referenced container instance not found.")
    if instance.running_tasks + instance.pending_tasks and not params.get("force"):
        raise invalid("Found running tasks on the instance.")
    for task in list(instance.tasks.values()):
        tasks.orphan(context.region, task)
    instance.status = INACTIVE
    instance.version += 1
    context.ecs.ringing[instance.id] = instance  # its agent's session ends
    return {"containerInstance": view(instance, context)}
