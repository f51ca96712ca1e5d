# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that the page shows, in the order in which it shows it: a pure function of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import advice, drained, progress, times, words
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.outcomes import OUTCOMES
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.record import (
    AS_ASKED,
    INTERRUPTED,
    OPERATOR,
    PENDING,
    RUNNING,
    amiss,
    under_way,
)

from . import changes, timeline

Data = Mapping[str, Any]

# A sign beside each colour: some readers do not tell colours apart, and paper does not print them.
SIGNS = {
    "unchanged": "=",
    "converged": "✓",
    "failed": "✕",
    "unknown": "?",
    "rolled_back": "↺",
    "unreachable": "⁇",
    "blocked": "!",
    "skipped": "–",
    PENDING: "…",
}
WORDS = {
    "unchanged": "as asked before",
    "converged": "changed, as asked",
    "rolled_back": "rolled back",
    "unknown": "broken off, its end not seen",
    PENDING: "not done yet",
}

# With more sites than this a site is a square on the map, not a tile with its name and hosts.
_TILES = 48

# With more reasons than this for what needs the same of an operator, the others are told host by host further down.
_REASONS = 4


def view(run: Data, path: str = "") -> dict[str, Any]:
    """:param path: where the record lies, for the command that goes on with what is left."""
    ended = run["state"] != RUNNING
    places = _sites(run)
    took = times.between(run["started"], run["ended"] if ended else run.get("written"))
    return {
        "run": run,
        "ended": ended,
        "title": f"{run['fleet']} {run['run_id']}",
        "record_file": f"{run['run_id']}.json",
        "tone": _tone(run),
        "verdict": _verdict(run),
        "took": times.words(took) if took is not None else "",
        "counts": _counts(run),
        "under_way": under_way(run),
        "left": "" if ended else progress.time_left(run),
        "outside": drained.lines(run.get("draining_outside") or []),
        "operators": [name for name, host in run["hosts"].items() if host["draining"] == OPERATOR],
        "trouble": [_group(run, group, places) for group in advice.groups(run) if _is_trouble(group, ended)],
        "waves": timeline.waves(run),
        "ticks": _ticks(run),
        "sites": places,
        "tiles": len(places) <= _TILES,
        "bad_sites": [site for site in places if site["amiss"]],
        "good_sites": [site for site in places if not site["amiss"]],
        "drift": changes.drift(run),
        "versions": changes.versions(run),
        "leftovers": [(name, what) for name, host in run["hosts"].items() for what in host["left"]],
        "warnings": _warnings(run),
        "signs": SIGNS,
        "words": {name: WORDS.get(name, name) for name in SIGNS},
        "again": f"ansible-playbook edgefleet.ecs.rollout -e fleet_only_failed={path}" if path and amiss(run) else "",
    }


def _is_trouble(group: Data, ended: bool) -> bool:
    # While the run goes on, hosts whose turn has not come are no trouble.
    return ended or group["outcome"] != PENDING


def _tone(run: Data) -> str:
    totals = run["totals"]
    bad = sum(totals[name] for name in OUTCOMES if name not in AS_ASKED)
    if bad or run["draining"] or run["state"] == INTERRUPTED:
        return "bad"
    return "good" if run["state"] != RUNNING else "running"


def _verdict(run: Data) -> str:
    totals, count = run["totals"], run["totals"]["hosts"]
    good = sum(totals[name] for name in AS_ASKED)
    if run["state"] == RUNNING:
        bad = count - good - totals[PENDING]
        need = f"; {bad} {'needs' if bad == 1 else 'need'} attention" if bad else ""
        return f"{good} of {count} hosts are as asked so far{need}."
    if good == count:
        return "The host is as asked." if count == 1 else f"All {count} hosts are as asked."
    need = "1 needs" if count - good == 1 else f"{count - good} need"
    return f"{good} of {count} hosts are as asked; {need} attention."


def _counts(run: Data) -> list[dict[str, Any]]:
    totals = run["totals"]
    return [
        {"outcome": name, "count": totals[name], "share": round(totals[name] / max(totals["hosts"], 1) * 100, 3)}
        for name in (
            "converged",
            "unchanged",
            "failed",
            "unknown",
            "rolled_back",
            "unreachable",
            "blocked",
            "skipped",
            PENDING,
        )
        if totals[name]
    ]


def _group(run: Data, group: Data, places: list[dict[str, Any]]) -> dict[str, Any]:
    anchors = {site["name"]: site["anchor"] for site in places}

    def links(names: list[str]) -> list[dict[str, str]]:
        sites = {name: run["hosts"][name]["site"] for name in names}
        return [{"name": _place(site, name), "anchor": anchors[site]} for name, site in sites.items()]

    logs = dict.fromkeys(str(run["hosts"][name].get("logs") or "") for name in group["hosts"])
    parts = [{"reason": part["reason"], "hosts": links(part["hosts"])} for part in group["reasons"]]
    return {
        **group,
        "reasons": parts[:_REASONS],
        "more": [host for part in parts[_REASONS:] for host in part["hosts"]],
        "logs": [folder for folder in logs if folder],
    }


def _place(site: str, name: str) -> str:
    """A host's name, with its site's where it does not tell."""
    return name if site in name else f"{site}/{name}"


def _ticks(run: Data) -> list[dict[str, Any]]:
    scale = timeline.scale_of(run)
    return scale.ticks() if scale else []


def _sites(run: Data) -> list[dict[str, Any]]:
    """The sites, those that need attention first, otherwise in the order of the run."""
    members: dict[str, list[str]] = {site: [] for site in run["sites"]}
    for name, host in run["hosts"].items():
        members[host["site"]].append(name)
    found = [_site(run, number, site, names) for number, (site, names) in enumerate(members.items(), start=1)]
    return sorted(found, key=lambda site: (not site["amiss"], timeline.ORDER.index(site["tone"])))


def _site(run: Data, number: int, site: str, names: list[str]) -> dict[str, Any]:
    hosts = [{"name": name, **run["hosts"][name], "steps": changes.steps(run["hosts"][name])} for name in names]
    done = [host for host in hosts if host["outcome"] != PENDING or run["state"] != RUNNING]
    return {
        "name": site,
        "anchor": f"s{number}",
        "waves": list(dict.fromkeys(host["wave"] for host in hosts)),
        "tone": timeline.worst([host["outcome"] for host in hosts]),
        "amiss": any(host["outcome"] not in AS_ASKED for host in done) or any(host["draining"] for host in hosts),
        "good": sum(host["outcome"] in AS_ASKED for host in hosts),
        "hosts": hosts,
    }


def _warnings(run: Data) -> list[dict[str, Any]]:
    alike: dict[str, list[str]] = {}
    for name, host in run["hosts"].items():
        for what in host["warnings"]:
            alike.setdefault(what, []).append(name)
    return [{"what": what, "hosts": words.named(names, 8)} for what, names in alike.items()]
