# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run will do, in which order: a pure function of what was seen and what was asked.

A host arrives here as one observation (what C(host_facts) said, or why it could not say it) and as one container
instance of the Region's view, if there is one. It leaves with an C(action) and, if it is to change, a place in a batch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import batches, clones, disruption, drained, labels, waves
from . import identity as identities
from .identity import Registry
from .limits import PlanError
from .words import count

SCHEMA = 1

# The outcomes of hosts with which a run has nothing to do any more.
AS_ASKED = ("unchanged", "converged")

UNCHANGED, CONVERGE, BLOCKED, FAILED, UNREACHABLE = "unchanged", "converge", "blocked", "failed", "unreachable"

DRAIN_MARK = drained.DRAIN_MARK
RELEASE_ATTRIBUTE = "fleet_release"

# The variable of a host that says which hosts fail together with it: a rack, a power feed. And the id of its managed
# node, where it cannot be told by its tags.
FAULT_DOMAIN, GIVEN_ID = "fleet_fault_domain", "fleet_instance_id"


def region_drift(
    instance: Mapping[str, Any], wanted: Mapping[str, str], labels: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """What differs on the Region's side of a container instance. C(labels): as labels.of() gives them."""
    has, labels = instance["attributes"], labels or {}
    drift = _labels_drift("attributes", "ECS attributes differ", has, wanted, labels.get("drop_attributes", []))
    tags = instance.get("tags") or {}
    drift += _labels_drift("tags", "ECS tags differ", tags, labels.get("tags", {}), labels.get("drop_tags", []))
    if instance["status"] == "DRAINING" and DRAIN_MARK in has:
        drift.append(
            _drift(
                "status",
                {"status": "DRAINING"},
                {"status": "ACTIVE"},
                f"run {has[DRAIN_MARK]} drained it and did not end",
            )
        )
    if not instance["agent_connected"]:
        drift.append(_drift("ecs_agent", {"connected": False}, {"connected": True}, "ECS has lost the agent"))
    return drift


def _labels_drift(
    component: str, reason: str, has: Mapping[str, str], wanted: Mapping[str, str], dropped: Sequence[str]
) -> list[dict[str, Any]]:
    after: dict[str, Any] = {name: value for name, value in sorted(wanted.items()) if has.get(name) != value}
    after.update(dict.fromkeys(dropped))
    return [_drift(component, {name: has.get(name) for name in after}, after, reason)] if after else []


def _unknown_to_ecs(identity: str | None) -> list[dict[str, Any]]:
    """A managed node that is no container instance of the cluster has still to join it."""
    if not identity:
        return []
    return [_drift("ecs_agent", {"joined": False}, {"joined": True}, "the cluster has no such container instance")]


def _foreign_state(
    agent: Mapping[str, Any], identity: str | None, instance: Mapping[str, Any], instances: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """A state file of the ECS agent that names a container instance which this identity is not, and ends the agent.

    A host gets one when its managed node was registered anew, or when its container instance was deregistered. As long
    as the agent answers for an instance that the cluster does not list, it may have joined a moment ago.
    """
    if not identity or instance or not agent.get("state_file"):
        return []
    said = (agent.get("introspection") or {}).get("container_instance_arn")
    owners = (node for node, items in instances.items() for item in items if item["container_instance_arn"] == said)
    owner = next(owners, None)
    if said and owner is None:
        return []
    whose = f"of {owner}" if owner else "of an instance that the cluster does not know"
    reason = f"the ECS agent's state file is {whose}, not of {identity}"
    return [_drift("ecs_state", {"container_instance": said}, {"container_instance": None}, reason)]


def _joined(of_host: Sequence[dict[str, Any]], of_region: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry a component: what the host itself shows says more than what the Region misses."""
    known = {entry["component"] for entry in of_host}
    return [*of_host, *(entry for entry in of_region if entry["component"] not in known)]


def _drift(component: str, before: Any, after: Any, reason: str) -> dict[str, Any]:
    return {"component": component, "before": before, "after": after, "disruptive": False, "reason": reason}


def build(
    sites: Mapping[str, str],
    observations: Mapping[str, Mapping[str, Any]],
    view: Mapping[str, Any],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """The plan of a run.

    :param sites: by host, the name of its site.
    :param observations: by host, what C(host_facts) returned, or how it failed.
    :param view: the Region's side: C(instances), container instances as C(container_instance_info) returns them;
        C(nodes), the ids of the managed nodes that SSM knows (C(None): not asked), C(registered_at) of them, and
        C(own_nodes), those with the fleet's tag; C(elsewhere), C(cluster) and C(instances) of each cluster that hosts
        may leave; C(services) of the cluster, where something ends tasks; C(holding), by container instance, the
        services that give up no task of it.
    :param options: C(started) (ISO 8601, UTC), C(fleet), C(cluster), C(region), C(release); of the order C(waves),
        C(max_unavailable), C(sites_in_parallel), C(variables) (by host, those that waves and fault domains go by) and
        C(only_failed) (the record that the hosts were chosen by); of trouble C(on_failure), C(standalone_tasks) and
        C(drain_timeout); of identities C(renew) (one of RENEWALS), C(renew_before), C(renew_anyway), and
        C(originals), the observations of hosts that others may be copies of.
    :raises PlanError: when a host has no site, or waves or limits make no sense.
    """
    homeless = sorted(name for name, site in sites.items() if not site)
    if homeless:
        raise PlanError(f"fleet_site is not set for: {', '.join(homeless)}. Set it in the group_vars of each site.")
    sites = {name: str(site) for name, site in sites.items()}
    if (options.get("renew") or "") not in identities.RENEWALS:
        raise PlanError(f"fleet_renew: '{options['renew']}' is none of 'identity', 'machine' and ''.")
    dealing = disruption.policy(options)
    observations = clones.with_findings(observations)
    known = identities.registry(observations, view, options)
    told = options.get("variables") or {}
    given = {name: str(told.get(name, {}).get(GIVEN_ID) or "") for name in sites}
    records = drained.Records(view, options.get("fleet"))
    decided = {
        name: {
            "site": site,
            "fault_domain": str(told.get(name, {}).get(FAULT_DOMAIN) or ""),
            **_decide(name, observations[name], known),
            **(records.unread(name, given[name]) if _is_unread(observations[name]) else {}),
        }
        for name, site in sites.items()
    }
    outside = records.outside(decided, given.values())
    arranged, notes = waves.arrange(
        sites,
        options.get("waves") or [],
        told,
        frozenset(name for name, host in decided.items() if host["action"] not in (UNCHANGED, CONVERGE)),
        options.get("max_unavailable", 1),
    )
    wave_of = {name: wave["name"] for wave in arranged for name in wave["hosts"]}
    cluster, together = str(options.get("cluster")), options.get("sites_in_parallel", 1)
    made = batches.make(decided, CONVERGE, arranged, together, cluster)
    for batch in made["batches"]:
        batch["starves"] = disruption.starved(view.get("services") or (), view.get("instances") or (), batch["drain"])
    return {
        "schema": SCHEMA,
        # The run's name: its start, in characters that file names and ECS attributes take.
        "run_id": re.sub("[-:]", "", str(options.get("started", ""))),
        **{key: options.get(key) for key in ("started", "fleet", "cluster", "region", "release", "failure_budget")},
        **dealing,
        "hosts": {name: {**host, "wave": wave_of[name]} for name, host in decided.items()},
        "waves": arranged,
        "drained_outside": outside,
        "notes": [*_whose(options, len(sites)), *notes, *drained.lines(outside)],
        **made,
    }


def _whose(options: Mapping[str, Any], hosts: int) -> list[str]:
    record = options.get("only_failed")
    return [f"Only hosts that {record} has as not as asked: {count(hosts, 'host')}."] if record else []


def left_of(record: Mapping[str, Any]) -> list[str]:
    """The hosts of a run that did not end as asked."""
    hosts = record.get("hosts") if isinstance(record, Mapping) and "waves" in record else None
    if not isinstance(hosts, Mapping) or not all("outcome" in host for host in hosts.values()):
        raise PlanError("fleet_only_failed has to be the path of a rollout's record; this file is none.")
    return [name for name, host in hosts.items() if host["outcome"] not in AS_ASKED]


def _is_unread(observation: Mapping[str, Any]) -> bool:
    return bool(observation.get("unreachable") or observation.get("failed"))


def _decide(name: str, observation: Mapping[str, Any], known: Registry) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "drift": [],
        "disruptive": False,
        "register": False,
        "renews": False,
        "identity": None,
        "instance": None,
        "status": None,
        "drained_by": "",
        "connected": None,
        "leaves": [],
        "drain": [],
        "goes_back": False,
        "stays_draining": False,
        "drains_again": False,
        "retire": {"instances": [], "stale": [], "elsewhere": [], "nodes": [], "note": False, "left": []},
        "attributes": {},
        "drop_attributes": [],
        "tags": {},
        "drop_tags": [],
        "resited": False,
        "versions": {},
        "warnings": [],
    }
    if _is_unread(observation):
        action = UNREACHABLE if observation.get("unreachable") else FAILED
        return {**nothing, "action": action, "reason": str(observation.get("msg", "")).strip()}
    host, release = observation["host"], str(known.options.get("release") or "")
    identity = host["registration"]["instance_id"] if host["registration"]["registered"] else None
    wanted = {**observation.get("attributes", {}), **({RELEASE_ATTRIBUTE: release} if release else {})}
    renewal, refusal = identities.wish(name, host, known)
    renews = any(entry["component"] == "registration" for entry in renewal)
    copied = (bool(renewal) and known.renew == identities.MACHINE) or host["registration"].get("same_machine") is False
    # The container instance of a copied identity belongs to the machine that it was made for.
    instance: Mapping[str, Any] = {} if copied else next(iter(known.instances.get(identity or "", ())), {})
    retire = identities.retirement(name, host, renews, known)
    told = labels.of(observation, instance, wanted, known.options.get("fleet"))
    of_region = region_drift(instance, wanted, told) if instance else _unknown_to_ecs(identity)
    dead = [] if renews else _foreign_state(host["ecs_agent"] or {}, identity, instance, known.instances)
    leaves = [] if instance else identities.leaves(host, known)
    more = [*renewal, *identities.move_entry(leaves, known), *identities.records_entry(retire, renews or bool(leaves))]
    drift = identities.merged(_joined(observation["drift"], [*dead, *of_region]), more)
    reason = (
        refusal
        or _why_blocked(observation, identity, identities.answered(identity, renewal, copied, leaves, known), known)
        or _why_not_drained(observation, drift, bool(instance or leaves), (renews, copied), known)
    )
    disruptive = any(entry["disruptive"] for entry in drift)
    places = [(str(known.options.get("cluster")), instance)] if instance else leaves
    drain = _drain(places, renews) if disruptive else []
    reason = reason or disruption.why_held(drain, known.holding)
    operators = any(drained.is_operators(item) for _cluster, item in places)
    return {
        "action": BLOCKED if reason else CONVERGE if drift else UNCHANGED,
        "reason": reason,
        "drift": drift,
        "disruptive": disruptive,
        "register": not identity or renews,
        "renews": renews,
        "identity": identity,
        "instance": instance.get("container_instance_arn"),
        **drained.of_instances([item for _cluster, item in places]),
        # Whether ECS hears its agent; None where it knows none.
        "connected": instance.get("agent_connected"),
        "leaves": [cluster for cluster, _item in leaves],
        "drain": drain,
        # Whether there is something to go back to, should the change fail.
        "goes_back": disruption.goes_back(host, instance, drift, renews),
        # An operator's drain outlives the run, and the identity.
        "stays_draining": bool(instance) and operators and not renews,
        "drains_again": operators and (renews or bool(leaves)),
        "retire": retire,
        "attributes": wanted,
        **told,
        "versions": host["packages"],
        "warnings": [
            *(finding["what"] for finding in observation["findings"] if finding["level"] == "warning"),
            *retire["left"],
        ],
    }


def _drain(places: Sequence[tuple[str, Mapping[str, Any]]], renews: bool) -> list[dict[str, Any]]:
    """Whose tasks have to leave first, and whether this run is the one that drains.

    An agent that ECS does not hear ends no task, and that of an identity which is given up never will.
    """
    return [
        {"cluster": cluster, "arn": instance["container_instance_arn"], "mark": not drained.is_operators(instance)}
        for cluster, instance in places
        if instance["agent_connected"] or not (renews or drained.is_operators(instance))
    ]


def _why_blocked(observation: Mapping[str, Any], identity: str | None, answered: Sequence[str], known: Registry) -> str:
    errors = [finding for finding in observation["findings"] if finding["level"] == "error"]
    errors = [finding for finding in errors if finding["check"] not in answered]
    if errors:
        return " ".join(f"{finding['what']} {finding['advice']}".strip() for finding in errors)
    if known.dead(identity) and "registration" not in answered:
        return (
            f"The host is registered as {identity}, which Systems Manager does not know (deregistered, or another "
            "account or Region). The playbook edgefleet.ecs.reregister gives it a new identity."
        )
    return ""


def _why_not_drained(
    observation: Mapping[str, Any],
    drift: Sequence[Mapping[str, Any]],
    drainable: bool,
    gives_up: tuple[bool, bool],
    known: Registry,
) -> str:
    """A change that ends tasks waits for a drain, and only a container instance of a known cluster can be drained."""
    registration, agent = observation["host"]["registration"], observation["host"]["ecs_agent"] or {}
    disturbing = [entry["reason"] for entry in drift if entry["disruptive"]]
    if not disturbing or drainable or not agent.get("introspection"):
        return ""
    where = str(agent["introspection"].get("cluster") or "").rpartition("/")[2]
    # A copied or dead identity has nothing that could be drained, and neither has one without a container instance.
    renews, copied = gives_up
    undrainable = known.dead(registration["instance_id"]) or where == known.options.get("cluster")
    if (copied and known.renew) or (renews and undrainable):
        return ""
    return (
        f"A change would end tasks ({'; '.join(disturbing)}), but the host is no container instance of this cluster "
        f"that could be drained: its agent says that it is in cluster {where}. To move it here, set "
        f"fleet_move_from: [{where}] (playbook edgefleet.ecs.move): it is drained and deregistered there."
    )
