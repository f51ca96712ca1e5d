# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions a run goes to, as an operator reads it: pure functions over the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .plan import BLOCKED, CONVERGE, FAILED, UNREACHABLE

_PROGRAMS = {"engine": "engine", "ssm_agent": "SSM agent", "ecs_agent": "ECS agent"}


def version_lines(plan: Mapping[str, Any]) -> list[str]:
    """For each host that a run has to do with, which program goes from which version to which."""
    lines = []
    for name, host in plan["hosts"].items():
        steps = [step for entry in host["drift"] for step in _version_steps(entry)]
        if host["action"] == CONVERGE and steps:
            drained = " (drained)" if host["disruptive"] and host["instance"] else ""
            lines.append(f"{name}: {', '.join(steps)}{drained}")
        elif host["action"] in (BLOCKED, FAILED, UNREACHABLE):
            lines.append(f"{name}: stays as it is, because it is {host['action']}")
    return lines or ["Every host has the versions that are asked for."]


def _version_steps(entry: Mapping[str, Any]) -> list[str]:
    program, before, after = _PROGRAMS.get(entry["component"]), entry["before"] or {}, entry["after"] or {}
    if program is None:
        return []
    if "package" in after:
        return [f"{program} {before['package'] or 'none'} -> {after['package']}"]
    # The package is there, and an older program still runs.
    return [f"{program} restarts"] if "current" in after or "running_version" in after else []
