# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about a host that is not as asked: pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Data = Mapping[str, Any]

# By the kind of gate that kept a batch from beginning.
_GATES = {
    "budget": "Look at the hosts that failed first: they have spent the budget. Then run again.",
    "window": "Run again inside the site's maintenance window.",
    "soak": "Find out what became of the hosts that were not well during the soak time. Then run again.",
    "confirm": "Look at the waves that are done. To go on, add the wave's name to fleet_confirmed and run again.",
    "stop": "Somebody has stopped the run. When the reason is gone, remove the stop file or the tag and run again.",
    "link": "See to the site's link; the site was left as it is. Then run again.",
    "drain": "See what keeps the tasks (docs/rollback.md tells how), or raise fleet_drain_timeout. Then run again.",
    "hook": "Read what the hook's task said. Then run again.",
}

_OUTCOMES = {
    "unreachable": "See to the host's power and link; what it had begun goes on with the next run. Then run again.",
    "blocked": "Nothing was touched on the host. Do what the reason says, then run again.",
    "failed": "The reason names the task and what it said. When that is put right, run again.",
    "rolled_back": "The host works as it did before the run. Find out why its check failed before you run again.",
    "skipped": "The run did not come to this host. Run again.",
    "unknown": "What was begun on the host goes on with the next run, which looks first. Run again.",
    "pending": "The run has not come to the end of this host's batch. If it runs no more, run again: it goes on.",
}

# A host that failed half way is worse than one that nobody has touched.
WORST_FIRST = ("failed", "unknown", "rolled_back", "unreachable", "blocked", "skipped", "pending")


def advice(run: Data, name: str) -> str:
    """What to do next about a host; empty where there is nothing to do."""
    host = run["hosts"][name]
    if host["outcome"] == "skipped" and host["batch"]:
        gate = run["batches"][host["batch"] - 1]["gate"] or {}
        return _GATES.get(str(gate.get("kind") or ""), _OUTCOMES["skipped"])
    return _OUTCOMES.get(host["outcome"], "")


def groups(run: Data) -> list[dict[str, Any]]:
    """The hosts that are not as asked, together where the same is to be done about them; the worst first.

    In each group the reasons, with the hosts that share one: a fleet's trouble is mostly one trouble.
    """
    alike: dict[tuple[str, str], dict[str, list[str]]] = {}
    for name, host in run["hosts"].items():
        if host["outcome"] in WORST_FIRST:
            reasons = alike.setdefault((host["outcome"], advice(run, name)), {})
            reasons.setdefault(_general(host["reason"], name, host["site"]), []).append(name)
    found: list[dict[str, Any]] = [
        {
            "outcome": outcome,
            "advice": words,
            "hosts": [name for names in reasons.values() for name in names],
            "reasons": sorted(
                ({"reason": _shared(run, reason, names), "hosts": names} for reason, names in reasons.items()),
                key=lambda item: -len(item["hosts"]),
            ),
        }
        for (outcome, words), reasons in alike.items()
    ]
    return sorted(found, key=lambda group: (WORST_FIRST.index(group["outcome"]), -len(group["hosts"])))


def _shared(run: Data, reason: str, names: list[str]) -> str:
    """What to show of a reason that these hosts share: word for word, if it is the same to the word."""
    told = {_plain(run["hosts"][name]["reason"]) for name in names}
    return told.pop() if len(told) == 1 else reason


def _general(reason: str, name: str, site: str) -> str:
    """A reason without what belongs to its host alone: its name, its site's, its address."""
    return _ADDRESS.sub("…", _plain(reason).replace(f"'{name}'", "…").replace(f"'{site}'", "…"))


def _plain(reason: str) -> str:
    """In one line, and without what Ansible says before what SSH has said."""
    return _PREFACE.sub("", " ".join(reason.split()))


_PREFACE = re.compile(
    r"^(Task failed: )?(Data could not be sent to remote host \S+\. Make sure this host can be reached over ssh: |"
    r"Failed to connect to the host via ssh: )"
)
_ADDRESS = re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b|\b[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{0,4}){3,7}\b")
