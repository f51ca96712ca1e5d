# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ECS says when a task finds no place or does not start, and what to do about it. Pure.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html,
.../service-event-messages-list.html and .../stopped-task-error-codes.html.
"""

from __future__ import annotations

from collections.abc import Iterable

_MEMORY = "Give its containers less memory, stop other tasks, or add a container instance"
_CPU = "Give its containers fewer CPU units, stop other tasks, or add a container instance"
_PORTS = (
    "Another task or the agent holds its host port: let ECS choose the port (hostPort 0), or, when it is replaced on "
    "the same host, set deployment_configuration.minimumHealthyPercent below 100"
)
_AGENT = (
    "The ECS agent is not connected: look at the host's link to the Region, and on the host at "
    "/var/log/ecs/ecs-agent.log"
)
_ATTRIBUTE = (
    "The container instance lacks a capability that the task definition needs, such as a log driver, a task role or "
    "a CPU architecture: look at requiresAttributes of the task definition and at ecs.config of the host"
)
_CONSTRAINT = "Compare the placement constraints with the attributes of the container instances"
_NOWHERE = (
    "No ACTIVE container instance of the launch type is in the cluster: external ones take EXTERNAL only, those on EC2 "
    "take EC2 only"
)

# Part of what ECS says, in lower case, and the way out. The first that matches counts.
_TABLE = (
    ("resource:memory", _MEMORY),
    ("insufficient memory", _MEMORY),
    ("resource:cpu", _CPU),
    ("insufficient cpu", _CPU),
    ("resource:port", _PORTS),
    ("already using a port", _PORTS),
    ("resource:gpu", "No container instance has so many GPUs free"),
    ("resource:eni", "The container instance has no network interface left: fewer tasks in network mode awsvpc"),
    ("resource:", "The container instances have too little of this resource left"),
    ('error "agent"', _AGENT),
    ("agent is not connected", _AGENT),
    ("missing an attribute", _ATTRIBUTE),
    ("memberof", _CONSTRAINT),
    ("distinctinstance", "Every container instance has a task of this group already: ask for fewer, or add one"),
    ("no container instances were found", _NOWHERE),
    ("met all of its requirements", "Compare what the task needs with what container_instance_info returns"),
    ("empty capacity provider", "The capacity provider has no container instance"),
    ("cannotpullcontainer", "Check the image's name and tag, the host's way to the registry, and its credentials"),
    ("resourceinitializationerror", "Check the execution role, and the host's way to the secrets and the registry"),
    ("cannotstartcontainer", "The container engine of the host refused it: see its log"),
    ("outofmemory", "The container used more memory than it may: raise its memory"),
    ("health check", "The container runs but is not healthy: see its log and its healthCheck"),
    ("essential container in task exited", "A container ended by itself: see its exit code and its log"),
    ("unable to consistently start", "See the reasons of its stopped tasks"),
)
_WORDS = {
    "AGENT": _AGENT,
    "ATTRIBUTE": _ATTRIBUTE,
    "INACTIVE": "The container instance has been deregistered: choose another, or register it anew",
    "MISSING": "It is not in this cluster: check its id, the cluster and the Region",
    "LOCATION": "The container instance is in another location than the task needs",
}


def way_out(text: str) -> str:
    """What to do about a failure's reason, an event or the reason of a stopped task; empty when nothing is known."""
    if text in _WORDS:
        return _WORDS[text]
    lower = text.lower()
    return next((advice for part, advice in _TABLE if part in lower), "")


def ways_out(texts: Iterable[str]) -> list[str]:
    """Each advice once."""
    return list(dict.fromkeys(advice for advice in map(way_out, texts) if advice))
