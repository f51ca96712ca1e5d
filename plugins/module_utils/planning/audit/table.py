# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit in a terminal: pure functions over its report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import words
from .model import Data
from .rules import SEVERITIES

_PLACES = 6
_LINES = 12


def lines(report: Data) -> list[str]:
    """A row a rule that has found something; then each finding, with what to do about it."""
    groups = by_rule(report)
    return [
        "",
        f"{words.head(report)}: {counted(report)}.",
        *(_rows(groups) if groups else []),
        *(line for group in groups for line in _group(group)),
        "",
        verdict(report),
    ]


def by_rule(report: Data) -> list[dict[str, Any]]:
    """The findings of each rule, the worst first."""
    groups: dict[str, list[Data]] = {}
    for finding in report["findings"]:
        groups.setdefault(finding["rule"], []).append(finding)
    found = [
        {"rule": rule, **report["rules"][rule], "advice": findings[0]["advice"], "findings": findings}
        for rule, findings in groups.items()
    ]
    return sorted(found, key=lambda group: SEVERITIES.index(group["severity"]))


def counted(report: Data) -> str:
    told = report["counted"]
    limited = ", limited to some of its hosts" if report["limited"] else ""
    return f"{words.count(told['hosts'], 'host')} at {words.count(told['sites'], 'site')}{limited}"


def verdict(report: Data) -> str:
    """The audit in one sentence."""
    left = [f"{number} {severity}" for severity, number in report["summary"].items() if number]
    fixed = f" {words.count(report['fixed'], 'finding')} mended." if report["fixed"] else ""
    if not left:
        return f"Nothing is amiss.{fixed}" if not report["fixed"] else f"Nothing is amiss any more.{fixed}"
    ends = f" Fails: audit_fail_at is {report['fail_at']}." if report["failed"] else ""
    return f"Findings: {', '.join(left)}.{fixed}{ends}"


def where(finding: Data) -> str:
    if finding["host"]:
        return f"{finding['site']}/{finding['host']}" if finding["site"] else str(finding["host"])
    return str(finding["site"] or finding["id"] or "fleet")


def _rows(groups: Sequence[Data]) -> list[str]:
    rows = [["SEVERITY", "RULE", "FOUND", "WHERE"]]
    for group in groups:
        places = list(dict.fromkeys(where(finding) for finding in group["findings"]))
        row = [group["severity"], group["rule"], str(len(group["findings"])), words.named(places, _PLACES)]
        rows.append(row)
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    return [
        f"{row[0].ljust(widths[0])}  {row[1].ljust(widths[1])}  {row[2].rjust(widths[2])}  {row[3]}" for row in rows
    ]


def parts(findings: Sequence[Data]) -> list[dict[str, Any]]:
    """What is the same of several findings of a rule, told once."""
    alike: dict[tuple[str, bool], list[Data]] = {}
    for finding in findings:
        alike.setdefault((finding["message"], finding["fixed"]), []).append(finding)
    return [
        {
            "message": message,
            "fixed": fixed,
            "fixable": found[0]["fixable"],
            "places": [where(finding) for finding in found],
            "ids": [finding["id"] for finding in found if finding["id"] and finding["id"] != where(finding)],
        }
        for (message, fixed), found in alike.items()
    ]


def _group(group: Data) -> list[str]:
    told = parts(group["findings"])
    rest = sum(len(part["places"]) for part in told[_LINES:])
    return [
        "",
        f"{group['severity'].upper()} {group['rule']}: {group['title']}",
        *(_part(part) for part in told[:_LINES]),
        *([f"  and {rest} more, which the report tells"] if rest else []),
        f"  What to do: {group['advice']}",
    ]


def _part(part: Data) -> str:
    ids = [name for name in part["ids"] if name not in part["message"]]
    said = f" ({ids[0]})" if len(ids) == 1 else ""
    mended = " MENDED" if part["fixed"] else ""
    return f"  {words.named(part['places'], _LINES)}{said}: {words.one_line(part['message'], 300)}{mended}"
