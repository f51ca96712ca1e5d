# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amazon ECS: its records, its scheduler and the agents' calls. Importing the package registers its handlers."""

from . import (
    account_settings,
    agent_calls,
    attributes,
    capacity_providers,
    clusters,
    container_instances,
    definitions,
    scheduler,
    service_deployments,
    services,
    tags,
    task_calls,
)

SERVICE = "ecs"

__all__ = [
    "SERVICE",
    "account_settings",
    "agent_calls",
    "attributes",
    "capacity_providers",
    "clusters",
    "container_instances",
    "definitions",
    "scheduler",
    "service_deployments",
    "services",
    "tags",
    "task_calls",
]
