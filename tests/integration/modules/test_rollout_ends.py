# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How rollouts end on record and whom they name, whatever became of them: hosts that only answer, a Region in here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.bench import simulated
from sandbox.bench.observation import CLUSTER
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
