# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is asked about its network, and what its answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import endpoints
from ..desired import PREFLIGHT_DEFAULTS
from .finding import ERROR, WARNING, Findings, Host, Limits, finding

# Without these a host can neither register nor join a cluster. What else is missing costs a function.
REQUIRED = ("ecs", "ssm")
USES = {
    "ecs-agent": "the agent's connection to ECS",
    "ecs-telemetry": "metrics of tasks",
    "ssmmessages": "ECS Exec and Session Manager",
    "ec2messages": "SSM agents before 3.3.40.0",
    "ecr": "images in Amazon ECR",
    "ecr-registry": "images in Amazon ECR",
    "logs": "logs in CloudWatch",
    "s3": "the agents' packages, and layers of images in Amazon ECR",
    "secretsmanager": "secrets of tasks",
}
# ecs:DiscoverPollEndpoint names the hosts of the two connections when the agent starts, as ecs-a-NUMBER and
# ecs-t-NUMBER; the first of each stands for them in a firewall's or a proxy's list.
POLL = {"ecs-agent": "ecs-a-1", "ecs-telemetry": "ecs-t-1"}


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
    region = wanted["region"] or (desired.get("registration") or {}).get("region") or ""
    own = {name: url for name, url in wanted["endpoints"].items() if url}
    left_out = [name for name, url in wanted["endpoints"].items() if not url]
    try:
        known = of_region(region, desired, wanted) if region else {}
    except ValueError:
        known = {}  # an isolated partition: only what was given is known
    return {name: url for name, url in {**known, **own}.items() if name not in left_out}


def of_region(region: str, desired: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, str]:
    agent = desired.get("ssm_agent") or {}
    custom = {
        **(agent.get("endpoints") or {}),
        "ssm": agent.get("endpoint", ""),
        "ecs": with_scheme((desired.get("ecs_config") or {}).get("ECS_BACKEND_HOST") or ""),
    }
    sources = [desired[agent].get("source") for agent in ("ssm_agent", "ecs_agent") if agent in desired]
    also = [*wanted["services"], *(["s3"] if {"url", "vendor"} & {*sources} else [])]
    dual_stack = bool(wanted["dual_stack"] or agent.get("dual_stack"))
    found = endpoints.endpoints(region, dual_stack, custom, tuple(also))
    suffix = endpoints.dns_suffix(region)
    found.update({name: f"https://{host}.{region}.{suffix}" for name, host in POLL.items()})
    if wanted["account_id"] and "ecr" in wanted["services"]:
        found["ecr-registry"] = f"https://{wanted['account_id']}.dkr.ecr.{region}.{suffix}"
    return found


def with_scheme(address: str) -> str:
    return address if not address or "://" in address else f"https://{address}"


def reach(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    """One finding for each way to fail, with all endpoints that it concerns: a dark site has one trouble, not ten."""
    failed = {
        name: seen for name, seen in ((host.get("network") or {}).get("endpoints") or {}).items() if seen["failed"]
    }
    for step in dict.fromkeys(seen["failed"] for seen in failed.values()):
        for vital in (True, False):
            names = [name for name, seen in failed.items() if seen["failed"] == step and (name in REQUIRED) is vital]
            if names:
                yield said(step, vital, names, failed)


def said(step: str, vital: bool, names: Sequence[str], failed: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    check, what, advice = STEPS[step]
    proxy = failed[names[0]]["proxy"]
    if proxy and step in THROUGH_PROXY:
        check, what, advice = THROUGH_PROXY[step]
    whys = [USES[name] for name in names if name in USES]
    return finding(
        check,
        ERROR if vital else WARNING,
        what.format(proxy=proxy, places=places(names, failed)),
        "The host can neither register nor join the cluster without it."
        if vital
        else f"It is needed for {', '.join(dict.fromkeys(whys)) or 'what preflight_endpoints names it for'}.",
        advice.format(proxy=proxy),
    )


def places(names: Sequence[str], failed: Mapping[str, Mapping[str, Any]]) -> str:
    """`ssm.eu-west-3.amazonaws.com:443, … (timed out)`, with every reason once."""
    by_reason: dict[str, list[str]] = {}
    for name in names:
        seen = failed[name]
        by_reason.setdefault(seen["error"] or "no reason given", []).append(f"{seen['host']}:{seen['port']}")
    return "; ".join(f"{', '.join(dict.fromkeys(hosts))} ({reason})" for reason, hosts in by_reason.items())


STEPS = {
    "name": (
        "dns",
        "No address is known for {places}.",
        "Give the host a name server that knows the Region's names, or a proxy. Hosts of PrivateLink need private DNS.",
    ),
    "connection": (
        "connection",
        "No connection to {places}.",
        "Open these for the host in the firewall, or give it a proxy. docs/network.md has the list.",
    ),
    "tls": (
        "tls",
        "Something answers, but not in TLS: {places}.",
        "Look for a device in between that ends or blocks TLS.",
    ),
    "certificate": (
        "tls",
        "The host does not trust the certificate of {places}.",
        "Put the CA of a proxy that opens TLS into the host's store, or let these through unopened; look at the host's "
        "clock, too.",
    ),
    "proxy": (
        "proxy",
        "The proxy {proxy} does not let the host through to {places}.",
        "Allow these in the proxy, and look at the login for it (407).",
    ),
}
THROUGH_PROXY = {
    "name": (
        "proxy",
        "No address is known for the proxy {proxy}, on the way to {places}.",
        "Look at the address of the proxy, and at the host's name server.",
    ),
    "connection": (
        "proxy",
        "No connection to the proxy {proxy}, on the way to {places}.",
        "Look at the address of the proxy, and at what is between it and the host.",
    ),
}
