# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has said of its network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .finding import ERROR, WARNING, Findings, Host, Limits, finding

# Without these a host can neither register nor join a cluster.
REQUIRED = ("ecs", "ssm")
# Where packages come from: without one of these a host that lacks one of its packages could not be finished.
PACKAGES = {
    "s3": ("amazon-ssm-agent", "amazon-ecs-init"),
    "ssm-mirror": ("amazon-ssm-agent",),
    "ecs-mirror": ("amazon-ecs-init",),
    "docker": ("engine",),
    "engine-mirror": ("engine",),
}
# What else is missing costs a function.
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
    "docker": "Docker's packages",
    "ssm-mirror": "the SSM agent's package",
    "ecs-mirror": "the ECS agent's package",
    "engine-mirror": "the engine's package",
}


def reach(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    """One finding for each way to fail, with all endpoints that it concerns: a dark site has one trouble, not ten."""
    failed = {
        name: seen for name, seen in ((host.get("network") or {}).get("endpoints") or {}).items() if seen["failed"]
    }
    for step in dict.fromkeys(seen["failed"] for seen in failed.values()):
        for vital in (True, False):
            names = [name for name, seen in failed.items() if seen["failed"] == step and is_vital(name, host) is vital]
            if names:
                yield said(step, vital, names, failed)


def is_vital(name: str, host: Host) -> bool:
    there = {**(host.get("packages") or {}), "engine": (host.get("engine") or {}).get("version")}
    return name in REQUIRED or not all(there.get(package) for package in PACKAGES.get(name, ()))


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
        "The host can't be brought in without it."
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
