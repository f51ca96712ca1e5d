# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole rollouts, played through with any plan and any outcome: what plan, gate and outcomes hold together."""

from __future__ import annotations

from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import gate, outcomes, plan
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.limits import limit_of
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = "2026-11-22T01:00:00Z"
SEEN = {
    "host": {
        "registration": {"registered": True, "instance_id": None},
        "packages": {},
        "ecs_agent": {"introspection": None},
    },
    "drift": [{"component": "ecs_config", "before": "", "after": "x", "disruptive": False, "reason": "differs"}],
    "findings": [],
}
WAVES = st.lists(
    st.sampled_from([{"sites": ["a", "b"], "max_hosts_per_site": 1}, {"count": 1}, {"count": "50%"}]), max_size=3
)
FATES = ("converged", "failed", "lost")


def ended(planned: dict[str, Any], number: int, opened: dict[str, Any], fates: dict[str, str]) -> dict[str, Any]:
    return outcomes.batch_result(
        planned,
        number,
        opened=opened,
        alive=[name for name, fate in fates.items() if fate != "lost"],
        failures={name: "no space" for name, fate in fates.items() if fate == "failed"},
        connected=[name for name, fate in fates.items() if fate == "converged"],
        started=NOW,
        ended=NOW,
    )


def walk(planned: dict[str, Any], fates: dict[str, str], budget: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of a run: the gates of a step are asked together, after the steps before it."""
    results: list[dict[str, Any]] = []
    for step in planned["steps"]:
        gates = [gate.gate(planned, number, results, budget, now=NOW) for number in step]
        results += [ended(planned, number, opened, fates) for number, opened in zip(step, gates, strict=True)]
    return results


def spoiled(results: list[dict[str, Any]], names: list[str]) -> int:
    found = outcomes.outcomes_so_far(results)
    return sum(found[name]["outcome"] == "failed" for name in names if name in found)


@settings(max_examples=60)
@given(
    st.lists(st.from_regex(r"[a-d]-[0-9]", fullmatch=True), min_size=1, max_size=20, unique=True),
    WAVES,
    st.sampled_from([1, 2, "50%"]),
    st.integers(1, 3),
    st.fixed_dictionaries({"site": st.sampled_from([0, 1]), "wave": st.sampled_from([0, 1, "30%"])}),
    st.lists(st.sampled_from(FATES), min_size=20, max_size=20),
)
def test_no_wave_begins_before_the_one_before_has_ended_within_budget(
    names: list[str],
    waves: list[dict[str, Any]],
    most: int | str,
    together: int,
    budget: dict[str, Any],
    dice: list[str],
) -> None:
    options = {"cluster": "edge", "waves": waves, "max_unavailable": most, "sites_in_parallel": together}
    planned = plan.build({name: name[0] for name in names}, dict.fromkeys(names, SEEN), {}, options)
    fates = dict(zip(names, dice, strict=False))
    results = walk(planned, fates, budget)

    # Every host has one outcome, and it is the one that befell it if its gate was open.
    found = outcomes.outcomes_so_far(results)
    assert sorted(found) == sorted(names)
    assert sum(len(result["outcomes"]) for result in results) == len(names)
    steps = {batch["number"]: batch["step"] for batch in planned["batches"]}
    for result in results:
        if not result["gate"]["open"]:
            assert result["gate"]["reason"] and result["gate"]["kind"]
            continue
        before = [other for other in results if steps[other["number"]] < steps[result["number"]]]
        for wave in planned["waves"]:
            assert spoiled(before, wave["hosts"]) <= limit_of(budget["wave"], len(wave["hosts"]))
            if wave["name"] == result["wave"]:
                break
            # All that could change in it has had its turn.
            assert all(name in outcomes.outcomes_so_far(before) for name in wave["hosts"])
        site = [name for name in names if name[0] == result["site"]]
        told = outcomes.outcomes_so_far(before)
        assert (
            sum(told[name]["outcome"] in ("failed", "unreachable") for name in site if name in told) <= budget["site"]
        )
    if set(fates.values()) == {"converged"}:
        assert {outcome["outcome"] for outcome in found.values()} == {"converged"}
