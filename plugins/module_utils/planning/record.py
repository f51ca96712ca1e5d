# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a run, as it grows: begun with the plan, added to by each batch, ended. Pure functions.

A record on disk is whole after each of these steps, so that a run which is killed leaves one behind. Each step takes
the record of the step before it, so that the last batch of a large fleet costs no more than the first.
docs/record.schema.json describes it for others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import drained
from .budget import DEFAULTS as DEFAULT_BUDGET
from .limits import limit_of
from .outcomes import CONVERGED, LEFT_DRAINING, OUTCOMES, SKIPPED, SPOILED, UNKNOWN, planned_outcome
from .plan import CONVERGE, UNCHANGED

SCHEMA = 3

# Of which the page can be drawn again: 3 adds to 2.
READABLE = (2, SCHEMA)

# Interrupted: ended before its time, by a signal or by an error outside of any batch.
RUNNING, ENDED, INTERRUPTED = "running", "ended", "interrupted"

# Of a host whose batch has not ended yet.
PENDING = "pending"

# What an operator need not look after.
AS_ASKED = (UNCHANGED, CONVERGED)

# Who has left a host DRAINING: a run that could not bring it back, or somebody who wanted it.
LEFT, OPERATOR = "left", "operator"

_HEAD = ("run_id", "started", "fleet", "cluster", "region", "release")

Data = Mapping[str, Any]


def head(plan: Data, kind: str, ended: str | None = None) -> dict[str, Any]:
    """What records of all kinds begin with."""
    told = {key: plan[key] for key in _HEAD if key in plan}
    return {"schema": SCHEMA, "kind": kind, "state": ENDED if ended else RUNNING, **told, "ended": ended}


def begin(plan: Data) -> dict[str, Any]:
    """The record of a rollout that has only been planned."""
    batch_of = {name: batch["number"] for batch in plan["batches"] for name in batch["hosts"]}
    hosts = {name: _host(host, batch_of.get(name)) for name, host in plan["hosts"].items()}
    return _summed(
        {
            **head(plan, "rollout"),
            "failure_budget": {**DEFAULT_BUDGET, **(plan.get("failure_budget") or {})},
            "waves": [_wave(wave) for wave in plan["waves"]],
            "steps": [list(step) for step in plan.get("steps") or [[batch["number"]] for batch in plan["batches"]]],
            "batches": [_batch(batch) for batch in plan["batches"]],
            "hosts": hosts,
            "interrupted": "",
            "draining_outside": [dict(found) for found in plan.get("drained_outside") or ()],
        }
    )


def add(run: Data, results: Iterable[Data], versions: Data | None = None) -> dict[str, Any]:
    """The record after batches have ended. To add a result once more changes nothing.

    :param versions: by host, the versions of its packages as they were last read.
    """
    hosts, by_number = dict(run["hosts"]), {result["number"]: result for result in results}
    for result in by_number.values():
        for name, outcome in result["outcomes"].items():
            versions_now = (versions or {}).get(name) or {}
            hosts[name] = _ended_host(hosts[name], outcome, versions_now, _drainer(run, name, result))
    batches = [
        _ended_batch(batch, by_number[batch["number"]]) if batch["number"] in by_number else batch
        for batch in run["batches"]
    ]
    return _summed({**run, "batches": batches, "hosts": hosts})


def end(run: Data, ended: str, broken: Iterable[Data] = (), interrupted: str = "") -> dict[str, Any]:
    """The record of a run that has come to an end: hosts whose batch never came were skipped.

    :param broken: batches of which nobody has seen the end: C(number), C(reason); C(touched), whether they had begun;
        C(connected), the hosts of which ECS has heard since.
    :param interrupted: in words, what has ended the run before its time.
    """
    by_number = {item["number"]: item for item in broken}
    hosts = {
        name: _unfinished(run, name, by_number.get(host["batch"]), interrupted) if host["outcome"] == PENDING else host
        for name, host in run["hosts"].items()
    }
    batches = [
        {**batch, "gate": dict(_BEGAN)} if _has_begun(by_number.get(batch["number"])) and not batch["gate"] else batch
        for batch in run["batches"]
    ]
    state = {"state": INTERRUPTED if interrupted else ENDED, "interrupted": interrupted}
    return _summed({**run, **state, "ended": ended, "batches": batches, "hosts": hosts})


_BEGAN = {"open": True, "reason": "", "scope": "", "kind": ""}


def _has_begun(broken: Data | None) -> bool:
    return bool(broken and broken["touched"])


def _unfinished(run: Data, name: str, broken: Data | None, interrupted: str) -> dict[str, Any]:
    """A host whose batch has no result. What the run has drained and not brought back must be feared to be DRAINING."""
    host = run["hosts"][name]
    feared = bool(broken and host.get("drains") and name not in (broken.get("connected") or ()))
    parts = [(broken or {}).get("reason") or interrupted]
    if _has_begun(broken):
        outcome, words = UNKNOWN, "Nobody has seen how the change of the host ended."
    else:
        outcome, words = SKIPPED, planned_outcome({"action": CONVERGE, "reason": ""})["reason"]
    parts.append(words)
    if feared:
        parts.append("It may be left DRAINING; the next run brings it back.")
    elif host["draining"] == LEFT:
        parts.append(LEFT_DRAINING)
    told = {"outcome": outcome, "reason": " ".join(part for part in parts if part)}
    return {**host, **told, **({"draining": LEFT, "drained_by": str(run["run_id"])} if feared else {})}


def brought_up(run: Data) -> dict[str, Any]:
    """A record of an earlier schema as one of this."""
    new = {"schema": SCHEMA, "interrupted": "", "draining_outside": []}
    hosts = {name: {"drained_by": "", "drains": False, **host} for name, host in run["hosts"].items()}
    return _summed({**new, **run, "schema": SCHEMA, "hosts": hosts})


def under_way(run: Data) -> list[dict[str, Any]]:
    """The batches that a running rollout is busy with, or was when it was killed: the first step that has not ended."""
    by_number = {batch["number"]: batch for batch in run["batches"]}
    for step in run["steps"] if run["state"] == RUNNING else []:
        left = [by_number[number] for number in step if not by_number[number]["ended"]]
        if left:
            return left
    return []


def amiss(run: Data) -> list[str]:
    """The hosts that are not as asked."""
    return [name for name, host in run["hosts"].items() if host["outcome"] not in AS_ASKED]


def _host(host: Data, batch: int | None) -> dict[str, Any]:
    outcome = {"outcome": PENDING, "reason": ""} if batch else planned_outcome(host)
    return {
        "site": host["site"],
        "wave": host["wave"],
        "batch": batch,
        **outcome,
        "drift": host["drift"],
        "disruptive": bool(host.get("disruptive")),
        "warnings": list(host.get("warnings") or []),
        "identity": host.get("identity"),
        # Whether this run drains it before it changes it.
        "drains": any(item["mark"] for item in host.get("drain") or ()),
        "draining": _draining_before(host),
        # The run that has drained it last, of those that were not able to bring it back.
        "drained_by": str(host.get("drained_by") or ""),
        "left": [],
        "versions_before": installed(host.get("versions") or {}),
        # Until the host has changed, and for good if it does not.
        "versions_after": installed(host.get("versions") or {}),
    }


def _draining_before(host: Data) -> str:
    if host.get("status") != drained.DRAINING:
        return ""
    return LEFT if drained.was_left(host) else OPERATOR


def _drainer(run: Data, name: str, result: Data) -> dict[str, str]:
    """Who has left a host of an ended batch DRAINING."""
    host = run["hosts"][name]
    if name in (result.get("draining") or ()):
        return {"draining": LEFT, "drained_by": host.get("drained_by") or str(run["run_id"])}
    return {"draining": OPERATOR if host["draining"] == OPERATOR else "", "drained_by": ""}


def _ended_host(host: Data, outcome: Data, versions: Data, drainer: Data) -> dict[str, Any]:
    return {
        **host,
        **outcome,
        **drainer,
        "left": list(outcome.get("left") or []),
        "versions_after": installed(versions) or host["versions_after"],
    }


def _wave(wave: Data) -> dict[str, Any]:
    return {
        "name": wave["name"],
        "why": wave.get("why", ""),
        "sites": list(wave["sites"]),
        "max_unavailable": wave.get("max_unavailable"),
        "soak": wave.get("soak", 0),
        "confirm": bool(wave.get("confirm")),
        "failure_budget": dict(wave.get("failure_budget") or {}),
    }


def _batch(batch: Data) -> dict[str, Any]:
    return {
        "number": batch["number"],
        "wave": batch["wave"],
        "site": batch["site"],
        "fault_domain": batch.get("fault_domain", ""),
        "hosts": list(batch["hosts"]),
        "drains": len(batch.get("drain") or ()),
        "started": None,
        "ended": None,
        "gate": None,
        "draining": [],
    }


def _ended_batch(batch: Data, result: Data) -> dict[str, Any]:
    told = {key: result.get(key) for key in ("started", "ended", "gate")}
    # An end without a time is an end.
    return {**batch, **told, "ended": told["ended"] or "unknown", "draining": list(result.get("draining") or ())}


def installed(packages: Mapping[str, str | None]) -> dict[str, str]:
    return {name: version for name, version in packages.items() if version}


def _summed(run: dict[str, Any]) -> dict[str, Any]:
    """With all that follows from the hosts."""
    hosts, names = run["hosts"], [*OUTCOMES, PENDING]
    sites = {site: {"hosts": 0, **dict.fromkeys(names, 0)} for wave in run["waves"] for site in wave["sites"]}
    waves = {wave["name"]: {"hosts": 0, **dict.fromkeys(names, 0)} for wave in run["waves"]}
    totals = {"hosts": len(hosts), **dict.fromkeys(names, 0)}
    for host in hosts.values():
        for sums in (sites[host["site"]], waves[host["wave"]]):
            sums["hosts"] += 1
            sums[host["outcome"]] += 1
        totals[host["outcome"]] += 1
    return {
        **run,
        "waves": [{**wave, "totals": waves[wave["name"]], **_budget(run, wave, waves)} for wave in run["waves"]],
        "sites": sites,
        "totals": totals,
        "draining": [name for name, host in hosts.items() if host["draining"] == LEFT],
    }


def _budget(run: Data, wave: Data, totals: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    sums = totals[wave["name"]]
    allowed = {**run["failure_budget"], **wave["failure_budget"]}["wave"]
    return {"budget_used": sum(sums[name] for name in SPOILED), "budget": limit_of(allowed, sums["hosts"])}


def hosts_of(run: Data, names: Sequence[str]) -> list[str]:
    """Hosts as an operator knows them: site and name."""
    return [f"{run['hosts'][name]['site']}/{name}" for name in names]
