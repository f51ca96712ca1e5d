# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""RegisterContainerInstance, first time and again."""

from __future__ import annotations

import os
import time
from typing import Any

from .. import aws, wire
from ..identifiers import uuid4
from ..log import Log
from ..release import VERSION
from .exits import RETRIED, TERMINAL, AgentExit
from .settings import Settings
from .state import State

# Refusals that no repetition cures; everything else ends the agent with 1, and ecs-init starts it again.
TERMINAL_CODES = frozenset(("ClientException", "ClusterNotFoundException", "InvalidParameterException"))
ATTEMPT_DELAYS = (0.5, 1.0)


def agent_version() -> str:
    return VERSION.partition("-")[0]


def _resources(settings: Settings) -> list[dict[str, Any]]:
    integers = (("CPU", 1024 * (os.cpu_count() or 1)), ("MEMORY", settings.memory))
    sets = (("PORTS", settings.reserved_ports), ("PORTS_UDP", settings.reserved_ports_udp))
    return [
        *({"name": name, "type": "INTEGER", "integerValue": value} for name, value in integers),
        *({"name": name, "type": "STRINGSET", "stringSetValue": [str(port) for port in ports]} for name, ports in sets),
    ]


def capabilities(settings: Settings) -> list[dict[str, str]]:
    """Attributes that the agent sends at every registration."""
    machine = {"aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    names = [
        *([] if settings.instance else ["ecs.capability.external"]),
        "com.amazonaws.ecs.capability.privileged-container",
        *(f"com.amazonaws.ecs.capability.docker-remote-api.1.{minor}" for minor in range(17, 42)),
        *("com.amazonaws.ecs.capability.logging-driver." + driver for driver in settings.logging_drivers),
        "com.amazonaws.ecs.capability.task-iam-role",
        "com.amazonaws.ecs.capability.task-iam-role-network-host",
        "com.amazonaws.ecs.capability.ecr-auth",
        "ecs.capability.container-health-check",
        "ecs.capability.env-files.s3",
        "ecs.capability.execution-role-ecr-pull",
        "ecs.capability.pid-ipc-namespace-sharing",
        "ecs.capability.task-cpu-mem-limit",
        "ecs.capability.secrets.asm.bootstrap.log-driver",
        "ecs.capability.secrets.asm.environment-variables",
        "ecs.capability.secrets.ssm.bootstrap.log-driver",
        "ecs.capability.secrets.ssm.environment-variables",
        "ecs.capability.execution-role-awslogs",
        "ecs.capability.container-ordering",
        "ecs.capability.docker-plugin.local",
    ]
    place = settings.instance.attributes if settings.instance else {}
    valued = {"ecs.cpu-architecture": machine, "ecs.os-type": "linux", "ecs.os-family": "LINUX", **place}
    return [{"name": name} for name in names] + [{"name": name, "value": value} for name, value in valued.items()]


def request(settings: Settings, saved: State, engine_version: str) -> dict[str, Any]:
    """A known instance sends its ARN and leaves its custom attributes out; tags go out every time."""
    custom = (
        []
        if saved.container_instance_arn
        else [{"name": name, "value": value} for name, value in settings.attributes.items()]
    )
    body: dict[str, Any] = {
        "cluster": settings.cluster or "default",
        "instanceIdentityDocument": settings.instance.document if settings.instance else "",
        "instanceIdentityDocumentSignature": settings.instance.signature if settings.instance else "",
        "totalResources": _resources(settings),
        "versionInfo": {
            "agentVersion": agent_version(),
            "agentHash": "0edf1ee7",
            "dockerVersion": "DockerVersion: " + engine_version,
        },
        "attributes": capabilities(settings) + custom,
        "tags": [{"key": key, "value": value} for key, value in settings.tags.items()],
    }
    if saved.container_instance_arn:
        body["containerInstanceArn"] = saved.container_instance_arn
    else:
        body["clientToken"] = uuid4()
    return body


def missing_attributes(sent: list[dict[str, str]], reply: dict[str, Any]) -> list[str]:
    echoed = {(item.get("name"), item.get("value") or "") for item in reply.get("attributes") or []}
    return [item["name"] for item in sent if (item["name"], item.get("value") or "") not in echoed]


def _is_final(error: aws.AwsError) -> bool:
    return error.code in TERMINAL_CODES or "not registered" in error.message


def _attempt(client: aws.Client, body: dict[str, Any]) -> dict[str, Any]:
    """As the agent's SDK does: accidents are tried three times, refusals once."""
    for delay in ATTEMPT_DELAYS + (None,):
        try:
            return client.call("RegisterContainerInstance", body)
        except (aws.AwsError, wire.WireError) as error:
            if delay is None or (isinstance(error, aws.AwsError) and not error.transient):
                raise
        time.sleep(delay)
    raise wire.WireError("no reply")


def _ask(client: aws.Client, body: dict[str, Any], default_cluster: bool, log: Log) -> dict[str, Any]:
    try:
        return _attempt(client, body)
    except aws.AwsError as error:
        if not (default_cluster and "Cluster not found" in error.message):
            raise
    # Without ECS_CLUSTER the agent makes the cluster "default" and joins that: a typo in the variable's name is enough.
    log.info("Creating cluster default")
    client.call("CreateCluster", {"clusterName": "default"})
    return _attempt(client, body)


def register(client: aws.Client, settings: Settings, saved: State, engine_version: str, log: Log) -> State:
    body = request(settings, saved, engine_version)
    try:
        reply = _ask(client, body, not settings.cluster and not saved.cluster, log)
    except aws.AwsError as error:
        raise AgentExit(
            TERMINAL if _is_final(error) else RETRIED, f"Unable to register as a container instance: {error}"
        ) from error
    except wire.WireError as error:
        raise AgentExit(RETRIED, f"Unable to register as a container instance: {error}") from error
    instance = reply.get("containerInstance") or {}
    lost = missing_attributes(body["attributes"], instance)
    if lost:
        raise AgentExit(TERMINAL, "Attribute validation failed, not echoed by the service: " + ", ".join(lost))
    return State(str(body["cluster"]), str(instance.get("containerInstanceArn") or ""))
