# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import gate
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.plan import PlanError

OPEN = {"open": True, "reason": ""}


def host(site: str) -> dict[str, Any]:
    return {"site": site, "action": "converge", "reason": ""}


WAVE_STOPPED = "wave 'canary' has stopped: lab-1 failed, fleet_failure_budget.wave allows 0."
SITE_STOPPED = "site 'lab' has stopped: lab-1 failed, fleet_failure_budget.site allows 0."

PLAN = {
    "hosts": {name: host(name.split("-")[0]) for name in ("lab-1", "lab-2", "lyon-1", "lyon-2", "oslo-1")},
    "waves": [{"name": "canary", "sites": ["lab"]}, {"name": "rest", "sites": ["lyon", "oslo"]}],
    "batches": [
        {"wave": wave, "site": site, "hosts": hosts, "drain": []}
        for wave, site, hosts in (
            ("canary", "lab", ["lab-1"]),
            ("canary", "lab", ["lab-2"]),
            ("rest", "lyon", ["lyon-1"]),
            ("rest", "lyon", ["lyon-2"]),
            ("rest", "oslo", ["oslo-1"]),
        )
    ],
}


def ended(**outcomes: str) -> list[dict[str, Any]]:
    by_host = {name.replace("_", "-"): {"outcome": outcome, "reason": ""} for name, outcome in outcomes.items()}
    return [{"outcomes": by_host}]


@pytest.mark.parametrize(
    ("number", "outcomes", "budget", "reason"),
    [
        (2, {"lab_1": "converged"}, {}, ""),
        (2, {"lab_1": "failed"}, {}, WAVE_STOPPED),
        (2, {"lab_1": "unreachable"}, {}, SITE_STOPPED),
        (2, {"lab_1": "failed"}, {"wave": 1}, SITE_STOPPED),
        (2, {"lab_1": "failed"}, {"wave": 1, "site": "50%"}, ""),
        # A site that goes dark does not stop the others; one that fails stops all that come after it.
        (3, {"lab_1": "unreachable", "lab_2": "unreachable"}, {}, ""),
        (3, {"lab_1": "failed"}, {"site": 2}, WAVE_STOPPED),
        (5, {"lyon_1": "failed"}, {"wave": "40%"}, ""),
        (
            5,
            {"lyon_1": "failed"},
            {"wave": "30%"},
            "wave 'rest' has stopped: lyon-1 failed, fleet_failure_budget.wave allows 30%.",
        ),
    ],
)
def test_gate(number: int, outcomes: dict[str, str], budget: dict[str, Any], reason: str) -> None:
    assert gate.gate(PLAN, number, ended(**outcomes), budget) == {"open": not reason, "reason": reason}


def test_a_host_that_fails_drained_is_named() -> None:
    plan = {
        "hosts": {"lab-1": {**host("lab"), "drain": [{"cluster": "edge", "arn": "arn:1", "mark": True}]}},
        "batches": [{"wave": "canary", "site": "lab", "hosts": ["lab-1"], "drain": ["arn:1"]}],
    }
    result = gate.batch_result(plan, 1, OPEN, ["lab-1"], {"lab-1": "No space."}, [])
    assert result["outcomes"]["lab-1"]["reason"] == "No space. It is left DRAINING; the next run brings it back."


def test_a_budget_that_is_none_is_named() -> None:
    with pytest.raises(PlanError, match="fleet_failure_budget.site: 'few' is neither"):
        gate.gate(PLAN, 1, [], {"site": "few"})


@pytest.mark.parametrize(
    ("seen", "outcome", "reason"),
    [
        ({}, "converged", ""),
        ({"alive": []}, "unreachable", "lost while"),
        ({"failures": {"lab-1": "Install: no space"}}, "failed", "Install: no space"),
        ({"connected": []}, "failed", "agentConnected false"),
        ({"connected": [], "trouble": "AccessDenied"}, "failed", "AccessDenied"),
        ({"opened": {"open": False, "reason": "site stopped"}}, "skipped", "site stopped"),
    ],
)
def test_batch_result(seen: dict[str, Any], outcome: str, reason: str) -> None:
    defaults: dict[str, Any] = {"opened": OPEN, "alive": ["lab-1"], "failures": {}, "connected": ["lab-1"]}
    result = gate.batch_result(PLAN, 1, **{**defaults, **seen})
    assert list(result["outcomes"]) == ["lab-1"]
    assert result["outcomes"]["lab-1"]["outcome"] == outcome
    assert reason in result["outcomes"]["lab-1"]["reason"]


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("unchanged", "unchanged"),
        ("blocked", "blocked"),
        ("failed", "failed"),
        ("unreachable", "unreachable"),
        ("converge", "skipped"),
    ],
)
def test_planned_outcome(action: str, outcome: str) -> None:
    assert gate.planned_outcome({"action": action, "reason": "why"}) == {"outcome": outcome, "reason": "why"}
