# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is DRAINING when a run is planned, and who has drained it: pure functions over what the Region has told anyway.

A host need not be read for this, nor be one of the run's: its container instance bears its name as a tag, and the mark
of the run that has drained it. One that is DRAINING without a mark was drained by an operator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .words import named

# The attribute by which a rollout marks the hosts that it has drained itself. Whoever finds a host DRAINING can tell
# an unfinished run (heal it) from an operator's decision (leave it).
DRAIN_MARK = "fleet_drained"

DRAINING, ACTIVE = "DRAINING", "ACTIVE"
_FLEET_TAG, _HOST_TAG, _SITE_TAG = "fleet", "host", "site"
_NAMES = 12

Data = Mapping[str, Any]


def is_operators(instance: Data) -> bool:
    return instance.get("status") == DRAINING and DRAIN_MARK not in instance["attributes"]


def of_instances(instances: Sequence[Data]) -> dict[str, str | None]:
    """C(status) of a host with these container instances; C(drained_by), the run that has drained it, if one has."""
    drained = next((item for item in instances if item.get("status") == DRAINING), None)
    told = drained or next(iter(instances), {})
    mark = told["attributes"].get(DRAIN_MARK) if drained else None
    return {"status": told.get("status"), "drained_by": str(mark or "")}


def was_left(host: Data) -> bool:
    """Whether a run before this one has left the host DRAINING."""
    operators = host.get("stays_draining") or host.get("drains_again")
    return bool(host.get("status") == DRAINING and not operators)


def said(host: Data) -> str:
    """What to say of a host that this run does not get to."""
    if not was_left(host):
        return ""
    run = f" by run {host['drained_by']}" if host.get("drained_by") else ""
    return f"It is left DRAINING{run}; the next run that reaches it brings it back."


class Records:
    """The container instances of a fleet by the names that they bear. C(view) as plan.build() has it."""

    def __init__(self, view: Data, fleet: Any) -> None:
        self._fleet = str(fleet)
        self._own = list(view.get("instances") or [])
        moved = [item for place in view.get("elsewhere") or [] for item in place["instances"]]
        self._by_host: dict[str, list[Data]] = {}
        self._by_machine: dict[str, list[Data]] = {}
        for item in [*self._own, *moved]:
            if self._is_own(item) and _tag(item, _HOST_TAG):
                self._by_host.setdefault(_tag(item, _HOST_TAG), []).append(item)
            if item.get("ec2_instance_id"):
                self._by_machine.setdefault(str(item["ec2_instance_id"]), []).append(item)

    def _is_own(self, item: Data) -> bool:
        return _tag(item, _FLEET_TAG) == self._fleet

    def unread(self, name: str, given: str = "") -> dict[str, Any]:
        """The same of a host that could not be read. C(given): the id of its managed node, if the inventory has it."""
        found = self._by_machine.get(given, []) if given else self._by_host.get(name, [])
        # A host that has registered more than once is where its agent is connected, or else the newest.
        best = sorted(found, key=lambda item: (item["agent_connected"], str(item.get("registered_at") or "")))[-1:]
        return {**of_instances(best), "stays_draining": any(is_operators(item) for item in best)}

    def outside(self, hosts: Mapping[str, Data], given: Iterable[str] = ()) -> list[dict[str, str]]:
        """What is DRAINING of the fleet and is no host of this run: others of the inventory, and hosts that left it.

        A record of a host that works as another container instance is none that anybody misses.

        :param hosts: those of the plan.
        :param given: ids of managed nodes that the inventory says are theirs.
        """
        known = {arn for host in hosts.values() for arn in _claimed(host)}
        ids = set(given)
        return sorted(
            (
                {
                    "host": _tag(item, _HOST_TAG) or str(item["ec2_instance_id"]),
                    "site": _tag(item, _SITE_TAG),
                    "instance": str(item["ec2_instance_id"]),
                    "run": str(item["attributes"].get(DRAIN_MARK) or ""),
                }
                for item in self._own
                if item.get("status") == DRAINING
                and self._may_be_own(item)
                and _tag(item, _HOST_TAG) not in hosts
                and item["container_instance_arn"] not in known
                and item["ec2_instance_id"] not in ids
                and not self._works_as_another(item)
            ),
            key=lambda found: (found["site"], found["host"]),
        )

    def _may_be_own(self, item: Data) -> bool:
        """One without any fleet's tag that bears a run's mark is nobody else's."""
        return self._is_own(item) or (not _tag(item, _FLEET_TAG) and DRAIN_MARK in item["attributes"])

    def _works_as_another(self, item: Data) -> bool:
        others = self._by_host.get(_tag(item, _HOST_TAG), [])
        return any(other["status"] == ACTIVE and other["agent_connected"] for other in others)


def _tag(item: Data, name: str) -> str:
    return str((item.get("tags") or {}).get(name) or "")


def _claimed(host: Data) -> Iterator[str]:
    """The container instances that a host of the plan is, or leaves."""
    yield str(host.get("instance"))
    yield from (item["arn"] for item in host.get("drain") or ())
    retire = host.get("retire") or {}
    yield from (*retire.get("instances", ()), *retire.get("stale", ()))


def place(found: Data) -> str:
    return f"{found['site']}/{found['host']}" if found["site"] else str(found["host"])


def lines(outside: Sequence[Data]) -> list[str]:
    """Them in words: by the run that has drained them, then those of operators."""
    by_run: dict[str, list[str]] = {}
    for found in outside:
        by_run.setdefault(found["run"], []).append(place(found))
    runs = [
        f"DRAINING outside of this run, by run {run}: {named(names, _NAMES)}. If that run is at an end, one with "
        f"{'this host brings it' if len(names) == 1 else 'these hosts brings them'} back."
        for run, names in by_run.items()
        if run
    ]
    operators = by_run.get("", [])
    wanted = f"DRAINING outside of this run, as an operator wanted: {named(operators, _NAMES)}."
    return [*runs, *([wanted] if operators else [])]
