# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines: who is in one place and not in the other, and who is there twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..leaving import FLEET_TAG, HOST_TAG, short
from ..words import named
from .model import RECORD, Data, Finds, Fix, Fleet, Found, is_external

_NAMES = 8


def ghosts(fleet: Fleet) -> Finds:
    """Container instances, then managed nodes, that bear the fleet's tag and are nobody's in the inventory."""
    claimed = {item["container_instance_arn"] for records in fleet.records.values() for item in records}
    for item in fleet.instances:
        machine, site = str(item["ec2_instance_id"]), fleet.site_of(item["tags"])
        of_aws_site = site in fleet.aws_sites and not is_external(machine)
        if fleet.is_own(item) and item["container_instance_arn"] not in claimed and not of_aws_site:
            name = item["tags"].get(HOST_TAG)
            heard = "its agent is connected" if item["agent_connected"] else "its agent is not connected"
            called = f"calls itself {name}" if name else "tells no name"
            yield Found(
                f"Container instance of {machine}, which {called}, is in the cluster; {heard}.", site, id=machine
            )
    for node_id in _strangers(fleet):
        node = fleet.nodes[node_id]
        name = node.get("computer_name") or "a machine without a name"
        yield Found(f"Managed node {node_id} ({name}, {node['ping_status']}) is registered.", id=node_id)


def _strangers(fleet: Fleet) -> list[str]:
    """Managed nodes of the fleet without a container instance, a host, or a host that they are the second node of.

    An EC2 instance that has not joined is told by its site, which is short of it.
    """
    known = {str(item["ec2_instance_id"]) for item in fleet.instances} | set(fleet.identities.values())
    seconds = {node for _host, node in _second_nodes(fleet)}
    return [node for node in sorted((fleet.own & set(fleet.nodes)) - known - seconds) if is_external(node)]


def missing(fleet: Fleet) -> Finds:
    for name, host in fleet.hosts.items():
        if not fleet.records[name] and fleet.identities[name] not in fleet.nodes:
            given = f" {host.given}, which the inventory names, is in neither." if host.given else ""
            yield Found(f"Neither ECS nor Systems Manager knows it.{given}", host.site, name, host.given)


def not_joined(fleet: Fleet) -> Finds:
    for name, host in fleet.hosts.items():
        node = fleet.identities[name]
        if not fleet.records[name] and node in fleet.nodes:
            said = fleet.nodes[node]["ping_status"]
            yield Found(f"Managed node {node} ({said}) is no container instance of the cluster.", host.site, name, node)


def without_node(fleet: Fleet) -> Finds:
    """An external instance gets its credentials as a managed node: without one it loses them within the hour."""
    for host, record in fleet.hosts_with_record():
        machine = str(record["ec2_instance_id"])
        if is_external(machine) and machine not in fleet.nodes:
            text = f"Its container instance is that of {machine}, which Systems Manager does not know."
            yield Found(text, host.site, host.name, machine)


def foreign(fleet: Fleet) -> Finds:
    for host, record in fleet.hosts_with_record():
        if not fleet.is_own(record):
            tag = record["tags"].get(FLEET_TAG, "")
            text = f"Its container instance bears the tag {FLEET_TAG} '{tag}', not '{fleet.name}'."
            yield Found(text, host.site, host.name, str(record["ec2_instance_id"]))


# --- two records for one machine, one record for two machines ---


def shared(fleet: Fleet) -> Finds:
    """One managed node that several machines, or several hosts of the inventory, stand behind."""
    for machine, arns in _connected_twice(fleet.instances).items():
        hosts = [name for name, known in fleet.identities.items() if known == machine]
        text = f"{len(arns)} agents are connected at once as {machine}: copies of one machine."
        yield Found(text, _site(fleet, hosts), ", ".join(hosts), machine)
    by_identity: dict[str, list[str]] = {}
    for name, identity in fleet.identities.items():
        if identity:
            by_identity.setdefault(identity, []).append(name)
    for identity, hosts in by_identity.items():
        if len(hosts) > 1:
            text = f"The inventory has {identity} under {len(hosts)} names: {named(hosts, _NAMES)}."
            yield Found(text, _site(fleet, hosts), ", ".join(hosts), identity)


def _site(fleet: Fleet, hosts: Iterable[str]) -> str:
    sites = {fleet.hosts[name].site for name in hosts}
    return sites.pop() if len(sites) == 1 else ""


def _connected_twice(instances: Iterable[Data]) -> dict[str, list[Any]]:
    by_machine: dict[str, list[Any]] = {}
    for item in instances:
        if item["agent_connected"]:
            by_machine.setdefault(str(item["ec2_instance_id"]), []).append(item["container_instance_arn"])
    return {machine: arns for machine, arns in by_machine.items() if len(arns) > 1}


def duplicates(fleet: Fleet) -> Finds:
    """Container instances of a host beside the one that it works as, then its second managed nodes."""
    copies = _connected_twice(fleet.instances)
    for name, host in fleet.hosts.items():
        used = fleet.record(name)
        for item in fleet.records[name][1:]:
            machine = str(item["ec2_instance_id"])
            if used is None or (machine in copies and item["agent_connected"]):
                continue
            fix = _removal(fleet, used, item)
            heard = "an agent answers as it, too" if item["agent_connected"] else "no agent answers as it"
            text = f"Container instance {short(item['container_instance_arn'])} ({machine}) is a second one; {heard}."
            yield Found(text, host.site, name, machine, fix)
    for name, node_id in _second_nodes(fleet):
        status = fleet.nodes[node_id]["ping_status"]
        text = f"Managed node {node_id} ({status}) tells the same name, beside {fleet.identities[name] or 'others'}."
        yield Found(text, fleet.hosts[name].site, name, node_id)


def _removal(fleet: Fleet, used: Data, item: Data) -> Fix | None:
    """Only what the same machine has left for a newer record that answers, bears no task, and was silent at both looks.

    A record of another machine may be that of one that is off, and comes back.
    """
    safe = (
        fleet.is_own(item)
        and item["ec2_instance_id"] == used["ec2_instance_id"]
        and item["container_instance_arn"] in fleet.silent
        and used["agent_connected"]
        and fleet.is_own(used)
        and str(item["registered_at"] or "") < str(used["registered_at"] or "")
        and not item["running_tasks_count"] + item["pending_tasks_count"]
    )
    return Fix(RECORD, str(item["container_instance_arn"]), {}) if safe else None


def _second_nodes(fleet: Fleet) -> list[tuple[str, str]]:
    """By host, the fleet's nodes that nobody else claims, and that tell its name, or its node's name and address."""
    known = {str(item["ec2_instance_id"]) for item in fleet.instances} | set(fleet.identities.values())
    said: dict[tuple[str, str], list[str]] = {}
    for name, host in fleet.hosts.items():
        node = fleet.nodes.get(fleet.identities[name]) or {}
        places = {(other, "") for other in host.names}
        if node.get("computer_name") and node.get("ip_address"):
            places.add((str(node["computer_name"]), str(node["ip_address"])))
        for place in places:
            said.setdefault(place, []).append(name)
    # What several hosts are called, none of them is known by.
    one = {place: names[0] for place, names in said.items() if len(names) == 1}
    unclaimed = [node for node in sorted((fleet.own & set(fleet.nodes)) - known) if is_external(node)]
    return [(name, node) for node in unclaimed if (name := _said_by(fleet.nodes[node], one))]


def _said_by(node: Data, said: dict[tuple[str, str], str]) -> str:
    name, address = str(node.get("computer_name") or ""), str(node.get("ip_address") or "")
    return said.get((name, address)) or said.get((name, "")) or ""
