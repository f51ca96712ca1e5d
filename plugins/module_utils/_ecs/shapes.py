# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services and tasks as the modules return them. Pure.

Names are in snake case; what a user writes in the API's terms (deployment_configuration, overrides, ...) stays in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from .transformations import Resource, tags_to_dict

_EVENTS = 10
_HIDDEN = "********"

_SERVICE = {
    "serviceArn": "service_arn",
    "serviceName": "service_name",
    "clusterArn": "cluster_arn",
    "status": "status",
    "taskDefinition": "task_definition",
    "desiredCount": "desired_count",
    "runningCount": "running_count",
    "pendingCount": "pending_count",
    "launchType": "launch_type",
    "schedulingStrategy": "scheduling_strategy",
    "platformVersion": "platform_version",
    "roleArn": "role",
    "capacityProviderStrategy": "capacity_provider_strategy",
    "deploymentConfiguration": "deployment_configuration",
    "placementConstraints": "placement_constraints",
    "placementStrategy": "placement_strategy",
    "networkConfiguration": "network_configuration",
    "loadBalancers": "load_balancers",
    "serviceRegistries": "service_registries",
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "enableExecuteCommand": "enable_execute_command",
    "enableECSManagedTags": "enable_ecs_managed_tags",
    "propagateTags": "propagate_tags",
    "createdAt": "created_at",
}
_DEPLOYMENT = (
    "id",
    "status",
    "taskDefinition",
    "desiredCount",
    "runningCount",
    "pendingCount",
    "failedTasks",
    "rolloutState",
    "rolloutStateReason",
    "createdAt",
    "updatedAt",
)
_TASK = (
    "taskArn",
    "taskDefinitionArn",
    "clusterArn",
    "containerInstanceArn",
    "group",
    "startedBy",
    "launchType",
    "lastStatus",
    "desiredStatus",
    "healthStatus",
    "connectivity",
    "cpu",
    "memory",
    "enableExecuteCommand",
    "createdAt",
    "startedAt",
    "stoppedAt",
    "stopCode",
    "stoppedReason",
)
_CONTAINER = ("name", "image", "imageDigest", "lastStatus", "exitCode", "reason", "healthStatus", "networkBindings")


def timestamp(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def shape_service(service: Mapping[str, Any], events: int = _EVENTS) -> Resource:
    shaped = {name: timestamp(service[api]) for api, name in _SERVICE.items() if api in service}
    shaped["deployments"] = [_snake(one, _DEPLOYMENT) for one in service.get("deployments", [])]
    shaped["events"] = [
        {"created_at": timestamp(event.get("createdAt")), "message": event.get("message", "")}
        for event in service.get("events", [])[:events]
    ]
    shaped["tags"] = tags_to_dict(service.get("tags"))
    return shaped


def shape_task(task: Mapping[str, Any]) -> Resource:
    shaped = _snake(task, _TASK)
    shaped["containers"] = [_snake(container, _CONTAINER) for container in task.get("containers", [])]
    shaped["overrides"] = hide_overrides(task.get("overrides", {}))
    shaped["tags"] = tags_to_dict(task.get("tags"))
    return shaped


def _snake(resource: Mapping[str, Any], members: tuple[str, ...]) -> Resource:
    plain = {member: timestamp(resource[member]) for member in members if member in resource}
    snake: Resource = camel_dict_to_snake_dict(plain)
    return snake


def hide_overrides(overrides: Mapping[str, Any] | None) -> Resource:
    """Overrides whose values of environment variables cannot be read: they may be secrets."""
    hidden = dict(overrides or {})
    containers = hidden.get("containerOverrides")
    if isinstance(containers, list):
        hidden["containerOverrides"] = [_hide(container) for container in containers]
    return hidden


def _hide(container: Any) -> Any:
    if not isinstance(container, Mapping) or not isinstance(container.get("environment"), list):
        return container
    environment = [{**item, "value": _HIDDEN} for item in container["environment"] if isinstance(item, Mapping)]
    return {**container, "environment": environment}
