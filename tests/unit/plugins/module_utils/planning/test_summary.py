# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import summary


def host(site: str, action: str, *drift: dict[str, Any], reason: str = "") -> dict[str, Any]:
    wave = "canary" if site == "lab" else "rest"
    told: dict[str, Any] = {"versions": {}, "warnings": []}
    return {"site": site, "wave": wave, "action": action, "reason": reason, "drift": list(drift), **told}


ENGINE = {"component": "engine", "before": None, "after": "docker.io", "disruptive": True, "reason": "not installed"}
PLAN = {
    "run_id": "20261121T220000Z",
    "started": "2026-11-21T22:00:00Z",
    "fleet": "retail",
    "cluster": "edge",
    "region": "us-west-2",
    "release": "2026.11",
    "waves": [{"name": "canary", "sites": ["lab"]}, {"name": "rest", "sites": ["oslo"]}],
    "hosts": {
        "lab-1": host("lab", "unchanged"),
        "lab-2": host("lab", "converge", ENGINE),
        "oslo-1": host("oslo", "unreachable", reason="No route\n  to host"),
    },
    "batches": [{"number": 1, "wave": "canary", "site": "lab", "hosts": ["lab-2"], "drain": ["arn:x"]}],
}
RESULTS = [
    {"number": 1, "wave": "canary", "site": "lab", "outcomes": {"lab-2": {"outcome": "converged", "reason": ""}}}
]


def test_record_holds_every_host_and_the_sums() -> None:
    record = summary.record(PLAN, RESULTS, "2026-11-21T22:30:00Z", {"lab-2": {"docker.io": "20.10", "docker-ce": None}})
    assert {name: host["outcome"] for name, host in record["hosts"].items()} == {
        "lab-1": "unchanged",
        "lab-2": "converged",
        "oslo-1": "unreachable",
    }
    assert record["hosts"]["lab-2"]["drift"] == [ENGINE] and record["hosts"]["oslo-1"]["wave"] == "rest"
    assert record["sites"]["lab"] == {
        "hosts": 2,
        "unchanged": 1,
        "converged": 1,
        "blocked": 0,
        "failed": 0,
        "rolled_back": 0,
        "unreachable": 0,
        "skipped": 0,
    }
    assert record["hosts"]["lab-2"]["versions_after"] == {"docker.io": "20.10"}
    assert (record["started"], record["ended"]) == ("2026-11-21T22:00:00Z", "2026-11-21T22:30:00Z")


def test_table() -> None:
    assert summary.table(summary.record(PLAN, RESULTS, "", {})) == [
        "Fleet retail, cluster edge in us-west-2, release 2026.11",
        "SITE  HOSTS  UNCHANGED  CONVERGED  FAILED  UNREACHABLE",
        "lab       2          1          1       0            0",
        "oslo      1          0          0       0            1",
        "all       3          1          1       0            1",
        "unreachable  oslo/oslo-1: No route to host",
    ]


def test_progress_line() -> None:
    assert summary.progress_line(PLAN, RESULTS) == "[1/1 hosts] batch 1/1, wave canary, site lab: 1 converged"
