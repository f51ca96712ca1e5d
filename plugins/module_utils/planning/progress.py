# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a run stands, in one line a batch: pure functions over its record."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from . import times
from .record import AS_ASKED, PENDING
from .words import count, named, one_line

Data = Mapping[str, Any]


def line(run: Data, number: int) -> str:
    """The line for a batch that has just ended."""
    batch = run["batches"][number - 1]
    total = sum(len(item["hosts"]) for item in run["batches"])
    names = [wave["name"] for wave in run["waves"]]
    wave = run["waves"][names.index(batch["wave"])]
    said = [
        f"wave {wave['name']} ({names.index(wave['name']) + 1} of {len(names)}), site {batch['site']}",
        _outcomes(run, batch),
        f"failure budget {wave['budget_used']} of {wave['budget']} used",
        time_left(run),
    ]
    return f"[{total - run['totals'][PENDING]}/{total} hosts] {said[0]}: {'; '.join(part for part in said[1:] if part)}"


def _outcomes(run: Data, batch: Data) -> str:
    """How many hosts came to what, and which ones are not as asked."""
    by_outcome: dict[str, list[str]] = {}
    for name in batch["hosts"]:
        by_outcome.setdefault(run["hosts"][name]["outcome"], []).append(name)
    return ", ".join(
        f"{len(names)} {outcome}" + ("" if outcome in AS_ASKED else f" ({_why(run, batch, outcome, names)})")
        for outcome, names in by_outcome.items()
    )


def _why(run: Data, batch: Data, outcome: str, names: list[str]) -> str:
    # All hosts of a batch whose gate was closed share one reason, and it says more than their names.
    if not (batch["gate"] or {"open": True})["open"]:
        return one_line(run["hosts"][names[0]]["reason"], 160)
    return named(names, 4)


def time_left(run: Data) -> str:
    seconds, steps = seconds_left(run)
    if not steps:
        return ""
    left = f"{count(steps, 'step')} left"
    return f"{left}, {times.roughly(seconds)}" if seconds is not None else left


def seconds_left(run: Data) -> tuple[float | None, int]:
    """How long the steps that are left will take if they take as long as those that are done, and how many they are.

    A step whose batches did not begin says nothing of the time that one takes.
    """
    batches = {batch["number"]: batch for batch in run["batches"]}
    steps = [[batches[number] for number in step] for step in run["steps"]]
    left = [step for step in steps if not all(batch["ended"] for batch in step)]
    took = [seconds for step in steps for seconds in [_seconds(step)] if seconds is not None]
    if not took or not left:
        return None, len(left)
    return median(took) * len(left) + _soaks(run, left), len(left)


def _seconds(step: list[Data]) -> float | None:
    began = [batch for batch in step if batch["ended"] and (batch["gate"] or {}).get("open")]
    spans = [times.between(batch["started"], batch["ended"]) for batch in began]
    known = [seconds for seconds in spans if seconds is not None]
    return max(known, default=None)


def _soaks(run: Data, left: list[list[Data]]) -> float:
    """The soak times that are still to come: those of the waves that do not end the run and have not ended."""
    waves = list(dict.fromkeys(step[0]["wave"] for step in left))
    soak = {wave["name"]: wave["soak"] or 0 for wave in run["waves"]}
    return float(sum(soak[name] for name in waves[:-1]))
