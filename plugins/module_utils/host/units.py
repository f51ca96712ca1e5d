# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine and the two agents as units: restarting them, and waiting on the host itself until they work.

To wait on the host takes no execution for a look, and sees what host_facts sees: the probes are its own.
"""

from __future__ import annotations

import time
import typing as t

from . import observe

DOCKER, SSM, ECS = "docker", "amazon-ssm-agent", "ecs"
NAMES = (DOCKER, SSM, ECS)
PAUSE = 1.0
JOURNAL_LINES = 12

# Runs a command and gives its return code and output.
Run = t.Callable[[t.Sequence[str]], tuple[int, str]]
Look = t.Callable[[], dict[str, t.Any]]


class UnitError(Exception):
    """An expected way to fail; the text is for the operator."""


class Goal(t.NamedTuple):
    """What a unit has to reach: the ECS agent this cluster, and as this container instance if one is given."""

    unit: str
    cluster: str = ""
    instance: str = ""


def look() -> dict[str, t.Any]:
    """What the goals need of a host, in a form that host_facts has, too."""
    units = _attempt(observe.units)
    machine_id = _attempt(lambda: observe.read_line("/etc/machine-id")) or ""
    return {
        "units": units or {},
        "engine": _attempt(lambda: observe.engine(units)) or {"version": None},
        "ecs_agent": {"introspection": _attempt(observe.introspection) if observe.is_active(units, ECS) else None},
        "credentials": _attempt(observe.credentials),
        "registration": _attempt(lambda: observe.registration(machine_id)) or {"instance_id": None},
    }


def _attempt(probe: t.Callable[[], t.Any]) -> t.Any:
    """Of a program that is just starting, half an answer is none yet."""
    try:
        return probe()
    except (OSError, ValueError):
        return None


def host_facts() -> dict[str, t.Any]:
    """All that host_facts would say of the host now, but for the control node's part of the clock."""
    host = observe.observe()
    if host["clock"]:
        host["clock"].pop("took_seconds", None)
    return host


def reached(goal: Goal, seen: t.Mapping[str, t.Any]) -> bool:
    if goal.unit == DOCKER:
        return seen["engine"]["version"] is not None
    if seen["units"].get(goal.unit, {}).get("active") != "active":
        return False
    if goal.unit == SSM:
        credentials = seen["credentials"] or {}
        return bool(credentials.get("fresh")) and credentials["instance_id"] == seen["registration"]["instance_id"]
    said = seen["ecs_agent"]["introspection"] or {}
    arn = said.get("container_instance_arn")
    # The agent may name its cluster by ARN; before it has registered it names no container instance.
    joined = bool(arn) and (not goal.cluster or str(said.get("cluster")).rpartition("/")[2] == goal.cluster)
    return joined and goal.instance in ("", arn)


def is_hopeless(goal: Goal, seen: t.Mapping[str, t.Any]) -> bool:
    """A unit that has failed stays so: nobody restarts it."""
    return bool(seen["units"].get(goal.unit, {}).get("active") == "failed")


def restart(run: Run, unit: str, enable: bool = False) -> str:
    """What systemd said when it could not; the unit may come up all the same."""
    run(["systemctl", "daemon-reload"])
    if enable:
        code, said = run(["systemctl", "enable", f"{unit}.service"])
        if code != 0:
            return said.strip()
    # A unit that has failed too often within a time is refused a start.
    run(["systemctl", "reset-failed", f"{unit}.service"])
    code, said = run(["systemctl", "restart", f"{unit}.service"])
    return said.strip() if code != 0 else ""


def wait(
    goal: Goal,
    timeout: float,
    see: Look = look,
    clock: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> tuple[bool, dict[str, t.Any]]:
    """Whether the goal is reached in time, and what was seen last."""
    deadline = clock() + timeout
    while True:
        seen = see()
        if reached(goal, seen):
            return True, seen
        if is_hopeless(goal, seen) or clock() >= deadline:
            return False, seen
        sleep(PAUSE)


def journal(run: Run, unit: str) -> str:
    _code, said = run(
        ["journalctl", f"--unit={unit}.service", f"--lines={JOURNAL_LINES}", "--no-pager", "--output=cat"]
    )
    return " | ".join(line for line in said.splitlines() if line.strip())


def why_not(goal: Goal, seen: t.Mapping[str, t.Any], timeout: float, said: str, words: str) -> str:
    """What was waited for, what was seen last, and the unit's last words."""
    unit = seen["units"].get(goal.unit) or {"active": "unknown", "restarts": 0}
    state = f"Its unit is {unit['active']} after {unit['restarts']} restarts"
    waited = f"(waited for at most {timeout:g} s)"
    if goal.unit == DOCKER:
        head = f"The container engine does not answer on its socket {waited}. {state}."
    elif goal.unit == SSM:
        head = (
            f"The SSM agent has no fresh credentials {waited}. {state}; it last knew of "
            f"{seen['credentials'] or 'none'}."
        )
    else:
        said_last = seen["ecs_agent"]["introspection"] or "nothing"
        as_which = f" as {goal.instance}" if goal.instance else ""
        head = (
            f"The ECS agent has not joined cluster {goal.cluster}{as_which} {waited}. {state}; its introspection says "
            f"{said_last}. The playbook edgefleet.ecs.heal names the cause of most of these, and removes a state file "
            "that is dead or broken."
        )
    parts = [head, f"systemctl restart said: {said}" if said else "", f"Last lines of its journal: {words}"]
    return " ".join(part for part in parts if part)


def restarted(run: Run, goal: Goal, timeout: float, enable: bool = False, see: Look = look) -> None:
    """Restart a unit and wait until it works, or say why it does not."""
    said = restart(run, goal.unit, enable)
    done, seen = wait(goal, timeout, see)
    if not done:
        raise UnitError(why_not(goal, seen, timeout, said, journal(run, goal.unit)))
