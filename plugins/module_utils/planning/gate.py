# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""May this batch begin: pure functions over the plan and the outcomes so far (outcomes.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .outcomes import SPOILED, outcomes_so_far
from .plan import UNREACHABLE, PlanError, limit_of

OPEN: Mapping[str, Any] = {"open": True, "reason": "", "scope": "batch", "kind": ""}

DEFAULT_BUDGET: Mapping[str, int | str] = {"site": 0, "wave": 0}


def gate(
    plan: Mapping[str, Any], number: int, results: Sequence[Mapping[str, Any]], budget: Mapping[str, int | str]
) -> dict[str, Any]:
    """Whether batch C(number) may begin, after the C(results) of the batches before it.

    A site stops when more of its hosts have failed or were rolled back, or were lost while they were being changed,
    than the site's budget allows. A wave stops, and with it all waves after it, when more of its hosts have I(failed)
    or were rolled back than its budget allows; a host that was lost does not count here: a site that goes dark ends
    its own part of the run only.
    """
    allowed = {**DEFAULT_BUDGET, **budget}
    outcomes = outcomes_so_far(results)
    batch = plan["batches"][number - 1]
    for wave in plan["waves"]:
        reason = _overspent(
            f"wave '{wave['name']}'", "fleet_failure_budget.wave", allowed["wave"], wave["hosts"], outcomes, SPOILED
        )
        if reason:
            return {"open": False, "reason": reason, "scope": "wave", "kind": "budget"}
        if wave["name"] == batch["wave"]:
            break
    site = [name for name, host in plan["hosts"].items() if host["site"] == batch["site"]]
    reason = _overspent(
        f"site '{batch['site']}'", "fleet_failure_budget.site", allowed["site"], site, outcomes, (*SPOILED, UNREACHABLE)
    )
    return {"open": False, "reason": reason, "scope": "site", "kind": "budget"} if reason else dict(OPEN)


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
