# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of bringing a host in it needs, and what each role is told. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Data = Mapping[str, Any]


def of(observation: Data, drift: Sequence[Data] | None = None) -> dict[str, Any]:
    """C(parts): the roles that have to run, C(reset) of what the ECS agent remembers, C(unclone). C(drift), for all
    roles but the ECS agent's, which has C(ecs_drift). C(findings) of preflight. Whether the host C(gives_up_tasks).

    :param observation: what C(host_facts) returned.
    :param drift: of a caller who knows more than the host, such as an agent that ECS does not hear any more. One who
        says this has told the warnings, too, and has refused hosts with errors.
    """
    told = drift is not None
    changes = list(observation["drift"] if drift is None else drift)
    components = {entry["component"] for entry in changes}
    registration: Data = next((entry["after"] for entry in changes if entry["component"] == "registration"), {})
    renews = "renew" in registration
    forgets = renews or _dead_state(observation, components, registration)
    rejoins = forgets and "ecs_agent" not in components
    findings = _findings(observation["findings"], renews, "move" in components)
    needed = {
        "preflight": bool(findings) and not told,
        "proxy": "proxy" in components,
        "container_engine": bool({"engine", "images"} & components),
        "reset": forgets,
        "unclone": "machine_id" in components,
        "ssm_agent": bool({"ssm_agent", "registration"} & components),
        "ecs_agent": rejoins or bool({"sysctl", "ecs_config", "ecs_agent"} & components),
    }
    return {
        "parts": [part for part, needs in needed.items() if needs],
        "drift": changes,
        "ecs_drift": [*changes, _JOIN] if rejoins else changes,
        "findings": findings,
        "gives_up_tasks": renews,
    }


# To forget its state file the agent was stopped, though it may have been as asked until then.
_JOIN = {
    "component": "ecs_agent",
    "before": {"joined": False},
    "after": {"joined": True},
    "disruptive": False,
    "reason": "the ECS agent has forgotten its container instance",
}


def _dead_state(observation: Data, components: set[str], registration: Data) -> bool:
    """The identity of the agent's state file is lost, or is another machine's; or the Region has found so."""
    lost = "ecs_state" in components or "instance_id" in registration
    return lost and bool(observation["host"]["ecs_agent"]["state_file"])


def _findings(findings: Sequence[Data], renews: bool, moves: bool) -> list[Data]:
    """To give an identity up is the answer to what speaks against it."""
    answered = {"registration", "cluster"} if renews else {"cluster"} if moves else set()
    return [finding for finding in findings if finding["check"] not in answered]
