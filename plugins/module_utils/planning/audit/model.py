# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet as the inventory has it, beside what Systems Manager and ECS have of it. Pure.

Nobody is connected to for this: what is known of a host is what its agents have told AWS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from ..leaving import ACTIVE, FLEET_TAG, HOST_TAG
from ..plan import RELEASE_ATTRIBUTE

Data = Mapping[str, Any]
Texts = Mapping[str, str]

SITE = "site"
ONLINE = "Online"
EXTERNAL_PREFIX = "mi-"
# A fix by what it takes: see repairs.py.
TAGS, ATTRIBUTES, UNDRAIN, RECORD, ACTIVATION = "tags", "attributes", "undrain", "record", "activation"


class Fix(NamedTuple):
    """What would mend a finding, without anybody's decision."""

    kind: str
    target: str
    values: Texts


class Found(NamedTuple):
    """One thing that a rule has found."""

    message: str
    site: str = ""
    host: str = ""
    id: str = ""
    fix: Fix | None = None


Finds = Iterator[Found]


class Host(NamedTuple):
    """A host as the inventory has it."""

    name: str
    site: str
    given: str
    attributes: Texts
    tags: Texts
    # By agent (ecs_agent, ssm_agent), the version that is pinned and the keys that may sign it.
    versions: Texts
    keys: Mapping[str, Sequence[Data]]

    @property
    def names(self) -> set[str]:
        """As which its SSM agent may know it."""
        return {self.name, self.name.partition(".")[0]}


class AwsSite(NamedTuple):
    """A site whose instances are made on AWS: the inventory has one entry for all of them."""

    name: str
    wanted: int
    outpost_arn: str
    attributes: Texts


class Fleet(NamedTuple):
    """Everything that the rules look at."""

    name: str
    now: datetime
    hosts: Mapping[str, Host]
    aws_sites: Mapping[str, AwsSite]
    # By host, its container instances: the one in use first. By host, the id of its machine, '' if AWS knows none.
    records: Mapping[str, Sequence[Data]]
    identities: Mapping[str, str]
    instances: Sequence[Data]
    nodes: Mapping[str, Data]
    # The managed nodes with the fleet's tag.
    own: frozenset[str]
    # ARNs of the container instances whose agent was away both times that ECS was asked.
    silent: frozenset[str]
    activations: Sequence[Data]
    services: Sequence[Data]
    outposts: Sequence[Data]
    quota: Data
    options: Data

    def age(self, moment: Any) -> timedelta:
        """How long ago something was; for ever, if nobody can tell."""
        known = time_of(moment)
        return self.now - known if known else timedelta.max

    def record(self, host: str) -> Data | None:
        """The container instance that a host works as."""
        return next(iter(self.records[host]), None)

    def hosts_with_record(self) -> Iterator[tuple[Host, Data]]:
        for name, host in self.hosts.items():
            record = self.record(name)
            if record is not None:
                yield host, record

    def is_own(self, instance: Data) -> bool:
        return bool(instance["tags"].get(FLEET_TAG) == self.name)

    def is_healthy(self, instance: Data) -> bool:
        return instance["status"] == ACTIVE and instance["container_instance_arn"] not in self.silent

    def of_aws_site(self, site: str) -> list[Data]:
        """The instances of a site on AWS."""
        return [
            item
            for item in self.instances
            if self.is_own(item) and item["tags"].get(SITE) == site and not is_external(item["ec2_instance_id"])
        ]

    def site_of(self, tags: Texts) -> str:
        return str(tags.get(SITE) or "")


def is_external(machine: Any) -> bool:
    return str(machine or "").startswith(EXTERNAL_PREFIX)


def time_of(moment: Any) -> datetime | None:
    try:
        known = datetime.fromisoformat(str(moment).replace("Z", "+00:00"))
    except ValueError:
        return None
    return known if known.tzinfo else known.replace(tzinfo=timezone.utc)


def build(inventory: Data, view: Data, options: Data) -> Fleet:
    """
    :param inventory: C(hosts) and C(aws_sites), as inventory.read() gives them.
    :param view: as the info modules return them, C(instances), C(services), C(activations), C(outposts); C(nodes), all
        of the account and Region; C(own_nodes), the ids of those with the fleet's tag; C(quota); C(again), the
        container instances that were away, as they are at a second look.
    :param options: C(fleet), C(started), and the limits of the rules.
    """
    hosts: Mapping[str, Host] = inventory["hosts"]
    fleet: str = options["fleet"]
    nodes = {str(node["instance_id"]): node for node in view["nodes"]}
    own = frozenset(map(str, view["own_nodes"]))
    records = _records(hosts.values(), view["instances"], fleet)
    identities = {
        name: str(found[0]["ec2_instance_id"] or "") if found else hosts[name].given for name, found in records.items()
    }
    claimed = {str(item["ec2_instance_id"]) for item in view["instances"]} | set(identities.values())
    identities.update(_by_name([host for host in hosts.values() if not identities[host.name]], nodes, own - claimed))
    return Fleet(
        name=fleet,
        now=time_of(options["started"]) or datetime.now(timezone.utc),
        hosts=hosts,
        aws_sites=inventory["aws_sites"],
        records=records,
        identities=identities,
        instances=view["instances"],
        nodes=nodes,
        own=own,
        silent=_silent(view["instances"], view.get("again") or ()),
        activations=[item for item in view["activations"] if item["tags"].get(FLEET_TAG) == fleet],
        services=view["services"],
        outposts=view["outposts"],
        quota=view["quota"],
        options=options,
    )


def _records(hosts: Iterable[Host], instances: Sequence[Data], fleet: str) -> dict[str, list[Data]]:
    """By host, its container instances, as leaving.records_of() has it; the one whose agent is heard first."""
    by_machine: dict[str, list[Data]] = {}
    by_tag: dict[str, list[Data]] = {}
    for item in instances:
        by_machine.setdefault(str(item["ec2_instance_id"]), []).append(item)
        if item["tags"].get(FLEET_TAG) == fleet and item["tags"].get(HOST_TAG):
            by_tag.setdefault(item["tags"][HOST_TAG], []).append(item)
    return {
        host.name: sorted(
            by_machine.get(host.given, []) if host.given else by_tag.get(host.name, []),
            key=lambda item: (item["agent_connected"], str(item["registered_at"] or "")),
            reverse=True,
        )
        for host in hosts
    }


def _by_name(hosts: Sequence[Host], nodes: Mapping[str, Data], unclaimed: frozenset[str]) -> dict[str, str]:
    """The nodes of hosts that have not joined the cluster: by the name that it tells, if that is one's only.

    Of several nodes of one name, the one that is heard, or else the newest.
    """
    of_name: dict[str, list[str]] = {}
    for node in sorted(unclaimed & set(nodes)):
        of_name.setdefault(str(nodes[node].get("computer_name") or ""), []).append(node)
    shared = Counter(name for host in hosts for name in host.names)
    found = {
        host.name: [node for name in host.names if shared[name] == 1 for node in of_name.get(name, [])]
        for host in hosts
    }

    def rank(node: str) -> tuple[bool, str]:
        return nodes[node]["ping_status"] == ONLINE, str(nodes[node].get("registration_date") or "")

    return {name: max(candidates, key=rank) for name, candidates in found.items() if candidates}


def _silent(instances: Iterable[Data], again: Iterable[Data]) -> frozenset[str]:
    """Agents reconnect several times an hour as a matter of course: one look would find some of them away."""
    back = {item["container_instance_arn"] for item in again if item["agent_connected"]}
    away = {item["container_instance_arn"] for item in instances if not item["agent_connected"]}
    return frozenset(away - back)


def release_of(instance: Data) -> str:
    return str(instance["attributes"].get(RELEASE_ATTRIBUTE) or "")
