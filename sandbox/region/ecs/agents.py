# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ECS agents call. The agents' websockets (ACS and TCS) will have their place beside this module."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from ..errors import ApiError
from ..identity import is_managed_node_id
from ..registry import Params, Reply, action
from . import attributes
from .common import active_cluster, instance_id, invalid, tags_to_dict
from .container_instances import view
from .model import Cluster, ContainerInstance

if TYPE_CHECKING:
    from ..context import Context

_DEFAULTS: dict[str, str | None] = {
    "ecs.os-type": "linux",
    "ecs.cpu-architecture": "x86_64",
    "ecs.capability.external": None,
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
    if context.managed_node():
        return str(context.managed_node())
    try:
        return str(json.loads(params.get("instanceIdentityDocument") or "{}")["instanceId"])
    except (ValueError, KeyError, TypeError) as error:
        raise ApiError("ClientException", "Instance identity document is invalid or missing.") from error


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
        instance.attributes = {**_DEFAULTS, **_agent_version(params), **given}
    else:
        # Custom attributes are fixed at the first registration; what the agent says of itself follows the agent.
        own = {name: value for name, value in given.items() if attributes.built_in(name)}
        instance.attributes.update({**_agent_version(params), **own})
        instance.version += 1
    instance.version_info = params.get("versionInfo", {})
    instance.resources = params.get("totalResources", instance.resources)
    instance.tags.update(tags)
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
    """Tell an agent where ACS and TCS are; until these are modelled, the call itself is the agent's heartbeat."""
    reference = params.get("containerInstance")
    if reference:
        cluster = _cluster(params, context)
        identifier = instance_id(reference, cluster.name)
        instance = context.ecs.instances_of(cluster.name).get(identifier)
        if instance is None or not instance.registered:
            raise _not_registered(identifier)
        if is_managed_node_id(instance.ec2_instance_id) and context.managed_node() != instance.ec2_instance_id:
            raise _not_registered(identifier)
        instance.heard_at = context.now
    base = f"http://{context.host}"
    return {"endpoint": f"{base}/acs", "telemetryEndpoint": f"{base}/tcs", "serviceConnectEndpoint": f"{base}/sc"}


@action("ecs", "SubmitTaskStateChange")
def submit_task_state_change(_params: Params, _context: Context) -> Reply:
    """Acknowledge; there are no tasks whose state could change yet."""
    return {"acknowledgment": "ACK"}


@action("ecs", "SubmitContainerStateChange")
def submit_container_state_change(_params: Params, _context: Context) -> Reply:
    """Acknowledge; there are no tasks whose state could change yet."""
    return {"acknowledgment": "ACK"}
