# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room, memory and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .finding import ERROR, WARNING, Findings, Host, Limits, finding


def disk(host: Host, _desired: Mapping[str, Any], limits: Limits) -> Findings:
    disk = (host.get("disk") or {}).get("/var/lib/docker")
    if disk is None or disk["free_mib"] >= limits["min_disk_mib"]:
        return
    running = bool((host.get("engine") or {}).get("version"))
    yield finding(
        "disk",
        # Where an engine runs already, its images are what fills the disk.
        WARNING if running else ERROR,
        f"{disk['free_mib']} MiB are free for /var/lib/docker, less than {limits['min_disk_mib']} MiB.",
        "Packages and images do not fit, and a full disk stops every task.",
        "Free some, or lower preflight_min_disk_mib.",
    )


def memory(host: Host, _desired: Mapping[str, Any], limits: Limits) -> Findings:
    memory = host.get("memory_mib")
    if memory is not None and memory < limits["min_memory_mib"]:
        yield finding(
            "memory",
            ERROR,
            f"The host has {memory} MiB of memory, less than {limits['min_memory_mib']} MiB.",
            "The agents and the engine alone take about 150 MiB.",
            "Use a larger host, or lower preflight_min_memory_mib.",
        )


def clock(host: Host, _desired: Mapping[str, Any], limits: Limits) -> Findings:
    clock = host.get("clock") or {}
    skew = clock.get("skew_seconds")
    if skew is not None and abs(skew) > limits["max_clock_skew"]:
        yield finding(
            "clock",
            ERROR,
            f"The clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the control node's.",
            "AWS refuses requests that are signed more than 5 minutes off.",
            "Set the host's clock, and have it synchronized.",
        )
    elif clock.get("synchronized") is False:
        yield finding(
            "clock",
            WARNING,
            "The clock is not synchronized.",
            "AWS refuses requests that are signed more than 5 minutes off, and clocks drift.",
            "Give systemd-timesyncd a time server that the host reaches.",
        )
