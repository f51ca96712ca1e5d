# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How hosts leave a fleet for good: what is there of each, on the host and in the Region, and whose it is. Pure.

Everything follows from what is seen: a run that was cut off at any point is ended by the next one, and one after that
finds nothing. What does not bear the fleet's tag is refused, never removed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from . import leaving
from .leaving import FLEET_TAG, Data, is_own
from .record import head

REMOVE, ABSENT, REFUSED = "remove", "absent", "refused"


def build(sites: Data, given: Data, observations: Data, view: Data, options: Data) -> dict[str, Any]:
    """The plan of a run.

    :param sites: by host that is to leave, its site.
    :param given: by host, the id of its managed node where the inventory names it.
    :param observations: by host, what C(host_facts) returned; C(unreachable) is true for one that is off.
    :param view: as the info modules return them, C(instances), C(services) and C(tasks) of the cluster; C(nodes), those
        with the fleet's tag; C(known), those that the hosts say they are, whoever's they are.
    :param options: C(fleet), C(cluster), C(region), C(started); C(all_sites) (by host of the inventory, its site);
        C(confirm), what was typed; C(packages), C(directories): what goes from the hosts, too; C(ignore_blocking).
    """
    claimed = _claimed(view, observations)
    hosts = {
        name: {
            "site": site,
            **_host(name, site, str(given.get(name) or ""), observations[name], view, options, claimed),
        }
        for name, site in sites.items()
    }
    chosen = [item for host in hosts.values() if host["reachable"] for item in host["instances"]]
    on_instance = leaving.tasks_by_instance(view.get("tasks") or [])
    busy = [task for arn in chosen for task in on_instance.get(arn, [])]
    ids = {name: given.get(name) or _identity(observations[name]) for name in sites}
    refused = leaving.refusals(sites, ids, view["instances"], options["fleet"])
    refused += [reason for host in hosts.values() for reason in host["refused"] if reason not in refused]
    refused += [] if options.get("ignore_blocking") else leaving.why_blocked(view, busy, chosen, "decommission_force")
    batches = _batches(hosts, _whole_sites(hosts, options))
    phrase = _phrase(hosts, options)
    return {
        "run_id": re.sub("[-:]", "", str(options.get("started", ""))),
        **{key: options.get(key) for key in ("started", "fleet", "cluster", "region")},
        "hosts": hosts,
        "refused": refused,
        "phrase": phrase,
        "confirmed": not batches or options.get("confirm") == phrase,
        "batches": batches,
        "serial": [len(batch["members"]) for batch in batches] or [1],
        "lines": _lines(hosts),
    }


def _claimed(view: Data, observations: Data) -> set[str]:
    """Nodes that a container instance or a host that answers stands for."""
    said = {_identity(observation) for observation in observations.values()}
    return {str(item["ec2_instance_id"]) for item in view["instances"]} | said


def _identity(observation: Data) -> str:
    return str(((observation.get("host") or {}).get("registration") or {}).get("instance_id") or "")


def _host(
    name: str, site: str, given: str, observation: Data, view: Data, options: Data, claimed: set[str]
) -> dict[str, Any]:
    fleet = options["fleet"]
    said = _identity(observation)
    own_nodes = {node["instance_id"]: node for node in view["nodes"]}
    instances = _instances(name, {said, given} - {""}, view["instances"], fleet)
    given_up = _given_up(observation, view)
    instances += [item for item in view["instances"] if item["ec2_instance_id"] in given_up and item not in instances]
    ids = {said, given, *given_up, *(str(item["ec2_instance_id"]) for item in instances)} - {""}
    left_over = _left_over(name, site, own_nodes, claimed) if not ids and observation.get("unreachable") else []
    refused = _refused(name, observation, ids, left_over, instances, view, options)
    nodes = sorted(node for node in {*ids, *left_over[:1]} if node in own_nodes)
    work = [] if refused else _work(observation, options)
    return {
        "action": REFUSED if refused else REMOVE if instances or nodes or work else ABSENT,
        "reachable": not observation.get("unreachable"),
        "instances": [item["container_instance_arn"] for item in instances],
        "nodes": nodes,
        "work": work,
        "identities": sorted(ids),
        "tasks": sum(item["running_tasks_count"] + item["pending_tasks_count"] for item in instances),
        "refused": refused,
    }


def _instances(name: str, ids: set[str], instances: Sequence[Data], fleet: str) -> list[Data]:
    """All records of the host, also those of identities that it had before."""
    tagged = [item["container_instance_arn"] for item in leaving.records_of(name, "", instances, fleet)]
    return [item for item in instances if item["container_instance_arn"] in tagged or item["ec2_instance_id"] in ids]


def _given_up(observation: Data, view: Data) -> set[str]:
    """Identities that the host had before, where a registration anew was cut off before their records were removed.

    One that anything still answers with is not this host's any more.
    """
    registration = (observation.get("host") or {}).get("registration") or {}
    silent = {node["instance_id"] for node in view["nodes"] if node.get("ping_status") != "Online"}
    answers = {item["ec2_instance_id"] for item in view["instances"] if item["agent_connected"]}
    return (set(registration.get("abandoned") or ()) & silent) - answers


def _left_over(name: str, site: str, own_nodes: Data, claimed: set[str]) -> list[str]:
    """Nodes of a host that is off and has never joined the cluster: by the name that its SSM agent has told."""
    names = {name, name.partition(".")[0]}
    return sorted(
        node_id
        for node_id, node in own_nodes.items()
        if node_id not in claimed and node.get("computer_name") in names and node.get("ping_status") != "Online"
    )


def _refused(
    name: str,
    observation: Data,
    ids: set[str],
    left_over: Sequence[str],
    instances: Sequence[Data],
    view: Data,
    options: Data,
) -> list[str]:
    if observation.get("failed"):
        said = " ".join(str(observation.get("msg", "")).split())
        return [f"{name}: the host answers, but could not be read: {said}"]
    refused = [
        f"{name}: container instance {item['ec2_instance_id']} bears the tag {FLEET_TAG} "
        f"'{item['tags'].get(FLEET_TAG, '')}', not '{options['fleet']}': it is not this fleet's and is not touched."
        for item in instances
        if not is_own(item, options["fleet"])
    ]
    if len(left_over) > 1:
        refused.append(
            f"{name}: several managed nodes may be this host: {', '.join(left_over)}. Name one in the inventory "
            "(fleet_instance_id: mi-...)."
        )
    return refused + _foreign_nodes(name, observation, ids, view, options)


def _foreign_nodes(name: str, observation: Data, ids: set[str], view: Data, options: Data) -> list[str]:
    own = {node["instance_id"] for node in view["nodes"]}
    known = {node["instance_id"] for node in view["known"]}
    foreign = sorted((ids & known) - own)
    refused = [
        f"{name}: managed node {node} does not bear the tag {FLEET_TAG}={options['fleet']}: it is not this fleet's and "
        "is not touched. Tag it, if it is."
        for node in foreign
    ]
    said = _identity(observation)
    if said and said not in known and not _config_is_ours(observation["host"], options):
        refused.append(
            f"{name}: the host is {said}, which Systems Manager does not know here, and its ecs.config does not "
            f"name fleet {options['fleet']} and cluster {options['cluster']}. It may be another account's."
        )
    return refused


def _config_is_ours(host: Data, options: Data) -> bool:
    """Whether the host was this fleet's when its node was removed, by a run that was cut off."""
    values = ((host.get("ecs_config") or {}).get("user") or {}).get("values") or {}
    try:
        tags = json.loads(values.get("ECS_CONTAINER_INSTANCE_TAGS") or "{}")
    except ValueError:
        return False
    region = (host.get("registration") or {}).get("region")
    return bool(
        isinstance(tags, dict)
        and tags.get(FLEET_TAG) == options["fleet"]
        and values.get("ECS_CLUSTER") == options["cluster"]
        and region in (None, options["region"])
    )


def _work(observation: Data, options: Data) -> list[str]:
    """What is left to do on a host, in order."""
    host = observation.get("host")
    if not host:
        return []
    units = host.get("units") or {}
    registration = host.get("registration") or {}
    packages = host.get("packages") or {}
    configured = (host.get("ecs_config") or {}).get("user") or {}
    left = {
        "ecs": _lives(units.get("ecs")),
        "agent.db": bool((host.get("ecs_agent") or {}).get("state_file")),
        "registration": bool(registration.get("registered") or registration.get("backup") or host.get("credentials")),
        "ssm_agent": _lives(units.get("amazon-ssm-agent")),
        "packages": any(packages.get(name) for name in options.get("packages") or []),
        "directories": bool(options.get("directories") and configured.get("present")),
    }
    return [name for name, is_left in left.items() if is_left]


def _lives(unit: Data | None) -> bool:
    return bool(unit and unit["load"] == "loaded" and (unit["active"] != "inactive" or unit["enabled"]))


def _phrase(hosts: Data, options: Data) -> str:
    """What must be typed: the fleet and each site, or each host where a site does not leave as a whole."""
    whole = _whole_sites(hosts, options)
    named = [
        f"{options['fleet']}/{host['site']}" + ("" if host["site"] in whole else f"/{name}")
        for site in dict.fromkeys(host["site"] for host in hosts.values())
        for name, host in hosts.items()
        if host["site"] == site
    ]
    return ",".join(dict.fromkeys(named))


def _whole_sites(hosts: Data, options: Data) -> set[str]:
    """The sites of which every host of the inventory leaves."""
    stay = {site for name, site in (options.get("all_sites") or {}).items() if name not in hosts}
    return {host["site"] for host in hosts.values()} - stay


def _batches(hosts: Data, whole: set[str]) -> list[dict[str, Any]]:
    """Site by site. Hosts that are off are dealt with by the conductor of their site alone."""
    batches: list[dict[str, Any]] = []
    for site in dict.fromkeys(host["site"] for host in hosts.values()):
        members = {name: host for name, host in hosts.items() if host["site"] == site and host["action"] == REMOVE}
        if not members:
            continue
        number = len(batches) + 1
        present = [name for name, host in members.items() if host["reachable"]]
        conductor = f"fleet-conductor-{number}-{site}"
        batches.append(
            {
                "number": number,
                "site": site,
                "conductor": conductor,
                "hosts": list(members),
                "members": [conductor, *present],
                "whole_site": site in whole,
                "drain": [arn for name in present for arn in members[name]["instances"]],
                "offline_instances": [
                    arn for name, host in members.items() if name not in present for arn in host["instances"]
                ],
            }
        )
    return batches


def _lines(hosts: Data) -> list[str]:
    return [f"{host['site']}/{name}: {_said(host)}" for name, host in hosts.items()]


def _said(host: Data) -> str:
    if host["action"] == ABSENT:
        return "nothing of it is left" + ("" if host["reachable"] else " in the Region; it cannot be reached")
    records = [f"container instance {leaving.short(arn)}" for arn in host["instances"]]
    records += [f"managed node {node}" for node in host["nodes"]]
    where = f"on the host: {', '.join(host['work']) or 'nothing'}" if host["reachable"] else "off: records alone"
    tasks = f" ({host['tasks']} tasks)" if host["tasks"] else ""
    return f"removes {', '.join(records) or 'no record'}{tasks}; {where}"


def nodes_to_remove(plan: Data, batch: Data, stopped: Iterable[str]) -> list[str]:
    """The managed nodes of a batch whose hosts are off, or have stopped their ECS agent."""
    safe = set(stopped)
    return [
        node
        for name in batch["hosts"]
        for node in plan["hosts"][name]["nodes"]
        if name in safe or not plan["hosts"][name]["reachable"]
    ]


def record(plan: Data, results: Iterable[Data], hosts_done: Data, ended: str) -> dict[str, Any]:
    """The record of a run.

    :param results: of each site's conductor: C(site), C(instances) and C(nodes) that it has removed, C(failure).
    :param hosts_done: by host, C(removed) on it, and C(failure).
    """
    of_site = {result["site"]: result for result in results}
    hosts = {name: _recorded(name, host, of_site.get(host["site"]), hosts_done) for name, host in plan["hosts"].items()}
    return {
        **head(plan, "decommission", ended),
        "hosts": hosts,
    }


def _recorded(name: str, host: Data, site: Data | None, hosts_done: Data) -> dict[str, Any]:
    done = hosts_done.get(name) or {}
    instances = [arn for arn in host["instances"] if site and arn in site["instances"]]
    nodes = [node for node in host["nodes"] if site and node in site["nodes"]]
    removed = {"container_instances": instances, "managed_nodes": nodes, "on_host": list(done.get("removed") or [])}
    reason = _why_left(host, site, done, removed)
    outcome = "absent" if host["action"] == ABSENT else "failed" if reason else "removed"
    return {
        "site": host["site"],
        "outcome": outcome,
        "reason": reason,
        "reachable": host["reachable"],
        "identities": host["identities"],
        "removed": removed,
    }


def _why_left(host: Data, site: Data | None, done: Data, removed: Data) -> str:
    if host["action"] == ABSENT:
        return ""
    if site is None:
        return "The run ended before its site."
    if done.get("failure"):
        return str(done["failure"])
    if site.get("failure"):
        return str(site["failure"])
    if host["reachable"] and host["work"] and not done:
        return "The connection was lost while the host was leaving."
    left = [item for item in host["nodes"] if item not in removed["managed_nodes"]]
    return f"Still there: {', '.join(left)}." if left else ""


def table(run: Data) -> list[str]:
    rows = [["HOST", "OUTCOME", "REMOVED"]]
    for name, host in run["hosts"].items():
        removed = host["removed"]
        said = [
            *(f"container instance {leaving.short(arn)}" for arn in removed["container_instances"]),
            *(f"managed node {node}" for node in removed["managed_nodes"]),
            *(f"host's {part}" for part in removed["on_host"]),
        ]
        text = ", ".join(said) or "nothing"
        rows.append(
            [f"{host['site']}/{name}", host["outcome"], f"{text}; {host['reason']}" if host["reason"] else text]
        )
    widths = [max(len(row[at]) for row in rows) for at in range(2)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[2]]) for row in rows]
