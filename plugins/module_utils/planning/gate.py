# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""May this batch begin, and how did that one end: pure functions over the plan and the outcomes so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .plan import BLOCKED, FAILED, UNCHANGED, UNREACHABLE, PlanError, limit_of

CONVERGED, SKIPPED = "converged", "skipped"

OUTCOMES = (UNCHANGED, CONVERGED, BLOCKED, FAILED, UNREACHABLE, SKIPPED)

DEFAULT_BUDGET: Mapping[str, int | str] = {"site": 0, "wave": 0}


def outcomes_so_far(results: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """All hosts' outcomes of the batches that have ended, by host."""
    return {host: outcome for result in results for host, outcome in result["outcomes"].items()}


def gate(
    plan: Mapping[str, Any], number: int, results: Sequence[Mapping[str, Any]], budget: Mapping[str, int | str]
) -> dict[str, Any]:
    """Whether batch C(number) may begin, after the C(results) of the batches before it.

    A site stops when more of its hosts have failed, or were lost while they were being changed, than the site's budget
    allows. A wave stops, and with it all waves after it, when more of its hosts have I(failed) than its budget allows;
    a host that was lost does not count here: a site that goes dark ends its own part of the run only.
    """
    allowed = {**DEFAULT_BUDGET, **budget}
    outcomes = outcomes_so_far(results)
    batch = plan["batches"][number - 1]
    for wave in plan["waves"]:
        members = [name for name, host in plan["hosts"].items() if host["site"] in wave["sites"]]
        reason = _overspent(
            f"wave '{wave['name']}'", "fleet_failure_budget.wave", allowed["wave"], members, outcomes, (FAILED,)
        )
        if reason:
            return {"open": False, "reason": reason}
        if wave["name"] == batch["wave"]:
            break
    site = [name for name, host in plan["hosts"].items() if host["site"] == batch["site"]]
    reason = _overspent(
        f"site '{batch['site']}'", "fleet_failure_budget.site", allowed["site"], site, outcomes, (FAILED, UNREACHABLE)
    )
    return {"open": not reason, "reason": reason}


def _overspent(
    place: str,
    variable: str,
    allowed: int | str,
    members: Sequence[str],
    outcomes: Mapping[str, Mapping[str, Any]],
    counted: Sequence[str],
) -> str:
    lost = [name for name in members if name in outcomes and outcomes[name]["outcome"] in counted]
    if len(lost) <= _budget(variable, allowed, len(members)):
        return ""
    return f"{place} has stopped: {', '.join(lost)} failed, {variable} allows {allowed}."


def _budget(variable: str, allowed: int | str, total: int) -> int:
    try:
        return limit_of(allowed, total)
    except PlanError as error:
        raise PlanError(f"{variable}: {error}") from None


def batch_result(
    plan: Mapping[str, Any],
    number: int,
    opened: Mapping[str, Any],
    alive: Sequence[str],
    failures: Mapping[str, str],
    connected: Sequence[str] | None,
    trouble: str = "",
    left: Mapping[str, Sequence[str]] | None = None,
    unretired: str = "",
) -> dict[str, Any]:
    """The outcome of each host of a batch.

    :param opened: the batch's gate.
    :param alive: the hosts of the play that Ansible has not lost.
    :param failures: by host, why its own tasks failed.
    :param connected: the hosts whose agent ECS has heard from, C(None) where the question could not be asked.
    :param trouble: why the conductor could not do its part, if it could not.
    :param left: by host, the records of earlier identities that stay, in words.
    :param unretired: why such records could not be removed that had to be.
    """
    batch = plan["batches"][number - 1]

    def outcome_of(name: str) -> dict[str, Any]:
        if not opened["open"]:
            return {"outcome": SKIPPED, "reason": opened["reason"]}
        drained = {item["arn"] for item in plan["hosts"][name].get("drain", ())} & set(batch["drain"])
        draining = " It is left DRAINING; the next run brings it back." if drained else ""
        if name not in alive:
            return {
                "outcome": UNREACHABLE,
                "reason": f"The connection was lost while the host was being changed.{draining}",
            }
        if name in failures:
            return {"outcome": FAILED, "reason": failures[name] + draining}
        if connected is None or name not in connected:
            return {"outcome": FAILED, "reason": trouble or "ECS has not heard from the agent (agentConnected false)."}
        words = list((left or {}).get(name, ()))
        if unretired and any(plan["hosts"][name]["retire"].values()):
            reason = f"The host works, but records of what it was before are left: {unretired} Run again."
            return {"outcome": FAILED, "reason": reason, "left": words}
        return {"outcome": CONVERGED, "reason": "", **({"left": words} if words else {})}

    return {
        "number": number,
        "wave": batch["wave"],
        "site": batch["site"],
        "outcomes": {name: outcome_of(name) for name in batch["hosts"]},
    }


def planned_outcome(host: Mapping[str, Any]) -> dict[str, str]:
    """The outcome of a host that no batch took up, or whose batch never came."""
    action, reason = host["action"], host["reason"]
    if action in (UNCHANGED, BLOCKED, FAILED, UNREACHABLE):
        return {"outcome": action, "reason": reason}
    return {"outcome": SKIPPED, "reason": reason or "The run ended before its batch."}
