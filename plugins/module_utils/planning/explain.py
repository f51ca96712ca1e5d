# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as an operator reads it before a run: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import drained
from .plan import BLOCKED, CONVERGE, FAILED, UNREACHABLE
from .words import count, head, named, one_line

Plan = Mapping[str, Any]

# Of a wave with more batches than these, only the first and the last are shown: nobody reads a thousand lines.
MOST_BATCHES = 24

_ACTIONS = {
    "unchanged": "as asked",
    CONVERGE: "to change",
    BLOCKED: "blocked",
    FAILED: "failed",
    UNREACHABLE: "unreachable",
}


def _differences(hosts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What differs, once for all hosts on which the same differs: a fleet's hosts are mostly alike."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, host in hosts.items():
        alike.setdefault(tuple(_host_lines(host)), []).append(f"{host['site']}/{name}")
    return [line for lines, names in alike.items() if lines for line in (f"  {named(names, 8)}", *lines)]


def _host_lines(host: Mapping[str, Any]) -> list[str]:
    if host["action"] in (BLOCKED, FAILED, UNREACHABLE):
        left = drained.said(host)
        return [f"     {host['action']}: {one_line(host['reason'])}", *([f"     {left}"] if left else [])]
    return [
        f"     {entry['component']}: {one_line(entry['reason'])}{' (disruptive)' if entry['disruptive'] else ''}"
        for entry in host["drift"]
    ] + [f"     warning: {one_line(warning)}" for warning in host["warnings"]]


def plan_lines(plan: Plan) -> list[str]:
    """Each wave with how it was chosen and its batches in order, then what differs on each host."""
    actions = [host["action"] for host in plan["hosts"].values()]
    sums = ", ".join(f"{actions.count(action)} {words}" for action, words in _ACTIONS.items() if action in actions)
    batches: dict[str, list[Plan]] = {}
    for batch in plan["batches"]:
        batches.setdefault(batch["wave"], []).append(batch)
    waves = [line for wave in plan["waves"] for line in _wave_lines(wave, batches.get(wave["name"], ()))]
    return [f"{head(plan)}: {sums or 'no hosts'}", *waves, *plan["notes"], *_differences(plan["hosts"])]


def _wave_lines(wave: Plan, batches: Sequence[Plan]) -> Iterable[str]:
    changing = sum(len(batch["hosts"]) for batch in batches)
    size = f"{changing} of {count(len(wave['hosts']), 'host')} to change, at {count(len(wave['sites']), 'site')}"
    soak = f"; soaks for {wave['soak']} s" if wave["soak"] else ""
    confirm = "; begins when it is confirmed" if wave["confirm"] else ""
    yield f"Wave {wave['name']} ({wave['why']}): {size}{soak}{confirm}"
    shown = batches if len(batches) <= MOST_BATCHES else batches[: MOST_BATCHES - 2]
    for before, batch in zip([None, *shown], shown):
        yield _batch_line(batch, before is not None and before["step"] == batch["step"])
    if len(shown) < len(batches):
        yield f"     ... {len(batches) - len(shown) - 1} more batches ..."
        yield _batch_line(batches[-1], False)


def _batch_line(batch: Plan, together: bool) -> str:
    place = f"site {batch['site']}" + (f" ({batch['fault_domain']})" if batch["fault_domain"] else "")
    never = f", never ends: {', '.join(batch['starves'])} may run nowhere else" if batch.get("starves") else ""
    drains = f"  (drains {len(batch['drain'])}{never})" if batch["drain"] else ""
    # Batches of a step run together.
    return f"{batch['number']:>5}{'+' if together else '.'} {place}: {', '.join(batch['hosts'])}{drains}"
