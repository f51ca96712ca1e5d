# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import guards
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.limits import PlanError

NIGHT = {"from": "01:00", "to": "05:00", "timezone": "Europe/Paris"}
PLAN: dict[str, Any] = {
    "hosts": {"lab-1": {"site": "lab", "connected": False}, "lyon-1": {"site": "lyon", "connected": True}},
    "waves": [{"name": "canary", "failure_budget": {}}, {"name": "rest", "failure_budget": {}}],
    "batches": [
        {"site": "lab", "wave": "canary", "hosts": ["lab-1"]},
        {"site": "lyon", "wave": "rest", "hosts": ["lyon-1"]},
    ],
}
CUT_OFF = "Site 'lab' may be cut off: ECS has lost all its agents. lab-1 is asked before anything is changed."
WAVES = [{"name": "canary", "sites": ["lab"]}, {"name": "pilot", "sites": ["nice"]}]


def test_a_plan_tells_what_its_gates_go_by() -> None:
    options = {
        "waves": WAVES, "failure_budget": {"wave": "10%"}, "confirmed": ["pilot", "rest"], "batch_minutes": "45",
        "hooks": {"after_host": "/fleet/smoke.yml"}, "variables": {"lyon-1": {"fleet_maintenance_window": NIGHT}},
    }  # fmt: skip
    assert guards.of(PLAN, options) == {"windows": {"lyon": NIGHT}, "links": {"lab": "lab-1"}, "notes": [CUT_OFF]}
    assert guards.of(PLAN, {"link_check": False}) == {"windows": {}, "links": {}, "notes": []}


def test_a_plan_says_what_would_close_its_gates_now() -> None:
    waves = [{"name": "canary", "failure_budget": {}, "confirm": True}, {"name": "rest", "failure_budget": {}}]
    planned = {**PLAN, "waves": waves, "notes": ["Wave x has no host."]}
    options = {
        "link_check": False, "started": "2026-11-22T12:00:00Z",
        "variables": {"lyon-1": {"fleet_maintenance_window": NIGHT}},
    }  # fmt: skip
    assert guards.of(planned, options)["notes"] == [
        "Wave x has no host.",
        "Site 'lyon' is outside of its maintenance window. It next opens at "
        "Mon 2026-11-23 01:00 Europe/Paris (UTC+0100).",
        "Wave 'canary' waits for a confirmation.",
    ]
    assert guards.of(planned, {**options, "confirmed": ["canary"]})["notes"][2:] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"failure_budget": {"site": "x"}}, "fleet_failure_budget.site: 'x'"),
        ({"confirmed": ["pilot"]}, "fleet_confirmed has 'pilot' (allowed: canary, rest)"),
        ({"batch_minutes": "1h"}, "fleet_batch_minutes is '1h'"),
        ({"hooks": {"before": "/a.yml"}}, "fleet_hooks has 'before' (allowed: before_site, after_site"),
        ({"hooks": {"before_site": "a.yml"}}, "fleet_hooks.before_site is 'a.yml': it has to be the whole path"),
        ({"hooks": ["/a.yml"]}, "fleet_hooks is '['/a.yml']'"),
        (
            {"variables": {"lab-1": {"fleet_maintenance_window": {**NIGHT, "to": "01:20"}}}},
            "a batch is given 30 minutes (fleet_batch_minutes)",
        ),
    ],
)
def test_what_they_cannot_go_by_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError) as refused:
        guards.of(PLAN, options)
    assert said in str(refused.value)


def test_a_wave_has_no_budget_for_the_fleet() -> None:
    with pytest.raises(PlanError, match="wave 'canary': failure_budget has 'fleet' .allowed: site, wave, minimum"):
        guards.of({**PLAN, "waves": [{"name": "canary", "failure_budget": {"fleet": 1}}]}, {})
