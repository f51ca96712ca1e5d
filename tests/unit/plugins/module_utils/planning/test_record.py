# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import record, removal

from . import runs

ROOT = Path(__file__).resolve().parents[5]
SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "record.schema.json").read_text()))


def begun(**host: Any) -> dict[str, Any]:
    """A plan of one host, which is to change unless the test says otherwise."""
    planned = runs.plan(1, hosts=1)
    planned["hosts"]["aarhus-000-1"].update(host)
    return planned


def told(outcome: str, **more: Any) -> dict[str, Any]:
    gate = {"open": True, "reason": "", "scope": "", "kind": ""}
    outcomes = {"aarhus-000-1": {"outcome": outcome, "reason": "why"}}
    return {
        "number": 1,
        "started": runs.iso(5),
        "ended": runs.iso(9),
        "gate": gate,
        "draining": [],
        "outcomes": outcomes,
        **more,
    }


@pytest.mark.parametrize("until", [0, 0.01, 0.5, 1])
@pytest.mark.parametrize("sites", [1, 4, 60])
def test_records_are_as_the_schema_says_at_every_moment(sites: int, until: float) -> None:
    run = runs.run(sites, hosts=3, parallel=2, until=until)
    SCHEMA.validate(run)
    assert run["state"] == ("ended" if until == 1 else "running")
    assert len(run["hosts"]) == sites * 3 == run["totals"]["hosts"]
    assert sum(sums["hosts"] for sums in run["sites"].values()) == sites * 3
    assert sum(wave["totals"]["hosts"] for wave in run["waves"]) == sites * 3
    if until == 1:
        assert run["totals"]["pending"] == 0


@pytest.mark.parametrize(
    "damage", [{"schema": 1}, {"state": "dead"}, {"kind": "other"}, {"totals": {"hosts": 1}}, {"hosts": {"a": {}}}]
)
def test_the_schema_refuses_what_is_no_record(damage: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        SCHEMA.validate({**runs.run(2), **damage})


def test_records_of_hosts_that_left_are_as_the_schema_says() -> None:
    host: dict[str, Any] = {"site": "lab", "action": "remove", "reachable": True, "instances": ["arn:1"]}
    host.update(nodes=["mi-1"], work=["ecs"], identities=["mi-1"])
    plan: dict[str, Any] = {"run_id": "1", "started": runs.iso(0), "fleet": "f", "cluster": "c", "region": "r"}
    plan["hosts"] = {"lab-1": host}
    SCHEMA.validate({**removal.record(plan, [], {}, runs.iso(9)), "written": runs.iso(9)})


def test_nothing_of_a_step_is_written_into_what_was_given() -> None:
    planned = runs.plan(4)
    before = copy.deepcopy(planned)
    first = record.begin(planned)
    kept = copy.deepcopy(first)
    record.end(record.add(first, [runs.result(planned, 1, 0, 9)], {}), runs.iso(9))
    assert (planned, first) == (before, kept)


def test_to_add_a_result_twice_changes_nothing() -> None:
    planned = runs.plan(4)
    once = record.add(record.begin(planned), [runs.result(planned, 1, 0, 9)], {})
    assert record.add(once, [runs.result(planned, 1, 0, 9)]) == once


def test_a_run_knows_what_it_was_busy_with() -> None:
    planned = runs.plan(20, parallel=2)
    run = record.begin(planned)
    for at, step in enumerate(planned["steps"]):
        assert [batch["number"] for batch in record.under_way(run)] == step, at
        run = record.add(run, [runs.result(planned, number, at, at + 1) for number in step])
    assert record.under_way(run) == []
    assert record.under_way(record.end(record.begin(planned), runs.iso(9))) == []


def test_hosts_whose_batch_never_came_were_skipped() -> None:
    run = record.end(record.begin(begun()), runs.iso(9))
    assert run["hosts"]["aarhus-000-1"]["reason"] == "The run ended before its batch."
    assert record.amiss(run) == ["aarhus-000-1"]


def test_versions_after_are_those_that_were_read_last() -> None:
    run = record.begin(begun())
    assert run["hosts"]["aarhus-000-1"]["versions_after"] == runs.OLD
    run = record.add(run, [told("converged")], {"aarhus-000-1": {**runs.NEW, "docker.io": None}})
    host = run["hosts"]["aarhus-000-1"]
    assert (host["versions_before"], host["versions_after"]) == (runs.OLD, runs.NEW)


@pytest.mark.parametrize(
    ("host", "result", "draining"),
    [
        ({}, told("converged"), ""),
        ({}, told("failed", draining=["aarhus-000-1"]), "left"),
        # Another run had drained it: it is not back before this one says so.
        ({"status": "DRAINING"}, None, "left"),
        ({"status": "DRAINING"}, told("failed", draining=["aarhus-000-1"]), "left"),
        # The Region says that it is not any more.
        ({"status": "DRAINING"}, told("failed"), ""),
        ({"status": "DRAINING"}, told("converged"), ""),
        ({"status": "DRAINING", "action": "blocked"}, None, "left"),
        ({"status": "DRAINING", "stays_draining": True}, told("converged"), "operator"),
        ({"status": "DRAINING", "drains_again": True}, told("converged"), "operator"),
    ],
)
def test_no_host_that_is_left_draining_goes_unnamed(host: dict[str, Any], result: Any, draining: str) -> None:
    run = record.begin(begun(**host))
    run = record.add(run, [result]) if result else run
    assert run["hosts"]["aarhus-000-1"]["draining"] == draining
    assert run["draining"] == (["aarhus-000-1"] if draining == "left" else [])


def test_a_wave_counts_what_spends_its_budget() -> None:
    planned = runs.plan(60)
    run = record.begin(planned)
    outcomes = ("converged", "failed", "rolled_back", "unreachable")
    for number, outcome in enumerate(outcomes, start=2):
        batch = planned["batches"][number - 1]
        result = runs.result(planned, number, 0, 9)
        run = record.add(
            run, [{**result, "outcomes": {name: {"outcome": outcome, "reason": ""} for name in batch["hosts"]}}]
        )
    assert [(wave["name"], wave["budget_used"], wave["budget"]) for wave in run["waves"]] == [
        ("canary", 0, 1), ("pilot", 2, 1), ("rest", 0, 5),
    ]  # fmt: skip
