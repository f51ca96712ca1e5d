# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import gate
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.plan import PlanError


def host(site: str) -> dict[str, Any]:
    return {"site": site, "action": "converge", "reason": ""}


WAVE_STOPPED = "wave 'canary' has stopped: lab-1 failed, fleet_failure_budget.wave allows 0."
SITE_STOPPED = "site 'lab' has stopped: lab-1 failed, fleet_failure_budget.site allows 0."

PLAN = {
    "hosts": {name: host(name.split("-")[0]) for name in ("lab-1", "lab-2", "lyon-1", "lyon-2", "oslo-1")},
    "waves": [
        {"name": "canary", "sites": ["lab"], "hosts": ["lab-1", "lab-2"]},
        {"name": "rest", "sites": ["lyon", "oslo"], "hosts": ["lyon-1", "lyon-2", "oslo-1"]},
    ],
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
    said = gate.gate(PLAN, number, ended(**outcomes), budget)
    assert (said["open"], said["reason"]) == (not reason, reason)
    assert (said["scope"], said["kind"]) == ((reason.split()[0], "budget") if reason else ("batch", ""))


def test_a_budget_that_is_none_is_named() -> None:
    with pytest.raises(PlanError, match="fleet_failure_budget.site: 'few' is neither"):
        gate.gate(PLAN, 1, [], {"site": "few"})
