# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of an audit, beside its report: what it shows is a pure function of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.audit import table
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.audit.rules import INFO, SEVERITIES

from .page import rendered

Data = Mapping[str, Any]

# The colours are those that a run's outcomes have; signs beside them, as some readers do not tell colours apart.
TONES = {"critical": "failed", "major": "rolled_back", "minor": "blocked", "info": "skipped"}
SIGNS = {"critical": "✕", "major": "!", "minor": "~", "info": "i"}
# Findings of a rule that are shown at once; the others unfold.
_SHOWN = 12


def page(report: Data) -> str:
    return rendered("audit.html.j2", view(report))


def view(report: Data) -> dict[str, Any]:
    left = report["summary"]
    return {
        "run": report,
        "title": f"audit {report['fleet']} {report['run_id']}",
        "record_file": f"audit-{report['run_id']}.json",
        "verdict": _verdict(report),
        "tone": "bad" if left["critical"] or left["major"] else "running" if left["minor"] else "good",
        "tones": TONES,
        "signs": SIGNS,
        "counted": table.counted(report),
        "counts": [{"severity": name, "count": left[name]} for name in SEVERITIES if left[name]],
        "groups": [
            {**group, "shown": table.parts(group["findings"])[:_SHOWN], "more": table.parts(group["findings"])[_SHOWN:]}
            for group in table.by_rule(report)
        ],
        "sites": _sites(_placed(report["findings"])),
        "quiet": _quiet(report),
    }


def _verdict(report: Data) -> str:
    left = [f"{number} {name}" for name, number in report["summary"].items() if number and name != INFO]
    if left:
        return f"{', '.join(left)} {'finding' if left[-1].startswith('1 ') else 'findings'}"
    return "Nothing is amiss" if not report["summary"][INFO] else "Nothing is amiss that needs anybody"


def _placed(findings: Sequence[Data]) -> list[dict[str, Any]]:
    return [{**item, "where": table.where(item)} for item in findings]


def _sites(findings: Sequence[Data]) -> list[dict[str, Any]]:
    """The sites with findings, the worst first, and what is told of each."""
    by_site: dict[str, list[Data]] = {}
    for item in findings:
        by_site.setdefault(item["site"], []).append(item)
    found = [
        {
            "name": site or "the fleet as a whole",
            "worst": min((item["severity"] for item in items), key=SEVERITIES.index),
            "findings": items,
            "find": " ".join([site, *(f"{item['host']} {item['id']}" for item in items)]).lower(),
        }
        for site, items in by_site.items()
    ]
    return sorted(found, key=lambda item: (SEVERITIES.index(item["worst"]), item["name"]))


def _quiet(report: Data) -> list[dict[str, str]]:
    """The rules that have found nothing: a reader sees what was looked at."""
    loud = {item["rule"] for item in report["findings"]}
    return [{"rule": name, "title": rule["title"]} for name, rule in report["rules"].items() if name not in loud]
