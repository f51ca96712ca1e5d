# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of identities: who gets a new one, who moves, and whose records in the Region have outlived their use. Pure.

What an interrupted run has done is read from what is there: the host's note of the identities that it has given up
(module C(registration)), the container instances of the clusters, the managed nodes. Nothing else remembers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

# What a run does to the identities of its hosts: nothing; a new identity; a new machine-id and identity (clones).
KEEP, IDENTITY, MACHINE = "", "identity", "machine"
RENEWALS = (KEEP, IDENTITY, MACHINE)
A_NEW_ONE = "a new one"

# Findings, by renewal, that speak against an identity: giving it up is the answer to them. A copy that is registered
# anew and keeps its machine-id would be a copy still.
ANSWERED: dict[str, tuple[str, ...]] = {
    IDENTITY: ("registration",),
    MACHINE: ("registration", "cloned_machine", "cloned_identity"),
}

Entry = dict[str, Any]
Host = Mapping[str, Any]
Instance = Mapping[str, Any]


class Registry(NamedTuple):
    """What is known of identities, beyond a single host."""

    instances: Mapping[str, Sequence[Instance]]  # container instances by machine: the one in use first
    elsewhere: Mapping[str, Sequence[tuple[str, Instance]]]  # the same in the clusters that hosts may leave
    nodes: frozenset[str] | None  # managed nodes that SSM knows, of those asked; None: not asked
    own: frozenset[str]  # those of them that bear the fleet's tag
    registered_at: Mapping[str, str]
    holders: Mapping[str, Sequence[str]]  # hosts by the identity that they say is theirs
    machines: Mapping[str, Sequence[str]]  # hosts by machine-id
    originals: frozenset[str]
    holding: Mapping[str, Sequence[str]]  # services that give up no task, by container instance
    options: Mapping[str, Any]

    @property
    def renew(self) -> str:
        return str(self.options.get("renew") or KEEP)

    def dead(self, identity: str | None) -> bool:
        return bool(identity) and self.nodes is not None and identity not in self.nodes


def registry(
    observations: Mapping[str, Mapping[str, Any]], view: Mapping[str, Any], options: Mapping[str, Any]
) -> Registry:
    """From the observations of a run, the Region's view and the run's options (see plan.build)."""
    originals = options.get("originals") or {}
    read = {name: seen["host"] for name, seen in {**observations, **originals}.items() if seen.get("host")}
    nodes = view.get("nodes")
    return Registry(
        instances=_by_machine(view.get("instances") or []),
        elsewhere=_by_machine_elsewhere(view.get("elsewhere") or []),
        nodes=None if nodes is None else frozenset(nodes),
        own=frozenset(view.get("own_nodes") or []),
        registered_at=view.get("registered_at") or {},
        holders=_groups((_identity(host), name) for name, host in read.items()),
        machines=_groups((host.get("machine_id"), name) for name, host in read.items()),
        originals=frozenset(originals),
        holding=view.get("holding") or {},
        options=options,
    )


def _groups(pairs: Iterable[tuple[str | None, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for key, name in pairs:
        if key:
            groups.setdefault(key, []).append(name)
    return groups


def _by_machine(instances: Iterable[Instance]) -> dict[str, list[Instance]]:
    """A machine whose agent lost its state has several records: the connected one counts, then the newest."""
    ranked = sorted(
        (item for item in instances if item.get("ec2_instance_id")),
        key=lambda item: (bool(item.get("agent_connected")), str(item.get("registered_at") or "")),
        reverse=True,
    )
    found: dict[str, list[Instance]] = {}
    for item in ranked:
        found.setdefault(item["ec2_instance_id"], []).append(item)
    return found


def _by_machine_elsewhere(clusters: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[str, Instance]]]:
    found: dict[str, list[tuple[str, Instance]]] = {}
    for view in clusters:
        for machine, instances in _by_machine(view["instances"]).items():
            found.setdefault(machine, []).extend((view["cluster"], item) for item in instances)
    return found


def _identity(host: Host) -> str | None:
    registration = host.get("registration") or {}
    return registration.get("instance_id") if registration.get("registered") else None


def entry(component: str, before: Any, after: Any, reason: str, disruptive: bool = False) -> Entry:
    return {"component": component, "before": before, "after": after, "disruptive": disruptive, "reason": reason}


def merged(drift: Sequence[Entry], more: Sequence[Entry]) -> list[Entry]:
    """One entry a component, with all that both say of it."""
    added = {item["component"]: item for item in more}
    both = [_combined(item, added.pop(item["component"])) if item["component"] in added else item for item in drift]
    return [*both, *added.values()]


def _combined(one: Entry, other: Entry) -> Entry:
    return {
        "component": one["component"],
        "before": {**(one["before"] or {}), **other["before"]},
        "after": {**(one["after"] or {}), **other["after"]},
        "disruptive": one["disruptive"] or other["disruptive"],
        "reason": "; ".join(dict.fromkeys([one["reason"], other["reason"]])),
    }


# --- a new identity ---


def wish(name: str, host: Host, known: Registry) -> tuple[list[Entry], str]:
    """What a renewal changes on a host, and why it is refused, if it is."""
    if known.renew == MACHINE:
        return _repair(name, host, known)
    if known.renew == IDENTITY and _identity(host) and not _has_been_renewed(host, known):
        return _new_identity(host, IDENTITY, "a new identity is asked for"), ""
    return [], ""


def _has_been_renewed(host: Host, known: Registry) -> bool:
    """By an earlier run that did not come to its end, or since the time that the operator has named."""
    identity = _identity(host)
    if known.dead(identity):
        return False
    before, since = known.options.get("renew_before"), known.registered_at.get(identity or "")
    if before and since and _time(since) >= _time(str(before)):
        return True
    return host["registration"].get("abandoned") is not None


def _time(text: str) -> datetime:
    # Python 3.10 and older do not read the Z.
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.astimezone()


def _new_identity(host: Host, renewal: str, reason: str) -> list[Entry]:
    identity = _identity(host)
    return [
        entry(
            "registration",
            {"instance_id": identity},
            {"instance_id": A_NEW_ONE, "renew": renewal},
            reason,
            # Tasks run under the identity, and the agent forgets them.
            disruptive=True,
        ),
        entry("ecs_agent", {"joined_as": identity}, {"joined_as": A_NEW_ONE}, "the ECS agent joins anew"),
    ]


# --- clones ---


def _repair(name: str, host: Host, known: Registry) -> tuple[list[Entry], str]:
    registered, renewed = bool(_identity(host)), host["registration"].get("abandoned") is not None
    evidence, doubt = clone_evidence(name, host, known)
    if not evidence and known.options.get("renew_anyway"):
        evidence = "told that it is a clone"
    if not evidence:
        # A run that was cut short has cleared the copied identity, or has given the host one of its own.
        return [], "" if not registered or renewed else doubt
    machine = entry("machine_id", {"id": host.get("machine_id")}, {"id": A_NEW_ONE}, evidence, disruptive=True)
    return [machine, *(_new_identity(host, MACHINE, evidence) if registered else [])], ""


def clone_evidence(name: str, host: Host, known: Registry) -> tuple[str, str]:
    """Why the host is taken for a copy of another one; or, in doubt, what is to be done."""
    identity, machine_id = _identity(host), str(host.get("machine_id") or "")
    if host["registration"].get("same_machine") is False:
        return f"its identity {identity} was made for another machine", ""
    alike = {*known.holders.get(identity or "", ()), *known.machines.get(machine_id, ())} - {name}
    models = sorted(alike & known.originals)
    if models:
        return f"it is a copy of {models[0]}", ""
    if alike:
        return "", (
            f"{', '.join(sorted({name, *alike}))} are one machine to Systems Manager, and which is the original cannot "
            "be seen. Leave it out of --limit and name it in fleet_clone_of; if all are copies, set "
            "fleet_renew_anyway: true."
        )
    return "", (
        "Nothing shows that the host is a clone: its identity was made on this machine, and no other host that was "
        "read has its identity or its machine-id. Name the original in fleet_clone_of, or set fleet_renew_anyway: true."
    )


# --- moving ---


def leaves(host: Host, known: Registry) -> list[tuple[str, Instance]]:
    """The container instances that the host has in clusters which hosts may leave."""
    return list(known.elsewhere.get(_identity(host) or "", ()))


def move_entry(leaves_now: Sequence[tuple[str, Instance]], known: Registry) -> list[Entry]:
    if not leaves_now:
        return []
    cluster, to = leaves_now[0][0], known.options.get("cluster")
    return [entry("move", {"cluster": cluster}, {"cluster": to}, f"it moves here from {cluster}", disruptive=True)]


def answered(
    identity: str | None,
    renewal: Sequence[Entry],
    copied: bool,
    leaves_now: Sequence[tuple[str, Instance]],
    known: Registry,
) -> tuple[str, ...]:
    """The checks whose findings this run is the answer to."""
    checks = ANSWERED[known.renew] if renewal else ()
    # The cluster of an agent that works with a dead or a copied identity has nothing to give up.
    elsewhere = bool(leaves_now) or (bool(renewal) and (copied or known.dead(identity)))
    return (*checks, "cluster") if elsewhere else checks


# --- records that have outlived their use ---


def retirement(name: str, host: Host, renews: bool, known: Registry) -> dict[str, Any]:
    """What is to be removed from the Region once the host is proven to work, and what has to stay, in words."""
    registration, identity = host["registration"], _identity(host)
    left: list[str] = []
    gone = list(registration.get("abandoned") or [])
    if renews and identity and _may_go(host, identity, known, left):
        gone.append(identity)
    machines = [machine for machine in dict.fromkeys(gone) if not _in_use(name, machine, known, left)]
    kept = [] if renews or registration.get("same_machine") is False else [identity or ""]
    return {
        "instances": [item["container_instance_arn"] for machine in machines for item in _records(machine, known)],
        "stale": [item["container_instance_arn"] for machine in kept for item in _stale(machine, known)],
        "elsewhere": [
            {"cluster": cluster, "container_instance_arn": item["container_instance_arn"]}
            for machine in [*machines, *kept]
            for cluster, item in known.elsewhere.get(machine, ())
        ],
        "nodes": [machine for machine in machines if _is_own(machine, known, left)],
        "note": registration.get("abandoned") is not None or renews,
        "left": left,
    }


def _records(machine: str, known: Registry) -> Sequence[Instance]:
    return known.instances.get(machine, ())


def _stale(machine: str, known: Registry) -> list[Instance]:
    return [item for item in _records(machine, known)[1:] if not item.get("agent_connected")]


def _may_go(host: Host, identity: str, known: Registry, left: list[str]) -> bool:
    registration, region = host["registration"], known.options.get("region")
    if known.renew == MACHINE:
        if not known.originals & set(known.holders.get(identity, ())):
            words = "they are the original's. If that has another identity, remove them."
            left.append(f"The records of {identity} stay: {words}")
        return False
    if registration.get("same_machine") is False:
        left.append(
            f"The identity {identity} was made for another machine: its records stay. If that machine is gone, remove "
            "them (edgefleet.ecs.container_instance and edgefleet.ecs.managed_node, state: absent)."
        )
        return False
    if region and registration.get("region") and registration["region"] != region:
        left.append(f"The records of {identity} are in Region {registration['region']}: remove them there.")
        return False
    return True


def _in_use(name: str, machine: str, known: Registry, left: list[str]) -> bool:
    others = [other for other in known.holders.get(machine, ()) if other != name]
    if others:
        left.append(f"{machine} is the identity of {', '.join(others)}, too: its records stay.")
    return bool(others)


def _is_own(machine: str, known: Registry, left: list[str]) -> bool:
    if machine in known.own:
        return True
    if known.nodes is not None and machine in known.nodes:
        left.append(
            f"The managed node {machine} does not bear the tag fleet={known.options.get('fleet')}: its record stays."
        )
    return False


def records_entry(retire: Mapping[str, Any], renews: bool) -> list[Entry]:
    """The drift of a host that is itself as asked, and whose earlier records are still in the Region."""
    machines = [*retire["nodes"], *retire["instances"], *retire["stale"]]
    machines += [item["container_instance_arn"] for item in retire["elsewhere"]]
    if renews or not (machines or retire["note"]):
        return []
    return [entry("records", {"left": machines}, {"left": []}, "records of what the host was before are left")]


def records(retires: Sequence[Mapping[str, Any]], cluster: str) -> list[dict[str, Any]]:
    """The container instances to be removed, by cluster; the conductor looks at them once more before."""
    clusters: dict[str, list[str]] = {}
    for retire in retires:
        for arn, place, _force in _named(retire, cluster):
            clusters.setdefault(place, []).append(arn)
    return [{"cluster": place, "arns": arns} for place, arns in clusters.items()]


def removal(
    plan: Mapping[str, Any], number: int, connected: Sequence[str], seen: Mapping[str, Sequence[Instance]]
) -> dict[str, Any]:
    """What the conductor of batch C(number) removes now.

    :param connected: the hosts of the batch that are proven to work.
    :param seen: by cluster, the container instances to be removed, as they are now.
    :returns: C(calls), each a cluster with ARNs and whether to force; C(nodes); and by host what is C(left), in words.
    """
    now = {item["container_instance_arn"]: item for items in seen.values() for item in items}
    calls: dict[tuple[str, bool], list[str]] = {}
    nodes: list[str] = []
    left: dict[str, list[str]] = {}
    for name in plan["batches"][number - 1]["hosts"]:
        if name not in connected:
            continue
        retire, words = plan["hosts"][name]["retire"], list(plan["hosts"][name]["retire"]["left"])
        for arn, cluster, force in _named(retire, str(plan["cluster"])):
            stays = _why_it_stays(now.get(arn), force)
            if stays:
                words.append(f"The container instance {arn} {stays}")
            elif arn in now:
                calls.setdefault((cluster, force), []).append(arn)
        in_use = {item.get("ec2_instance_id") for item in now.values() if item.get("agent_connected")}
        nodes += [node for node in retire["nodes"] if node not in in_use]
        if words:
            left[name] = words
    return {
        "calls": [{"cluster": cluster, "force": force, "arns": arns} for (cluster, force), arns in calls.items()],
        "nodes": nodes,
        "left": left,
    }


def _named(retire: Mapping[str, Any], cluster: str) -> Iterable[tuple[str, str, bool]]:
    # The hosts of these run none of the tasks any more that ECS may still count: they have been emptied by this run.
    yield from ((arn, cluster, True) for arn in retire["instances"])
    yield from ((item["container_instance_arn"], item["cluster"], True) for item in retire["elsewhere"])
    yield from ((arn, cluster, False) for arn in retire["stale"])


def _why_it_stays(instance: Instance | None, force: bool) -> str:
    if instance is None:
        return ""
    if instance.get("agent_connected"):
        return "is still connected, so that another machine works with it: its records stay."
    if not force and instance.get("running_tasks_count", 0) + instance.get("pending_tasks_count", 0):
        return "is a second record of the host, and ECS counts tasks on it: stop them, or deregister it with force."
    return ""
