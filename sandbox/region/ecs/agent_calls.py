# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ECS agents call."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from ..ec2 import hosts
from ..errors import ApiError
from ..identity import is_managed_node_id
from ..registry import Params, Reply, action
from . import agents, attributes
from .common import active_cluster, instance_id, invalid, tags_to_dict
from .container_instances import view
from .model import EXTERNAL_CAPABILITY, Cluster, ContainerInstance, Task

if TYPE_CHECKING:
    from ..context import Context

_DEFAULTS: dict[str, str | None] = {
    "ecs.os-type": "linux",
    "ecs.cpu-architecture": "x86_64",
}


def _not_registered(identifier: str) -> ApiError:
    # The agent takes these very words as final and exits terminally.
    return ApiError("ClientException", f"Referenced container instance {identifier} not registered.")


def _cluster(params: Params, context: Context) -> Cluster:
    try:
        return active_cluster(context, params.get("cluster"))
    except ApiError as error:
        # The agent knows this refusal by ClientException and message, as it was before the code of its own.
        raise ApiError("ClientException", error.message) from error


def _identity(params: Params, context: Context) -> str:
    """The instance id: of the managed node whose credentials signed, or from an EC2 identity document."""
    node = context.managed_node()
    if node is not None and is_managed_node_id(node):
        return node
    document = params.get("instanceIdentityDocument") or "{}"
    try:
        claimed = str(json.loads(document)["instanceId"])
    except (ValueError, KeyError, TypeError) as error:
        raise ApiError("ClientException", "Instance identity document is invalid or missing.") from error
    signature = params.get("instanceIdentityDocumentSignature", "")
    # Tests play agents with keys of their own: what they say of an instance is believed.
    if node is not None and not (claimed == node and hosts.is_genuine(context.region, document, signature)):
        raise ApiError("ClientException", "The signature of the instance identity document is not valid.")
    return claimed


def _given_attributes(params: Params) -> dict[str, str | None]:
    given = {item["name"]: item.get("value") for item in params.get("attributes", [])}
    for name, value in given.items():
        # The agent's own capabilities carry image names and the like; only what users write is held to the rules.
        if not attributes.built_in(name):
            attributes.check(name, value)
    if attributes.count_custom(given) > attributes.MAX_CUSTOM:
        raise invalid(f"A container instance can have {attributes.MAX_CUSTOM} custom attributes.")
    return given


def _known(cluster: Cluster, node: str, params: Params, context: Context) -> ContainerInstance | None:
    """The record to keep: the one whose ARN the agent sends, or the one that the same request made before."""
    arn = params.get("containerInstanceArn")
    if arn:
        identifier = arn.rpartition("/")[2]
        instance = context.ecs.instances_of(cluster.name).get(identifier)
        if instance is None or instance.arn != arn or not instance.registered or instance.ec2_instance_id != node:
            raise _not_registered(identifier)
        return instance
    made = context.ecs.by_token.get((cluster.name, node, params.get("clientToken", "")))
    return made if made is not None and made.registered else None


def _agent_version(params: Params) -> dict[str, str | None]:
    version = params.get("versionInfo", {}).get("agentVersion")
    return {"ecs.agent-version": version} if version else {}


@action("ecs", "RegisterContainerInstance")
def register_container_instance(params: Params, context: Context) -> Reply:
    """Register the caller's host, or update the record that it has.

    Without an ARN every call makes a new record, as in AWS (aws/containers-roadmap#1901).
    """
    cluster = _cluster(params, context)
    node = _identity(params, context)
    given = _given_attributes(params)
    tags = tags_to_dict(params.get("tags"))
    instance = _known(cluster, node, params, context)
    if instance is None:
        instance = _create(cluster, node, params, context)
        external = {EXTERNAL_CAPABILITY: None} if is_managed_node_id(node) else {}
        of_ec2 = hosts.attributes(context.region, node)
        instance.attributes = {**_DEFAULTS, **external, **of_ec2, **_agent_version(params), **given}
    else:
        # Custom attributes are fixed at the first registration; what the agent says of itself follows the agent.
        own = {name: value for name, value in given.items() if attributes.built_in(name)}
        instance.attributes.update({**_agent_version(params), **own})
        instance.version += 1
    instance.version_info = params.get("versionInfo", {})
    instance.resources = params.get("totalResources", instance.resources)
    # Hosts of tests have no agent: the Region plays it.
    instance.simulated = instance.version_info.get("agentHash") == agents.SIMULATED
    instance.tags.update(tags)
    context.ecs.freshen(instance)
    return {"containerInstance": view(instance, context, frozenset({"TAGS"}))}


def _create(cluster: Cluster, node: str, params: Params, context: Context) -> ContainerInstance:
    identifier = uuid.uuid4().hex
    instance = ContainerInstance(
        number=context.ecs.number(),
        id=identifier,
        arn=context.region.arn("ecs", f"container-instance/{cluster.name}/{identifier}"),
        cluster=cluster.name,
        ec2_instance_id=node,
        registered_at=context.now,
        version_info={},
        resources=[],
        attributes={},
        tags={},
    )
    context.ecs.instances_of(cluster.name)[identifier] = instance
    if params.get("clientToken"):
        context.ecs.by_token[(cluster.name, node, params["clientToken"])] = instance
    return instance


@action("ecs", "DiscoverPollEndpoint")
def discover_poll_endpoint(params: Params, context: Context) -> Reply:
    """Tell an agent where ACS and TCS are; for an agent without websockets the call itself is the heartbeat."""
    reference = params.get("containerInstance")
    if reference:
        cluster = _cluster(params, context)
        identifier = instance_id(reference, cluster.name)
        instance = context.ecs.instances_of(cluster.name).get(identifier)
        if instance is None or not instance.registered:
            raise _not_registered(identifier)
        caller = context.managed_node()
        if caller != instance.ec2_instance_id and (caller or is_managed_node_id(instance.ec2_instance_id)):
            raise _not_registered(identifier)
        agents.heard(context.region, instance)
    base = f"http://{context.host}"
    return {"endpoint": f"{base}/acs", "telemetryEndpoint": f"{base}/tcs", "serviceConnectEndpoint": f"{base}/sc"}


_ACKNOWLEDGED = "ACK"


def _reported(params: Params, context: Context) -> Task | None:
    """The task that an agent speaks of. ECS acknowledges reports on tasks that it no longer knows, too."""
    cluster = _cluster(params, context)
    task = context.ecs.tasks_of(cluster.name).get(params.get("task", "").rpartition("/")[2])
    if task is None or task.instance.ec2_instance_id != (context.managed_node() or task.instance.ec2_instance_id):
        return None
    return task


def _bindings(given: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    return None if given is None else [{name: value for name, value in one.items() if value} for one in given]


def _container(task: Task, report: Params) -> None:
    agents.report_container(
        task,
        report.get("containerName", ""),
        report.get("status", ""),
        exit_code=report.get("exitCode"),
        reason=report.get("reason") or None,
        runtime_id=report.get("runtimeId") or None,
        image_digest=report.get("imageDigest") or None,
        bindings=_bindings(report.get("networkBindings")),
    )


@action("ecs", "SubmitTaskStateChange")
def submit_task_state_change(params: Params, context: Context) -> Reply:
    """An agent tells what became of a task and its containers."""
    task = _reported(params, context)
    if task is not None and task.live:
        for report in params.get("containers", []):
            _container(task, report)
        times = {
            "pull_started_at": params.get("pullStartedAt"),
            "pull_stopped_at": params.get("pullStoppedAt"),
            "execution_stopped_at": params.get("executionStoppedAt"),
        }
        known = {name: value for name, value in times.items() if value}
        agents.report_task(context.region, task, params.get("status", ""), params.get("reason"), known)
    return {"acknowledgment": _ACKNOWLEDGED}


@action("ecs", "SubmitContainerStateChange")
def submit_container_state_change(params: Params, context: Context) -> Reply:
    """An agent tells what became of one container."""
    task = _reported(params, context)
    if task is not None and task.live:
        _container(task, params)
    return {"acknowledgment": _ACKNOWLEDGED}


@action("ecs", "SubmitAttachmentStateChanges")
def submit_attachment_state_changes(_params: Params, _context: Context) -> Reply:
    """Acknowledge: no task here has network interfaces of its own."""
    return {"acknowledgment": _ACKNOWLEDGED}
