# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task definitions, with what ECS refuses for external instances."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import ApiError
from ..registry import Params, Reply, action
from . import query
from .common import invalid, limit, page, tags_to_dict, tags_to_list
from .model import ACTIVE, INACTIVE, TaskDefinition

if TYPE_CHECKING:
    from ..context import Context

DELETING = "DELETE_IN_PROGRESS"
_FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}")
_ARN = re.compile(r"arn:[^:]+:ecs:[^:]+:[^:]+:task-definition/(?P<name>[^/]+)")
_PER_DELETE = 10
_LEAST_MEMORY = 6
_MAX_CONTAINERS = 10
_CAPABILITY = "com.amazonaws.ecs.capability."
_LISTS = ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls")


def client_error(message: str) -> ApiError:
    return ApiError("ClientException", message)


# What is refused.


def _check_container(container: Params, body: Params) -> None:
    name = container.get("name")
    if not name:
        raise client_error("Container.name should not be null or empty.")
    if not container.get("image"):
        raise client_error("Container.image should not be null or empty.")
    hard, soft = container.get("memory"), container.get("memoryReservation")
    if hard is None and soft is None and not body.get("memory"):
        raise client_error(
            f"Invalid setting for container '{name}'. "
            "At least one of 'memory' or 'memoryReservation' must be specified."
        )
    if min(value for value in (hard, soft, _LEAST_MEMORY) if value is not None) < _LEAST_MEMORY:
        raise client_error(f"Invalid setting for container '{name}'. Memory must be at least {_LEAST_MEMORY} MiB.")
    if hard is not None and soft is not None and soft > hard:
        raise client_error(f"Invalid setting for container '{name}'. 'memory' must not be below 'memoryReservation'.")
    _check_ports(container, body.get("networkMode", "bridge"))


def _check_ports(container: Params, mode: str) -> None:
    mappings = container.get("portMappings", [])
    if mode == "none" and mappings:
        raise client_error("Port mappings are not supported when networkMode=none.")
    if mode in ("host", "awsvpc") and any(
        mapping.get("hostPort", mapping.get("containerPort")) != mapping.get("containerPort") for mapping in mappings
    ):
        raise client_error(f"When networkMode={mode}, the host ports and container ports in port mappings must match.")


def _check_volumes(body: Params) -> None:
    volumes = [volume.get("name") for volume in body.get("volumes", [])]
    if len(set(volumes)) != len(volumes):
        raise client_error("Volume names must be unique.")
    for container in body["containerDefinitions"]:
        for mount in container.get("mountPoints", []):
            if mount.get("sourceVolume") not in volumes:
                raise client_error(f"Unknown volume '{mount.get('sourceVolume')}'.")


def _unsupported_outside(body: Params) -> Iterator[str]:
    """What a definition asks for that external instances cannot do."""
    if body.get("networkMode") == "awsvpc":
        yield "network mode awsvpc"
    for volume in body.get("volumes", []):
        for kind in ("efsVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration"):
            if volume.get(kind):
                yield f"{kind} of volume {volume.get('name')}"
        if volume.get("configuredAtLaunch"):
            yield f"Amazon EBS volume {volume.get('name')}, configured at launch"
    for name in ("proxyConfiguration", "inferenceAccelerators", "ephemeralStorage"):
        if body.get(name):
            yield name
    if body.get("enableFaultInjection"):
        yield "fault injection"


def _check(body: Params) -> None:
    if not _FAMILY.fullmatch(body["family"]):
        raise client_error("Family contains invalid characters: letters, numbers, hyphens and underscores are allowed.")
    containers = body["containerDefinitions"]
    if not containers:
        raise client_error("Container list cannot be empty.")
    if len(containers) > _MAX_CONTAINERS:
        raise client_error(f"A task definition can have {_MAX_CONTAINERS} containers.")
    for container in containers:
        _check_container(container, body)
    names = [container["name"] for container in containers]
    if len(set(names)) != len(names):
        raise client_error("Container names must be unique.")
    if not any(container.get("essential", True) for container in containers):
        raise client_error("A task definition must have at least one essential container.")
    _check_volumes(body)
    for constraint in body.get("placementConstraints", []):
        check_expression(constraint.get("expression", ""))
    _check_compatibilities(body)


def _check_compatibilities(body: Params) -> None:
    wanted = body.get("requiresCompatibilities", [])
    unsupported = list(_unsupported_outside(body))
    if "EXTERNAL" in wanted and unsupported:
        raise client_error(f"Tasks of launch type EXTERNAL do not support: {', '.join(unsupported)}.")
    if "FARGATE" in wanted and body.get("networkMode") != "awsvpc":
        raise client_error("Fargate only supports network mode 'awsvpc'.")


def check_expression(text: str) -> None:
    try:
        query.parse(text)
    except query.SyntaxProblem as error:
        raise invalid(f"Invalid placement constraint expression: {error}") from error


# What is filled in.


def _filled(container: Params, mode: str) -> Params:
    filled = {"cpu": 0, "essential": True, **{name: [] for name in _LISTS}, **container}
    filled["portMappings"] = [
        {
            "protocol": "tcp",
            **({"hostPort": 0 if mode == "bridge" else mapping["containerPort"]} if "containerPort" in mapping else {}),
            **mapping,
        }
        for mapping in filled["portMappings"]
    ]
    return filled


def _compatibilities(body: Params) -> list[str]:
    found = ["EC2"]
    if not list(_unsupported_outside(body)):
        found.insert(0, "EXTERNAL")
    if body["networkMode"] == "awsvpc" and body.get("cpu") and body.get("memory"):
        found.append("FARGATE")
    return found


def _container_attributes(container: Params, execution_role: bool) -> Iterator[str]:
    driver = container.get("logConfiguration", {}).get("logDriver")
    if driver:
        yield f"{_CAPABILITY}logging-driver.{driver}"
    if driver == "awslogs" and execution_role:
        yield "ecs.capability.execution-role-awslogs"
    if ".dkr.ecr." in container["image"]:
        yield f"{_CAPABILITY}ecr-auth"
        if execution_role:
            yield "ecs.capability.execution-role-ecr-pull"
    if container.get("privileged"):
        yield f"{_CAPABILITY}privileged-container"
    if container.get("healthCheck"):
        yield "ecs.capability.container-health-check"
    if container.get("dependsOn"):
        yield "ecs.capability.container-ordering"
    if container.get("environmentFiles"):
        yield "ecs.capability.env-files.s3"
    for secret in container.get("secrets", []):
        kind = "asm" if ":secretsmanager:" in secret.get("valueFrom", "") else "ssm"
        yield f"ecs.capability.secrets.{kind}.environment-variables"


def _attributes(body: Params) -> list[dict[str, str]]:
    found = []
    if body.get("taskRoleArn"):
        host = "-network-host" if body["networkMode"] == "host" else ""
        found.append(f"{_CAPABILITY}task-iam-role{host}")
    if body["networkMode"] == "awsvpc":
        found.append("ecs.capability.task-eni")
    if body.get("pidMode") or body.get("ipcMode"):
        found.append("ecs.capability.pid-ipc-namespace-sharing")
    for container in body["containerDefinitions"]:
        found.extend(_container_attributes(container, bool(body.get("executionRoleArn"))))
    return [{"name": name} for name in dict.fromkeys(found)]


def _body(params: Params) -> Params:
    body = copy.deepcopy({name: value for name, value in params.items() if name != "tags"})
    body.setdefault("networkMode", "bridge")
    body.setdefault("volumes", [])
    body.setdefault("placementConstraints", [])
    body["containerDefinitions"] = [_filled(one, body["networkMode"]) for one in body["containerDefinitions"]]
    body["compatibilities"] = _compatibilities(body)
    body["requiresAttributes"] = _attributes(body)
    return body


# Finding and showing.


def view(definition: TaskDefinition) -> Reply:
    shown = {
        **definition.body,
        "taskDefinitionArn": definition.arn,
        "revision": definition.revision,
        "status": definition.status,
        "registeredAt": definition.registered_at,
        "registeredBy": definition.registered_by,
    }
    if definition.deregistered_at is not None:
        shown["deregisteredAt"] = definition.deregistered_at
    if definition.delete_requested_at is not None:
        shown["deleteRequestedAt"] = definition.delete_requested_at
    return shown


def find(context: Context, reference: str) -> TaskDefinition | None:
    """By ARN, family:revision, or family alone for its latest ACTIVE revision."""
    match = _ARN.fullmatch(reference)
    family, _, revision = (match["name"] if match else reference).partition(":")
    known = context.ecs.definitions.get(family, [])
    if not revision:
        return next((one for one in reversed(known) if one.status == ACTIVE), None)
    if not revision.isdigit() or not 0 < int(revision) <= len(known):
        return None
    return known[int(revision) - 1]


def usable(context: Context, reference: str) -> TaskDefinition:
    """A definition that tasks may be started from."""
    definition = find(context, reference)
    if definition is None:
        raise client_error("TaskDefinition not found.")
    if definition.status != ACTIVE:
        raise client_error("TaskDefinition is inactive")
    return definition


def check_launch_type(definition: TaskDefinition, launch_type: str) -> None:
    if launch_type not in definition.body["compatibilities"]:
        raise invalid(f"Task definition does not support launch_type {launch_type}.")


@action("ecs", "RegisterTaskDefinition")
def register_task_definition(params: Params, context: Context) -> Reply:
    """Add a revision to a family."""
    _check(params)
    tags = tags_to_dict(params.get("tags"))
    known = context.ecs.definitions.setdefault(params["family"], [])
    revision = len(known) + 1
    definition = TaskDefinition(
        number=context.ecs.number(),
        family=params["family"],
        revision=revision,
        arn=context.region.arn("ecs", f"task-definition/{params['family']}:{revision}"),
        body=_body(params),
        registered_at=context.now,
        registered_by=f"arn:{context.region.settings.partition}:iam::{context.region.settings.account}:root",
        tags=tags,
    )
    known.append(definition)
    return {"taskDefinition": view(definition), "tags": tags_to_list(tags)}


@action("ecs", "DescribeTaskDefinition")
def describe_task_definition(params: Params, context: Context) -> Reply:
    """Describe one revision, INACTIVE ones too."""
    definition = find(context, params["taskDefinition"])
    if definition is None:
        raise client_error("Unable to describe task definition.")
    tags = {"tags": tags_to_list(definition.tags)} if "TAGS" in params.get("include", []) else {}
    return {"taskDefinition": view(definition), **tags}


@action("ecs", "DeregisterTaskDefinition")
def deregister_task_definition(params: Params, context: Context) -> Reply:
    """Make a revision INACTIVE; tasks and services that have it keep it."""
    reference = params["taskDefinition"]
    if ":" not in reference.rpartition("/")[2]:
        raise invalid("A revision must be specified.")
    definition = find(context, reference)
    if definition is None:
        raise client_error("The specified task definition does not exist.")
    if definition.status == ACTIVE:
        definition.status, definition.deregistered_at = INACTIVE, context.now
    return {"taskDefinition": view(definition)}


@action("ecs", "DeleteTaskDefinitions")
def delete_task_definitions(params: Params, context: Context) -> Reply:
    """Ask for the deletion of up to ten INACTIVE revisions."""
    limit(params["taskDefinitions"], _PER_DELETE, "Task definitions")
    deleted, failures = [], []
    for reference in params["taskDefinitions"]:
        definition = find(context, reference) if ":" in reference.rpartition("/")[2] else None
        if definition is None:
            failures.append({"arn": reference, "reason": "The specified task definition does not exist."})
        elif definition.status == ACTIVE:
            reason = (
                "The specified task definition is still in ACTIVE status. Please deregister the target and try again."
            )
            failures.append({"arn": definition.arn, "reason": reason})
        else:
            definition.status = DELETING
            definition.delete_requested_at = definition.delete_requested_at or context.now
            deleted.append(view(definition))
    return {"taskDefinitions": deleted, "failures": failures}


@action("ecs", "ListTaskDefinitions")
def list_task_definitions(params: Params, context: Context) -> Reply:
    """List ARNs by family and revision."""
    status, family = params.get("status", ACTIVE), params.get("familyPrefix")
    found = [
        definition
        for name in sorted(context.ecs.definitions)
        if family in (None, name)
        for definition in context.ecs.definitions[name]
        if definition.status == status
    ]
    descending = params.get("sort", "ASC") == "DESC"
    numbered = list(enumerate(reversed(found) if descending else found))
    chosen, token = page(numbered, lambda item: item[0], params, ["ListTaskDefinitions", status, family, descending])
    return {"taskDefinitionArns": [definition.arn for _, definition in chosen], **token}


@action("ecs", "ListTaskDefinitionFamilies")
def list_task_definition_families(params: Params, context: Context) -> Reply:
    """List families that have ACTIVE revisions, or none of them, or all."""
    status, prefix = params.get("status", "ALL"), params.get("familyPrefix", "")
    found: list[tuple[int, str]] = []
    for name, known in sorted(context.ecs.definitions.items()):
        active = any(definition.status == ACTIVE for definition in known)
        if name.startswith(prefix) and (status == "ALL" or active is (status == ACTIVE)):
            found.append((len(found), name))
    chosen, token = page(found, lambda item: item[0], params, ["ListTaskDefinitionFamilies", status, prefix])
    return {"families": [name for _, name in chosen], **token}
