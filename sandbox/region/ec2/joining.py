# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ECS agents of EC2 instances: user data that names a cluster makes an instance join it.

The Region plays these agents itself (see ecs/agents.py), unless the instance has a host (see hosts.py).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any

from .. import registry
from ..ecs import agents
from ..ecs.model import ACTIVE, ContainerInstance
from ..identity import Caller
from ..outposts import catalog
from . import hosts
from .model import Joining

if TYPE_CHECKING:
    from ..context import Context, Region

_SETTING = re.compile(r"\b(ECS_[A-Z_]+)=(?:\"([^\"\n]*)\"|'([^'\n]*)'|(\{[^\n]*?\})|([^\s'\"\\]+))")
_DEFAULT_CPU, _DEFAULT_MEMORY = 2048, 3904


def settings(user_data: str) -> dict[str, str]:
    """The agent's settings that a script or a cloud-config writes, in whatever way it writes them."""
    return {
        match[1]: next(value for value in match.groups()[1:] if value is not None)
        for match in _SETTING.finditer(user_data)
    }


def _decoded(text: str | bytes) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _given(user_data: Any) -> str | bytes:
    """As the request has it, or as moto keeps it in a launch template."""
    return user_data.as_bytes() if hasattr(user_data, "as_bytes") else user_data or ""


def expect(context: Context, instance: Any, launch: dict[str, Any]) -> None:
    """Note that an instance will join; without an instance profile its agent has no credentials to do so with."""
    user_data = _given(launch.get("UserData"))
    if context.region.settings.instance_hosts and user_data:
        text = user_data if isinstance(user_data, str) else user_data.decode()
        hosts.expect(context, instance, launch, text)
        return
    told = settings(_decoded(user_data))
    if told.get("ECS_CLUSTER") and launch.get("IamInstanceProfile"):
        context.region.ec2.joining[instance.id] = Joining(
            cluster=told["ECS_CLUSTER"],
            attributes=_attributes(instance, told),
            resources=_resources(instance.instance_type),
            tags=_pairs(told.get("ECS_CONTAINER_INSTANCE_TAGS", "")),
        )


def _pairs(text: str) -> dict[str, str]:
    try:
        pairs = json.loads(text)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in pairs.items()} if isinstance(pairs, dict) else {}


def _attributes(instance: Any, told: dict[str, str]) -> dict[str, str | None]:
    own = {
        "ecs.instance-type": instance.instance_type,
        "ecs.availability-zone": instance.availability_zone,
        "ecs.ami-id": instance.image_id,
        "ecs.subnet-id": instance.subnet_id,
        "ecs.vpc-id": instance.vpc_id,
        "ecs.outpost-arn": instance.outpost_arn,
    }
    return {name: value for name, value in own.items() if value} | _pairs(told.get("ECS_INSTANCE_ATTRIBUTES", ""))


def _resources(instance_type: str) -> list[dict[str, Any]]:
    known = catalog.known(instance_type)
    cpu = catalog.vcpus(instance_type) * 1024 if known else _DEFAULT_CPU
    memory = catalog.memory(instance_type) if known else _DEFAULT_MEMORY
    zero = {"doubleValue": 0.0, "longValue": 0}
    ports = ["22", "2375", "2376", "51678", "51679"]
    return [
        {"name": "CPU", "type": "INTEGER", **zero, "integerValue": cpu},
        {"name": "MEMORY", "type": "INTEGER", **zero, "integerValue": memory},
        {"name": "PORTS", "type": "STRINGSET", **zero, "integerValue": 0, "stringSetValue": ports},
        {"name": "PORTS_UDP", "type": "STRINGSET", **zero, "integerValue": 0, "stringSetValue": []},
    ]


def attempt(region: Region) -> None:
    """Let every agent that still tries register, if its cluster is there by now and its instance within reach."""
    for identity, agent in list(region.ec2.joining.items()):
        cluster = region.ecs.clusters.get(agent.cluster)
        if cluster is None or cluster.status != ACTIVE or not agent.running or _cut_off(region, identity):
            continue
        del region.ec2.joining[identity]
        agents.simulate(region, cluster.name, identity, agent.attributes, agent.resources, agent.tags)


def _cut_off(region: Region, identity: str) -> bool:
    placed = region.outposts.view_of(identity)
    return placed is not None and not placed[0].service_link


def _records(context: Context, identity: str) -> list[ContainerInstance]:
    store = context.region.ecs
    return [
        one
        for cluster in store.clusters
        for one in store.instances_of(cluster).values()
        if one.ec2_instance_id == identity and one.registered
    ]


def silence(context: Context, identity: str) -> None:
    """The instance is stopped, or cannot be reached."""
    for record in _records(context, identity):
        agents.cut(context.region, record, True)


def power(context: Context, identity: str, running: bool) -> None:
    """The instance has been stopped or started."""
    hosts.power(context.region, identity, running)
    if identity in context.region.ec2.joining:
        context.region.ec2.joining[identity].running = running
    if not running:
        silence(context, identity)
    elif not _cut_off(context.region, identity):
        heard_again(context, identity)


def heard_again(context: Context, identity: str) -> None:
    """The instance runs and can be reached."""
    for record in _records(context, identity):
        agents.cut(context.region, record, False)
    attempt(context.region)


def terminated(context: Context, identity: str) -> None:
    """A connected agent's instance is deregistered by ECS itself, a silent one's is not."""
    context.region.ec2.joining.pop(identity, None)
    hosts.terminated(context.region, identity)
    deregister = registry.find("ecs", "DeregisterContainerInstance")
    for record in _records(context, identity):
        if agents.connected(context.region, record) and deregister is not None:
            order = {"cluster": record.cluster, "containerInstance": record.arn, "force": True}
            deregister(order, type(context)(context.region, Caller(None), context.host, context.now))
        else:
            agents.cut(context.region, record, True)
