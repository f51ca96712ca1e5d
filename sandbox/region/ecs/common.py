# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several ECS actions share: finding records by name, id or ARN, limits and tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .. import paging
from ..errors import ApiError
from .model import ACTIVE, Cluster, ContainerInstance

if TYPE_CHECKING:
    from ..context import Context

Item = TypeVar("Item")

PAGE = 100
MAX_TAGS = 50
_CLUSTER_ARN = re.compile(r"arn:[^:]+:ecs:[^:]+:[^:]+:cluster/(?P<cluster>[^/]+)")
_INSTANCE_ARN = re.compile(r"arn:[^:]+:ecs:[^:]+:[^:]+:container-instance/(?P<cluster>[^/]+)/(?P<id>[^/]+)")


def invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)


def cluster_name(reference: str | None) -> str:
    """A cluster's name from its name or ARN; without either, ECS takes the cluster named default."""
    match = _CLUSTER_ARN.fullmatch(reference or "")
    return match["cluster"] if match else reference or "default"


def active_cluster(context: Context, reference: str | None) -> Cluster:
    cluster = context.ecs.clusters.get(cluster_name(reference))
    if cluster is None or cluster.status != ACTIVE:
        raise ApiError("ClusterNotFoundException", "Cluster not found.")
    return cluster


def instance_id(reference: str, cluster: str) -> str:
    """A container instance's id from its id or ARN; an ARN names its cluster, which must be the one that was asked."""
    match = _INSTANCE_ARN.fullmatch(reference)
    if match is None:
        return reference
    if match["cluster"] != cluster:
        raise invalid(f"Identifier is for cluster {match['cluster']}. Your cluster is {cluster}")
    return match["id"]


def find_instance(context: Context, cluster: str, reference: str) -> ContainerInstance | None:
    return context.ecs.instances_of(cluster).get(instance_id(reference, cluster))


def missing(context: Context, cluster: str, reference: str, reason: str = "MISSING") -> dict[str, str]:
    """An entry of `failures`."""
    identifier = instance_id(reference, cluster)
    return {"arn": context.region.arn("ecs", f"container-instance/{cluster}/{identifier}"), "reason": reason}


def limit(items: Sequence[object], highest: int, what: str) -> None:
    if not items:
        raise invalid(f"{what} cannot be empty.")
    if len(items) > highest:
        raise invalid(f"{what} can have at most {highest} items.")


def page(
    items: Sequence[Item], order: Callable[[Item], int], params: dict[str, Any], scope: object
) -> tuple[list[Item], dict[str, str]]:
    """A page as maxResults and nextToken ask for it, and the reply's own nextToken member."""
    size = params.get("maxResults", PAGE)
    if not 1 <= size <= PAGE:
        raise invalid(f"maxResults must be between 1 and {PAGE}.")
    try:
        chosen, token = paging.page(items, order, size, params.get("nextToken"), scope)
    except paging.InvalidToken as error:
        raise invalid("Invalid token.") from error
    return chosen, {"nextToken": token} if token else {}


def tags_to_dict(tags: Sequence[dict[str, str]] | None) -> dict[str, str]:
    for tag in tags or ():
        if tag.get("key", "").lower().startswith("aws:"):
            raise invalid("Tag keys that begin with aws: are reserved.")
    return {tag["key"]: tag.get("value", "") for tag in tags or () if "key" in tag}


def tags_to_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]
