# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a run, and the lines that an operator reads of it: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .outcomes import OUTCOMES, outcomes_so_far, planned_outcome
from .plan import BLOCKED, CONVERGE, FAILED, UNREACHABLE
from .words import head, one_line

SCHEMA = 1

# The outcomes that the table always shows; the others appear when a host has them.
_ALWAYS = ("unchanged", "converged", "failed", "unreachable")


def record(
    plan: Mapping[str, Any],
    results: Sequence[Mapping[str, Any]],
    ended: str,
    versions: Mapping[str, Mapping[str, str | None]],
) -> dict[str, Any]:
    """The record of a run: the plan's head, every host's outcome with its reason and drift, and the sums by site.

    :param versions: by host, the versions of its packages as they were last read.
    """
    outcomes = outcomes_so_far(results)
    hosts = {
        name: {
            "site": host["site"],
            "wave": host["wave"],
            **(outcomes.get(name) or planned_outcome(host)),
            "drift": host["drift"],
            "versions_before": _installed(host.get("versions") or {}),
            "versions_after": _installed(versions.get(name) or {}),
        }
        for name, host in plan["hosts"].items()
    }
    return {
        "schema": SCHEMA,
        **{key: plan[key] for key in ("run_id", "started", "fleet", "cluster", "region", "release")},
        "ended": ended,
        "waves": [{"name": wave["name"], "sites": wave["sites"]} for wave in plan["waves"]],
        "hosts": hosts,
        "sites": _by_site(plan, hosts),
    }


_PROGRAMS = {"engine": "engine", "ssm_agent": "SSM agent", "ecs_agent": "ECS agent"}


def version_lines(plan: Mapping[str, Any]) -> list[str]:
    """For each host that a run has to do with, which program goes from which version to which."""
    lines = []
    for name, host in plan["hosts"].items():
        steps = [step for entry in host["drift"] for step in _version_steps(entry)]
        if host["action"] == CONVERGE and steps:
            drained = " (drained)" if host["disruptive"] and host["instance"] else ""
            lines.append(f"{name}: {', '.join(steps)}{drained}")
        elif host["action"] in (BLOCKED, FAILED, UNREACHABLE):
            lines.append(f"{name}: stays as it is, because it is {host['action']}")
    return lines or ["Every host has the versions that are asked for."]


def _version_steps(entry: Mapping[str, Any]) -> list[str]:
    program, before, after = _PROGRAMS.get(entry["component"]), entry["before"] or {}, entry["after"] or {}
    if program is None:
        return []
    if "package" in after:
        return [f"{program} {before['package'] or 'none'} -> {after['package']}"]
    # The package is there, and an older program still runs.
    return [f"{program} restarts"] if "current" in after or "running_version" in after else []


def _installed(packages: Mapping[str, str | None]) -> dict[str, str]:
    return {name: version for name, version in packages.items() if version}


def _by_site(plan: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    sums: dict[str, dict[str, int]] = {
        site: {"hosts": 0, **dict.fromkeys(OUTCOMES, 0)} for wave in plan["waves"] for site in wave["sites"]
    }
    for host in hosts.values():
        sums[host["site"]]["hosts"] += 1
        sums[host["site"]][host["outcome"]] += 1
    return sums


def table(run: Mapping[str, Any]) -> list[str]:
    """The end of a run in a terminal: a row a site, a row of sums, and a line for each host that is not as asked."""
    shown = [name for name in OUTCOMES if name in _ALWAYS or any(site[name] for site in run["sites"].values())]
    columns = ["hosts", *shown]
    total = {column: sum(site[column] for site in run["sites"].values()) for column in columns}
    rows = [["SITE", *(column.upper() for column in columns)]]
    rows += [[name, *(str(site[column]) for column in columns)] for name, site in run["sites"].items()]
    rows += [["all", *(str(total[column]) for column in columns)]]
    trouble = [
        f"{host['outcome']:<11}  {host['site']}/{name}: {one_line(host['reason'])}"
        for name, host in run["hosts"].items()
        if host["outcome"] not in ("unchanged", "converged")
    ]
    left = [
        f"left         {host['site']}/{name}: {one_line(words)}"
        for name, host in run["hosts"].items()
        for words in host.get("left", ())
    ]
    return [head(run), *_aligned(rows), *trouble, *left]


def progress_line(plan: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> str:
    """One line for the batch that has just ended: where the run stands."""
    last = results[-1]
    counts = {name: sum(host["outcome"] == name for host in last["outcomes"].values()) for name in OUTCOMES}
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    done = sum(len(result["outcomes"]) for result in results)
    total = sum(len(batch["hosts"]) for batch in plan["batches"])
    place = f"batch {last['number']}/{len(plan['batches'])}, wave {last['wave']}, site {last['site']}"
    return f"[{done}/{total} hosts] {place}: {said}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
        for row in rows
    ]
