# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waves that somebody has to agree to: pure functions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .budget import named
from .gate import OPEN, Gate, closed, outside
from .limits import PlanError
from .outcomes import OUTCOMES, outcomes_so_far

VARIABLE = "fleet_confirmed"
# What somebody at the terminal answers to let a wave begin.
YES = ("y", "yes")

Data = Mapping[str, Any]


def check(confirmed: Any, waves: Iterable[str]) -> None:
    """Refuse a confirmation that would confirm nothing."""
    known = list(waves)
    if isinstance(confirmed, (str, Mapping)) or not isinstance(confirmed, Iterable):
        raise PlanError(f"{VARIABLE} is '{confirmed}': it has to be a list of names of waves.")
    unknown = [str(name) for name in confirmed if name not in known]
    if unknown:
        raise PlanError(f"{VARIABLE} has '{unknown[0]}' (allowed: {', '.join(known) or 'nothing, without waves'}).")


def ask(
    plan: Data, number: int, results: Sequence[Data], confirmed: Sequence[str], now: str, minutes: int
) -> dict[str, Any]:
    """Whether somebody has to be asked about the wave of this batch: C(question), or the C(gate) as it is without.

    A wave whose sites are all outside of their windows is not asked about: it would begin unseen when one opens.
    """
    wave = plan["batches"][number - 1]["wave"]
    if wave in confirmed or not _wave(plan, wave).get("confirm"):
        return {"question": "", "gate": dict(OPEN)}
    batches = [item for item in plan["batches"] if item["wave"] == wave]
    sites = list(dict.fromkeys(item["site"] for item in batches))
    reasons = [outside(plan, site, now, minutes) for site in sites]
    if all(reasons):
        return {"question": "", "gate": closed(reasons[0], "wave", "window")}
    hosts = sum(len(item["hosts"]) for item in batches)
    outcomes = [item["outcome"] for item in outcomes_so_far(results).values()]
    sums = ", ".join(f"{outcomes.count(kind)} {kind}" for kind in OUTCOMES if kind in outcomes) or "nothing yet"
    question = (
        f"Wave '{wave}' would change {hosts} host{'s' * (hosts != 1)} of {named(sites)}. This run so far: {sums}.\n"
        "Type yes to begin it; anything else leaves it, and all after it, as they are"
    )
    return {"question": question, "gate": unconfirmed(wave, confirmed)}


def unconfirmed(wave: str, confirmed: Sequence[str]) -> Gate:
    how = json.dumps({VARIABLE: [*confirmed, wave]})
    return closed(f"wave '{wave}' waits for a confirmation. To give it, run again with -e '{how}'.", "wave", "confirm")


def answered(asked: Data, answer: str) -> Gate:
    return dict(OPEN) if answer.strip().lower() in YES else dict(asked["gate"])


def _wave(plan: Data, name: str) -> Data:
    found: Data = next(wave for wave in plan["waves"] if wave["name"] == name)
    return found
