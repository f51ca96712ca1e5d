# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operator reads of a run, and when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.callback import fleet_record
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import record as planning_record
from ansible_collections.edgefleet.ecs.plugins.plugin_utils import endings, records

from tests.unit.plugins.module_utils.planning import runs

PLAN = {**runs.plan(4), "notes": []}


class Terminal:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def display(self, text: str) -> None:
        self.lines += text.splitlines()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> tuple[Callable[..., None], Any, Terminal]:
    """What tasks tell, unless a host is named the control node's."""
    callback, terminal = fleet_record.CallbackModule(), Terminal()
    callback._display = terminal
    monkeypatch.setattr(endings, "before_the_end", lambda act: setattr(callback, "act", act))

    def says(host: str = "localhost", **told: Any) -> None:
        task = SimpleNamespace(action="ansible.builtin.set_fact")
        callback.v2_runner_on_ok(SimpleNamespace(result=told, host=SimpleNamespace(get_name=lambda: host), task=task))

    return says, callback, terminal


def test_a_line_a_batch_and_a_table_from_the_record_on_disk(run: Any, tmp_path: Path) -> None:
    says, callback, terminal = run
    says(ansible_facts={"rollout_plan": PLAN})
    before = len(terminal.lines)
    assert before > 8
    says(ansible_facts={"rollout_batch_result": runs.result(PLAN, 1, 0, 60)})
    assert terminal.lines[before:] == [
        "",
        "[1/7 hosts] wave canary (1 of 3), site aarhus-000: 1 converged; failure budget 0 of 1 used; "
        "6 steps left, about 46 min",
    ]
    record = tmp_path / "run.json"
    records.write(record, records.text_of(runs.run(4)))
    told = {"kind": "rollout", "record_file": str(record), "report_file": "/page.html", "amiss": ["lab-1"]}
    says(**told, state="running")
    says(**told, state="ended")
    callback.v2_playbook_on_stats(None)
    assert terminal.lines[-4:] == [
        "8 of 8 hosts are as asked (7 of them changed by this run), after 49 min 39 s.",
        f"Record: {record}",
        "Report: /page.html",
        f"What is left, and nothing else: -e fleet_only_failed={record}",
    ]


def test_a_run_that_was_broken_off_still_says_where_it_stands(run: Any) -> None:
    says, callback, terminal = run
    says(ansible_facts={"rollout_plan": PLAN})
    says(ansible_facts={"rollout_batch_result": runs.result(PLAN, 1, 0, 60)})
    callback.v2_playbook_on_stats(None)
    assert terminal.lines[-1] == "2 of 8 hosts are as asked (1 of them changed by this run)."
    assert any(line.startswith("pending: 6 hosts.") for line in terminal.lines)


CONDUCTOR = PLAN["batches"][0]["conductor"]
OPEN = {"rollout_gate": {"open": True, "reason": ""}}


@pytest.fixture
def begun(run: Any, tmp_path: Path) -> Path:
    """A run whose first batch is under way."""
    says, _callback, _terminal = run
    path = tmp_path / "run.json"
    records.write(path, records.text_of(planning_record.begin(PLAN)))
    says(ansible_facts={"rollout_plan": PLAN})
    says(kind="rollout", state="running", record_file=str(path), amiss=[])
    says(CONDUCTOR, ansible_facts=OPEN)
    return path


def test_a_signal_ends_the_record_and_prints_past_ansible(run: Any, begun: Path, capfd: Any) -> None:
    _says, callback, terminal = run
    before = list(terminal.lines)
    callback.act("SIGTERM")
    found = records.read(begun)
    assert found and (found["state"], found["totals"]["unknown"]) == ("interrupted", 1)
    said = capfd.readouterr().out
    assert "The run was interrupted by SIGTERM." in said and f"Record: {begun}" in said
    # Once is enough, whoever comes after.
    callback.act("")
    callback.v2_playbook_on_stats(None)
    assert "was interrupted" not in "".join(terminal.lines[len(before) :])
    assert capfd.readouterr().out == ""


def test_a_run_that_ends_without_its_last_play_is_ended_with_the_stats(run: Any, begun: Path) -> None:
    _says, callback, terminal = run
    callback.v2_playbook_on_stats(None)
    assert fleet_record.BROKEN_OFF in terminal.lines and terminal.lines[-2] == f"Record: {begun}"
    found = records.read(begun)
    assert found and found["interrupted"] == fleet_record.BROKEN_OFF


def test_a_record_that_cannot_be_ended_keeps_nobody_from_ending(run: Any, begun: Path, capfd: Any) -> None:
    _says, callback, _terminal = run
    begun.unlink()
    begun.mkdir()
    callback.act("SIGINT")
    assert "was interrupted by SIGINT. Its record could not be ended" in capfd.readouterr().out


def test_a_plan_alone_has_no_table(run: Any) -> None:
    says, callback, terminal = run
    says(ansible_facts={"rollout_plan": PLAN})
    before = list(terminal.lines)
    callback.v2_playbook_on_stats(None)
    assert terminal.lines == before


@pytest.mark.parametrize("told", [{}, {"ansible_facts": None}, {"kind": "heal", "state": "ended", "record_file": "x"}])
def test_other_results_say_nothing(run: Any, told: dict[str, Any]) -> None:
    says, callback, terminal = run
    says(**told)
    callback.v2_playbook_on_stats(None)
    assert terminal.lines == []


def test_results_of_hosts_that_are_read_are_not_asked_for() -> None:
    """They are large; ansible-core converts one whenever its attribute is read."""
    result = SimpleNamespace(task=SimpleNamespace(action="edgefleet.ecs.host_facts"))
    fleet_record.CallbackModule().v2_runner_on_ok(result)
    with pytest.raises(AttributeError):
        fleet_record.CallbackModule().v2_runner_on_ok(SimpleNamespace(task=SimpleNamespace(action="other")))
