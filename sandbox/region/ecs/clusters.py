# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ..errors import ApiError
from ..registry import Params, Reply, action
from .common import active_cluster, cluster_name, invalid, limit, page, tags_to_dict, tags_to_list
from .model import ACTIVE, DRAINING, INACTIVE, Cluster

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


_OF_AWS = ("FARGATE", "FARGATE_SPOT")
_STATISTICS = {"EC2": "EC2", "FARGATE": "Fargate", "EXTERNAL": "External"}


def _statistics(cluster: Cluster, context: Context) -> list[dict[str, str]]:
    tasks = Counter((task.last_status, task.launch_type) for task in context.ecs.tasks_of(cluster.name).values())
    services = Counter((one.status, one.launch_type) for one in context.ecs.services_of(cluster.name).values())
    shown = []
    for launch_type, name in _STATISTICS.items():
        shown += [
            (f"running{name}TasksCount", tasks["RUNNING", launch_type]),
            (f"pending{name}TasksCount", tasks["PENDING", launch_type]),
            (f"active{name}ServiceCount", services[ACTIVE, launch_type]),
            (f"draining{name}ServiceCount", services[DRAINING, launch_type]),
        ]
    return [{"name": name, "value": str(value)} for name, value in shown]


def _provider_name(reference: str) -> str:
    return reference.rpartition("/")[2]


def check_providers(providers: list[str], strategy: list[Params], context: Context) -> list[str]:
    """The names of capacity providers, which must be there; a strategy must keep to them."""
    names = [_provider_name(reference) for reference in providers]
    known = context.ecs.capacity_providers
    for name in names:
        if name not in _OF_AWS and (name not in known or known[name].status != ACTIVE):
            raise ApiError("ClientException", "The specified capacity provider does not exist.")
    for item in strategy:
        if _provider_name(item["capacityProvider"]) not in names:
            raise invalid("The specified capacity provider strategy names a provider that the cluster does not have.")
    return names


def view(cluster: Cluster, context: Context, include: frozenset[str]) -> Reply:
    instances = context.ecs.registered(cluster.name) if cluster.status == ACTIVE else []
    parts: dict[str, Reply] = {
        "SETTINGS": {"settings": cluster.settings},
        "CONFIGURATIONS": {"configuration": cluster.configuration} if cluster.configuration else {},
        "STATISTICS": {"statistics": _statistics(cluster, context) if "STATISTICS" in include else []},
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
        "activeServicesCount": sum(
            service.status == ACTIVE for service in context.ecs.services_of(cluster.name).values()
        ),
        "statistics": [],
        "tags": [],
        "settings": [],
        "capacityProviders": cluster.capacity_providers,
        "defaultCapacityProviderStrategy": cluster.capacity_provider_strategy,
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
    strategy = params.get("defaultCapacityProviderStrategy", [])
    providers = check_providers(params.get("capacityProviders", []), strategy, context)
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
            capacity_providers=providers,
            capacity_provider_strategy=strategy,
        )
        context.ecs.clusters[name] = cluster
    return {"cluster": view(cluster, context, _INCLUDE - {"STATISTICS", "ATTACHMENTS"})}


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
            found.append(view(cluster, context, include))
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
    return {"cluster": view(cluster, context, frozenset({"SETTINGS", "CONFIGURATIONS"}))}


@action("ecs", "UpdateClusterSettings")
def update_cluster_settings(params: Params, context: Context) -> Reply:
    """Change settings alone."""
    cluster = active_cluster(context, params["cluster"])
    cluster.settings = _settings(params["settings"], cluster.settings)
    return {"cluster": view(cluster, context, frozenset({"SETTINGS"}))}


@action("ecs", "DeleteCluster")
def delete_cluster(params: Params, context: Context) -> Reply:
    """Make a cluster INACTIVE; its container instances must be deregistered first."""
    cluster = active_cluster(context, params["cluster"])
    if context.ecs.registered(cluster.name):
        raise ApiError(
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.",
        )
    if any(service.status != INACTIVE for service in context.ecs.services_of(cluster.name).values()):
        raise ApiError("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    cluster.status = INACTIVE
    return {"cluster": view(cluster, context, frozenset())}
