# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a run without waves and batches, healing or leaving: what it shows is a pure function of the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import heal, leaving, times

from . import timeline
from .page import rendered
from .view import SIGNS

Data = Mapping[str, Any]

# By kind: its title, what its hosts are when all is well, and the colour that a rollout's outcomes give each result.
_TITLES = {"heal": "Healing of", "decommission": "Hosts that leave"}
_GOOD = {"heal": "well", "decommission": "gone"}
_TONES = {
    "healthy": "unchanged",
    "healed": "converged",
    "would be healed": "pending",
    "needs something else": "blocked",
    "not healed": "failed",
    "not connected": "failed",
    "lost": "unreachable",
    "unreachable": "unreachable",
    "failed": "failed",
    "removed": "converged",
    "absent": "unchanged",
}
_WELL = ("unchanged", "converged")

KINDS = tuple(_TITLES)


def page(run: Data) -> str:
    return rendered("plain.html.j2", view(run))


def view(run: Data) -> dict[str, Any]:
    hosts = [_host(name, host) for name, host in run["hosts"].items()]
    good = sum(host["well"] for host in hosts)
    took = times.between(run["started"], run["ended"])
    return {
        "run": run,
        "title": f"{run['kind']} {run['fleet']} {run['run_id']}",
        "over": f"{_TITLES[run['kind']]} {run['fleet']}",
        "record_file": f"{run['run_id']}-{run['kind']}.json",
        "verdict": _verdict(good, len(hosts), _GOOD[run["kind"]]),
        "tone": "good" if good == len(hosts) else "bad",
        "took": times.words(took) if took is not None else "",
        "signs": SIGNS,
        "counts": _counts(hosts),
        "trouble": _trouble(hosts),
        "sites": _sites(hosts),
        "removed": [leaving.short(arn) for arn in run.get("removed_container_instances") or ()],
    }


def _verdict(good: int, count: int, word: str) -> str:
    if good == count:
        return f"The host is {word}." if count == 1 else f"All {count} hosts are {word}."
    return f"{good} of {count} hosts {'is' if good == 1 else 'are'} {word}; {count - good} " + (
        "needs attention." if count - good == 1 else "need attention."
    )


def _host(name: str, host: Data) -> dict[str, Any]:
    result = str(host.get("result") or host.get("outcome"))
    tone = _TONES.get(result, "failed")
    return {
        "name": name,
        "site": str(host["site"]),
        "result": result,
        "tone": tone,
        "well": tone in _WELL,
        "reason": str(host.get("reason") or ""),
        "said": [*_symptoms(host), *_removed(host)],
    }


def _symptoms(host: Data) -> list[str]:
    return [
        f"{item['symptom']} ({item['cause']})" + (f": {heal.WORDS[item['remedy']]}" if item.get("remedy") else "")
        for item in host.get("symptoms") or ()
    ]


def _removed(host: Data) -> list[str]:
    removed = host.get("removed") or {}
    return [
        *(f"removed container instance {leaving.short(arn)}" for arn in removed.get("container_instances") or ()),
        *(f"removed managed node {node}" for node in removed.get("managed_nodes") or ()),
        *(f"removed the host's {part}" for part in removed.get("on_host") or ()),
    ]


def _counts(hosts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = Counter(host["result"] for host in hosts)
    return [{"result": name, "tone": _TONES.get(name, "failed"), "count": count} for name, count in found.most_common()]


def _trouble(hosts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is amiss, told once for all hosts that share it."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for host in hosts:
        if not host["well"]:
            alike.setdefault((host["tone"], host["result"], host["reason"]), []).append(
                f"{host['site']}/{host['name']}"
            )
    found = [
        {"tone": tone, "result": result, "reason": reason, "hosts": names}
        for (tone, result, reason), names in alike.items()
    ]
    return sorted(found, key=lambda item: (timeline.ORDER.index(str(item["tone"])), -len(item["hosts"])))


def _sites(hosts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_site: dict[str, list[dict[str, Any]]] = {}
    for host in hosts:
        by_site.setdefault(host["site"], []).append(host)
    found = [
        {
            "name": site,
            "tone": timeline.worst([host["tone"] for host in members]),
            "well": sum(host["well"] for host in members),
            "hosts": members,
            "find": " ".join([site, *(host["name"] for host in members)]).lower(),
        }
        for site, members in by_site.items()
    ]
    return sorted(found, key=lambda site: (timeline.ORDER.index(str(site["tone"])), str(site["name"])))
