# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has become of tasks: how they ended, why, and whether that is a failure. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.errors import NotPossible
from .advice import way_out, ways_out
from .references import short_definition
from .shapes import shape_task
from .transformations import Resource

STOPPED = "STOPPED"
NEVER_STARTED = "TaskFailedToStart"
EXITED = "EssentialContainerExited"
# How the engine says that a container was ended by SIGTERM or SIGKILL, which ECS does when an essential one exits.
_SIGNALLED = (137, 143)
_NAMED = 5


def is_live(task: Mapping[str, Any]) -> bool:
    return task.get("lastStatus") != STOPPED


def why_stopped(task: Mapping[str, Any]) -> str:
    """One sentence without ids, so that equal ends can be counted."""
    told = [f"{one['name']}: {', '.join(_end(one))}" for one in task.get("containers", []) if _end(one)]
    said = f"{task.get('stopCode', 'stopped')}: {task.get('stoppedReason', 'no reason given')}"
    return f"{said} ({'; '.join(told)})" if told else said


def _end(container: Mapping[str, Any]) -> list[str]:
    code, reason = container.get("exitCode"), container.get("reason")
    return [*([f"exit code {code}"] if code is not None else []), *([reason] if reason else [])]


def has_run(task: Mapping[str, Any]) -> bool:
    """RUNNING, or over so fast that nobody saw it."""
    if task.get("lastStatus") == "RUNNING":
        return True
    return task.get("lastStatus") == STOPPED and task.get("stopCode") == EXITED and exited_well(task, None)


def exited_well(task: Mapping[str, Any], essential: set[str] | None) -> bool:
    """Whether the essential containers ended with 0. One that was ended by ECS because another was done counts as well.

    `essential` of None takes all containers for essential.
    """
    if task.get("stopCode") != EXITED:
        return False
    counted = [one for one in task.get("containers", []) if essential is None or one["name"] in essential]
    done = any(one.get("exitCode") == 0 for one in counted)
    return done and all(_is_well(one) for one in counted)


def _is_well(container: Mapping[str, Any]) -> bool:
    code = container.get("exitCode")
    return code == 0 or (code in _SIGNALLED and not container.get("reason"))


def check_ends(
    cluster: str,
    tasks: Sequence[Mapping[str, Any]],
    essential: set[str] | None,
    exit_codes_count: bool,
    changed: bool,
) -> None:
    """Raise for tasks that did not start, and for those that ended badly if that counts."""
    bad = [
        task
        for task in tasks
        if task.get("stopCode") == NEVER_STARTED or (exit_codes_count and not exited_well(task, essential))
    ]
    if bad:
        raise ended_badly(cluster, bad, tasks, changed)


def ended_badly(
    cluster: str, bad: Sequence[Mapping[str, Any]], tasks: Sequence[Mapping[str, Any]], changed: bool
) -> NotPossible:
    reasons = Counter(why_stopped(task) for task in bad)
    shown = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(_NAMED))
    advice = "; ".join(ways_out(reasons))
    name = short_definition(str(bad[0].get("taskDefinitionArn", "?")))
    first = str(bad[0].get("taskArn", "?")).rpartition("/")[2]
    return NotPossible(
        f"{len(bad)} of {len(tasks)} tasks of {name} in cluster {cluster} failed, the first is {first}: {shown}."
        + (f" What to do: {advice}." if advice else ""),
        changed=changed,
        tasks=[shape_task(task) for task in tasks],
    )


def not_placed(
    what: str, wanted: int, started: Sequence[Resource], failures: Sequence[Mapping[str, Any]]
) -> NotPossible:
    """ECS answers RunTask with success also when it started less than was asked, or nothing."""
    causes: dict[str, list[str]] = {}
    for failure in failures:
        reason = " ".join(filter(None, (failure.get("reason", "no reason given"), failure.get("detail"))))
        causes.setdefault(reason, []).append(str(failure.get("arn", "")).rpartition("/")[2])
    shown = "; ".join(f"{reason} ({_names(ids)}){_advice(reason)}" for reason, ids in causes.items())
    left = "They go on running; stop them with state: stopped. " if started else ""
    return NotPossible(
        f"Only {len(started)} of {wanted} tasks of {what} were started. {left}{shown or 'ECS gave no reason'}.",
        changed=bool(started),
        tasks=[shape_task(task) for task in started],
        failures=[dict(failure) for failure in failures],
    )


def _advice(reason: str) -> str:
    known = way_out(reason.split(" ")[0]) or way_out(reason)
    return f": {known}" if known else ""


def _names(identifiers: Sequence[str]) -> str:
    more = len(identifiers) - _NAMED
    return ", ".join(identifiers[:_NAMED]) + (f" and {more} more" if more > 0 else "")
