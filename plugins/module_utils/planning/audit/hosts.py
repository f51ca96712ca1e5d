# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether hosts answer and take tasks, and whether they are what the inventory asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from ...host import package_version
from .. import times
from ..leaving import ACTIVE, DRAINING
from ..plan import DRAIN_MARK, RELEASE_ATTRIBUTE
from .model import (
    ATTRIBUTES,
    ONLINE,
    TAGS,
    UNDRAIN,
    Data,
    Finds,
    Fix,
    Fleet,
    Found,
    Texts,
    is_external,
    release_of,
)

# What a container instance goes through, and how long that may take at most.
_PASSING = ("REGISTERING", "DEREGISTERING")
_PASSES = timedelta(hours=1)


def disconnected(fleet: Fleet) -> Finds:
    """Hosts that Systems Manager has not heard for longer than is allowed; what ECS says of them is told with it."""
    for host, record in fleet.hosts_with_record():
        machine = str(record["ec2_instance_id"])
        node = fleet.nodes.get(machine)
        if node and _is_lost(fleet, node):
            heard = node.get("last_ping_date_time")
            since = f"for {times.words(fleet.age(heard).total_seconds())}" if heard else "since it registered"
            ecs = "nor does ECS" if record["container_instance_arn"] in fleet.silent else "though ECS hears its agent"
            text = f"Systems Manager has not heard from {machine} {since}, {ecs}."
            yield Found(text, host.site, host.name, machine)


def _is_lost(fleet: Fleet, node: Data) -> bool:
    limit = timedelta(minutes=int(fleet.options["disconnected_minutes"]))
    return node["ping_status"] != ONLINE and fleet.age(node.get("last_ping_date_time")) > limit


def agent_silent(fleet: Fleet) -> Finds:
    """Hosts that Systems Manager hears and ECS does not; and EC2 instances that ECS does not hear."""
    for site, name, record in _working(fleet):
        machine = str(record["ec2_instance_id"])
        node = fleet.nodes.get(machine)
        heard = node is not None and node["ping_status"] == ONLINE
        if record["container_instance_arn"] in fleet.silent and (heard or not is_external(machine)):
            also = "; Systems Manager hears the host" if heard else ""
            yield Found(f"ECS does not hear the agent of {machine}{also}.", site, name, machine)


def _working(fleet: Fleet) -> Iterable[tuple[str, str, Data]]:
    """Site, host and container instance of everything that is to take tasks. Instances on AWS have no host."""
    for host, record in fleet.hosts_with_record():
        yield host.site, host.name, record
    for site in fleet.aws_sites:
        for record in fleet.of_aws_site(site):
            yield site, "", record


def not_active(fleet: Fleet) -> Finds:
    for site, name, record in _working(fleet):
        status = record["status"]
        if status in (ACTIVE, DRAINING) or (status in _PASSING and fleet.age(record["registered_at"]) < _PASSES):
            continue
        why = f": {record['status_reason']}" if record.get("status_reason") else ""
        text = f"Its container instance is {status}{why}."
        yield Found(text, site, name, str(record["ec2_instance_id"]))


# --- drains ---


def left_draining(fleet: Fleet) -> Finds:
    """Hosts that a run has drained which can't be at work any more."""
    for site, name, record in _working(fleet):
        run = record["attributes"].get(DRAIN_MARK)
        if record["status"] == DRAINING and run and not _may_run(fleet, str(run)):
            heard = record["container_instance_arn"] not in fleet.silent and fleet.is_own(record)
            fix = Fix(UNDRAIN, str(record["container_instance_arn"]), {}) if heard else None
            text = f"DRAINING since run {run}, which did not bring it back."
            yield Found(text, site, name, str(record["ec2_instance_id"]), fix)


def draining(fleet: Fleet) -> Finds:
    for site, name, record in _working(fleet):
        run = record["attributes"].get(DRAIN_MARK)
        if record["status"] == DRAINING and not (run and not _may_run(fleet, str(run))):
            text = f"DRAINING by run {run}, which may still be at work." if run else "DRAINING, as somebody wanted."
            yield Found(text, site, name, str(record["ec2_instance_id"]))


def _may_run(fleet: Fleet, run: str) -> bool:
    """A run is named after its start."""
    try:
        started = datetime.strptime(run, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return False
    return fleet.now - started < timedelta(hours=int(fleet.options["run_hours"]))


# --- what the inventory asks for ---


def attributes(fleet: Fleet) -> Finds:
    for host, record in fleet.hosts_with_record():
        yield from _labels(fleet, record, host.site, host.name, ATTRIBUTES, host.attributes)
    for name, site in fleet.aws_sites.items():
        for record in fleet.of_aws_site(name):
            yield from _labels(fleet, record, name, "", ATTRIBUTES, site.attributes)


def tags(fleet: Fleet) -> Finds:
    for host, record in fleet.hosts_with_record():
        yield from _labels(fleet, record, host.site, host.name, TAGS, host.tags)


def _labels(fleet: Fleet, record: Data, site: str, name: str, kind: str, wanted: Texts) -> Finds:
    """What lacks the fleet's tag is somebody else's, whatever the inventory says; see foreign."""
    has = record[kind]
    differ = {label: value for label, value in wanted.items() if has.get(label) != value}
    if differ and fleet.is_own(record):
        said = "; ".join(f"{label} is {_quoted(has.get(label))}, not '{value}'" for label, value in differ.items())
        fix = Fix(kind, str(record["container_instance_arn"]), differ)
        yield Found(f"Of its {kind}, {said}.", site, name, str(record["ec2_instance_id"]), fix)


def _quoted(value: Any) -> str:
    return "missing" if value is None else f"'{value}'"


def node_tags(fleet: Fleet) -> Finds:
    for host, record in fleet.hosts_with_record():
        node = str(record["ec2_instance_id"])
        if is_external(node) and node in fleet.nodes and node not in fleet.own and fleet.is_own(record):
            yield Found(f"Managed node {node} does not bear the tag fleet={fleet.name}.", host.site, host.name, node)


def release(fleet: Fleet) -> Finds:
    wanted = fleet.options["release"]
    for host, record in fleet.hosts_with_record() if wanted else ():
        has = release_of(record)
        if has != wanted:
            text = f"{RELEASE_ATTRIBUTE} is {has or 'missing'}; {wanted} is asked for."
            yield Found(text, host.site, host.name, str(record["ec2_instance_id"]))


def agent_versions(fleet: Fleet) -> Finds:
    for host, record in fleet.hosts_with_record():
        node = fleet.nodes.get(str(record["ec2_instance_id"])) or {}
        running = {"ecs_agent": record.get("agent_version"), "ssm_agent": node.get("agent_version")}
        behind = [
            f"{agent.replace('_', ' ').replace('ecs', 'ECS').replace('ssm', 'SSM')} is {running[agent]}, not {wanted}"
            for agent, wanted in host.versions.items()
            if wanted and running[agent] and not package_version.matches(str(running[agent]), wanted)
        ]
        if behind:
            text = f"{'; '.join(behind)}."
            yield Found(text, host.site, host.name, str(record["ec2_instance_id"]))
