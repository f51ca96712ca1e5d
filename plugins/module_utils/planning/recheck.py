# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines that an event has named, some minutes later: which hosts of the fleet are still in trouble. Pure.

An event tells of a moment. Agents lose their connection and find it again several times an hour as a matter of course,
and events come late, twice, or not at all; so it is what the Region says now that decides.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .leaving import HOST_TAG, best, is_own
from .limits import PlanError

VARIABLE = "heal_suspects"
MACHINE = re.compile(r"(mi-[0-9a-f]{17}|i-([0-9a-f]{8}|[0-9a-f]{17}))")
EXTERNAL = "mi-"
# What ListContainerInstances takes in one expression, and a job is started for: a storm of events is an outage.
MOST = 100

Data = Mapping[str, Any]


def machines_of(told: Any) -> list[str]:
    """Machines that events name, as ansible-rulebook hands them on: one as C(event), several as C(events).

    ECS names the machine of a container instance; CloudTrail tells what DeregisterManagedInstance was called with.
    """
    told = told if isinstance(told, Mapping) else {}
    several = told.get("events")
    events = [*(several.values() if isinstance(several, Mapping) else ()), told.get("event")]
    found = (_machine_of(event) for event in events)
    return list(dict.fromkeys(machine for machine in found if machine))


def _machine_of(event: Any) -> str:
    for member in ("body", "detail"):
        event = event.get(member) if isinstance(event, Mapping) else None
    if not isinstance(event, Mapping):
        return ""
    asked = event.get("requestParameters")
    return str(event.get("ec2InstanceId") or (asked.get("instanceId") if isinstance(asked, Mapping) else "") or "")


def question(suspects: Any) -> dict[str, Any]:
    """What the Region is asked: the C(machines), and C(filter), an expression of ECS that finds their instances."""
    if isinstance(suspects, (str, Mapping)) or not isinstance(suspects, Iterable):
        raise PlanError(f"{VARIABLE} is '{suspects}': it has to be a list of ids of machines, as in ['mi-...'].")
    machines = list(dict.fromkeys(str(item) for item in suspects))
    wrong = [item for item in machines if not MACHINE.fullmatch(item)]
    if wrong:
        raise PlanError(f"{VARIABLE} has '{wrong[0]}': allowed are ids of nodes (mi-...) and instances (i-...).")
    if not 0 < len(machines) <= MOST:
        raise PlanError(f"{VARIABLE} has {len(machines)} ids (allowed: 1 to {MOST}). Heal a whole fleet without it.")
    return {"machines": machines, "filter": f"ec2InstanceId in [{', '.join(machines)}]"}


def verdict(machines: Sequence[str], view: Data, known: Iterable[str], fleet: str) -> dict[str, Any]:
    """C(hosts) to heal, by their names in the inventory, and what is to be told of each machine in C(lines).

    :param view: C(instances) and C(nodes), as the info modules return them.
    :param known: names of the fleet's hosts in the inventory.
    """
    nodes = {node["instance_id"]: node for node in view["nodes"]}
    inventory, hosts, lines = set(known), [], []
    for machine in machines:
        instance = best([item for item in view["instances"] if item["ec2_instance_id"] == machine])
        host, ignored = _host(instance, inventory, fleet)
        ills = [] if ignored else _ills(machine, instance or {}, nodes.get(machine))
        if ills:
            hosts.append(host)
        lines.append(f"{host or machine}: {ignored or '; '.join(ills) or 'is well again'}")
    return {"hosts": hosts, "lines": lines}


def _host(instance: Data | None, inventory: set[str], fleet: str) -> tuple[str, str]:
    """Name in the inventory, or why this machine is none of ours to touch."""
    if instance is None:
        return "", "has no container instance in the cluster; left alone"
    name = str(instance["tags"].get(HOST_TAG) or "")
    if not is_own(instance, fleet):
        return "", f"does not bear the tag fleet of {fleet}; left alone"
    if name not in inventory:
        return name, "is not in this inventory; left alone"
    return name, ""


def _ills(machine: str, instance: Data, node: Data | None) -> list[str]:
    """What the Region finds wrong with it now."""
    found = [] if instance["agent_connected"] else ["ECS does not hear its agent"]
    if node is None:
        # An EC2 instance need not be a managed node.
        return [*found, "Systems Manager does not know it"] if machine.startswith(EXTERNAL) else found
    ping = str(node.get("ping_status") or "")
    return found if ping in ("Online", "") else [*found, f"Systems Manager says {ping}"]
