# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""May this batch begin: pure functions over the plan, the outcomes so far (outcomes.py) and what a conductor has asked.

A gate is C(open) or has a C(reason), a C(scope) (what else stays closed with it: C(batch), C(site), C(wave), C(fleet))
and a C(kind) (the rule that closed it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import budget as budgets
from . import window
from .disruption import why_starved

Data = Mapping[str, Any]
Gate = dict[str, Any]

OPEN: Data = {"open": True, "reason": "", "scope": "batch", "kind": ""}


def closed(reason: str, scope: str, kind: str) -> Gate:
    return {"open": False, "reason": reason[:1].upper() + reason[1:], "scope": scope, "kind": kind}


@dataclass(frozen=True)
class Asked:
    """What the conductor of a batch has found out before it asks the gate.

    - now: the moment (ISO 8601, UTC), minutes: how long a batch takes.
    - stop: why somebody wants the run to stop, in words.
    - wave: the gate of the batch's wave, as the wave's first conductor has left it.
    - link: what the site's first host has said of its way to the Region, if it was asked.
    """

    now: str
    minutes: int = 30
    stop: Sequence[str] = ()
    wave: Data = field(default_factory=lambda: OPEN)
    link: Data = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """A batch before its gate."""

    plan: Data
    batch: Data
    results: Sequence[Data]
    budget: Data
    asked: Asked


def gate(plan: Data, number: int, results: Sequence[Data], budget: Data, **asked: Any) -> Gate:
    """Whether batch C(number) may begin, after the C(results) of the batches before it.

    :param asked: the members of C(Asked).
    """
    return _first(_OF_BATCH, Question(plan, plan["batches"][number - 1], results, budget, Asked(**asked)))


def wave_gate(plan: Data, number: int, results: Sequence[Data], budget: Data, **asked: Any) -> Gate:
    """Whether the wave of this batch may begin: the same, without what concerns the batch's site alone."""
    return _first(_OF_WAVE, Question(plan, plan["batches"][number - 1], results, budget, Asked(**asked)))


def _first(rules: Sequence[Callable[[Question], Gate | None]], question: Question) -> Gate:
    found = (rule(question) for rule in rules)
    return next((answer for answer in found if answer), dict(OPEN))


def _stopped(question: Question) -> Gate | None:
    return closed(" ".join(question.asked.stop), "fleet", "stop") if question.asked.stop else None


def _unanswered(question: Question) -> Gate | None:
    """A conductor that has broken has counted nothing: what follows would be blind."""
    ended = {result["number"] for result in question.results}
    silent = [
        item
        for item in question.plan["batches"]
        if item["step"] < question.batch["step"] and item["number"] not in ended
    ]
    if not silent:
        return None
    first = silent[0]
    reason = (
        f"batch {first['number']} (site '{first['site']}') has ended without a result: see the error of its conductor."
    )
    return closed(reason, "fleet", "")


def _overspent(question: Question) -> Gate | None:
    reason, scope = budgets.overspent(question.plan, question.batch, question.results, question.budget)
    return closed(reason, scope, "budget") if reason else None


def _wave_overspent(question: Question) -> Gate | None:
    found = _overspent(question)
    return found if found and found["scope"] != "site" else None


def _not_tried(question: Question) -> Gate | None:
    """An order of waves is there so that the ones before prove what the next ones are given."""
    for wave in question.plan["waves"]:
        if wave["name"] == question.batch["wave"]:
            return None
        gates = [result["gate"] for result in question.results if result["wave"] == wave["name"]]
        if gates and not any(item["open"] for item in gates):
            return closed(f"wave '{wave['name']}' has not begun: {gates[0]['reason']}", "wave", gates[0]["kind"])
    return None


def _of_the_wave(question: Question) -> Gate | None:
    return None if question.asked.wave["open"] else dict(question.asked.wave)


def _of_the_site(question: Question) -> Gate | None:
    """What the site's first conductor has asked once, and would find again: its link, a hook before the site."""
    gates = [result["gate"] for result in question.results if result["site"] == question.batch["site"]]
    found = (item for item in gates if item["scope"] == "site" and item["kind"] in ("link", "hook"))
    return next((dict(item) for item in found), None)


def _cut_off(question: Question) -> Gate | None:
    link = question.asked.link
    if not link or link["answers"]:
        return None
    reason = (
        f"site '{question.batch['site']}' is cut off from the Region: ECS has lost all its agents, and {link['host']} "
        f"does not reach {link['said']}. It changes when its link is back."
    )
    return closed(reason, "site", "link")


def _starving(question: Question) -> Gate | None:
    names = question.batch.get("starves")
    if not names:
        return None
    advice = "Change fewer hosts of the site at once (fleet_max_unavailable), or lower its minimumHealthyPercent to 0."
    return closed(f"{why_starved(names)} {advice}", "batch", "drain")


def _outside(question: Question) -> Gate | None:
    reason = outside(question.plan, question.batch["site"], question.asked.now, question.asked.minutes)
    return closed(reason, "site", "window") if reason else None


def outside(plan: Data, site: str, now: str, minutes: int) -> str:
    """Why the site's maintenance windows let no batch begin, if so."""
    return window.decide(plan.get("windows", {}).get(site), f"site '{site}'", window.parse_instant(now), minutes)


_OF_WAVE = (_stopped, _unanswered, _wave_overspent, _not_tried)
_OF_BATCH = (
    _stopped, _unanswered, _overspent, _not_tried, _of_the_wave, _of_the_site, _cut_off, _outside, _starving,
)  # fmt: skip
