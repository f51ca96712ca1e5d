# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room, memory and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .finding import ERROR, WARNING, Findings, Host, Limits, finding

# Where programs, data and images go, and the variable that says how much must be free there.
PLACES = {"/usr": "min_system_mib", "/var": "min_system_mib", "/var/lib/docker": "min_disk_mib"}
AGENTS = ("amazon-ssm-agent", "amazon-ecs-init")
# ECS agents panic below it on busy hosts (amazon-ecs-agent, "too many open files"); 128 is the kernel's default.
LOW_INOTIFY = 128


def disk(host: Host, _desired: Mapping[str, Any], limits: Limits) -> Findings:
    """One finding a file system, for the place that wants the most of it."""
    short: dict[Any, tuple[int, str, int, str]] = {}
    for path, variable in PLACES.items():
        place = (host.get("disk") or {}).get(path)
        if place is None or place["free_mib"] >= limits[variable]:
            continue
        row = (limits[variable], path, place["free_mib"], variable)
        device = place.get("device", path)
        short[device] = max(short.get(device, row), row)
    for wanted, path, free, variable in short.values():
        yield finding(
            "disk",
            WARNING if _is_filled(host, path) else ERROR,
            f"{free} MiB are free for {path}, less than {wanted} MiB.",
            "Packages and images do not fit, and a full disk stops every task.",
            f"Free some, or lower preflight_{variable}.",
        )


def _is_filled(host: Host, path: str) -> bool:
    """What was to come is there already; a rollout that mends it needs little."""
    if path == "/var/lib/docker":
        return bool((host.get("engine") or {}).get("version"))
    return all((host.get("packages") or {}).get(name) for name in AGENTS)


def inotify(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    name = "fs.inotify.max_user_instances"
    value = (host.get("sysctl") or {}).get(name)
    if value is None or value > LOW_INOTIFY or name in (desired.get("sysctl") or {}):
        return  # or about to be raised
    yield finding(
        "inotify",
        WARNING,
        f"{name} is {value}.",
        "Agent, engine and tasks share it, and the ECS agent panics when it is used up.",
        "Let edgefleet.ecs.ecs_agent raise it (ecs_agent_sysctl), or raise it yourself.",
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


SIGNING = "AWS refuses requests that are signed more than 5 minutes off"


def clock(host: Host, _desired: Mapping[str, Any], limits: Limits) -> Findings:
    """The Region's time counts, where the host has asked for it; else the control node's has to do."""
    clock = host.get("clock") or {}
    here = clock.get("skew_seconds")
    there = (host.get("network") or {}).get("skew_seconds")
    skew, whose = (here, "the control node's") if there is None else (there, "the Region's")
    if off := _off(skew, limits):
        yield finding(
            "clock",
            ERROR,
            f"The clock is {off} {whose}.",
            f"{SIGNING}.",
            "Set the host's clock, and have it synchronized.",
        )
        return
    if off := _off(here, limits):
        yield finding(
            "clock",
            WARNING,
            f"The clock is the Region's, but {off} the control node's.",
            "The control node signs requests, too, and its clock is the one that is wrong.",
            "Set the control node's clock.",
        )
    if clock.get("synchronized") is False:
        yield finding(
            "clock",
            WARNING,
            "The clock is not synchronized.",
            f"{SIGNING}, and clocks drift.",
            "Give systemd-timesyncd a time server that the host reaches.",
        )


def _off(skew: float | None, limits: Limits) -> str:
    if skew is None or abs(skew) <= limits["max_clock_skew"]:
        return ""
    return f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'}"
