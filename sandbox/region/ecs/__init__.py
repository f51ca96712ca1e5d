# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amazon ECS: clusters, container instances and the agents' calls. Importing the package registers its handlers."""

from . import agent_calls, attributes, clusters, container_instances, tags

SERVICE = "ecs"

__all__ = ["SERVICE", "agent_calls", "attributes", "clusters", "container_instances", "tags"]
