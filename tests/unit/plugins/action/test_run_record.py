# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.edgefleet.ecs.plugins.action import run_record
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import record
from ansible_collections.edgefleet.ecs.plugins.plugin_utils import records
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.report import drawing

from tests.unit.plugins.module_utils.planning import runs

NOTHING: dict[str, Any] = dict.fromkeys(("plan", "results", "versions", "ended", "broken", "record"))
PLAN = runs.plan(3)


def step(path: Path, at: float, **given: Any) -> dict[str, Any]:
    run = run_record.grown(path, {**NOTHING, **given}, runs.iso(at))
    records.write(path, records.text_of(run))
    return run


def test_the_plan_is_taken_from_its_variable_as_it_is() -> None:
    told = run_record.given({"path": "x.json", "plan_variable": "rollout_plan"}, {"rollout_plan": PLAN})
    assert told["plan"] is PLAN and told["results"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"path": "x.json", "paln": 1}, "cannot do with paln"),
        ({"path": "x.json", "results": {}}, r"cannot do with results as it is; it takes: path \(path\)"),
        ({"path": ""}, "needs the path"),
        ({"path": "x.json", "plan_variable": "rollout_plan"}, "rollout_plan holds no plan"),
    ],
)
def test_what_it_cannot_use_is_named(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleActionFail, match=said):
        run_record.given(arguments, {"rollout_plan": "{{ later }}"})


def test_a_record_grows_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    step(path, 1, plan=PLAN)
    step(path, 2, results=[runs.result(PLAN, 1, 0, 2)], versions={"aarhus-000-1": runs.NEW})
    run = json.loads(path.read_text())
    assert (run["state"], run["written"], run["hosts"]["aarhus-000-1"]["outcome"]) == (
        "running",
        runs.iso(2),
        "converged",
    )
    assert run["hosts"]["aarhus-000-1"]["versions_after"] == runs.NEW
    # The end has no versions: they are on record already.
    run = step(path, 3, plan=PLAN, results=[runs.result(PLAN, 1, 0, 2)], ended=runs.iso(3))
    assert (run["state"], run["ended"]) == ("ended", runs.iso(3))
    assert run["hosts"]["aarhus-000-1"]["versions_after"] == runs.NEW
    assert run["hosts"]["bergen-001-1"]["outcome"] == "skipped"


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_text('{"schema": 2, "ho')])
def test_the_end_does_not_need_what_was_written_before(tmp_path: Path, spoil: Any) -> None:
    path = tmp_path / "run.json"
    step(path, 1, plan=PLAN)
    spoil(path)
    with pytest.raises(run_record.RecordError, match="is no record that could be read"):
        run_record.grown(path, {**NOTHING, "results": [runs.result(PLAN, 1, 0, 2)]}, runs.iso(2))
    run = step(path, 3, plan=PLAN, results=[runs.result(PLAN, 1, 0, 2)], ended=runs.iso(3))
    assert run["hosts"]["aarhus-000-1"]["outcome"] == "converged"


def test_to_draw_an_old_record_again_is_no_sign_of_life(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    step(path, 1, plan=PLAN)
    assert run_record.grown(path, NOTHING, runs.iso(500))["written"] == runs.iso(1)


def test_records_of_another_schema_are_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"schema": 1, "run_id": "1", "hosts": {}, "batches": []}')
    with pytest.raises(run_record.RecordError, match="has schema 1; this version of the collection knows 3"):
        run_record.grown(tmp_path / "run.json", NOTHING, runs.iso(1))


def test_records_of_other_runs_are_written_as_they_are(tmp_path: Path) -> None:
    told = record.head({"run_id": "1", "started": runs.iso(0), "fleet": "f", "cluster": "c"}, "heal", runs.iso(1))
    assert step(tmp_path / "heal.json", 2, record={**told, "hosts": {}})["written"] == runs.iso(2)


def test_a_record_is_json_with_a_line_a_host(tmp_path: Path) -> None:
    run = runs.run(20)
    text = records.text_of(run)
    assert json.loads(text) == run
    lines = text.splitlines()
    assert sum('"outcome"' in line for line in lines) == len(run["hosts"])


def test_a_write_that_fails_leaves_the_old_record_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.json"
    records.write(path, "old")
    monkeypatch.setattr(os, "fsync", lambda _descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        records.write(path, "new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("run.json", "old")]


def test_the_link_names_the_newest_page(tmp_path: Path) -> None:
    for name in ("1.html", "2.html"):
        (tmp_path / name).write_text(name)
        records.point(tmp_path / "report.html", tmp_path / name)
    assert os.readlink(tmp_path / "report.html") == "2.html"
    assert len(list(tmp_path.iterdir())) == 3


def test_the_page_of_a_running_rollout_is_not_drawn_for_every_batch(tmp_path: Path) -> None:
    page, running, ended = tmp_path / "1.html", {"state": "running"}, {"state": "ended"}
    assert drawing.is_stale(page, running)
    page.write_text("")
    assert not drawing.is_stale(page, running) and drawing.is_stale(page, ended)
    old = time.time() - drawing.FRESH - 1
    os.utime(page, (old, old))
    assert drawing.is_stale(page, running)
