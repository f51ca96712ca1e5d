# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waves and batches on the time line of a run, as shares of its length: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import times

Data = Mapping[str, Any]

# With more bars than this in a wave, those of a site become one.
_BARS = 120
_TICKS = 5
_STEPS = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


class Scale:
    """From a moment to its place between 0 and 100."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start = start
        self.seconds = max((end - start).total_seconds(), 1.0)

    def at(self, moment: datetime) -> float:
        return round(min(max((moment - self.start).total_seconds() / self.seconds * 100, 0.0), 100.0), 3)

    def ticks(self) -> list[dict[str, Any]]:
        """Marks at round times: as many as fit beside each other on a phone."""
        step = next((step for step in _STEPS if self.seconds / step <= _TICKS), _STEPS[-1])
        midnight = self.start.replace(hour=0, minute=0, second=0)
        first = -(-(self.start - midnight).total_seconds() // step) * step
        moments = [midnight + timedelta(seconds=first + step * number) for number in range(_TICKS + 1)]
        form = "%H:%M:%S" if step < 60 else "%H:%M" if self.seconds < 86400 else "%d %b %H:%M"
        return [
            {"left": self.at(moment), "label": moment.strftime(form)}
            for moment in moments
            if (moment - self.start).total_seconds() <= self.seconds
        ]


def scale_of(run: Data) -> Scale | None:
    ends = [times.moment(batch["ended"]) for batch in run["batches"]]
    moments = [times.moment(run["started"]), times.moment(run["ended"]), times.moment(run.get("written")), *ends]
    known = [moment for moment in moments if moment]
    return Scale(min(known), max(known)) if len(known) > 1 else None


def bars(run: Data, wave: str, scale: Scale) -> list[dict[str, Any]]:
    """What is drawn for a wave: a bar a batch, or a bar a site where these are too many, each on a lane of its own."""
    began = [batch for batch in run["batches"] if batch["wave"] == wave and (batch["gate"] or {}).get("open")]
    known = [batch for batch in began if times.moment(batch["started"]) and times.moment(batch["ended"])]
    if len(known) > _BARS:
        by_site: dict[str, list[Data]] = {}
        for batch in known:
            by_site.setdefault(batch["site"], []).append(batch)
        parts = list(by_site.values())
    else:
        parts = [[batch] for batch in known]
    return _in_lanes([_bar(run, part, scale) for part in parts])


def _bar(run: Data, part: Sequence[Data], scale: Scale) -> dict[str, Any]:
    left = min(scale.at(_moment(batch["started"])) for batch in part)
    right = max(scale.at(_moment(batch["ended"])) for batch in part)
    names = [name for batch in part for name in batch["hosts"]]
    return {
        "left": left,
        "width": round(right - left, 3),
        "tone": worst([run["hosts"][name]["outcome"] for name in names]),
        "site": part[0]["site"],
        "hosts": len(names),
        "title": f"{part[0]['site']}: {', '.join(names[:6])}{' and more' if len(names) > 6 else ''}",
    }


def _moment(text: str) -> datetime:
    """Of a batch that bars() has found to have one."""
    return times.moment(text) or datetime.min.replace(tzinfo=timezone.utc)


def _in_lanes(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Batches of sites that run together lie below one another."""
    ends: list[float] = []
    for drawn in sorted(found, key=lambda item: item["left"]):
        lane = next((index for index, end in enumerate(ends) if end <= drawn["left"] + 0.001), len(ends))
        ends[lane:] = [drawn["left"] + drawn["width"], *ends[lane + 1 :]]
        drawn["lane"] = lane
    return found


# The worst first; what is drawn of many hosts in one colour is drawn in the worst.
ORDER = (
    "failed", "unknown", "rolled_back", "unreachable", "blocked", "pending", "skipped", "converged", "unchanged",
)  # fmt: skip


def worst(outcomes: Sequence[str]) -> str:
    return min(outcomes, key=ORDER.index, default="unchanged")


def waves(run: Data) -> list[dict[str, Any]]:
    scale = scale_of(run)
    return [{**_wave(run, wave), **_drawn(run, number, scale)} for number, wave in enumerate(run["waves"])]


def _wave(run: Data, wave: Data) -> dict[str, Any]:
    mine = [batch for batch in run["batches"] if batch["wave"] == wave["name"]]
    closed = [batch for batch in mine if batch["ended"] and not (batch["gate"] or {"open": True})["open"]]
    # What kept a single site back stands with its hosts.
    wide = [batch["gate"]["reason"] for batch in closed if batch["gate"].get("scope") in ("wave", "fleet")]
    starts = sorted(batch["started"] for batch in mine if times.moment(batch["started"]))
    ends = sorted(batch["ended"] for batch in mine if times.moment(batch["ended"]))
    took = times.between(starts[0], ends[-1]) if starts and ends else None
    return {
        "name": wave["name"],
        "why": wave["why"],
        "sites": len(wave["sites"]),
        "totals": wave["totals"],
        "batches": len(mine),
        "done": sum(bool(batch["ended"]) for batch in mine),
        "closed": len(closed),
        "reasons": list(dict.fromkeys(wide)),
        "took": times.words(took) if took is not None and len(closed) < len(mine) else "",
        "budget": f"{wave['budget_used']} of {wave['budget']}",
        "overspent": wave["budget_used"] > wave["budget"],
        "soak": times.words(wave["soak"]) if wave["soak"] else "",
        "confirm": wave["confirm"],
    }


def _drawn(run: Data, number: int, scale: Scale | None) -> dict[str, Any]:
    wave = run["waves"][number]
    drawn = bars(run, wave["name"], scale) if scale else []
    lanes = max((item["lane"] for item in drawn), default=0) + 1
    rest = _rest(run, wave, scale) if scale and wave["soak"] else None
    return {"bars": drawn, "lanes": lanes, "rest": rest}


def _rest(run: Data, wave: Data, scale: Scale) -> dict[str, float] | None:
    """The time after a wave in which its hosts had to prove themselves."""
    ends = [times.moment(batch["ended"]) for batch in run["batches"] if batch["wave"] == wave["name"]]
    known = [moment for moment in ends if moment]
    if not known or len(known) < len(ends):
        return None
    left = scale.at(max(known))
    right = scale.at(max(known) + timedelta(seconds=float(wave["soak"])))
    return {"left": left, "width": round(right - left, 3)} if right > left else None
