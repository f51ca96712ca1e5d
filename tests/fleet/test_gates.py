# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gates of a rollout on two real hosts: each run meets as many of them as it can. Their rules are unit-tested."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from .conftest import INSTANCE, PATIENCE, Fleet, standing_fleet

OWN = f"{INSTANCE}-gates"
SOAK = 12
LIMIT = ("--limit", "lab-1,lyon-1,fleet_conductors")
WAVES: list[dict[str, Any]] = [
    {"name": "canary", "sites": ["lab"], "soak": SOAK, "failure_budget": {"wave": 0}},
    {"name": "pilot", "sites": ["lyon"], "confirm": True},
]
MOMENTS = ("before_site", "before_batch", "before_host", "after_host", "after_batch", "after_site")
HOOK = """
- name: Note the moment
  ansible.builtin.shell: echo "$MOMENT" >> {log}
  environment:
    MOMENT: "{{{{ fleet_hook.moment }}}} {{{{ fleet_hook.site }}}} {{{{ fleet_hook.hosts | join(' ') }}}}"
  changed_when: false
  delegate_to: localhost
  become: false
"""
CUT = "sudo iptables -A OUTPUT -p tcp --dport 4566 -j REJECT --reject-with tcp-reset"


@pytest.fixture(scope="module")
def gated() -> Iterator[Fleet]:
    with standing_fleet(OWN, {"lab": ["lab-1:with-engine"], "lyon": ["lyon-1:with-engine"]}) as fleet:
        yield fleet


def reason(run: Any, host: str) -> str:
    return str(run.record["hosts"][host]["reason"])


def gate(run: Any, site: str) -> tuple[bool, str, str]:
    told = next(batch["gate"] for batch in run.record["batches"] if batch["site"] == site)
    return told["open"], told["scope"], told["kind"]


def seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def tag_cluster(fleet: Fleet, method: str, argument: str) -> None:
    arn = "client('ecs').describe_clusters(clusters=['demo-edge'])['clusters'][0]['clusterArn']"
    fleet.boto3(f"client('ecs').{method}(resourceArn={arn}, {argument})")


def test_a_wave_is_watched_and_the_next_one_waits_for_a_confirmation(gated: Fleet, tmp_path: Path) -> None:
    log = tmp_path / "moments"
    hooks = {}
    for moment in MOMENTS:
        file = tmp_path / f"{moment}.yml"
        file.write_text(HOOK.format(log=log))
        hooks[moment] = str(file)
    run = gated.playbook(
        "site", *LIMIT, fleet_waves=WAVES, fleet_hooks=hooks, rollout_soak_interval=2, rollout_stop_tag="fleet_stop"
    )
    assert run.code == 2, run.output
    assert run.outcomes == {"lab-1": "converged", "lyon-1": "skipped"}
    assert log.read_text().splitlines() == [f"{moment} lab lab-1" for moment in MOMENTS]
    first, second = run.record["batches"] if run.record else ({}, {})
    assert seconds(first["ended"], second["ended"]) >= SOAK
    # On a machine that is so slow that the time is over before somebody asks, there is nothing left to watch.
    watched = seconds(first["ended"], second["started"]) < SOAK / 2
    assert not watched or "Watching 1 host of canary until" in run.output
    assert gate(run, "lyon") == (False, "wave", "confirm")
    assert """run again with -e '{"fleet_confirmed": ["pilot"]}'""" in reason(run, "lyon-1")
    # A look costs one call, and a host without tasks has no services to ask for.
    calls = gated.calls()
    assert not watched or calls["ecs:DescribeContainerInstances"] >= 4
    assert calls["ecs:DescribeServices"] == 0


def test_somebody_who_stops_the_run_is_heard(gated: Fleet, tmp_path: Path) -> None:
    # For what comes after this: the agent falls silent, and the Region misses it soon.
    gated.hosts("ssh", "lab-1", CUT)
    stop = tmp_path / "stop"
    stop.write_text("Network work until noon\n")
    tag_cluster(gated, "tag_resource", "tags=[{'key': 'fleet_stop', 'value': 'night shift'}]")
    gated.forget_calls()
    run = gated.playbook("rollout", *LIMIT, fleet_stop_file=str(stop), rollout_stop_tag="fleet_stop")
    tag_cluster(gated, "untag_resource", "tagKeys=['fleet_stop']")
    assert run.code == 2, run.output
    assert gate(run, "lyon") == (False, "fleet", "stop")
    assert "stop is there: Network work until noon." in reason(run, "lyon-1")
    assert "Cluster demo-edge has the tag fleet_stop (night shift)." in reason(run, "lyon-1")
    assert gated.hosts("ssh", "lyon-1", "ls /etc/ecs 2>/dev/null || true") == ""


def test_neither_a_site_that_is_cut_off_nor_one_outside_of_its_window_changes(gated: Fleet, tmp_path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while any(item["agentConnected"] for item in gated.instances()):
        assert time.monotonic() < deadline, "the Region still hears the agent"
        time.sleep(1)
    hour = datetime.now(UTC) + timedelta(hours=2)
    window = {"from": f"{hour:%H}:00", "to": f"{hour + timedelta(hours=2):%H}:00", "timezone": "Etc/UTC"}
    variables = tmp_path / "windows.json"
    variables.write_text(json.dumps({"all": {"hosts": {"lyon-1": {"fleet_maintenance_window": window}}}}))
    gated.forget_executions()
    run = gated.playbook("rollout", "--inventory", str(variables), *LIMIT, fleet_waves=[])
    assert run.code == 2, run.output
    assert gate(run, "lab") == (False, "site", "link")
    assert "lab-1 does not reach 198.18.0.1:4566" in reason(run, "lab-1")
    assert gate(run, "lyon") == (False, "site", "window")
    assert f"It next opens at {hour:%a %Y-%m-%d %H}:00 Etc/UTC" in reason(run, "lyon-1")
    # The plan has said so before; lab-1 was asked once more, for its way to the Region.
    assert "Site 'lab' may be cut off" in run.output
    assert "Site 'lyon' is outside of its maintenance window." in run.output.partition("PLAY [Roll out]")[0]
    assert gated.executions() == {"lab-1": 2, "lyon-1": 1}
