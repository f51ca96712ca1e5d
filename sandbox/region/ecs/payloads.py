# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACS messages: what a task looks like to an agent. Shapes: ecs-agent/acs/model/api of aws/amazon-ecs-agent."""

from __future__ import annotations

import json
import re
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
    "credentialSpecs",
    "dependsOn",
    "entryPoint",
    "environmentFiles",
    "firelensConfiguration",
    "linuxParameters",
    "links",
    "mountPoints",
    "privileged",
    "resourceRequirements",
    "restartPolicy",
    "startTimeout",
    "stopTimeout",
    "volumesFrom",
)
# Members that the agent does not know: they reach the engine in its own terms, as texts in JSON.
_ENGINE_CONFIG = {
    "hostname": "Hostname",
    "user": "User",
    "workingDirectory": "WorkingDir",
    "dockerLabels": "Labels",
    "interactive": "OpenStdin",
    "pseudoTerminal": "Tty",
    "disableNetworking": "NetworkDisabled",
}
_ENGINE_HOST_CONFIG = {
    "privileged": "Privileged",
    "readonlyRootFilesystem": "ReadonlyRootfs",
    "dnsServers": "Dns",
    "dnsSearchDomains": "DnsSearch",
    "dockerSecurityOptions": "SecurityOpt",
}
_LINUX = ("capabilities", "devices", "initProcessEnabled", "sharedMemorySize")
_VOLUMES = {
    "dockerVolumeConfiguration": "docker",
    "efsVolumeConfiguration": "efs",
    "fsxWindowsFileServerVolumeConfiguration": "fsxWindowsFileServer",
}
_MIB = 2**20
_ECR = re.compile(r"(?P<registry>\d{12})\.dkr[.-]ecr[^.]*\.(?P<region>[a-z0-9-]+)\.")
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


def _in_engine_terms(definition: Mapping[str, Any], names: Mapping[str, str]) -> Message:
    return {theirs: definition[ours] for ours, theirs in names.items() if definition.get(ours)}


def _limits(definition: Mapping[str, Any]) -> Message:
    """Memory and swap beside the hard limit, which the agent itself knows, and temporary file systems."""
    made: Message = {}
    linux = definition.get("linuxParameters") or {}
    if definition.get("memoryReservation"):
        made["MemoryReservation"] = definition["memoryReservation"] * _MIB
    if linux.get("maxSwap") is not None and definition.get("memory"):
        made["MemorySwap"] = (definition["memory"] + linux["maxSwap"]) * _MIB
    if linux.get("swappiness") is not None:
        made["MemorySwappiness"] = linux["swappiness"]
    if linux.get("tmpfs"):
        made["Tmpfs"] = {
            one["containerPath"]: ",".join([f"size={one['size']}m", *one.get("mountOptions", [])])
            for one in linux["tmpfs"]
        }
    return made


def _lists(definition: Mapping[str, Any]) -> Message:
    """Lists of structures of ours that are flat, or spelt otherwise, in the engine's terms."""
    hosts = [f"{one['hostname']}:{one['ipAddress']}" for one in definition.get("extraHosts", [])]
    limits = [
        {"Name": one["name"], "Soft": one["softLimit"], "Hard": one["hardLimit"]}
        for one in definition.get("ulimits", [])
    ]
    controls = {one["namespace"]: one["value"] for one in definition.get("systemControls", [])}
    return {name: value for name, value in (("ExtraHosts", hosts), ("Ulimits", limits), ("Sysctls", controls)) if value}


def _engine_configuration(definition: Mapping[str, Any]) -> dict[str, str]:
    """What the agent hands to the engine as it is: two JSON texts in the engine's own terms."""
    config = _in_engine_terms(definition, _ENGINE_CONFIG)
    if definition.get("healthCheck"):
        config["Healthcheck"] = _health_check(definition["healthCheck"])
    host: Message = {
        "NetworkMode": "bridge",
        "CapAdd": None,
        "CapDrop": None,
        **_in_engine_terms(definition, _ENGINE_HOST_CONFIG),
        **_limits(definition),
        **_lists(definition),
    }
    log = definition.get("logConfiguration")
    if log:
        host["LogConfig"] = {"Type": log["logDriver"], "Config": log.get("options", {})}
    return {"config": json.dumps(config), "hostConfig": json.dumps(host), "version": "1.21"}


def _arn_region(reference: str, default: str) -> str:
    return reference.split(":")[3] if reference.startswith("arn:") else default


def _secret(secret: Mapping[str, Any], target: str, region: str) -> Message:
    source = secret["valueFrom"]
    return {
        "name": secret["name"],
        "valueFrom": source,
        "provider": "asm" if ":secretsmanager:" in source else "ssm",
        "region": _arn_region(source, region),
        "type": "ENVIRONMENT_VARIABLE",
        "target": target,
    }


def _with_execution_role(definition: Mapping[str, Any], region: str, execution_role: bool) -> Message:
    """What the agent fetches before a container starts: secrets, and credentials of registries and logs."""
    made: Message = {}
    log = definition.get("logConfiguration", {})
    secrets = [_secret(one, "CONTAINER", region) for one in definition.get("secrets", [])]
    secrets += [_secret(one, "LOG_DRIVER", region) for one in log.get("secretOptions", [])]
    if secrets:
        made["secrets"] = secrets
    if log.get("logDriver") == "awslogs" and execution_role:
        made["logsAuthStrategy"] = "ExecutionRole"
    ecr, own = _ECR.match(definition.get("image", "")), definition.get("repositoryCredentials")
    if own:
        source = own["credentialsParameter"]
        authentication = {"credentialsParameter": source, "region": _arn_region(source, region)}
        made["registryAuthentication"] = {"type": "asm", "asmAuthData": authentication}
    elif ecr:
        data = {"registryId": ecr["registry"], "region": ecr["region"], "useExecutionRole": execution_role}
        made["registryAuthentication"] = {"type": "ecr", "ecrAuthData": data}
    return made


def _environment(definition: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, str]:
    pairs = [*definition.get("environment", []), *override.get("environment", [])]
    return {pair["name"]: pair.get("value", "") for pair in pairs if "name" in pair}


def _port_mapping(mapping: Mapping[str, Any]) -> Message:
    known = ("containerPort", "hostPort", "containerPortRange", "protocol")
    return {"protocol": "tcp", **{name: mapping[name] for name in known if mapping.get(name) is not None}}


def _container(container: Container, definition: Mapping[str, Any], override: Mapping[str, Any]) -> Message:
    same = {name: definition[name] for name in _SAME if definition.get(name)}
    if "linuxParameters" in same:
        same["linuxParameters"] = {name: value for name, value in same["linuxParameters"].items() if name in _LINUX}
    own = {name: override[name] for name in ("command",) if override.get(name)}
    return {
        **same,
        **own,
        "name": container.name,
        "image": container.image,
        "cpu": container.cpu,
        # The hard limit alone; a reservation is the engine's.
        "memory": container.memory or 0,
        "essential": container.essential,
        "environment": _environment(definition, override),
        "portMappings": [_port_mapping(mapping) for mapping in definition.get("portMappings", [])],
        "dockerConfig": _engine_configuration(definition),
        "containerArn": container.arn,
        **({"healthCheckType": "docker"} if definition.get("healthCheck") else {}),
        "overrides": "{}",
    }


def _volume(volume: Mapping[str, Any]) -> Message:
    for member, kind in _VOLUMES.items():
        if volume.get(member):
            defaults = {"scope": "task"} if kind == "docker" else {}
            return {"name": volume["name"], "type": kind, member: {**defaults, **volume[member]}}
    return {"name": volume["name"], "type": "host", "host": volume.get("host", {})}


def cluster_arn(region: Region, instance: ContainerInstance) -> str:
    return region.arn("ecs", f"cluster/{instance.cluster}")


def _task_limits(body: Mapping[str, Any]) -> Message:
    """Limits of the task as a whole: CPU in vCPUs, memory in MiB."""
    made: Message = {}
    if str(body.get("cpu", "")).isdigit():
        made["cpu"] = int(body["cpu"]) / 1024
    if str(body.get("memory", "")).isdigit():
        made["memory"] = int(body["memory"])
    return made


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
            {
                **_container(container, definitions[container.name], overrides.get(container.name, {})),
                **_with_execution_role(
                    definitions[container.name], region.settings.name, bool(body.get("executionRoleArn"))
                ),
            }
            for container in task.containers
        ],
        **_task_limits(body),
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
