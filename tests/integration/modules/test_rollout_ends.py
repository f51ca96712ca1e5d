# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How rollouts end on record and whom they name, whatever became of them: hosts that only answer, a Region in here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.bench import simulated
from sandbox.bench.observation import CLUSTER
from sandbox.tooling import paths
from tests.integration.warm.server import FOR_PLAYBOOKS
from tests.integration.warm.server import VARIABLE as WARM_PYTHON

DEAD_RUN = "20261120T010000Z"
# Nobody listens there.
DARK = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


@pytest.fixture(autouse=True)
def warm(warm_python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WARM_PYTHON, warm_python)


def record_of(fleet: simulated.Fleet) -> tuple[dict[str, Any], Path]:
    path = max((fleet.folder / "records").glob("*.json"))
    found: dict[str, Any] = json.loads(path.read_text())
    return found, path


def drain(fleet: simulated.Fleet, of: dict[str, str]) -> None:
    """By host, the run that has drained it, or nothing where an operator has."""
    instances = {one.tags["host"]: one for one in fleet.region.state.ecs.instances_of(CLUSTER).values()}
    for host, run in of.items():
        instances[host].status = "DRAINING"
        instances[host].attributes.update({"fleet_drained": run} if run else {})


@pytest.mark.one_end
def test_hosts_that_a_dead_run_has_drained_are_named_where_this_one_does_not_get(tmp_path: Path) -> None:
    with simulated.fleet(tmp_path, 6, a_site=2) as fleet:
        fleet.ask({"s001": DARK})
        drain(fleet, {"s001-h0002": DEAD_RUN, "s001-h0003": "", "s002-h0004": DEAD_RUN, "s002-h0005": ""})
        run = fleet.play("rollout", "--limit", "s000,s001,fleet_conductors", extra=FOR_PLAYBOOKS)
    assert run.code != 0, run.output
    found, path = record_of(fleet)
    assert {name: host["outcome"] for name, host in found["hosts"].items()} == {
        "s000-h0000": "unchanged", "s000-h0001": "unchanged", "s001-h0002": "unreachable", "s001-h0003": "unreachable",
    }  # fmt: skip
    assert found["draining"] == ["s001-h0002"]
    told = {name: (host["draining"], host["drained_by"]) for name, host in found["hosts"].items()}
    assert (told["s001-h0002"], told["s001-h0003"]) == (("left", DEAD_RUN), ("operator", ""))
    assert [(item["host"], item["run"]) for item in found["draining_outside"]] == [
        ("s002-h0004", DEAD_RUN), ("s002-h0005", ""),
    ]  # fmt: skip
    # With what was asked of the Region anyway.
    assert run.calls == {
        "ecs:ListContainerInstances": 1, "ecs:DescribeContainerInstances": 1, "ssm:DescribeInstanceInformation": 1,
    }  # fmt: skip
    named = (
        "DRAINING, left so by a run: s001/s001-h0002",
        "DRAINING, as an operator wanted: s001/s001-h0003",
        f"DRAINING outside of this run, by run {DEAD_RUN}: s002/s002-h0004.",
        "DRAINING outside of this run, as an operator wanted: s002/s002-h0005.",
    )
    for words in named:
        assert words in run.output[run.output.rindex("PLAY RECAP") :], words
    page = path.with_suffix(".html").read_text()
    assert all(words in page for words in ("1 left DRAINING", *named[2:]))


CHANGED = {"ecs_agent_config": {"ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached"}}


@pytest.mark.one_end
def test_a_conductor_that_breaks_outside_of_its_rescues_leaves_a_true_record(tmp_path: Path) -> None:
    """Its stock cannot be taken; that of the others of the run can, if they come to it."""
    with simulated.fleet(tmp_path, 4, a_site=2) as fleet:
        fleet.ask(dict.fromkeys(("s000", "s001"), CHANGED))
        broken = "{{ 1 // 0 if rollout_batch.site == 's000' else '2026-11-22T01:00:00Z' }}"
        run = fleet.play("rollout", extra={**FOR_PLAYBOOKS, "rollout_batch_started": broken})
    assert run.code == 2, run.output
    found, _path = record_of(fleet)
    assert (found["state"], found["interrupted"]) == ("ended", "")
    assert run.outcomes == {
        "s000-h0000": "unknown", "s000-h0001": "unknown", "s001-h0002": "skipped", "s001-h0003": "skipped",
    }  # fmt: skip
    reasons = {name: host["reason"] for name, host in found["hosts"].items()}
    assert reasons["s000-h0000"].startswith("The conductor of the batch has broken. Take stock of the batch: ")
    assert reasons["s000-h0000"].endswith("Nobody has seen how the change of the host ended.")
    # What follows would be blind.
    assert "Batch 1 (site 's000') has ended without a result" in reasons["s001-h0002"]
    assert "unknown: 2 hosts." in run.output[run.output.rindex("PLAY RECAP") :]


@pytest.mark.one_end
def test_of_batches_side_by_side_the_one_that_is_well_stays_on_record(tmp_path: Path) -> None:
    with simulated.fleet(tmp_path, 2, a_site=1) as fleet:
        fleet.ask(dict.fromkeys(("s000", "s001"), {**CHANGED, "fleet_sites_in_parallel": 2}))
        broken = "{{ 1 // 0 if rollout_batch.site == 's000' else '2026-11-22T01:00:00Z' }}"
        asked = {"fleet_sites_in_parallel": 2, "rollout_batch_started": broken}
        run = fleet.play("rollout", extra={**FOR_PLAYBOOKS, **asked})
    assert run.code == 2, run.output
    # The first of the two, which puts the step on record, is the one that has broken.
    assert run.outcomes == {"s000-h0000": "unknown", "s001-h0001": "converged"}, run.output


# The conductor of the second batch waits where its hosts are as asked, and nobody has been told so.
WAITS = [
    {"name": "Wait", "ansible.builtin.pause": {"seconds": 300}, "when": "fleet_hook.batch == 2"},
]


def interrupted(fleet: simulated.Fleet, number: signal.Signals, extra: dict[str, Any]) -> tuple[str, int]:
    """A rollout that gets this signal, as its process alone, when it has come to the hook of its second batch."""
    tool, inventory = str(Path(sys.executable).with_name("ansible-playbook")), str(fleet.folder / "inventory.yml")
    command = [tool, "-i", inventory, "playbooks/rollout.yml", "--extra-vars", json.dumps(extra)]
    log = fleet.folder / "output"
    with log.open("w") as output:
        run = subprocess.Popen(
            command, cwd=paths.ROOT, env=fleet.environment(), stdout=output, stderr=output, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 300
        while "Pausing for 300 seconds" not in log.read_text():
            assert run.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        run.send_signal(number)
        run.wait(timeout=60)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
    return log.read_text(), run.returncode


@pytest.mark.parametrize(
    ("number", "code"),
    [pytest.param(signal.SIGTERM, -signal.SIGTERM, marks=pytest.mark.one_end), (signal.SIGINT, 99)],
)
def test_a_run_that_is_interrupted_says_so_on_record(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """The first batch is known, the second one was under way, the third one never came."""
    hook = tmp_path / "wait.yml"
    hook.write_text(json.dumps(WAITS))
    with simulated.fleet(tmp_path / "fleet", 3, a_site=1) as fleet:
        fleet.ask(dict.fromkeys(("s000", "s001", "s002"), CHANGED))
        output, ended = interrupted(fleet, number, {**FOR_PLAYBOOKS, "fleet_hooks": {"after_batch": str(hook)}})
    assert ended == code, output
    found, path = record_of(fleet)
    why = f"The run was interrupted by {number.name}."
    assert (found["state"], found["interrupted"]) == ("interrupted", why)
    assert {name: host["outcome"] for name, host in found["hosts"].items()} == {
        "s000-h0000": "converged", "s001-h0001": "unknown", "s002-h0002": "skipped",
    }  # fmt: skip
    assert found["hosts"]["s001-h0001"]["reason"] == f"{why} Nobody has seen how the change of the host ended."
    assert why in output and f"-e fleet_only_failed={path}" in output
    assert why in path.with_suffix(".html").read_text()
