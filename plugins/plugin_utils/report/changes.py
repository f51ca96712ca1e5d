# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run has found and changed on the hosts, told once for all hosts alike: pure functions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

Data = Mapping[str, Any]

_LONG = 200
_FEW = 5
_LINES = 8


def drift(run: Data) -> list[dict[str, Any]]:
    """By component, what differed from what was asked before the run, and on how many hosts."""
    alike: dict[tuple[str, str], list[tuple[str, Data]]] = {}
    for name, host in run["hosts"].items():
        for entry in host["drift"]:
            alike.setdefault((entry["component"], entry["reason"]), []).append((name, entry))
    found = [
        {
            "component": component,
            "reason": reason,
            "hosts": len(entries),
            "names": [name for name, _entry in entries[:_FEW]],
            "disruptive": any(entry["disruptive"] for _name, entry in entries),
            "change": _change([entry for _name, entry in entries]),
        }
        for (component, reason), entries in alike.items()
    ]
    return sorted(found, key=lambda item: -item["hosts"])


def _change(entries: list[Data]) -> list[str]:
    """From what to what, if it is the same everywhere; a line for each member that a component has."""
    if len({json.dumps([entry["before"], entry["after"]], sort_keys=True, default=str) for entry in entries}) > 1:
        return ["from host to host another"]
    before, after = entries[0]["before"], entries[0]["after"]
    if not isinstance(after, Mapping) or not (before is None or isinstance(before, Mapping)):
        return [f"{_short(before)} → {_short(after)}"]
    lines = [f"{name}: {_short((before or {}).get(name))} → {_short(value)}" for name, value in after.items()]
    return lines[:_LINES] + ([f"and {len(lines) - _LINES} more"] if len(lines) > _LINES else [])


def _short(value: Any) -> str:
    if value in (None, "", {}, []):
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


def versions(run: Data) -> list[dict[str, Any]]:
    """By package, how many hosts have which version, before and after; the hosts by name where they are the few."""
    before: dict[str, Counter[str]] = {}
    after: dict[str, dict[str, list[str]]] = {}
    for name, host in run["hosts"].items():
        for package, version in host["versions_before"].items():
            before.setdefault(package, Counter())[version] += 1
        for package, version in host["versions_after"].items():
            after.setdefault(package, {}).setdefault(version, []).append(name)
    return [
        {"package": package, "rows": _rows(before.get(package, Counter()), after.get(package, {}))}
        for package in sorted({*before, *after})
    ]


def _rows(before: Mapping[str, int], after: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    found = [
        {
            "version": version,
            "before": before.get(version, 0),
            "after": len(after.get(version, ())),
            "names": after.get(version, []) if len(after.get(version, ())) <= _FEW and len(after) > 1 else [],
        }
        for version in {**before, **after}
    ]
    return sorted(found, key=lambda row: -row["after"])


def steps(host: Data) -> list[str]:
    """Which packages of a host went from which version to which."""
    before, after = host["versions_before"], host["versions_after"]
    return [
        f"{package} {before.get(package, 'none')} → {after.get(package, 'none')}"
        for package in {**before, **after}
        if before.get(package) != after.get(package)
    ]
