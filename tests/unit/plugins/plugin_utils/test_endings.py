# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A true end on record, for runs that do not come to their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import record
from ansible_collections.edgefleet.ecs.plugins.plugin_utils import endings, records

from tests.unit.plugins.module_utils.planning import runs
from tests.unit.plugins.module_utils.planning.test_record import SCHEMA

WHY = "The run was interrupted by SIGTERM."
OPEN = {"rollout_gate": {"open": True, "reason": ""}}
SHUT = {"rollout_gate": {"open": False, "reason": "Drain: denied."}}


def planned() -> dict[str, Any]:
    """Four sites of a host; of those that change, each is drained for it."""
    made = runs.plan(4, hosts=1)
    for name, host in made["hosts"].items():
        host["drain"] = [{"cluster": "edge", "arn": f"arn:{name}", "mark": True}]
    return made


def told(made: dict[str, Any], *facts: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    """The record after this."""
    story = endings.Story(made)
    for number, fact in facts:
        story.heard(made["batches"][number - 1]["conductor"], fact)
    run = story.broken_off(WHY, runs.iso(99))
    assert run is not None
    SCHEMA.validate(run)
    return run


def of(run: dict[str, Any], made: dict[str, Any], number: int) -> dict[str, Any]:
    host: dict[str, Any] = run["hosts"][made["batches"][number - 1]["hosts"][0]]
    return host


def test_a_run_ends_with_what_is_known_of_each_batch() -> None:
    made = planned()
    run = told(made, (1, OPEN), (1, {"rollout_batch_result": runs.result(made, 1, 0, 9)}), (2, OPEN))
    assert (run["state"], run["interrupted"], run["ended"]) == ("interrupted", WHY, runs.iso(99))
    done, begun, never = (of(run, made, number) for number in (1, 2, 3))
    assert (done["outcome"], done["draining"]) == ("converged", "")
    assert (begun["outcome"], begun["draining"], begun["drained_by"]) == ("unknown", "left", run["run_id"])
    assert begun["reason"] == (
        f"{WHY} Nobody has seen how the change of the host ended. It may be left DRAINING; the next run brings it back."
    )
    assert (never["outcome"], never["draining"]) == ("skipped", "")
    assert never["reason"] == f"{WHY} The run ended before its batch."
    assert run["draining"] == made["batches"][1]["hosts"]
    assert [(batch["gate"] or {}).get("open") for batch in run["batches"]] == [True, True, None]
    assert run["batches"][1]["ended"] is None and record.under_way(run) == []
    assert run["totals"]["pending"] == 0 and set(record.amiss(run)) == {
        *made["batches"][1]["hosts"],
        *made["batches"][2]["hosts"],
    }


def test_a_host_that_ecs_has_heard_again_is_not_feared_to_be_draining() -> None:
    made = planned()
    run = told(made, (1, OPEN), (1, {"rollout_connected": made["batches"][0]["hosts"]}))
    assert (of(run, made, 1)["outcome"], run["draining"]) == ("unknown", [])


def test_one_whose_drain_was_being_taken_back_is() -> None:
    made = planned()
    run = told(made, (1, OPEN), (1, SHUT))
    assert (of(run, made, 1)["outcome"], run["draining"]) == ("skipped", made["batches"][0]["hosts"])
    run = told(made, (1, SHUT))
    assert (of(run, made, 1)["outcome"], run["draining"]) == ("skipped", [])


def test_a_host_that_is_not_drained_is_not_feared_to_be() -> None:
    made = runs.plan(2, hosts=1)
    run = told(made, (1, OPEN))
    assert (of(run, made, 1)["outcome"], run["draining"]) == ("unknown", [])


def test_hosts_that_are_no_conductors_tell_nothing() -> None:
    made = planned()
    story = endings.Story(made)
    story.heard("aarhus-000-1", OPEN)
    run = story.broken_off(WHY, runs.iso(99))
    assert run and run["totals"]["unknown"] == 0


def test_the_record_on_disk_is_ended_once_and_its_page_is_drawn(tmp_path: Path) -> None:
    path, made = tmp_path / "run.json", planned()
    begun = record.add(record.begin(made), [runs.result(made, 1, 0, 9)], {made["batches"][0]["hosts"][0]: runs.NEW})
    records.write(path, records.text_of(begun))
    story = endings.Story(made)
    assert story.end(WHY) is None
    story.recorded(str(path))
    # What was heard of the first batch is the same; what is on disk has its versions.
    story.heard(made["batches"][0]["conductor"], {"rollout_batch_result": runs.result(made, 1, 0, 9)})
    run = story.end(WHY)
    assert run and run == json.loads(path.read_text())
    assert of(run, made, 1)["versions_after"] == runs.NEW
    page = path.with_suffix(".html").read_text()
    assert WHY in page and "<b>Running</b>" not in page and 'http-equiv="refresh"' not in page
    assert "not yet" not in page
    assert story.end("another reason") is None
    assert json.loads(path.read_text()) == run


def test_a_run_that_has_ended_well_stays_so(tmp_path: Path) -> None:
    path, made = tmp_path / "run.json", planned()
    records.write(path, records.text_of(record.end(record.begin(made), runs.iso(9))))
    story = endings.Story(made)
    story.recorded(str(path))
    assert story.end(WHY) is None and json.loads(path.read_text())["state"] == "ended"


def test_two_who_change_a_record_take_turns(tmp_path: Path) -> None:
    path, seen = tmp_path / "run.json", list[str]()
    with records.alone(path):
        other = threading.Thread(target=lambda: _turn(path, seen))
        other.start()
        time.sleep(0.2)
        seen.append("first")
    other.join()
    assert seen == ["first", "second"] and list(tmp_path.iterdir()) == []


def _turn(path: Path, seen: list[str]) -> None:
    with records.alone(path):
        seen.append("second")


def test_who_waits_for_ever_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_PATIENCE", 0.1)
    with records.alone(tmp_path / "run.json"), records.alone(tmp_path / "run.json"):
        pass


PROGRAM = """
import os, signal, sys, time
from ansible_collections.edgefleet.ecs.plugins.plugin_utils import endings
{before}
endings.before_the_end(lambda name: os.write(1, f"told {{name}}\\n".encode()))
here, there = os.pipe()
worker = os.fork()
if worker == 0:
    os.write(there, b".")
    while True: time.sleep(0.02)
os.read(here, 1)
# A worker's end is no end of the run.
os.kill(worker, signal.SIGTERM)
os.waitpid(worker, 0)
os.write(1, b"ready\\n")
{then}
"""


def ends(then: str, number: int | None = None, before: str = "") -> tuple[str, int]:
    """What a process says, and its exit code; a worker of its has ended before."""
    command = [sys.executable, "-c", PROGRAM.format(before=before, then=then)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=env)
    assert process.stdout and process.stdout.readline() == "ready\n"
    if number:
        os.kill(process.pid, number)
    output = process.stdout.read()
    process.wait(timeout=60)
    return output, process.returncode


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGTERM, -signal.SIGTERM, "told SIGTERM\n"),
        (signal.SIGHUP, -signal.SIGTERM, "told SIGHUP\ntold SIGTERM\n"),
        (signal.SIGINT, -signal.SIGINT, "told SIGINT\ntold \n"),
    ],
)
def test_a_signal_is_told_before_it_ends_the_process_as_ever(number: int, code: int, said: str) -> None:
    assert ends("while True: time.sleep(0.02)", number) == (said, code)


def test_nohup_is_heeded() -> None:
    before = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    output, code = ends("time.sleep(0.5)", signal.SIGHUP, before)
    assert (output, code) == ("told \n", 0)


def test_an_end_by_an_error_is_told_too() -> None:
    output, code = ends("sys.exit(4)")
    assert (output, code) == ("told \n", 4)
