# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The route of task credentials: 169.254.170.2:80 of every container ends at port 51679 of the agent."""

from __future__ import annotations

import contextlib
import subprocess

from ..knobs import at

ROUTE_LOCALNET = "/proc/sys/net/ipv4/conf/all/route_localnet"
_MATCH = ["-p", "tcp", "-d", "169.254.170.2", "--dport", "80", "-j"]
RULES = (
    ["PREROUTING", *_MATCH, "DNAT", "--to-destination", "127.0.0.1:51679"],
    ["OUTPUT", *_MATCH, "REDIRECT", "--to-ports", "51679"],
)


class NatError(Exception):
    """The rules could not be set."""


def _set_route_localnet(value: str) -> None:
    try:
        with open(at(ROUTE_LOCALNET), "w", encoding="ascii") as target:
            target.write(value)
    except OSError as error:
        raise NatError(f"could not set loopback routing: {error}") from error


def _iptables(action: str, rule: list[str]) -> str:
    """Error text, empty when the rule was added or removed."""
    try:
        result = subprocess.run(
            ["iptables", "-w", "-t", "nat", action, *rule],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        return str(error)
    if not result.returncode:
        return ""
    return result.stdout.decode(errors="replace").strip() or f"exit {result.returncode}"


def enable() -> None:
    """Each start adds the rules, each stop removes them; a firewall reload in between leaves the host without."""
    _set_route_localnet("1")
    for rule in RULES:
        problem = _iptables("-A", rule)
        if problem:
            raise NatError("could not create route to the credentials proxy: " + problem)


def disable() -> None:
    with contextlib.suppress(NatError):
        _set_route_localnet("0")
    for rule in RULES:
        _iptables("-D", rule)
