# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight found on a whole fleet, finding by finding: as data, and as lines to read. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import clones
from .finding import ERROR, Finding, finding

SCHEMA = 1
READY, REFUSED, FAILED, UNREACHABLE = "ready", "refused", "failed", "unreachable"

# How much of a group the lines show; the data has it all.
WORDINGS, NAMES = 4, 12
WIDTH = 110


def report(
    sites: Mapping[str, str], observations: Mapping[str, Mapping[str, Any]], started: str = ""
) -> dict[str, Any]:
    """The data, from what C(host_facts) said of each host, or how it failed."""
    seen = clones.with_findings(observations)
    hosts = {name: _host(sites.get(name) or "", seen[name]) for name in observations}
    counts = dict.fromkeys((READY, REFUSED, FAILED, UNREACHABLE), 0)
    for host in hosts.values():
        counts[host["state"]] += 1
    return {
        "schema": SCHEMA,
        "started": started,
        "counts": {"hosts": len(hosts), **counts},
        "findings": _groups({name: host["findings"] for name, host in hosts.items()}),
        "hosts": hosts,
    }


def _host(site: str, seen: Mapping[str, Any]) -> dict[str, Any]:
    state, found = _state(seen)
    return {
        "site": site,
        "state": state,
        "identity": ((seen.get("host") or {}).get("registration") or {}).get("instance_id"),
        "findings": found,
    }


def _state(seen: Mapping[str, Any]) -> tuple[str, list[Finding]]:
    message = " ".join(str(seen.get("msg", "")).split()) or "no message"
    if seen.get("unreachable"):
        return UNREACHABLE, [
            finding(
                "unreachable",
                ERROR,
                f"The host cannot be reached: {_sentence(message)}",
                "Nothing is known of it.",
                "Look at its power, its network and its SSH, and run again with --limit.",
            )
        ]
    if seen.get("failed") or not seen.get("host"):
        return FAILED, [
            finding(
                "failed",
                ERROR,
                f"The host could not be read: {_sentence(message)}",
                "Nothing is known of it.",
                "Do what the message says, and run again with --limit.",
            )
        ]
    found = list(seen.get("findings") or [])
    return (REFUSED if any(item["level"] == ERROR for item in found) else READY), found


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _groups(found: Mapping[str, Sequence[Finding]]) -> list[dict[str, Any]]:
    """Findings of one kind together, whatever numbers and names they hold: errors first, then the most common."""
    groups: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for name, items in found.items():
        for item in items:
            key = (item["level"], item["check"], item["why"], item["advice"])
            groups.setdefault(key, {}).setdefault(item["what"], []).append(name)
    shaped = [
        {
            "check": check,
            "level": level,
            "why": why,
            "advice": advice,
            "hosts": list(dict.fromkeys(name for names in said.values() for name in names)),
            "said": [{"what": what, "hosts": names} for what, names in said.items()],
        }
        for (level, check, why, advice), said in groups.items()
    ]
    return sorted(shaped, key=lambda group: (group["level"] != ERROR, -len(group["hosts"]), group["check"]))


# --- for people ---


def lines(told: Mapping[str, Any]) -> list[str]:
    return [line for group in told["findings"] for line in _group_lines(group)] + [_last_line(told["counts"])]


def _group_lines(group: Mapping[str, Any]) -> list[str]:
    said = sorted(group["said"], key=lambda item: -len(item["hosts"]))
    shown = [line for item in said[:WORDINGS] for line in _said_lines(item)]
    if len(said) > WORDINGS:
        rest = {name for item in said[WORDINGS:] for name in item["hosts"]}
        shown.append(f"  and the like on {_count(len(rest), 'other host')}")
    return [
        f"{group['level'].upper()} {group['check']}: {_count(len(group['hosts']), 'host')}",
        *shown,
        *_wrapped("  Why: ", group["why"]),
        *_wrapped("  Do:  ", group["advice"]),
        "",
    ]


def _said_lines(item: Mapping[str, Any]) -> list[str]:
    return [*_wrapped("  ", item["what"]), *_wrapped("    ", _names(item["hosts"]))]


def _names(names: Sequence[str]) -> str:
    rest = len(names) - NAMES
    return ", ".join(names[:NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _wrapped(head: str, text: str) -> Iterable[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _last_line(counts: Mapping[str, int]) -> str:
    rest = [f"{counts[state]} {state}" for state in (REFUSED, FAILED, UNREACHABLE) if counts[state]]
    return f"{counts[READY]} of {_count(counts['hosts'], 'host')} ready" + (f"; {', '.join(rest)}" if rest else "")
