# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of whatever ECS lets users tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ApiError
from ..registry import Params, Reply, action
from . import definitions
from .common import MAX_TAGS, invalid, tags_to_dict, tags_to_list
from .model import ACTIVE, INACTIVE

if TYPE_CHECKING:
    from ..context import Context


def _cluster(name: str, context: Context) -> dict[str, str]:
    cluster = context.ecs.clusters.get(name)
    if cluster is None or cluster.status != ACTIVE:
        raise ApiError("ClusterNotFoundException", "Cluster not found.")
    return cluster.tags


def _container_instance(name: str, context: Context) -> dict[str, str]:
    owner, _, identifier = name.partition("/")
    instance = context.ecs.instances_of(owner).get(identifier)
    if instance is None or not instance.registered:
        raise invalid("The specified container instance was not found.")
    return instance.tags


def _service(name: str, context: Context) -> dict[str, str]:
    owner, _, own = name.partition("/")
    service = context.ecs.services_of(owner).get(own)
    if service is None or service.status == INACTIVE:
        raise invalid("The specified service was not found.")
    return service.tags


def _task(name: str, context: Context) -> dict[str, str]:
    owner, _, identifier = name.partition("/")
    task = context.ecs.tasks_of(owner).get(identifier)
    if task is None:
        raise invalid("The specified task was not found.")
    return task.tags


def _task_definition(name: str, context: Context) -> dict[str, str]:
    definition = definitions.find(context, name) if ":" in name else None
    if definition is None:
        raise invalid("The specified task definition was not found.")
    return definition.tags


def _capacity_provider(name: str, context: Context) -> dict[str, str]:
    provider = context.ecs.capacity_providers.get(name)
    if provider is None or provider.status != ACTIVE:
        raise invalid("The specified capacity provider was not found.")
    return provider.tags


_KINDS = {
    "cluster": _cluster,
    "container-instance": _container_instance,
    "service": _service,
    "task": _task,
    "task-definition": _task_definition,
    "capacity-provider": _capacity_provider,
}


def _tags_of(arn: str, context: Context) -> dict[str, str]:
    """The tags of a resource, to be read or changed in place."""
    prefix = context.region.arn("ecs", "")
    kind, _, name = arn.removeprefix(prefix).partition("/")
    if not arn.startswith(prefix) or kind not in _KINDS:
        raise invalid(f"Invalid resource ARN: {arn}")
    return _KINDS[kind](name, context)


@action("ecs", "TagResource")
def tag_resource(params: Params, context: Context) -> Reply:
    """Add tags, or change the values of those that are there."""
    tags = _tags_of(params["resourceArn"], context)
    merged = {**tags, **tags_to_dict(params["tags"])}
    if len(merged) > MAX_TAGS:
        raise invalid(f"A resource can have {MAX_TAGS} tags.")
    tags.update(merged)
    return {}


@action("ecs", "UntagResource")
def untag_resource(params: Params, context: Context) -> Reply:
    """Remove tags; keys that are not there are ignored."""
    tags = _tags_of(params["resourceArn"], context)
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


@action("ecs", "ListTagsForResource")
def list_tags_for_resource(params: Params, context: Context) -> Reply:
    """List a resource's tags."""
    return {"tags": tags_to_list(_tags_of(params["resourceArn"], context))}
