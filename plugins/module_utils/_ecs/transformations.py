# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the shapes of the ECS API to what the modules return, and back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict, snake_dict_to_camel_dict

Resource = dict[str, Any]


def tags_to_dict(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in tags or []}


def tags_to_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """ECS spells the members of a tag in lower case, other services do not."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def settings_to_list(settings: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in settings.items()]


def configuration_to_api(configuration: Mapping[str, Any]) -> Resource:
    camel: Resource = snake_dict_to_camel_dict(dict(configuration))
    return camel


def shape_cluster(cluster: Mapping[str, Any]) -> Resource:
    plain = {
        key: cluster[key]
        for key in (
            "clusterArn",
            "clusterName",
            "status",
            "registeredContainerInstancesCount",
            "runningTasksCount",
            "pendingTasksCount",
            "activeServicesCount",
        )
        if key in cluster
    }
    shaped: Resource = camel_dict_to_snake_dict(plain)
    shaped["settings"] = {setting["name"]: setting["value"] for setting in cluster.get("settings", [])}
    shaped["configuration"] = camel_dict_to_snake_dict(cluster.get("configuration", {}))
    shaped["capacity_providers"] = list(cluster.get("capacityProviders", []))
    shaped["default_capacity_provider_strategy"] = [
        # Weight and base are optional, and 0 when left out: API_CapacityProviderStrategyItem.
        {"capacity_provider": item["capacityProvider"], "weight": item.get("weight", 0), "base": item.get("base", 0)}
        for item in cluster.get("defaultCapacityProviderStrategy", [])
    ]
    # A namespace that was taken away is told as an empty text, or not at all.
    shaped["service_connect_defaults"] = {
        key: text for key, text in cluster.get("serviceConnectDefaults", {}).items() if text
    }
    shaped["tags"] = tags_to_dict(cluster.get("tags"))
    return shaped


def shape_statistics(cluster: Mapping[str, Any]) -> dict[str, int]:
    """ECS tells numbers as text, under names such as runningExternalTasksCount."""
    return {item["name"]: int(item["value"]) for item in cluster.get("statistics", [])}


def shape_container_instance(instance: Mapping[str, Any]) -> Resource:
    registered_at = instance.get("registeredAt")
    versions = instance.get("versionInfo", {})
    return {
        "container_instance_arn": instance["containerInstanceArn"],
        "ec2_instance_id": instance.get("ec2InstanceId"),
        "status": instance.get("status"),
        "status_reason": instance.get("statusReason"),
        "agent_connected": bool(instance.get("agentConnected")),
        "agent_version": versions.get("agentVersion"),
        "docker_version": versions.get("dockerVersion"),
        "running_tasks_count": instance.get("runningTasksCount", 0),
        "pending_tasks_count": instance.get("pendingTasksCount", 0),
        "registered_at": registered_at.isoformat() if isinstance(registered_at, datetime) else registered_at,
        "attributes": {item["name"]: item.get("value") or "" for item in instance.get("attributes", [])},
        "tags": tags_to_dict(instance.get("tags")),
        "registered_resources": _shape_resources(instance.get("registeredResources", [])),
        "remaining_resources": _shape_resources(instance.get("remainingResources", [])),
    }


def _shape_resources(resources: Iterable[Mapping[str, Any]]) -> Resource:
    """The type of a resource says which of its members holds the value."""
    members = {"INTEGER": "integerValue", "LONG": "longValue", "DOUBLE": "doubleValue", "STRINGSET": "stringSetValue"}
    return {item["name"]: item.get(members.get(item.get("type", ""), "")) for item in resources}


def prune(values: Mapping[str, Any]) -> Resource:
    """Without what was not given: Ansible fills members that were left out with None."""
    pruned = {key: _prune_any(value) for key, value in values.items()}
    return {key: value for key, value in pruned.items() if value is not None and value != {}}


def _prune_any(value: Any) -> Any:
    if isinstance(value, Mapping):
        return prune(value)
    return [_prune_any(item) for item in value] if isinstance(value, list) else value
