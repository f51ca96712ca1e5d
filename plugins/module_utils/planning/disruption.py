# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run does about tasks in its way, and about hosts that fail on the way: pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .limits import PlanError, whole_number

ROLLBACK, LEAVE = "rollback", "leave"
WAIT, STOP, IGNORE = "wait", "stop", "ignore"
CHOICES: Mapping[str, tuple[str, ...]] = {"on_failure": (ROLLBACK, LEAVE), "standalone_tasks": (WAIT, STOP, IGNORE)}

# A host that gives up what it is keeps nothing that it could go back to.
_ONE_WAY = frozenset({"registration", "ecs_state", "machine_id", "move"})

SERVICE_GROUP = "service:"

# The one form of a placement constraint that this can judge; the role workload writes it.
_BOUND = re.compile(r"attribute:([A-Za-z0-9_./:-]+)\s*==\s*([^\s'\"()&|]+)")

Data = Mapping[str, Any]


def policy(options: Data) -> dict[str, Any]:
    """How the run deals with both, or why it cannot be done so."""
    found: dict[str, Any] = {}
    for name, choices in CHOICES.items():
        found[name] = options.get(name) or choices[0]
        if found[name] not in choices:
            allowed = ", ".join(f"'{choice}'" for choice in choices)
            raise PlanError(f"fleet_{name} is '{found[name]}': it has to be one of {allowed}.")
    found["drain_timeout"] = whole_number("fleet_drain_timeout", options.get("drain_timeout", 900), 1)
    return found


def goes_back(host: Data, instance: Data, drift: Sequence[Data], renews: bool) -> bool:
    """Whether the host works as this container instance, and the change leaves it what it needs to work so again."""
    said = ((host.get("ecs_agent") or {}).get("introspection") or {}).get("container_instance_arn")
    works = bool(instance) and instance["agent_connected"] and said == instance["container_instance_arn"]
    return bool(works and not renews and not _ONE_WAY & {entry["component"] for entry in drift})


def has_no_room(service: Data) -> bool:
    """ECS rounds the least number of tasks up and the most down, so that 50 and 100 % of one task leave none.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
    """
    count = int(service["desired_count"])
    most = count * int(service["deployment_configuration"].get("maximumPercent", 200)) // 100
    return bool(count and _least(service) >= count >= most)


def _least(service: Data) -> int:
    """How many of its tasks ECS keeps running at any time. Those of a daemon go with their host."""
    if service.get("scheduling_strategy") == "DAEMON":
        return 0
    return -(
        -int(service["desired_count"])
        * int(service["deployment_configuration"].get("minimumHealthyPercent", 100))
        // 100
    )


def starved(services: Iterable[Data], instances: Iterable[Data], drained: Iterable[str]) -> list[str]:
    """Services that a drain of these container instances leaves nowhere to run, though ECS keeps some of their tasks.

    Only what can be told for certain: a service that is bound to an attribute, such as a site, and no other container
    instance with that attribute takes tasks. ECS keeps the tasks that make up the least number; the drain never ends.
    """
    leaving_us, known = set(drained), list(instances)
    return sorted(
        service["service_name"]
        for service in services
        if _least(service) and service.get("running_count", 1) and _has_nowhere(service, known, leaving_us)
    )


def _has_nowhere(service: Data, instances: Sequence[Data], drained: set[str]) -> bool:
    said = (str(item.get("expression") or "").strip() for item in service.get("placement_constraints") or ())
    bound = [found.groups() for text in said if (found := _BOUND.fullmatch(text))]
    places = [item for item in instances if all(item["attributes"].get(name) == value for name, value in bound)]
    is_drained = any(item["container_instance_arn"] in drained for item in places)
    takes_tasks = (
        item["status"] == "ACTIVE" and item["agent_connected"] and item["container_instance_arn"] not in drained
        for item in places
    )  # fmt: skip
    return bool(bound) and is_drained and not any(takes_tasks)


def why_starved(names: Sequence[str]) -> str:
    which = f"service{'s' if len(names) > 1 else ''} {', '.join(names)}"
    return (
        f"A drain of all these hosts at once would never end: {which} may run on no other host, and ECS keeps the "
        "tasks that the minimum healthy percent asks for."
    )


def tight(services: Iterable[Data]) -> list[str]:
    """The services that give up no task in a drain."""
    return sorted(service["service_name"] for service in services if has_no_room(service))


def held(tasks: Iterable[Data]) -> dict[str, list[str]]:
    """By container instance, the services that have one of these tasks on it."""
    found: dict[str, set[str]] = {}
    for task in tasks:
        arn, group = task.get("container_instance_arn"), str(task.get("group") or "")
        if arn and group.startswith(SERVICE_GROUP) and task["last_status"] != "STOPPED":
            found.setdefault(arn, set()).add(group[len(SERVICE_GROUP) :])
    return {arn: sorted(names) for arn, names in found.items()}


def why_held(drain: Sequence[Data], holding: Mapping[str, Sequence[str]]) -> str:
    """Why a drain of these container instances would never end."""
    names = sorted({name for item in drain for name in holding.get(item["arn"], ())})
    if not names:
        return ""
    which = f"service{'s' if len(names) > 1 else ''} {', '.join(names)}"
    return (
        f"A drain of the host would never end: the minimum and maximum healthy percent of the {which} leave no room, "
        "so that ECS may neither stop a task here nor start another one before. Give room (a lower "
        "minimumHealthyPercent, or a maximumPercent above 100) and run again."
    )


def exchanged(before: Mapping[str, str | None], now: Mapping[str, str | None]) -> dict[str, str]:
    """The packages that a host had, in the versions that it had, and has no more."""
    return {name: version for name, version in before.items() if version and now.get(name) != version}


def labels(
    hosts: Mapping[str, Data], nodes: Mapping[str, str], back: Sequence[str]
) -> dict[str, dict[str, dict[str, str]]]:
    """By node, the ECS attributes and tags that its container instance is to have when its batch has ended.

    :param hosts: by host, what the plan has of it.
    :param nodes: by host, its managed node.
    :param back: the hosts that were rolled back. They get what the run has taken from them, and nothing of what is new.
    """
    told: dict[str, dict[str, dict[str, str]]] = {"attributes": {}, "tags": {}}
    for name, node in nodes.items():
        host = hosts[name]
        for kind, by_node in told.items():
            by_node[node] = _taken(host, kind) if name in back else host[kind]
    return told


def _taken(host: Data, kind: str) -> dict[str, str]:
    """What the host had of the labels that the run took away before the host changed."""
    before: Data = next((item["before"] for item in host["drift"] if item["component"] == kind), {})
    return {name: before[name] for name in host[f"drop_{kind}"] if before.get(name) is not None}
