# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a run in a terminal: pure functions over its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import drained, times
from .advice import groups
from .outcomes import OUTCOMES
from .record import AS_ASKED, OPERATOR, PENDING, hosts_of
from .words import count, head, named, one_line

Data = Mapping[str, Any]

# The outcomes that the table always shows; the others appear when a host has them.
_ALWAYS = ("unchanged", "converged", "failed", "unreachable")

# With more sites than this, those where all is as asked share a row.
_ROWS = 30
_NAMES = 12
_REASONS = 5


def lines(run: Data) -> list[str]:
    """A row a site, a row of sums, then what an operator has to know: what is amiss, and what to do about it."""
    return [
        "",
        head(run),
        *([run["interrupted"]] if run.get("interrupted") else []),
        *_rows(run),
        *_amiss(run),
        *_draining(run),
        *(f"left: {place}: {one_line(words, 300)}" for place, words in _leftovers(run)),
        "",
        verdict(run),
    ]


def verdict(run: Data) -> str:
    """The run in one sentence."""
    totals = run["totals"]
    good = sum(totals[outcome] for outcome in AS_ASKED)
    took = times.between(run["started"], run["ended"])
    said = f"{good} of {totals['hosts']} hosts are as asked ({totals['converged']} of them changed by this run)"
    return f"{said}, after {times.words(took)}." if took is not None else f"{said}."


def _rows(run: Data) -> list[str]:
    shown = [name for name in (*OUTCOMES, PENDING) if name in _ALWAYS or run["totals"][name]]
    columns = ["hosts", *shown]
    sites, folded = dict(run["sites"]), {}
    if len(sites) > _ROWS:
        folded = {name: sums for name, sums in sites.items() if all_as_asked(sums)}
        sites = {name: sums for name, sums in sites.items() if name not in folded}
    rows = [["SITE", *(column.replace("_", " ").upper() for column in columns)]]
    rows += [[name, *(str(sums[column]) for column in columns)] for name, sums in sites.items()]
    if folded:
        label = f"{len(folded)} sites as asked"
        rows.append([label, *(str(sum(sums[column] for sums in folded.values())) for column in columns)])
    return aligned([*rows, ["all", *(str(run["totals"][column]) for column in columns)]])


def all_as_asked(sums: Mapping[str, int]) -> bool:
    return sum(sums[outcome] for outcome in AS_ASKED) == sums["hosts"]


def _amiss(run: Data) -> list[str]:
    said = []
    for group in groups(run):
        hosts = count(len(group["hosts"]), "host")
        said.append(f"{group['outcome'].replace('_', ' ')}: {hosts}. {group['advice']}")
        for part in group["reasons"][:_REASONS]:
            said.append(f"  {named(hosts_of(run, part['hosts']), _NAMES)}: {one_line(part['reason'], 400)}")
        rest = group["reasons"][_REASONS:]
        if rest:
            names = [name for part in rest for name in part["hosts"]]
            said.append(f"  {named(hosts_of(run, names), _NAMES)}: other reasons, which the record tells")
    return ["", *said] if said else []


def _draining(run: Data) -> list[str]:
    operators = [name for name, host in run["hosts"].items() if host["draining"] == OPERATOR]
    outside = drained.lines(run.get("draining_outside") or [])
    return [
        *([f"DRAINING, left so by a run: {', '.join(hosts_of(run, run['draining']))}"] if run["draining"] else []),
        *([f"DRAINING, as an operator wanted: {', '.join(hosts_of(run, operators))}"] if operators else []),
        *outside,
    ]


def _leftovers(run: Data) -> list[tuple[str, str]]:
    return [(f"{host['site']}/{name}", words) for name, host in run["hosts"].items() for words in host["left"]]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
        for row in rows
    ]
