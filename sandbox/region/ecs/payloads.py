# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACS messages: what a task looks like to an agent. Shapes: ecs-agent/acs/model/api of aws/amazon-ecs-agent."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .model import Container, ContainerInstance, Task

if TYPE_CHECKING:
    from ..context import Region
    from ..identity import RoleToken

Message = dict[str, Any]
# Members of a container definition that mean the same to the agent under the same name.
_SAME = (
    "command",
    "dependsOn",
    "entryPoint",
    "environmentFiles",
    "firelensConfiguration",
    "linuxParameters",
    "links",
    "mountPoints",
    "privileged",
    "resourceRequirements",
    "startTimeout",
    "stopTimeout",
    "volumesFrom",
)
# Role types of the agent, by the member of a task definition and the member of the payload.
ROLES = {
    "TaskApplication": ("taskRoleArn", "roleCredentials"),
    "TaskExecution": ("executionRoleArn", "executionRoleCredentials"),
}


def framed(kind: str, message: Mapping[str, Any]) -> str:
    """A message as it goes over the websocket."""
    return json.dumps({"type": kind, "message": message}, separators=(",", ":"))


def credentials_id(task: Task, role_type: str) -> str:
    """Containers know their credentials by this id, so that it outlives every rotation."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{task.arn}#{role_type}"))


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def role_credentials(task: Task, role_type: str, token: RoleToken) -> Message:
    return {
        "credentialsId": credentials_id(task, role_type),
        "roleArn": task.definition.body[ROLES[role_type][0]],
        "accessKeyId": token.access_key_id,
        "secretAccessKey": token.secret_access_key,
        "sessionToken": token.session_token,
        "expiration": _iso(token.expires),
    }


def roles_of(task: Task) -> list[str]:
    return [role_type for role_type, (member, _payload) in ROLES.items() if task.definition.body.get(member)]


def _health_check(check: Mapping[str, Any]) -> Message:
    """Seconds become the engine's nanoseconds."""
    times = {"interval": "Interval", "timeout": "Timeout", "startPeriod": "StartPeriod"}
    spans = {theirs: check[ours] * 10**9 for ours, theirs in times.items() if check.get(ours)}
    retries = {"Retries": check["retries"]} if check.get("retries") else {}
    return {"Test": check["command"], **spans, **retries}


def _engine_configuration(definition: Mapping[str, Any]) -> dict[str, str]:
    """What the agent hands to the engine as it is: two JSON texts in the engine's own terms."""
    config: Message = {}
    if definition.get("user"):
        config["User"] = definition["user"]
    if definition.get("workingDirectory"):
        config["WorkingDir"] = definition["workingDirectory"]
    if definition.get("dockerLabels"):
        config["Labels"] = definition["dockerLabels"]
    if definition.get("healthCheck"):
        config["Healthcheck"] = _health_check(definition["healthCheck"])
    host: Message = {"NetworkMode": "bridge", "CapAdd": None, "CapDrop": None}
    if definition.get("privileged"):
        host["Privileged"] = True
    if definition.get("readonlyRootFilesystem"):
        host["ReadonlyRootfs"] = True
    log = definition.get("logConfiguration")
    if log:
        host["LogConfig"] = {"Type": log["logDriver"], "Config": log.get("options", {})}
    return {"config": json.dumps(config), "hostConfig": json.dumps(host), "version": "1.21"}


def _environment(definition: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, str]:
    pairs = [*definition.get("environment", []), *override.get("environment", [])]
    return {pair["name"]: pair.get("value", "") for pair in pairs if "name" in pair}


def _port_mapping(mapping: Mapping[str, Any]) -> Message:
    known = ("containerPort", "hostPort", "containerPortRange", "protocol")
    return {"protocol": "tcp", **{name: mapping[name] for name in known if mapping.get(name) is not None}}


def _container(container: Container, definition: Mapping[str, Any], override: Mapping[str, Any]) -> Message:
    same = {name: definition[name] for name in _SAME if definition.get(name)}
    own = {name: override[name] for name in ("command",) if override.get(name)}
    return {
        **same,
        **own,
        "name": container.name,
        "image": container.image,
        "cpu": container.cpu,
        "memory": container.memory or container.memory_reservation or 0,
        "essential": container.essential,
        "environment": _environment(definition, override),
        "portMappings": [_port_mapping(mapping) for mapping in definition.get("portMappings", [])],
        "dockerConfig": _engine_configuration(definition),
        "containerArn": container.arn,
        **({"healthCheckType": "docker"} if definition.get("healthCheck") else {}),
        "overrides": "{}",
    }


def _volume(volume: Mapping[str, Any]) -> Message:
    if volume.get("dockerVolumeConfiguration"):
        configuration = volume["dockerVolumeConfiguration"]
        return {"name": volume["name"], "type": "docker", "dockerVolumeConfiguration": configuration}
    return {"name": volume["name"], "type": "host", "host": volume.get("host", {})}


def cluster_arn(region: Region, instance: ContainerInstance) -> str:
    return region.arn("ecs", f"cluster/{instance.cluster}")


def task_manifest(region: Region, task: Task, tokens: Mapping[str, RoleToken]) -> Message:
    """One task of a PayloadMessage."""
    body = task.definition.body
    definitions = {definition["name"]: definition for definition in body["containerDefinitions"]}
    overrides = {item.get("name"): item for item in task.overrides.get("containerOverrides", [])}
    made: Message = {
        "arn": task.arn,
        "taskClusterArn": cluster_arn(region, task.instance),
        "family": task.definition.family,
        "version": str(task.definition.revision),
        "taskDefinitionAccountId": region.settings.account,
        "desiredStatus": task.desired_status,
        "launchType": task.launch_type,
        "networkMode": body.get("networkMode", "bridge"),
        "group": task.group,
        "overrides": "{}",
        "volumes": [_volume(volume) for volume in body.get("volumes", [])],
        "containers": [
            _container(container, definitions[container.name], overrides.get(container.name, {}))
            for container in task.containers
        ],
    }
    if task.service is not None:
        made["serviceName"] = task.service.name
    for name in ("pidMode", "ipcMode"):
        if body.get(name):
            made[name] = body[name]
    for role_type, token in tokens.items():
        made[ROLES[role_type][1]] = role_credentials(task, role_type, token)
    return made


def identifiers(region: Region, instance: ContainerInstance, tasks: Iterable[Task]) -> list[Message]:
    """Tasks of a TaskManifestMessage."""
    cluster = cluster_arn(region, instance)
    return [
        {"taskArn": task.arn, "taskClusterArn": cluster, "desiredStatus": task.desired_status}
        for task in tasks
        if task.live
    ]
