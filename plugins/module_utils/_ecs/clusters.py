# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clusters: thin calls, and the comparison of what is with what is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._aws.service import batches
from .._aws.tags import TagChange, compare_tags
from . import capacity
from .capacity import Capacity, WantedCapacity
from .common import ECS
from .transformations import (
    Resource,
    configuration_to_api,
    settings_to_list,
    shape_cluster,
    shape_statistics,
    tags_to_list,
)

GONE = "INACTIVE"
# Limits of the API reference.
DESCRIBE_BATCH = 100
_INCLUDE = ["CONFIGURATIONS", "SETTINGS", "TAGS"]


@dataclass(frozen=True)
class WantedCluster:
    """None stands for "leave as it is"."""

    name: str
    settings: dict[str, str] | None = None
    configuration: Resource | None = None
    tags: dict[str, str] | None = None
    purge_tags: bool = False
    capacity: WantedCapacity = field(default_factory=WantedCapacity)
    # An empty text takes the default namespace of Service Connect away.
    namespace: str | None = None


@dataclass(frozen=True)
class ClusterChange:
    settings: dict[str, str] | None = None
    configuration: Resource | None = None
    tags: TagChange = field(default_factory=TagChange)
    capacity: Capacity | None = None
    namespace: str | None = None

    def __bool__(self) -> bool:
        return self.updates or self.capacity is not None or bool(self.tags)

    @property
    def updates(self) -> bool:
        return any(part is not None for part in (self.settings, self.configuration, self.namespace))


def compare(current: Mapping[str, Any], wanted: WantedCluster) -> ClusterChange:
    """Members that were not asked for are carried over: UpdateCluster replaces a structure as a whole."""
    settings = {**current["settings"], **(wanted.settings or {})}
    configuration = merge(current["configuration"], wanted.configuration or {})
    return ClusterChange(
        settings=settings if settings != current["settings"] else None,
        configuration=configuration if configuration != current["configuration"] else None,
        tags=compare_tags(current["tags"], wanted.tags, wanted.purge_tags),
        capacity=capacity.compare(current, wanted.capacity),
        namespace=wanted.namespace if wanted.namespace not in (None, namespace_of(current)) else None,
    )


def namespace_of(current: Mapping[str, Any]) -> str:
    return str(current["service_connect_defaults"].get("namespace", ""))


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Resource:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below or {}, value) if isinstance(value, Mapping) else value
    return merged


def predict(current: Mapping[str, Any] | None, wanted: WantedCluster) -> Resource:
    """The cluster as it will be; for check mode."""
    if current is None:
        return {
            "cluster_name": wanted.name,
            "status": "ACTIVE",
            "settings": wanted.settings or {},
            "configuration": wanted.configuration or {},
            "capacity_providers": wanted.capacity.providers or [],
            "default_capacity_provider_strategy": wanted.capacity.strategy or [],
            "service_connect_defaults": _defaults(wanted.namespace),
            "tags": wanted.tags or {},
        }
    change = compare(current, wanted)
    after = {**current, "tags": change.tags.apply_to(current["tags"])}
    if change.settings is not None:
        after["settings"] = change.settings
    if change.configuration is not None:
        after["configuration"] = change.configuration
    if change.capacity is not None:
        after["capacity_providers"] = change.capacity.providers
        after["default_capacity_provider_strategy"] = change.capacity.strategy
    if change.namespace is not None:
        after["service_connect_defaults"] = _defaults(change.namespace)
    return after


def _defaults(namespace: str | None) -> dict[str, str]:
    return {"namespace": namespace} if namespace else {}


def describe(client: Any, name: str) -> Resource | None:
    """The cluster, or None."""
    return next(iter(describe_all(client, [name], f"read cluster {name}")), None)


def describe_all(client: Any, references: Sequence[str], intent: str, statistics: bool = False) -> list[Resource]:
    """Those that are there. A deleted cluster is still described for a while, as INACTIVE."""
    found: list[Resource] = []
    include = [*_INCLUDE, "STATISTICS"] if statistics else _INCLUDE
    for batch in batches(references, DESCRIBE_BATCH):
        reply = ECS.call(client, "describe_clusters", intent, clusters=batch, include=include)
        for cluster in reply.get("clusters", []):
            more = {"statistics": shape_statistics(cluster)} if statistics else {}
            found.append({**shape_cluster(cluster), **more})
    return [cluster for cluster in found if cluster["status"] != GONE]


def list_arns(client: Any) -> list[str]:
    return ECS.call_all(client, "list_clusters", "clusterArns", "list the clusters")


def create(client: Any, wanted: WantedCluster) -> None:
    parameters: Resource = {"clusterName": wanted.name}
    if wanted.capacity.providers:
        parameters["capacityProviders"] = wanted.capacity.providers
    if wanted.capacity.strategy:
        parameters["defaultCapacityProviderStrategy"] = capacity.strategy_to_api(wanted.capacity.strategy)
    if wanted.namespace:
        parameters["serviceConnectDefaults"] = {"namespace": wanted.namespace}
    if wanted.settings:
        parameters["settings"] = settings_to_list(wanted.settings)
    if wanted.configuration:
        parameters["configuration"] = configuration_to_api(wanted.configuration)
    if wanted.tags:
        parameters["tags"] = tags_to_list(wanted.tags)
    ECS.call(client, "create_cluster", f"create cluster {wanted.name}", **parameters)


def update(client: Any, current: Mapping[str, Any], change: ClusterChange) -> None:
    name, arn = current["cluster_name"], current["cluster_arn"]
    if change.updates:
        parameters: Resource = {}
        if change.settings is not None:
            parameters["settings"] = settings_to_list(change.settings)
        if change.configuration is not None:
            parameters["configuration"] = configuration_to_api(change.configuration)
        if change.namespace is not None:
            parameters["serviceConnectDefaults"] = {"namespace": change.namespace}
        ECS.call(client, "update_cluster", f"update cluster {name}", cluster=name, **parameters)
    if change.capacity is not None:
        ECS.call(
            client,
            "put_cluster_capacity_providers",
            f"set the capacity providers of cluster {name}",
            cluster=name,
            capacityProviders=change.capacity.providers,
            defaultCapacityProviderStrategy=capacity.strategy_to_api(change.capacity.strategy),
        )
    change_tags(client, arn, f"cluster {name}", change.tags)


def delete(client: Any, name: str) -> None:
    ECS.call(client, "delete_cluster", f"delete cluster {name}", cluster=name)


def change_tags(client: Any, arn: str, label: str, change: TagChange) -> None:
    if change.drop:
        ECS.call(client, "untag_resource", f"remove tags of {label}", resourceArn=arn, tagKeys=change.drop)
    if change.put:
        ECS.call(client, "tag_resource", f"tag {label}", resourceArn=arn, tags=tags_to_list(change.put))
