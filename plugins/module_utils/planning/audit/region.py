# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites as a whole, and what the account and the Region have of the fleet. Pure."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta

from .. import signing_keys
from ..words import count
from .inventory import AGENTS
from .model import ACTIVATION, Data, Finds, Fix, Fleet, Found

_PACKAGES = {"ssm_agent": "amazon-ssm-agent", "ecs_agent": "amazon-ecs-init"}
# What a service says that finds no host: "Service event messages" in the developer guide of ECS.
_UNPLACED = "unable to place a task"


# --- sites ---


def sites_down(fleet: Fleet) -> Finds:
    """Sites that were there and have no host that takes tasks. One that never joined is not down: see missing."""
    by_site: dict[str, list[Data]] = {site: fleet.of_aws_site(site) for site in fleet.aws_sites}
    for host, record in fleet.hosts_with_record():
        by_site.setdefault(host.site, []).append(record)
    for site, records in by_site.items():
        if records and not any(fleet.is_healthy(record) for record in records):
            said = Counter(
                "not connected" if record["container_instance_arn"] in fleet.silent else str(record["status"])
                for record in records
            )
            states = ", ".join(f"{number} {state}" for state, number in said.items())
            yield Found(f"None of its {count(len(records), 'host')} takes tasks: {states}.", site)


def aws_sites_short(fleet: Fleet) -> Finds:
    for name, site in fleet.aws_sites.items():
        there = len(fleet.of_aws_site(name))
        if there < site.wanted:
            yield Found(f"{there} of {site.wanted} instances are in the cluster.", name)


def aws_sites_surplus(fleet: Fleet) -> Finds:
    for name, site in fleet.aws_sites.items():
        there = len(fleet.of_aws_site(name))
        if there > site.wanted:
            yield Found(f"{count(there, 'instance')} in the cluster, {site.wanted} asked for.", name)


def outposts_away(fleet: Fleet) -> Finds:
    known = {outpost["outpost_arn"]: outpost for outpost in fleet.outposts}
    for name, site in fleet.aws_sites.items():
        outpost = known.get(site.outpost_arn)
        if site.outpost_arn and outpost is None:
            yield Found(f"The account has no Outpost {site.outpost_arn}.", name, id=site.outpost_arn)
        elif outpost and outpost["life_cycle_status"] != "ACTIVE":
            text = f"Outpost {outpost['name']} is {outpost['life_cycle_status']}."
            yield Found(text, name, id=site.outpost_arn)


# --- services ---


def services_unplaced(fleet: Fleet) -> Finds:
    """Services that lack tasks, and whose last word is that no host could take one."""
    for service in fleet.services:
        said = str(((service.get("events") or [{}])[0]).get("message") or "")
        if service["running_count"] < service["desired_count"] and _UNPLACED in said:
            text = f"{service['running_count']} of {service['desired_count']} tasks run. {said}"
            yield Found(text, fleet.site_of(service.get("tags") or {}), id=service["service_name"])


# --- keys, activations, quota ---


def keys_ended(fleet: Fleet) -> Finds:
    for package, hosts, end, days in _keys(fleet):
        if days < 0:
            yield Found(f"Every key that may sign {package} has ended, the last one on {end}: {count(hosts, 'host')}.")


def keys_ending(fleet: Fleet) -> Finds:
    for package, hosts, end, days in _keys(fleet):
        if 0 <= days <= int(fleet.options["key_days"]):
            yield Found(f"The last key that may sign {package} ends on {end}, in {days} days: {count(hosts, 'host')}.")


def _keys(fleet: Fleet) -> list[tuple[str, int, date, int]]:
    """By package and list of keys, the number of hosts, the last day of the last key, and the days until then."""
    lists = Counter(
        (agent, json.dumps(host.keys[agent], sort_keys=True, default=str))
        for host in fleet.hosts.values()
        for agent in AGENTS
        if host.keys[agent]
    )
    found = []
    for (agent, text), hosts in lists.items():
        end = signing_keys.last_of(json.loads(text))
        found.append((_PACKAGES[agent], hosts, end, (end - fleet.now.date()).days))
    return found


def activations_open(fleet: Fleet) -> Finds:
    """Ways into the account that a rollout would have closed by now."""
    limit = timedelta(hours=int(fleet.options["activation_hours"]))
    for item in fleet.activations:
        left = item["limit"] - item["registrations_count"]
        if not item["expired"] and left > 0 and fleet.age(item["created_date"]) > limit:
            who = f"{count(left, 'machine')} may still register with {item['name'] or 'it'}"
            yield Found(
                f"{who} until {item['expiration_date']}.", fleet.site_of(item["tags"]), id=item["activation_id"]
            )


def activations_spent(fleet: Fleet) -> Finds:
    """Expired ones can register nobody; to delete one changes nothing for the nodes that came with it."""
    for item in fleet.activations:
        if item["expired"]:
            used = f"{item['registrations_count']} of {count(item['limit'], 'registration')} used"
            fix = Fix(ACTIVATION, str(item["activation_id"]), {})
            text = f"{item['name'] or 'An activation'} expired {item['expiration_date']}, {used}."
            yield Found(text, fleet.site_of(item["tags"]), id=item["activation_id"], fix=fix)


def tier_limit(fleet: Fleet) -> Finds:
    limit, registered = fleet.quota["limit"], fleet.quota["registered_nodes"]
    if limit is not None and registered * 100 >= limit * int(fleet.options["tier_percent"]):
        tier = fleet.quota["activation_tier"]
        yield Found(
            f"{registered} of {limit} managed nodes that the {tier} tier of this account and Region has room for."
        )
