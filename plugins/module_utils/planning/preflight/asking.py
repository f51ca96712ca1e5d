# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is asked about its network: all that it is to reach, and through which proxy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import endpoints, platforms
from ..desired import PREFLIGHT_DEFAULTS

# ecs:DiscoverPollEndpoint names the hosts of the agent's two connections when it starts, as ecs-a-NUMBER and
# ecs-t-NUMBER; the first of each stands for them in a firewall's or a proxy's list.
POLL = {"ecs-agent": "ecs-a-1", "ecs-telemetry": "ecs-t-1"}
AGENTS = ("ssm_agent", "ecs_agent")


def question(desired: Mapping[str, Any], program: str) -> dict[str, Any] | None:
    """What to ask; None where nobody wants to know.

    Only a desired state with a section `preflight` asks: the roles read a host again and again while they wait for an
    agent, and a closed port would hold up each of these.
    """
    if "preflight" not in desired:
        return None
    wanted = {**PREFLIGHT_DEFAULTS, **desired["preflight"]}
    if wanted["network"] == "never":
        return None
    return {
        "when": wanted["network"],
        "endpoints": asked(desired, wanted),
        "proxy": dict(desired.get("proxy") or {}),
        "program": program,
    }


def asked(desired: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, str]:
    """URL by name of all that is to be reached."""
    region = wanted["region"] or _part(desired, "registration").get("region") or ""
    try:
        known = of_region(region, desired, wanted) if region else {}
    except ValueError:
        known = {}  # an isolated partition: only what was given is known
    every = {**known, **of_packages(desired), **wanted["endpoints"]}
    return {name: url for name, url in every.items() if url}


def of_region(region: str, desired: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, str]:
    agent = _part(desired, "ssm_agent")
    custom = {
        **(agent.get("endpoints") or {}),
        "ssm": agent.get("endpoint", ""),
        "ecs": _with_scheme(_part(desired, "ecs_config").get("ECS_BACKEND_HOST") or ""),
    }
    bucket = any(fetches(desired, section, "vendor") for section in AGENTS)
    also = dict.fromkeys([*wanted["services"], *(["s3"] if bucket else [])])
    dual_stack = bool(wanted["dual_stack"] or agent.get("dual_stack"))
    found = endpoints.endpoints(region, dual_stack, custom, tuple(also))
    suffix = endpoints.dns_suffix(region)
    found.update({name: f"https://{host}.{region}.{suffix}" for name, host in POLL.items()})
    if wanted["account_id"] and "ecr" in wanted["services"]:
        found["ecr-registry"] = f"https://{wanted['account_id']}.dkr.ecr.{region}.{suffix}"
    return found


def of_packages(desired: Mapping[str, Any]) -> dict[str, str]:
    """Where the host itself fetches packages from, beside Amazon's buckets."""
    found = {
        f"{section.partition('_')[0]}-mirror": str(desired[section].get("mirror") or "")
        for section in (*AGENTS, "engine")
        if fetches(desired, section, "mirror")
    }
    if fetches(desired, "engine", "vendor"):
        found["docker"] = platforms.DOCKER_REPOSITORY
    return found


def fetches(desired: Mapping[str, Any], section: str, source: str) -> bool:
    """Whether the host fetches from there. What the control node has downloaded comes over SSH."""
    asked = _part(desired, section)
    return bool(asked.get("source") == source and not asked.get("download_to"))


def _part(desired: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    return desired.get(section) or {}


def _with_scheme(address: str) -> str:
    return address if not address or "://" in address else f"https://{address}"
