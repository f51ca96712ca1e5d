# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose records in the Region are a host's, and what a drain would do: pure functions.

A host need not be reachable for this. The ECS agent has tagged its container instance with the name of its fleet and
with the host's name in the inventory (C(ECS_CONTAINER_INSTANCE_TAGS), default of the role ecs_agent).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .disruption import SERVICE_GROUP, has_no_room, starved, why_starved
from .plan import DRAIN_MARK

FLEET_TAG, HOST_TAG = "fleet", "host"
DRAINING, ACTIVE = "DRAINING", "ACTIVE"

Data = Mapping[str, Any]


def short(arn: str) -> str:
    return arn.rpartition("/")[2]


def is_own(instance: Data, fleet: str) -> bool:
    return bool(instance["tags"].get(FLEET_TAG) == fleet)


def records_of(host: str, given: str, instances: Iterable[Data], fleet: str) -> list[Data]:
    """All container instances of a host: those with its tags, or the one that the inventory names by its id."""
    return [
        item
        for item in instances
        if (given and item["ec2_instance_id"] == given)
        or (not given and is_own(item, fleet) and item["tags"].get(HOST_TAG) == host)
    ]


def best(records: Sequence[Data]) -> Data | None:
    """A host that has registered more than once is where its agent is connected, or else the newest."""
    return max(records, key=lambda item: (item["agent_connected"], str(item["registered_at"] or "")), default=None)


def refusals(sites: Data, given: Data, instances: Sequence[Data], fleet: str) -> list[str]:
    """Why these hosts can't be told from other fleets' hosts, or from one another."""
    homeless = sorted(name for name, site in sites.items() if not site)
    nameless = [item for item in instances if is_own(item, fleet) and not item["tags"].get(HOST_TAG)]
    unclaimed = [item["ec2_instance_id"] for item in nameless if item["ec2_instance_id"] not in given.values()]
    unknown = [name for name in sites if not given.get(name) and not records_of(name, "", instances, fleet)]
    refused = [f"fleet_site is not set for: {', '.join(homeless)}."] if homeless else []
    if unclaimed and unknown:
        refused.append(
            f"No container instance bears the tag {HOST_TAG} of: {', '.join(unknown)}. These of the fleet bear no such "
            f"tag and may be theirs: {', '.join(map(str, unclaimed))}. Roll out, which sets the tags, or give each "
            "host its id in the inventory (fleet_instance_id: mi-...)."
        )
    return refused + _foreign(sites, given, instances, fleet)


def _foreign(sites: Data, given: Data, instances: Sequence[Data], fleet: str) -> list[str]:
    return [
        f"{name}: container instance {item['ec2_instance_id']} bears the tag {FLEET_TAG} "
        f"'{item['tags'].get(FLEET_TAG, '')}', not '{fleet}': it is not this fleet's and is not touched."
        for name in sites
        for item in records_of(name, str(given.get(name) or ""), instances, fleet)
        if not is_own(item, fleet)
    ]


# --- tasks in the way of a drain ---


def tasks_by_instance(tasks: Iterable[Data]) -> dict[str, list[Data]]:
    found: dict[str, list[Data]] = {}
    for task in tasks:
        if task.get("container_instance_arn") and task["last_status"] != "STOPPED":
            found.setdefault(task["container_instance_arn"], []).append(task)
    return found


def standalone(tasks: Iterable[Data]) -> list[str]:
    """Tasks that a drain leaves alone, since no service has started them."""
    return [task["task_arn"] for task in tasks if not str(task.get("group") or "").startswith(SERVICE_GROUP)]


def blocking_services(services: Iterable[Data], tasks: Iterable[Data]) -> list[str]:
    """Services that give up no task, because ECS may neither stop one nor start another before.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
    """
    on_hosts = {str(task.get("group") or "") for task in tasks}
    return sorted(
        service["service_name"]
        for service in services
        if SERVICE_GROUP + service["service_name"] in on_hosts and has_no_room(service)
    )


def why_blocked(view: Data, busy: Iterable[Data], drained: Sequence[str], variable: str) -> list[str]:
    """Why a drain of these container instances, with these tasks on them, would never end."""
    services = view.get("services") or []
    blocking, nowhere = blocking_services(services, busy), starved(services, view["instances"], drained)
    refused = []
    if nowhere:
        refused.append(
            f"{why_starved(nowhere)} Lower its minimumHealthyPercent to 0, or drain fewer hosts at a time; or set "
            f"{variable} to true to drain all the same and wait for those who stop the tasks."
        )
    return refused + _without_room(blocking, variable)


def _without_room(blocking: Sequence[str], variable: str) -> list[str]:
    if not blocking:
        return []
    return [
        f"These services run on the hosts and give up no task, because their minimum and maximum healthy percent leave "
        f"no room: {', '.join(blocking)}. Give each room (a lower minimumHealthyPercent, or a maximumPercent above "
        f"100), or set {variable} to true to drain all the same and wait for those who stop the tasks."
    ]


# --- drain and undrain ---


def drain_plan(sites: Data, given: Data, view: Data, options: Data) -> dict[str, Any]:
    """What C(drain.yml) or C(undrain.yml) does.

    :param sites: by host, its site.
    :param given: by host, the id of its managed node where the inventory names it.
    :param view: C(instances), C(services), C(tasks) as the info modules return them.
    :param options: C(fleet), C(state) (DRAINING or ACTIVE), C(ignore_blocking).
    """
    fleet, state = options["fleet"], options["state"]
    on_instance = tasks_by_instance(view.get("tasks") or [])
    hosts = {
        name: {
            "site": site,
            **_drain_of(
                best(records_of(name, str(given.get(name) or ""), view["instances"], fleet)), state, on_instance
            ),
        }
        for name, site in sites.items()
    }
    chosen = [host["instance"] for host in hosts.values() if host["instance"]]
    busy = [task for arn in chosen for task in on_instance.get(arn, [])]
    refused = refusals(sites, given, view["instances"], fleet)
    if state == DRAINING and not options.get("ignore_blocking"):
        refused += why_blocked(view, busy, chosen, "drain_ignore_blocking_services")
    return {
        "state": state,
        "hosts": hosts,
        "lines": _drain_lines(hosts),
        "refused": refused,
        "instances": chosen,
        "changes": [host["instance"] for host in hosts.values() if host["action"] == "change"],
    }


def _drain_of(instance: Data | None, state: str, on_instance: Data) -> dict[str, Any]:
    if instance is None:
        return {"action": "absent", "instance": None, "node": None, "reason": "no container instance of this cluster"}
    tasks = on_instance.get(instance["container_instance_arn"], [])
    host = {
        "action": "unchanged",
        "instance": instance["container_instance_arn"],
        "node": instance["ec2_instance_id"],
        "connected": instance["agent_connected"],
        "standalone": len(standalone(tasks)),
        "reason": f"is {state} already",
    }
    if instance["status"] not in (ACTIVE, DRAINING):
        return {**host, "action": "absent", "reason": f"is {instance['status']}"}
    if instance["status"] != state:
        return {**host, "action": "change", "reason": f"{instance['status']} to {state}"}
    if DRAIN_MARK in instance["attributes"]:
        # A rollout would undo it: from now on it is the operator's.
        return {**host, "action": "change", "reason": f"drained by run {instance['attributes'][DRAIN_MARK]} until now"}
    return host


def drain_progress(hosts: Data, instances: Iterable[Data]) -> dict[str, Any]:
    """How many tasks of services are left, by host, as far as the instances' own counts tell."""
    counts = {item["container_instance_arn"]: item for item in instances}
    left = {
        name: max(0, item["running_tasks_count"] + item["pending_tasks_count"] - host.get("standalone", 0))
        for name, host in hosts.items()
        for item in [counts.get(host.get("instance") or "")]
        if item
    }
    busy = {name: count for name, count in left.items() if count}
    named = ", ".join(f"{name} {count}" for name, count in list(busy.items())[:8])
    more = f" and {len(busy) - 8} more" if len(busy) > 8 else ""
    line = f"{len(left) - len(busy)} of {len(left)} hosts are empty"
    return {"left": busy, "done": not busy, "line": f"{line}; tasks left: {named}{more}" if busy else line}


def _drain_lines(hosts: Data) -> list[str]:
    return [
        f"{host['site']}/{name}: {host['reason']}"
        + ("" if host.get("connected", True) else " (its agent is not connected: tasks on it are not stopped)")
        + (f" ({host['standalone']} tasks without a service stay)" if host.get("standalone") else "")
        for name, host in hosts.items()
    ]
