# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSM activations and managed nodes; the rest of SSM is moto's. Importing the package registers its handlers."""

from . import activations, agent_calls, channels, managed_nodes, messages, resource_tags, settings, tags

SERVICE = "ssm"

__all__ = [
    "SERVICE",
    "activations",
    "agent_calls",
    "channels",
    "managed_nodes",
    "messages",
    "resource_tags",
    "settings",
    "tags",
]
