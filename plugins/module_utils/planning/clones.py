# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are not who they say they are: what only shows when all of a fleet are looked at together. Pure.

A disk that was copied with an identity on it, or with a machine-id, gives two hosts that take each other's place: the
SSM agent holds a machine-id for the proof that an identity is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .preflight.finding import ERROR, Finding, finding

Observations = Mapping[str, Mapping[str, Any]]

# Names of other hosts in one sentence.
NAMED = 5
REPAIR = "Run the playbook edgefleet.ecs.repair_clones for all of them but the one that is to keep it."


def with_findings(observations: Observations) -> dict[str, Mapping[str, Any]]:
    """The observations, those of clones with a finding more."""
    found = findings(observations)
    return {
        name: {**seen, "findings": [*found[name], *seen.get("findings", [])]} if name in found else seen
        for name, seen in observations.items()
    }


def findings(observations: Observations) -> dict[str, list[Finding]]:
    """By host, what it shares with others."""
    hosts = {name: seen["host"] for name, seen in observations.items() if seen.get("host")}
    found: dict[str, list[Finding]] = {}
    aliases = _alike(hosts, _machine)
    for group in aliases:
        for name in group:
            found.setdefault(name, []).append(_alias(_others(group, name)))
    # One machine under two names is no clone of itself.
    single = {name: host for name, host in hosts.items() if not any(name in group[1:] for group in aliases)}
    for said, of in ((_machine_id, _id_of), (_identity, _identity_of)):
        for group in _alike(single, of):
            for name in group:
                found.setdefault(name, []).append(said(str(of(single[name])), _others(group, name)))
    return found


def _alike(hosts: Mapping[str, Any], of: Callable[[Mapping[str, Any]], Any]) -> list[list[str]]:
    """The names of the hosts that share what is to be each one's own."""
    groups: dict[Any, list[str]] = {}
    for name, host in hosts.items():
        if of(host):
            groups.setdefault(of(host), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _machine(host: Mapping[str, Any]) -> Any:
    """A running machine: no clone has all three of another."""
    parts = tuple(host.get(key) for key in ("machine_id", "boot_id", "hostname"))
    return parts if all(parts) else None


def _id_of(host: Mapping[str, Any]) -> Any:
    machine_id = host.get("machine_id")
    return None if machine_id == "uninitialized" else machine_id


def _identity_of(host: Mapping[str, Any]) -> Any:
    return (host.get("registration") or {}).get("instance_id")


def _others(group: Iterable[str], name: str) -> str:
    names = [other for other in group if other != name]
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _alias(others: str) -> Finding:
    return finding(
        "alias",
        ERROR,
        f"The inventory has this machine under other names, too: {others}.",
        "It would be changed twice at once, and its site would count more hosts than it has.",
        "Leave one name in the inventory, or give the other one the address of its own host.",
    )


def _machine_id(value: str, others: str) -> Finding:
    return finding(
        "cloned_machine",
        ERROR,
        f"Its machine-id {value} is also that of {others}.",
        "Hosts of one machine-id take each other's identity, and with it commands, tasks and credentials.",
        REPAIR,
    )


def _identity(value: str, others: str) -> Finding:
    return finding(
        "cloned_identity",
        ERROR,
        f"Its identity {value} is also that of {others}.",
        "Only one of them is managed at a time, and ECS takes the tasks of one for those of the other.",
        REPAIR,
    )
