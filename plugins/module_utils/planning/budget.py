# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many failures a site, a wave and the fleet may have: pure functions over the plan and the outcomes so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .limits import PlanError, limit_of
from .outcomes import CONVERGED, SPOILED, outcomes_so_far
from .plan import FAILED, UNREACHABLE

VARIABLE = "fleet_failure_budget"
DEFAULTS: Mapping[str, int | str] = {"site": 0, "wave": 0, "fleet": "100%", "minimum_tried": 1}
# A wave has its own numbers for its sites and itself, not for the fleet.
OF_WAVE = ("site", "wave", "minimum_tried")

# A site that goes dark ends its own part of the run only: a host that is lost counts for its site alone.
COUNTED = {"site": (*SPOILED, UNREACHABLE), "wave": SPOILED, "fleet": SPOILED}
TRIED = (CONVERGED, *SPOILED, UNREACHABLE)
_WORDS = {FAILED: "failed", UNREACHABLE: "lost"}

Data = Mapping[str, Any]
Budget = Mapping[str, Any]


def check(budget: Any, variable: str = VARIABLE, members: Sequence[str] = tuple(DEFAULTS)) -> None:
    """Refuse what is no budget, by the name of C(variable)."""
    if not isinstance(budget, Mapping):
        raise PlanError(f"{variable} is '{budget}': it has to have members (allowed: {', '.join(members)}).")
    for name, value in budget.items():
        if name not in members:
            raise PlanError(f"{variable} has '{name}' (allowed: {', '.join(members)}).")
        if name == "minimum_tried" and "%" in str(value):
            raise PlanError(f"{variable}.minimum_tried: '{value}' has to be a number of hosts.")
        _limit(f"{variable}.{name}", value, 0)


def of_wave(wave: Data, budget: Budget) -> dict[str, Any]:
    """What holds in a wave: its own numbers before the fleet's."""
    return {**DEFAULTS, **budget, **(wave.get("failure_budget") or {})}


def members_of(wave: Data, plan: Data) -> list[str]:
    return [name for name in wave["hosts"] if name in plan["hosts"]]


def overspent(plan: Data, batch: Data, results: Sequence[Data], budget: Budget) -> tuple[str, str]:
    """Why the batch may not begin, and whether this stops the C(fleet), the C(wave) or the C(site); or two empty texts.

    A wave that has stopped stops all waves after it.
    """
    outcomes = outcomes_so_far(results)
    reason = _place(plan, "fleet", "the fleet", list(plan["hosts"]), outcomes, {**DEFAULTS, **budget})
    if reason:
        return reason, "fleet"
    for wave in plan["waves"]:
        allowed = of_wave(wave, budget)
        reason = _place(plan, "wave", f"wave '{wave['name']}'", members_of(wave, plan), outcomes, allowed)
        if reason:
            return reason, "wave"
        if wave["name"] == batch["wave"]:
            break
    site = [name for name, host in plan["hosts"].items() if host["site"] == batch["site"]]
    reason = _place(plan, "site", f"site '{batch['site']}'", site, outcomes, allowed)
    return reason, "site" if reason else ""


def spending(plan: Data, wave: str, results: Sequence[Data], budget: Budget) -> dict[str, int]:
    """How much of a wave's budget is used: C(used) of C(allowed) failures among its C(hosts)."""
    found = next(item for item in plan["waves"] if item["name"] == wave)
    members, outcomes = members_of(found, plan), outcomes_so_far(results)
    allowed = _limit(f"{VARIABLE}.wave", of_wave(found, budget)["wave"], len(members))
    return {"used": len(_counted(members, outcomes, SPOILED)), "allowed": allowed, "hosts": len(members)}


def allowance(plan: Data, wave: Data, results: Sequence[Data], budget: Budget) -> int:
    """How many more failures a wave may have."""
    spent = spending(plan, wave["name"], results, budget)
    return max(0, spent["allowed"] - spent["used"])


def _place(
    plan: Data, kind: str, words: str, members: Sequence[str], outcomes: Mapping[str, Data], allowed: Budget
) -> str:
    """Why this place has stopped, if it has."""
    variable = f"{VARIABLE}.{kind}"
    lost = _counted(members, outcomes, COUNTED[kind])
    if len(lost) <= _limit(variable, allowed[kind], len(members)):
        return ""
    to_change = sum(plan["hosts"][name]["action"] == "converge" for name in members)
    needed = min(_limit(f"{VARIABLE}.minimum_tried", allowed["minimum_tried"], 0), to_change)
    if len(_counted(members, outcomes, TRIED)) < needed:
        return ""
    return f"{words} has stopped: {said(lost, outcomes)}, {variable} allows {allowed[kind]}."


def _counted(members: Iterable[str], outcomes: Mapping[str, Data], counted: Sequence[str]) -> list[str]:
    return [name for name in members if name in outcomes and outcomes[name]["outcome"] in counted]


def said(lost: Sequence[str], outcomes: Mapping[str, Data]) -> str:
    """`lab-1, lab-2 failed, lab-3 rolled back`."""
    by_outcome: dict[str, list[str]] = {}
    for name in lost:
        by_outcome.setdefault(outcomes[name]["outcome"], []).append(name)
    return ", ".join(f"{named(names)} {_WORDS.get(kind, kind.replace('_', ' '))}" for kind, names in by_outcome.items())


def named(names: Sequence[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _limit(variable: str, allowed: Any, total: int) -> int:
    try:
        return limit_of(allowed, total)
    except PlanError as error:
        raise PlanError(f"{variable}: {error}") from None
