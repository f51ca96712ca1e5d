# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clusters: thin calls, and the comparison of what is with what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.tags import TagChange, compare_tags
from .common import ECS
from .transformations import (
    Resource,
    configuration_to_api,
    settings_to_list,
    shape_cluster,
    tags_to_list,
)

GONE = "INACTIVE"


@dataclass(frozen=True)
class WantedCluster:
    """None stands for "leave as it is"."""

    name: str
    settings: dict[str, str] | None = None
    configuration: Resource | None = None
    tags: dict[str, str] | None = None
    purge_tags: bool = False


@dataclass(frozen=True)
class ClusterChange:
    settings: dict[str, str] | None = None
    configuration: Resource | None = None
    tags: TagChange = field(default_factory=TagChange)

    def __bool__(self) -> bool:
        return self.updates or bool(self.tags)

    @property
    def updates(self) -> bool:
        return self.settings is not None or self.configuration is not None


def compare(current: Mapping[str, Any], wanted: WantedCluster) -> ClusterChange:
    """Members that were not asked for are carried over: UpdateCluster replaces a structure as a whole."""
    settings = {**current["settings"], **(wanted.settings or {})}
    configuration = merge(current["configuration"], wanted.configuration or {})
    return ClusterChange(
        settings=settings if settings != current["settings"] else None,
        configuration=configuration if configuration != current["configuration"] else None,
        tags=compare_tags(current["tags"], wanted.tags, wanted.purge_tags),
    )


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
            "tags": wanted.tags or {},
        }
    change = compare(current, wanted)
    after = {**current, "tags": change.tags.apply_to(current["tags"])}
    if change.settings is not None:
        after["settings"] = change.settings
    if change.configuration is not None:
        after["configuration"] = change.configuration
    return after


def describe(client: Any, name: str) -> Resource | None:
    """The cluster, or None. A deleted cluster is still described for a while, as INACTIVE."""
    reply = ECS.call(
        client,
        "describe_clusters",
        f"read cluster {name}",
        clusters=[name],
        include=["CONFIGURATIONS", "SETTINGS", "TAGS"],
    )
    clusters = [shape_cluster(cluster) for cluster in reply.get("clusters", [])]
    return next((cluster for cluster in clusters if cluster["status"] != GONE), None)


def create(client: Any, wanted: WantedCluster) -> None:
    parameters: Resource = {"clusterName": wanted.name}
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
        ECS.call(client, "update_cluster", f"update cluster {name}", cluster=name, **parameters)
    change_tags(client, arn, f"cluster {name}", change.tags)


def delete(client: Any, name: str) -> None:
    ECS.call(client, "delete_cluster", f"delete cluster {name}", cluster=name)


def change_tags(client: Any, arn: str, label: str, change: TagChange) -> None:
    if change.drop:
        ECS.call(client, "untag_resource", f"remove tags of {label}", resourceArn=arn, tagKeys=change.drop)
    if change.put:
        ECS.call(client, "tag_resource", f"tag {label}", resourceArn=arn, tags=tags_to_list(change.put))
