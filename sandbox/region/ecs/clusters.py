# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import ApiError
from ..registry import Params, Reply, action
from .common import active_cluster, cluster_name, invalid, limit, page, tags_to_dict, tags_to_list
from .model import ACTIVE, INACTIVE, Cluster

if TYPE_CHECKING:
    from ..context import Context

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_INSIGHTS = ("enabled", "disabled", "enhanced")
_INCLUDE = frozenset({"ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "STATISTICS", "TAGS"})
_MAX_DESCRIBE = 100


def _settings(wanted: list[dict[str, str]], current: list[dict[str, str]]) -> list[dict[str, str]]:
    values = {setting["name"]: setting["value"] for setting in current}
    for setting in wanted:
        name, value = setting.get("name", ""), setting.get("value", "")
        if value not in _INSIGHTS:
            raise invalid(f"Invalid value {value!r} for setting {name}; valid values: {', '.join(_INSIGHTS)}")
        values[name] = value
    return [{"name": name, "value": value} for name, value in values.items()]


def _statistics() -> list[dict[str, str]]:
    # Room for the scheduler; until there are services and tasks every count is 0.
    names = [
        f"{state}{launch_type}{what}"
        for launch_type in ("EC2", "Fargate", "External")
        for state, what in (
            ("running", "TasksCount"),
            ("pending", "TasksCount"),
            ("active", "ServiceCount"),
            ("draining", "ServiceCount"),
        )
    ]
    return [{"name": name, "value": "0"} for name in names]


def _view(cluster: Cluster, context: Context, include: frozenset[str]) -> Reply:
    instances = context.ecs.registered(cluster.name) if cluster.status == ACTIVE else []
    parts: dict[str, Reply] = {
        "SETTINGS": {"settings": cluster.settings},
        "CONFIGURATIONS": {"configuration": cluster.configuration} if cluster.configuration else {},
        "STATISTICS": {"statistics": _statistics()},
        "TAGS": {"tags": tags_to_list(cluster.tags)},
        "ATTACHMENTS": {"attachments": []},
    }
    view: Reply = {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": len(instances),
        "runningTasksCount": sum(instance.running_tasks for instance in instances),
        "pendingTasksCount": sum(instance.pending_tasks for instance in instances),
        "activeServicesCount": 0,
        "statistics": [],
        "tags": [],
        "settings": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    }
    if cluster.service_connect_defaults:
        view["serviceConnectDefaults"] = cluster.service_connect_defaults
    for part in include:
        view.update(parts[part])
    return view


@action("ecs", "CreateCluster")
def create_cluster(params: Params, context: Context) -> Reply:
    """Create a cluster; one that is there already is answered as it is."""
    name = params.get("clusterName", "default")
    if not _NAME.fullmatch(name):
        raise invalid("Invalid cluster name: up to 255 letters, numbers, underscores and hyphens are allowed.")
    if params.get("capacityProviders") or params.get("defaultCapacityProviderStrategy"):
        raise ApiError("NotImplemented", "The simulated Region has no capacity providers.", status=501)
    cluster = context.ecs.clusters.get(name)
    if cluster is None or cluster.status == INACTIVE:
        cluster = Cluster(
            number=context.ecs.number(),
            name=name,
            arn=context.region.arn("ecs", f"cluster/{name}"),
            settings=_settings(params.get("settings", []), [{"name": "containerInsights", "value": "disabled"}]),
            configuration=params.get("configuration", {}),
            service_connect_defaults=params.get("serviceConnectDefaults", {}),
            tags=tags_to_dict(params.get("tags")),
        )
        context.ecs.clusters[name] = cluster
    return {"cluster": _view(cluster, context, _INCLUDE - {"STATISTICS", "ATTACHMENTS"})}


@action("ecs", "DescribeClusters")
def describe_clusters(params: Params, context: Context) -> Reply:
    """Describe clusters, INACTIVE ones too."""
    include = frozenset(params.get("include", []))
    references = params.get("clusters") or ["default"]
    limit(references, _MAX_DESCRIBE, "Clusters")
    found, failures = [], []
    for name in dict.fromkeys(cluster_name(reference) for reference in references):
        cluster = context.ecs.clusters.get(name)
        if cluster is None:
            failures.append({"arn": context.region.arn("ecs", f"cluster/{name}"), "reason": "MISSING"})
        else:
            found.append(_view(cluster, context, include))
    return {"clusters": found, "failures": failures}


@action("ecs", "ListClusters")
def list_clusters(params: Params, context: Context) -> Reply:
    """List the ARNs of ACTIVE clusters."""
    clusters = [cluster for cluster in context.ecs.clusters.values() if cluster.status == ACTIVE]
    chosen, token = page(clusters, lambda cluster: cluster.number, params, "ListClusters")
    return {"clusterArns": [cluster.arn for cluster in chosen], **token}


@action("ecs", "UpdateCluster")
def update_cluster(params: Params, context: Context) -> Reply:
    """Change settings, configuration and Service Connect defaults; what is not given stays."""
    cluster = active_cluster(context, params["cluster"])
    cluster.settings = _settings(params.get("settings", []), cluster.settings)
    cluster.configuration = params.get("configuration", cluster.configuration)
    cluster.service_connect_defaults = params.get("serviceConnectDefaults", cluster.service_connect_defaults)
    return {"cluster": _view(cluster, context, frozenset({"SETTINGS", "CONFIGURATIONS"}))}


@action("ecs", "UpdateClusterSettings")
def update_cluster_settings(params: Params, context: Context) -> Reply:
    """Change settings alone."""
    cluster = active_cluster(context, params["cluster"])
    cluster.settings = _settings(params["settings"], cluster.settings)
    return {"cluster": _view(cluster, context, frozenset({"SETTINGS"}))}


@action("ecs", "DeleteCluster")
def delete_cluster(params: Params, context: Context) -> Reply:
    """Make a cluster INACTIVE; its container instances must be deregistered first."""
    cluster = active_cluster(context, params["cluster"])
    if context.ecs.registered(cluster.name):
        raise ApiError(
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.",
        )
    cluster.status = INACTIVE
    return {"cluster": _view(cluster, context, frozenset())}
