# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task of a PayloadMessage to what the engine is asked for, and from what the engine tells to reports."""

from __future__ import annotations

import json
import os
from typing import Any

# The agent's own labels, by which it finds its containers again.
TASK = "com.amazonaws.ecs.task-arn"
CONTAINER = "com.amazonaws.ecs.container-name"
CLUSTER = "com.amazonaws.ecs.cluster"
FAMILY = "com.amazonaws.ecs.task-definition-family"
REVISION = "com.amazonaws.ecs.task-definition-version"
# The stand-in's: its memory of a task is these labels alone.
INSTANCE = "edgefleet.container-instance"
ESSENTIAL = "edgefleet.essential"

Message = dict[str, Any]


def _texts(container: Message, name: str) -> Message:
    found = json.loads((container.get("dockerConfig") or {}).get(name) or "{}")
    return found if isinstance(found, dict) else {}


def _port(mapping: Message) -> str:
    return f"{mapping['containerPort']}/{mapping.get('protocol') or 'tcp'}"


def _binds(task: Message, container: Message) -> list[str]:
    sources = {volume["name"]: (volume.get("host") or {}).get("sourcePath") for volume in task.get("volumes") or []}
    prefix = task["arn"].rpartition("/")[2]
    return [
        # A volume without a path on the host is the engine's, and the task's own.
        f"{sources.get(mount['sourceVolume']) or 'ecs-' + prefix + '-' + mount['sourceVolume']}"
        f":{mount['containerPath']}:{'ro' if mount.get('readOnly') else 'rw'}"
        for mount in container.get("mountPoints") or []
    ]


def _environment(task: Message, container: Message) -> list[str]:
    values = dict(container.get("environment") or {})
    credentials = task.get("roleCredentials") or {}
    if credentials.get("credentialsId"):
        values["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/" + credentials["credentialsId"]
    return [f"{name}={value}" for name, value in values.items()]


def _host_configuration(task: Message, container: Message) -> Message:
    made = {name: value for name, value in _texts(container, "hostConfig").items() if value is not None}
    mode = task.get("networkMode") or "bridge"
    made["NetworkMode"] = mode
    if container.get("memory"):
        made["Memory"] = int(container["memory"]) * 2**20
    if container.get("cpu"):
        made["CpuShares"] = max(int(container["cpu"]), 2)
    binds = _binds(task, container)
    if binds:
        made["Binds"] = binds
    ports = [mapping for mapping in container.get("portMappings") or [] if "containerPort" in mapping]
    if mode == "bridge" and ports:
        made["PortBindings"] = {_port(mapping): [{"HostPort": str(mapping.get("hostPort") or "")}] for mapping in ports}
    return made


def configuration(task: Message, container: Message, cluster: str, instance: str) -> Message:
    """The body of the engine's POST /containers/create."""
    made = _texts(container, "config")
    made.update({"Image": container["image"], "Env": _environment(task, container)})
    if container.get("command"):
        made["Cmd"] = container["command"]
    if container.get("entryPoint"):
        made["Entrypoint"] = container["entryPoint"]
    ports = [mapping for mapping in container.get("portMappings") or [] if "containerPort" in mapping]
    if ports:
        made["ExposedPorts"] = {_port(mapping): {} for mapping in ports}
    made["Labels"] = {
        **(made.get("Labels") or {}),
        TASK: task["arn"],
        CONTAINER: container["name"],
        CLUSTER: cluster,
        FAMILY: task.get("family", ""),
        REVISION: task.get("version", ""),
        INSTANCE: instance,
        ESSENTIAL: "true" if container.get("essential", True) else "false",
    }
    made["HostConfig"] = _host_configuration(task, container)
    return made


def name(task: Message, container: Message) -> str:
    """As the agent names its containers, with something random at the end."""
    safe = "".join(one for one in container["name"] if one.isalnum() or one == "-")
    return f"ecs-{task.get('family')}-{task.get('version')}-{safe}-{os.urandom(10).hex()}"


def bindings(inspected: Message, container: Message, mode: str) -> list[Message]:
    """Network bindings, from the engine's own view of a running container."""
    if mode == "host":
        ports = [mapping["containerPort"] for mapping in container.get("portMappings") or []]
        return [{"bindIP": "0.0.0.0", "containerPort": port, "hostPort": port, "protocol": "tcp"} for port in ports]
    found = (inspected.get("NetworkSettings") or {}).get("Ports") or {}
    return [
        {
            "bindIP": binding.get("HostIp") or "0.0.0.0",
            "containerPort": int(inside.partition("/")[0]),
            "hostPort": int(binding["HostPort"]),
            "protocol": inside.partition("/")[2],
        }
        for inside, published in found.items()
        for binding in published or []
        if ":" not in (binding.get("HostIp") or "")
    ]


def health(inspected: Message) -> str:
    """The engine's words for health in those of ECS; empty where a container has no check."""
    status = ((inspected.get("State") or {}).get("Health") or {}).get("Status", "")
    return {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY", "starting": "UNKNOWN"}.get(status, "")
