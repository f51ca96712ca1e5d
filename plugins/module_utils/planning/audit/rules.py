# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of an audit: each a small function from the fleet to what it finds.

How bad that is, and what to do about it, are data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import hosts, machines, region
from .model import Finds, Fleet

CRITICAL, MAJOR, MINOR, INFO = "critical", "major", "minor", "info"
# The worst first.
SEVERITIES = (CRITICAL, MAJOR, MINOR, INFO)
NEVER = "never"
FAIL_AT = (CRITICAL, MAJOR, MINOR, NEVER)


class Rule(NamedTuple):
    name: str
    severity: str
    title: str
    finds: Callable[[Fleet], Finds]
    advice: str


ROLLOUT = "Run edgefleet.ecs.rollout, which sets it"
RULES = (
    Rule(
        "site_down",
        CRITICAL,
        "sites without a host that takes tasks",
        region.sites_down,
        "Look at the site's link and power first, then run edgefleet.ecs.heal with a limit to the site.",
    ),
    Rule(
        "shared_identity",
        CRITICAL,
        "one identity for several machines",
        machines.shared,
        "Keep one of them, and run edgefleet.ecs.repair_clones for the others; or correct the inventory.",
    ),
    Rule(
        "signing_key_ended",
        MAJOR,
        "signing keys that have ended",
        region.keys_ended,
        "Add the next key to ssm_agent_signing_keys or ecs_agent_signing_keys: no package is installed until then.",
    ),
    Rule(
        "tier_limit",
        MAJOR,
        "close to the account's limit of managed nodes",
        region.tier_limit,
        "Deregister nodes that are gone, or turn the account to the advanced tier, which costs by node and hour.",
    ),
    Rule(
        "outpost_away",
        MAJOR,
        "Outposts that are not there or not active",
        region.outposts_away,
        "Correct aws_site_outpost_arn, or ask AWS Support what has become of the Outpost.",
    ),
    Rule(
        "aws_site_short",
        MAJOR,
        "sites on AWS with fewer instances than asked for",
        region.aws_sites_short,
        "Run edgefleet.ecs.aws_sites with a limit to the site, which launches what is missing.",
    ),
    Rule(
        "service_unplaced",
        MAJOR,
        "services that find no host",
        region.services_unplaced,
        "Compare the service's constraints, ports and memory with the hosts of its site.",
    ),
    Rule(
        "missing",
        MAJOR,
        "in the inventory, not in AWS",
        machines.missing,
        "Run edgefleet.ecs.rollout with a limit to it, or take it out of the inventory.",
    ),
    Rule(
        "not_joined",
        MAJOR,
        "registered, not in the cluster",
        machines.not_joined,
        "Run edgefleet.ecs.heal with a limit to it, then edgefleet.ecs.rollout.",
    ),
    Rule(
        "node_gone",
        MAJOR,
        "in the cluster, not in Systems Manager",
        machines.without_node,
        "Run edgefleet.ecs.reregister with a limit to it: its credentials end within the hour.",
    ),
    Rule(
        "foreign",
        MAJOR,
        "not this fleet's",
        machines.foreign,
        "Correct fleet_instance_id; or, if the host is this fleet's, roll out, which sets the tags.",
    ),
    Rule(
        "ghost",
        MAJOR,
        "in AWS, not in the inventory",
        machines.ghosts,
        "Put the machine into the inventory; if it is to go, run edgefleet.ecs.decommission with it there.",
    ),
    Rule(
        "duplicate",
        MAJOR,
        "several records of one machine",
        machines.duplicates,
        "Remove the record that no agent answers as. Where both answer, one host has another's name.",
    ),
    Rule(
        "disconnected",
        MAJOR,
        "not heard for too long",
        hosts.disconnected,
        "Run edgefleet.ecs.heal with a limit to it. A host that is gone for good: edgefleet.ecs.decommission.",
    ),
    Rule(
        "agent_silent",
        MAJOR,
        "ECS agents that are not heard",
        hosts.agent_silent,
        "Run edgefleet.ecs.heal with a limit to it.",
    ),
    Rule(
        "not_active",
        MAJOR,
        "container instances that are not active",
        hosts.not_active,
        "Run edgefleet.ecs.heal, then edgefleet.ecs.rollout, with a limit to it.",
    ),
    Rule(
        "left_draining",
        MAJOR,
        "left DRAINING by a run",
        hosts.left_draining,
        "Run edgefleet.ecs.rollout again, which ends what the run has left, or edgefleet.ecs.undrain.",
    ),
    Rule(
        "signing_key_ending",
        MINOR,
        "signing keys that end soon",
        region.keys_ending,
        "Add the next key to ssm_agent_signing_keys or ecs_agent_signing_keys.",
    ),
    Rule(
        "activation_open",
        MINOR,
        "open activations",
        region.activations_open,
        "Delete it unless somebody is installing hosts with it: whoever has its code may register a machine.",
    ),
    Rule("attributes", MINOR, "other attributes than asked for", hosts.attributes, f"{ROLLOUT}, or set audit_fix."),
    Rule("tags", MINOR, "other tags than asked for", hosts.tags, f"{ROLLOUT}, or set audit_fix."),
    Rule(
        "node_tags",
        MINOR,
        "managed nodes without the fleet's tag",
        hosts.node_tags,
        "Tag it (edgefleet.ecs.managed_node): without the tag nothing of this collection will remove it.",
    ),
    Rule("release", MINOR, "another release than asked for", hosts.release, "Run edgefleet.ecs.rollout."),
    Rule(
        "agent_version",
        MINOR,
        "agents of another version than pinned",
        hosts.agent_versions,
        "Run edgefleet.ecs.upgrade, or edgefleet.ecs.rollout.",
    ),
    Rule(
        "aws_site_surplus",
        INFO,
        "sites on AWS with more instances than asked for",
        region.aws_sites_surplus,
        "Run edgefleet.ecs.aws_sites with aws_site_scale_down, or raise aws_site_count.",
    ),
    Rule("activation_spent", INFO, "expired activations", region.activations_spent, "Delete it, or set audit_fix."),
    Rule("draining", INFO, "DRAINING", hosts.draining, "Nothing, if it is wanted; else run edgefleet.ecs.undrain."),
)
