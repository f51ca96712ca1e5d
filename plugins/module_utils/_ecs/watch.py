# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watching container instances, and the services on them, for a while: who is away longer than may be."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import container_instances as instances
from . import services, tasks
from .references import SERVICE_GROUP

Data = Mapping[str, Any]
Found = Mapping[str, Any]


@dataclass
class Absences:
    """Who is away, since when, and why. Time is any clock's seconds."""

    tolerance: float
    since: dict[str, float] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    def look(self, now: float, away: Mapping[str, str]) -> None:
        self.since = {name: self.since.get(name, now) for name in away}
        self.why = dict(away)

    def lost(self, now: float) -> dict[str, str]:
        """Those who are away for longer than is tolerated, in words."""
        return {
            name: f"{self.why[name]} for {now - start:.0f} s"
            for name, start in self.since.items()
            if now - start >= self.tolerance
        }


def away(seen: Found) -> dict[str, str]:
    """By name as given, what is wrong with an instance. One that is DRAINING is an operator's, and well."""
    return {
        name: "no such container instance" if item is None else f"{item['status']}, agent not connected"
        for name, item in seen.items()
        if item is None or not item["agent_connected"]
    }


@dataclass
class Services:
    """Services that are watched: the most tasks that each has had, which it is to keep."""

    kept: dict[str, int] = field(default_factory=dict)

    def short(self, found: Iterable[Data]) -> dict[str, str]:
        """Those that have fewer tasks than they had, unless they are asked for fewer. A deleted one is no loss."""
        said = {}
        for service in found:
            name, running, wanted = service["serviceName"], service["runningCount"], service["desiredCount"]
            self.kept[name] = max(self.kept.get(name, 0), running)
            if running < min(self.kept[name], wanted):
                said[name] = f"{running} of {wanted} tasks"
        return said


def services_on(client: Any, cluster: str, seen: Found) -> list[str]:
    """The services that have tasks on these instances: one sweep over the cluster's tasks, in pages."""
    arns = {item["container_instance_arn"] for item in seen.values() if item}
    if not any(item["running_tasks_count"] + item["pending_tasks_count"] for item in seen.values() if item):
        return []
    found = tasks.describe(client, cluster, tasks.list_arns(client, cluster))
    groups = {task.get("group", "") for task in found if task.get("containerInstanceArn") in arns}
    return sorted(group[len(SERVICE_GROUP) :] for group in groups if group.startswith(SERVICE_GROUP))


@dataclass(frozen=True)
class Wanted:
    references: Sequence[str]
    duration: float
    interval: float
    tolerance: float
    allowed: int
    services: bool
    stop_file: str


def watch(client: Any, cluster: str, wanted: Wanted) -> dict[str, Any]:
    """Look until the time is over and nobody is away whose time is not, or until too many are lost.

    A look costs a call a hundred instances and a call ten services.
    """
    seen = instances.best(instances.resolve(client, cluster, wanted.references))
    names = services_on(client, cluster, seen) if wanted.services else []
    hosts, short, kept = Absences(wanted.tolerance), Absences(wanted.tolerance), Services()
    start = time.monotonic()
    looks = 0
    while True:
        looks += 1
        now = time.monotonic()
        hosts.look(now, away(seen))
        short.look(now, kept.short(services.describe(client, cluster, names)))
        stopped = wanted.stop_file if wanted.stop_file and os.path.exists(wanted.stop_file) else ""
        if stopped or _is_over(wanted, now - start, now, hosts, short):
            return {
                "unhealthy": hosts.lost(now),
                "services": short.lost(now),
                "stopped": stopped,
                "looks": looks,
                "watched": [*names],
                "elapsed": round(now - start),
            }
        time.sleep(_pause(wanted, now - start))
        seen = instances.look_again(client, cluster, seen)


def _is_over(wanted: Wanted, elapsed: float, now: float, hosts: Absences, short: Absences) -> bool:
    if len(hosts.lost(now)) > wanted.allowed or short.lost(now):
        return True
    if elapsed < wanted.duration:
        return False
    # Who is away at the end has his time, too; whoever goes after that has not.
    waiting = (set(hosts.since) - set(hosts.lost(now))) | (set(short.since) - set(short.lost(now)))
    return not waiting or elapsed >= wanted.duration + wanted.tolerance


def _pause(wanted: Wanted, elapsed: float) -> float:
    left = wanted.duration - elapsed
    return min(wanted.interval, left) if left > 0 else wanted.interval
