# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a batch has ended, host by host: pure functions over what its conductor has seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import drained
from .plan import BLOCKED, FAILED, UNCHANGED, UNREACHABLE

CONVERGED, ROLLED_BACK, SKIPPED = "converged", "rolled_back", "skipped"

# Of a host whose batch had begun when its conductor or the whole run broke: nobody has seen how its change ended.
UNKNOWN = "unknown"

OUTCOMES = (UNCHANGED, CONVERGED, BLOCKED, FAILED, ROLLED_BACK, UNREACHABLE, SKIPPED, UNKNOWN)

# What a host ends with that is not what was asked of it, though it could be reached: both count against budgets.
SPOILED = (FAILED, ROLLED_BACK)

LEFT_DRAINING = "It is left DRAINING; the next run brings it back."
UNHEARD = "ECS has not heard from the agent (agentConnected false)."


def outcomes_so_far(results: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """All hosts' outcomes of the batches that have ended, by host."""
    return {host: outcome for result in results for host, outcome in result["outcomes"].items()}


@dataclass(frozen=True)
class Seen:
    """What the conductor of a batch has seen of it.

    - opened: the batch's gate.
    - alive: the hosts of the play that Ansible has not lost.
    - failures: by host, why its own tasks failed, or why ECS does not hear its agent.
    - connected: the hosts whose agent ECS has heard from, C(None) where the question could not be asked.
    - trouble: why the conductor could not do its part, if it could not.
    - rollbacks: by host, whether it was rolled back (C(done)), and why not (C(reason)).
    - draining: ARNs of container instances that the Region calls DRAINING; C(None) where nobody asked.
    - logs: by host, the folder of its logs on the control node.
    - left: by host, the records of earlier identities that stay, in words.
    - unretired: why such records could not be removed that had to be.
    - started, ended: when the batch began and ended (ISO 8601, UTC).
    """

    opened: Mapping[str, Any]
    alive: Sequence[str]
    failures: Mapping[str, str]
    connected: Sequence[str] | None
    trouble: str = ""
    rollbacks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    draining: Sequence[str] | None = None
    logs: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unretired: str = ""
    started: str = ""
    ended: str = ""


def batch_result(plan: Mapping[str, Any], number: int, **told: Any) -> dict[str, Any]:
    """The outcome of each host of a batch. What is told are the members of C(Seen)."""
    seen, batch = Seen(**told), plan["batches"][number - 1]
    found = {name: _outcome(plan["hosts"][name], name, seen) for name in batch["hosts"]}
    draining = [name for name in batch["hosts"] if _is_draining(plan, batch, name, found[name]["outcome"], seen)]
    for name in draining:
        found[name]["reason"] = f"{found[name]['reason']} {LEFT_DRAINING}".strip()
    return {
        "number": number,
        "wave": batch["wave"],
        "site": batch["site"],
        "started": seen.started,
        "ended": seen.ended,
        "gate": dict(seen.opened),
        "draining": draining,
        "outcomes": found,
    }


def _outcome(host: Mapping[str, Any], name: str, seen: Seen) -> dict[str, Any]:
    if not seen.opened["open"]:
        return {"outcome": SKIPPED, "reason": seen.opened["reason"]}
    if name not in seen.alive:
        return {"outcome": UNREACHABLE, "reason": "The connection was lost while the host was being changed."}
    heard = name in (seen.connected or ())
    why = seen.failures.get(name) or ("" if heard else seen.trouble or UNHEARD)
    if why:
        logs = {"logs": seen.logs[name]} if name in seen.logs else {}
        return {**_spoiled(why, seen.rollbacks.get(name), heard), **logs}
    words = list(seen.left.get(name, ()))
    if seen.unretired and any(host["retire"].values()):
        reason = f"The host works, but records of what it was before are left: {seen.unretired} Run again."
        return {"outcome": FAILED, "reason": reason, "left": words}
    return {"outcome": CONVERGED, "reason": "", **({"left": words} if words else {})}


def _spoiled(why: str, rollback: Mapping[str, Any] | None, heard: bool) -> dict[str, Any]:
    if rollback is None:
        return {"outcome": FAILED, "reason": why}
    if not rollback["done"]:
        return {"outcome": FAILED, "reason": f"{why} The host was not rolled back: {rollback['reason']}"}
    if not heard:
        return {"outcome": FAILED, "reason": f"{why} The host has its earlier settings again, but {UNHEARD}"}
    return {"outcome": ROLLED_BACK, "reason": f"{why} The host works with its earlier settings again."}


def _is_draining(plan: Mapping[str, Any], batch: Mapping[str, Any], name: str, outcome: str, seen: Seen) -> bool:
    """Whether the host is left DRAINING: as the Region says, or as it must be feared where nobody could ask.

    One that a run before has drained, and this one had no reason to, is so until it is well.
    """
    host = plan["hosts"][name]
    emptied = {item["arn"] for item in host.get("drain", ())} & set(batch["drain"])
    if not emptied:
        return drained.was_left(host) and outcome not in (CONVERGED, ROLLED_BACK)
    if seen.draining is not None:
        return bool(emptied & set(seen.draining))
    return outcome in (FAILED, UNREACHABLE)


def planned_outcome(host: Mapping[str, Any]) -> dict[str, str]:
    """The outcome of a host that no batch took up, or whose batch never came."""
    action, reason = host["action"], host["reason"]
    if action in (UNCHANGED, BLOCKED, FAILED, UNREACHABLE):
        return {"outcome": action, "reason": f"{reason} {drained.said(host)}".strip()}
    return {"outcome": SKIPPED, "reason": reason or "The run ended before its batch."}
