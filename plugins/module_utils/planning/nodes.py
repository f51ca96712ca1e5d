# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One row a machine, out of what ECS, Systems Manager and EC2 each know of it: pure functions.

The three meet at the machine's id: that of its managed node (C(mi-...)) or of its EC2 instance (C(i-...)), which ECS
tells as C(ec2InstanceId) of a container instance either way.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from .leaving import FLEET_TAG, HOST_TAG

SITE_TAG = "site"
# The attribute that the role ecs_agent gives a host, and the one that some fleets give by hand.
_SITE_ATTRIBUTES = ("site", "fleet_site")
EXTERNAL, OUTPOST, LOCAL_ZONE, WAVELENGTH, REGION = "external", "outpost", "local_zone", "wavelength", "region"
# Names of zones: us-west-2a, us-west-2-lax-1a, us-east-1-wl1-bos-wlz-1.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html
_WAVELENGTH_ZONE = re.compile(r".+-wlz-\d+")
_LOCAL_ZONE = re.compile(r".+-\d+-[a-z]{3}-\d+[a-z]")
# How ECS spells the operating system, in the attribute that it gives every container instance.
_PLATFORM_TYPES = {"linux": "Linux", "windows": "Windows"}
GONE = "INACTIVE"

Data = Mapping[str, Any]
Row = dict[str, Any]


def join(
    instances: Iterable[Data], managed_nodes: Iterable[Data], ec2_instances: Iterable[Data], context: Data
) -> list[Row]:
    """A row for each machine, in the order of their names, which differ.

    :param instances: container instances, as C(container_instance_info) returns them; those of several clusters tell
        theirs by their ARN, or by a member C(cluster).
    :param managed_nodes: as C(managed_node_info) returns them; C(tags) too where they are known.
    :param ec2_instances: as C(amazon.aws.ec2_instance_info) returns them.
    :param context: C(account), C(region), and C(cluster) for container instances whose ARN does not name it.
    """
    records = _records(instances)
    nodes = {str(node["instance_id"]): node for node in managed_nodes}
    machines = {str(item["instance_id"]): item for item in ec2_instances}
    known = dict.fromkeys([*records, *nodes, *machines])
    rows = [
        _row(machine, records.get(machine, []), nodes.get(machine), machines.get(machine), context) for machine in known
    ]
    return named(rows)


def _records(instances: Iterable[Data]) -> dict[str, list[Data]]:
    """Container instances by machine, the one in use first: where its agent is connected, or else the newest."""
    found: dict[str, list[Data]] = {}
    for item in instances:
        if item.get("status") != GONE:
            found.setdefault(str(item.get("ec2_instance_id") or item["container_instance_arn"]), []).append(item)
    return {
        machine: sorted(items, key=lambda item: (item["agent_connected"], utc(item.get("registered_at"))), reverse=True)
        for machine, items in found.items()
    }


def _row(machine: str, records: Sequence[Data], node: Data | None, ec2: Data | None, context: Data) -> Row:
    instance, node, ec2 = records[0] if records else {}, node or {}, ec2 or {}
    attributes = dict(instance.get("attributes") or {})
    tags = {**(node.get("tags") or {}), **(ec2.get("tags") or {}), **(instance.get("tags") or {})}
    outpost = str(ec2.get("outpost_arn") or attributes.get("ecs.outpost-arn") or "")
    placement = ec2.get("placement") or {}
    zone = str(placement.get("availability_zone") or attributes.get("ecs.availability-zone") or "")
    arn = str(instance.get("container_instance_arn") or "")
    return {
        "name": "",
        "instance_id": machine,
        "kind": kind_of(machine, outpost, zone),
        "fleet": tags.get(FLEET_TAG, ""),
        "site": tags.get(SITE_TAG) or next((attributes[name] for name in _SITE_ATTRIBUTES if attributes.get(name)), ""),
        "host": tags.get(HOST_TAG, ""),
        "account": _part(arn, 4) or str(context.get("account") or ""),
        "region": _part(arn, 3) or str(context.get("region") or ""),
        "cluster": _cluster(instance, arn, context),
        "container_instance_arn": arn,
        # Records of the same machine that are not in use: it has registered anew, or is in a second cluster.
        "other_container_instances": [str(item["container_instance_arn"]) for item in records[1:]],
        "status": str(instance.get("status") or ""),
        "agent_connected": bool(instance.get("agent_connected")),
        "ping_status": str(node.get("ping_status") or ""),
        "last_contact": utc(node.get("last_ping_date_time")),
        "registered_at": utc(instance.get("registered_at")) or utc(node.get("registration_date")),
        "activation_id": str(node.get("activation_id") or ""),
        "ecs_agent_version": str(instance.get("agent_version") or ""),
        # "DockerVersion: 20.10.24", as the agent tells it.
        "engine_version": str(instance.get("docker_version") or "").rpartition(" ")[2],
        "ssm_agent_version": str(node.get("agent_version") or ""),
        "attributes": attributes,
        "tags": tags,
        "running_tasks": int(instance.get("running_tasks_count") or 0),
        "pending_tasks": int(instance.get("pending_tasks_count") or 0),
        "platform_type": str(node.get("platform_type") or _platform_type(attributes)),
        "platform_name": str(node.get("platform_name") or ""),
        "platform_version": str(node.get("platform_version") or ""),
        "computer_name": str(node.get("computer_name") or ec2.get("private_dns_name") or ""),
        "ip_address": str(node.get("ip_address") or ec2.get("private_ip_address") or ""),
        "outpost_arn": outpost,
        "availability_zone": zone,
        "instance_type": str(ec2.get("instance_type") or attributes.get("ecs.instance-type") or ""),
        # Of EC2: running, stopped...; empty for a machine outside of AWS.
        "instance_state": str((ec2.get("state") or {}).get("name") or ""),
    }


def kind_of(machine: str, outpost_arn: str, zone: str) -> str:
    """What kind of site a machine is at, by its id, its Outpost and its zone.

    >>> kind_of("mi-0123456789abcdef0", "", ""), kind_of("i-0123456789abcdef0", "", "us-west-2-lax-1a")
    ('external', 'local_zone')
    """
    if not machine.startswith("i-"):
        return EXTERNAL
    if outpost_arn:
        return OUTPOST
    if _WAVELENGTH_ZONE.fullmatch(zone):
        return WAVELENGTH
    return LOCAL_ZONE if _LOCAL_ZONE.fullmatch(zone) else REGION


def _part(arn: str, at: int) -> str:
    parts = arn.split(":")
    return parts[at] if len(parts) > at else ""


def _cluster(instance: Data, arn: str, context: Data) -> str:
    """An ARN of the long form names the cluster: ...:container-instance/CLUSTER/ID.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids
    """
    if not instance:
        return ""
    parts = arn.split("/")
    return parts[1] if len(parts) == 3 else str(instance.get("cluster") or context.get("cluster") or "")


def _platform_type(attributes: Data) -> str:
    told = str(attributes.get("ecs.os-type") or "")
    return _PLATFORM_TYPES.get(told, told)


def utc(text: Any) -> str:
    """A time in the form that the fleet's records have, whatever zone it was told in; empty for none.

    >>> utc("2026-11-21T23:45:00.5+01:00")
    '2026-11-21T22:45:00Z'
    """
    if not text:
        return ""
    told = text if isinstance(text, datetime) else _parse(str(text))
    if told is None:
        return ""
    told = told if told.tzinfo else told.replace(tzinfo=timezone.utc)
    return told.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


# --- names ---

# By the tag that the ECS agent has sent; by what the machine calls itself; by its id.
PREFERENCES = ("host", "computer_name", "instance_id")
_TAG = "tag:"
# A machine tells its name itself, so that it may tell anything: an option of ssh, or the name of another host of a run.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_NOT_FOR_NODES = re.compile(r"localhost.*|all|ungrouped|fleet-conductor-.*", re.IGNORECASE)


def named(rows: Iterable[Row], preferences: Sequence[str] = PREFERENCES) -> list[Row]:
    """The rows with their C(name), in the order of names, no two of which are the same.

    Of two rows with the same name one keeps it, and the other one is called by its id. A dead record gives way to one
    in use, and to a newer one: the machine has registered anew. Of two that are both in use the older one keeps the
    name: whoever comes later and calls himself the same may be anybody.

    :param preferences: members of a row, or C(tag:KEY); the first one that can be a name is.
    """
    taken: set[str] = set()
    found: list[Row] = []
    for row in sorted(rows, key=_rank):
        name = next((text for key in preferences if usable(text := _text(row, key))), row["instance_id"])
        name = row["instance_id"] if name in taken else name
        taken.add(name)
        found.append({**row, "name": name})
    return sorted(found, key=lambda row: str(row["name"]))


def usable(text: str) -> bool:
    """Whether a text can be the name, or the address, of a host in an inventory.

    >>> usable("till-7.example"), usable("2001:db8::7"), usable("-oProxyCommand=x"), usable("localhost"), usable("::1")
    (True, True, False, False, False)
    """
    try:
        return not ipaddress.ip_address(text).is_loopback
    except ValueError:
        return bool(_NAME.fullmatch(text)) and not _NOT_FOR_NODES.fullmatch(text)


def merged(rows: Iterable[Row]) -> list[Row]:
    """One row a machine, where several readings have found it: that of a cluster, or else the first."""
    found: dict[str, Row] = {}
    for row in rows:
        known = found.get(row["instance_id"])
        if known is None or (row["cluster"] and not known["cluster"]):
            found[row["instance_id"]] = row
    return list(found.values())


def _text(row: Data, key: str) -> str:
    value = row["tags"].get(key.removeprefix(_TAG)) if key.startswith(_TAG) else row.get(key)
    return str(value or "")


def _rank(row: Data) -> tuple[Any, ...]:
    """Those in use first. Times of one form are in the order of their digits."""
    in_use = row["agent_connected"] or row["ping_status"] == "Online"
    age = int("".join(re.findall(r"\d+", row["registered_at"])) or 0)
    return (not row["agent_connected"], not in_use, age if in_use else -age, row["instance_id"])
