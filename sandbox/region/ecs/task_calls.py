# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks as an operator starts, stops and sees them."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..registry import Params, Reply, action
from . import agents, definitions, placement, resources, services, tasks
from .common import active_cluster, find_instance, invalid, limit, missing, page, tags_to_dict, tags_to_list
from .model import INACTIVE, STOPPED, Cluster, Container, ContainerInstance, Task, TaskDefinition

if TYPE_CHECKING:
    from ..context import Context

_ARN = re.compile(r"arn:[^:]+:ecs:[^:]+:[^:]+:task/(?P<cluster>[^/]+)/(?P<id>[^/]+)")
_MAX_DESCRIBE = 100
_MAX_RUN = 10
_MAX_START = 10
_RESERVED_GROUP = "service:"


def _task_id(reference: str, cluster: str) -> str | None:
    match = _ARN.fullmatch(reference)
    if match is None:
        return reference
    return match["id"] if match["cluster"] == cluster else None


def find(context: Context, cluster: str, reference: str) -> Task | None:
    return context.ecs.tasks_of(cluster).get(_task_id(reference, cluster) or "")


# What is shown.


def _container_view(container: Container, task: Task) -> Reply:
    shown: dict[str, Any] = {
        "containerArn": container.arn,
        "taskArn": task.arn,
        "name": container.name,
        "image": container.image,
        "lastStatus": container.status,
        "networkBindings": container.bindings,
        "networkInterfaces": [],
        "healthStatus": container.health,
        "cpu": str(container.cpu),
    }
    optional = {
        "imageDigest": container.image_digest,
        "runtimeId": container.runtime_id,
        "exitCode": container.exit_code,
        "reason": container.reason,
        "memory": None if container.memory is None else str(container.memory),
        "memoryReservation": None if container.memory_reservation is None else str(container.memory_reservation),
    }
    return {**shown, **{name: value for name, value in optional.items() if value is not None}}


def _overrides(task: Task) -> Reply:
    """Every container is listed, those without overrides by name only."""
    given = {item.get("name"): item for item in task.overrides.get("containerOverrides", [])}
    listed = [given.get(container.name, {"name": container.name}) for container in task.containers]
    return {"inferenceAcceleratorOverrides": [], **task.overrides, "containerOverrides": listed}


def view(task: Task, context: Context, include: frozenset[str] = frozenset()) -> Reply:
    """A task as the API shows it."""
    shown: dict[str, Any] = {
        "attachments": [],
        "attributes": [],
        "clusterArn": context.region.arn("ecs", f"cluster/{task.cluster}"),
        "containerInstanceArn": task.instance.arn,
        "containers": [_container_view(container, task) for container in task.containers],
        "cpu": str(task.needs.cpu),
        "memory": str(task.needs.memory),
        "createdAt": task.created_at,
        "desiredStatus": task.desired_status,
        "enableExecuteCommand": task.execute_command,
        "group": task.group,
        "healthStatus": task.health,
        "lastStatus": task.last_status,
        "launchType": task.launch_type,
        "overrides": _overrides(task),
        "startedBy": task.started_by,
        "tags": tags_to_list(task.tags) if "TAGS" in include else [],
        "taskArn": task.arn,
        "taskDefinitionArn": task.definition.arn,
        "version": task.version,
    }
    if task.told is not None:
        connected = agents.connected(context.region, task.instance)
        shown["connectivity"] = "CONNECTED" if connected else "DISCONNECTED"
        shown["connectivityAt"] = task.created_at
    optional = {
        "startedAt": task.started_at,
        "stoppingAt": task.stopping_at,
        "stoppedAt": task.stopped_at,
        "pullStartedAt": task.pull_started_at,
        "pullStoppedAt": task.pull_stopped_at,
        "executionStoppedAt": task.execution_stopped_at,
        "stopCode": task.stop_code,
        "stoppedReason": task.stopped_reason,
    }
    return {**shown, **{name: value for name, value in optional.items() if value}}


# Starting.


def _order(params: Params, cluster: Cluster, definition: TaskDefinition, launch_type: str) -> tasks.Order:
    group = params.get("group", f"family:{definition.family}")
    if group.startswith(_RESERVED_GROUP):
        raise invalid("Task group cannot begin with service: unless the service scheduler starts the task.")
    overrides = params.get("overrides", {})
    names = {container["name"] for container in definition.body["containerDefinitions"]}
    for item in overrides.get("containerOverrides", []):
        if item.get("name") not in names:
            raise invalid(f"Override for container named {item.get('name')} is not a container in the TaskDefinition.")
    propagated = definition.tags if params.get("propagateTags") == "TASK_DEFINITION" else {}
    return tasks.Order(
        cluster=cluster.name,
        definition=definition,
        launch_type=launch_type,
        group=group,
        started_by=params.get("startedBy", ""),
        overrides=overrides,
        tags={**propagated, **tags_to_dict(params.get("tags"))},
        execute_command=params.get("enableExecuteCommand", False),
    )


def _replay(context: Context, cluster: Cluster, params: Params) -> list[Task] | None:
    """The tasks that a request with this token has started before."""
    known = context.ecs.runs.get((cluster.name, params.get("clientToken", "")))
    if known is None:
        return None
    if known[0] != _digest(params):
        raise ApiError("ConflictException", "The client token was used with other parameters before.")
    return known[1]


def _digest(params: Params) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()


def _reply(started: list[Task], failures: list[dict[str, str]], context: Context) -> Reply:
    return {"tasks": [view(task, context, frozenset({"TAGS"})) for task in started], "failures": failures}


@action("ecs", "RunTask")
def run_task(params: Params, context: Context) -> Reply:
    """Place up to ten tasks at once; what finds no place is in `failures`."""
    cluster = active_cluster(context, params.get("cluster"))
    count = params.get("count", 1)
    if not 1 <= count <= _MAX_RUN:
        raise invalid(f"Count must be between 1 and {_MAX_RUN}.")
    services.check_placement(params)
    launch_type = services.check_launch_type(params)
    services.check_outside(params, launch_type)
    definition = definitions.usable(context, params["taskDefinition"])
    definitions.check_launch_type(definition, launch_type)
    services.check_network(params, definition)
    order = _order(params, cluster, definition, launch_type)
    done = _replay(context, cluster, params)
    if done is not None:
        return _reply(done, [], context)
    candidates = placement.eligible(context.region, cluster.name, launch_type)
    if not candidates:
        raise invalid("No Container Instances were found in your cluster.")
    started, failures = _place(order, params, candidates, count, context)
    if params.get("clientToken"):
        context.ecs.runs[(cluster.name, params["clientToken"])] = (_digest(params), started)
    return _reply(started, failures, context)


def _place(
    order: tasks.Order, params: Params, candidates: list[ContainerInstance], count: int, context: Context
) -> tuple[list[Task], list[dict[str, str]]]:
    needs = resources.needs(order.definition, order.overrides)
    constraints = params.get("placementConstraints", [])
    wanted = placement.demand(order.definition, needs, order.launch_type, order.group, constraints)
    others = [
        task for instance in candidates for task in instance.tasks.values() if task.live and task.group == order.group
    ]
    chooser = placement.Chooser(context.region, candidates, wanted, params.get("placementStrategy", []), others)
    started: list[Task] = []
    while len(started) < count:
        instance = chooser.pick()
        if instance is None:
            failures = [{"arn": miss.arn, "reason": reason} for miss, reason in chooser.misfits]
            return started, failures
        started.append(tasks.create(context.region, order, instance))
    return started, []


@action("ecs", "StartTask")
def start_task(params: Params, context: Context) -> Reply:
    """Start a task on each of up to ten instances that the caller chose."""
    cluster = active_cluster(context, params.get("cluster"))
    limit(params["containerInstances"], _MAX_START, "Container instances")
    definition = definitions.usable(context, params["taskDefinition"])
    services.check_network(params, definition)
    started, failures = [], []
    for reference in dict.fromkeys(params["containerInstances"]):
        instance = find_instance(context, cluster.name, reference)
        if instance is None:
            failures.append(missing(context, cluster.name, reference))
            continue
        # The caller chose the instance: its kind tells the launch type, and a draining one is no obstacle.
        launch_type = "EXTERNAL" if instance.external else "EC2"
        reason = _start_problem(instance, definition, launch_type, params, context)
        if reason is not None:
            failures.append({"arn": instance.arn, "reason": reason})
            continue
        services.check_outside(params, launch_type)
        started.append(tasks.create(context.region, _order(params, cluster, definition, launch_type), instance))
    return _reply(started, failures, context)


def _start_problem(
    instance: ContainerInstance, definition: TaskDefinition, launch_type: str, params: Params, context: Context
) -> str | None:
    if instance.status == INACTIVE:
        return "INACTIVE"
    if launch_type not in definition.body["compatibilities"]:
        return placement.ATTRIBUTE
    needs = resources.needs(definition, params.get("overrides", {}))
    return placement.misfit(context.region, instance, placement.demand(definition, needs, launch_type, "", ()))


@action("ecs", "StopTask")
def stop_task(params: Params, context: Context) -> Reply:
    """Stop one task; a service replaces its own."""
    cluster = active_cluster(context, params.get("cluster"))
    task = find(context, cluster.name, params["task"])
    if task is None:
        raise invalid("The referenced task was not found.")
    tasks.stop(context.region, task, "UserInitiated", params.get("reason", "Task stopped by user"))
    return {"task": view(task, context, frozenset({"TAGS"}))}


@action("ecs", "DescribeTasks")
def describe_tasks(params: Params, context: Context) -> Reply:
    """Describe up to 100 tasks; those that stopped less than an hour ago, too."""
    cluster = active_cluster(context, params.get("cluster"))
    limit(params["tasks"], _MAX_DESCRIBE, "Tasks")
    include = frozenset(params.get("include", []))
    found, failures = [], []
    for reference in dict.fromkeys(params["tasks"]):
        task = find(context, cluster.name, reference)
        if task is None:
            identifier = reference.rpartition("/")[2]
            arn = context.region.arn("ecs", f"task/{cluster.name}/{identifier}")
            failures.append({"arn": reference if reference.startswith("arn:") else arn, "reason": "MISSING"})
        else:
            found.append(view(task, context, include))
    return {"tasks": found, "failures": failures}


@action("ecs", "ListTasks")
def list_tasks(params: Params, context: Context) -> Reply:
    """List ARNs of tasks that are to run, or of those that are to stop or have."""
    cluster = active_cluster(context, params.get("cluster"))
    if params.get("startedBy") and (params.get("serviceName") or params.get("family")):
        raise invalid("startedBy cannot be combined with other filters.")
    pool = _pool(params, cluster, context)
    desired, family = params.get("desiredStatus", "RUNNING"), params.get("family")
    if desired == "PENDING":
        # ECS never sets a desired status of PENDING: nothing matches.
        pool = []
    started_by, launch_type = params.get("startedBy"), params.get("launchType")
    found = [
        task
        for task in pool
        if (task.desired_status == STOPPED) is (desired == STOPPED)
        and family in (None, task.definition.family)
        and started_by in (None, task.started_by)
        and launch_type in (None, task.launch_type)
    ]
    scope = [
        "ListTasks",
        *sorted(f"{key}={value}" for key, value in params.items() if key not in ("maxResults", "nextToken")),
    ]
    chosen, token = page(found, lambda task: task.number, params, scope)
    return {"taskArns": [task.arn for task in chosen], **token}


def _pool(params: Params, cluster: Cluster, context: Context) -> list[Task]:
    pool = list(context.ecs.tasks_of(cluster.name).values())
    if params.get("containerInstance"):
        instance = find_instance(context, cluster.name, params["containerInstance"])
        if instance is None:
            raise invalid("The specified container instance was not found.")
        pool = [task for task in pool if task.instance is instance]
    if params.get("serviceName"):
        service = services.find(context, cluster, params["serviceName"])
        if service is None:
            raise services.not_found()
        pool = [task for task in pool if task.service is service]
    return pool
