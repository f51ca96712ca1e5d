# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nights of a fleet of four sites: one in which everything happens at once, and some that end with kill -9."""

from __future__ import annotations

import datetime
import json
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.tooling import paths

from .conftest import INSTANCE, PATIENCE, Fleet, Run, standing_fleet

SITES = {"lab": ("lab-1", "lab-2"), "lyon": ("lyon-1", "lyon-2"), "oslo": ("oslo-1",), "nice": ("nice-1",)}
HOSTS = [host for hosts in SITES.values() for host in hosts]
# The demo's inventory has other sites, too.
LIMIT = ("--limit", f"{','.join(HOSTS)},localhost,fleet_conductors")
WAVES = [
    {"name": "canary", "sites": ["lab", "nice"], "max_hosts_per_site": 1},
    {"name": "pilot", "sites": ["lyon", "oslo"]},
]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# How many runs are killed, at moments of chance; each is one and a half rollouts. Ten were by hand: docs/rollouts.md.
KILLS = int(os.environ.get("EDGEFLEET_TEST_KILLS") or 1)


def not_today() -> dict[str, Any]:
    """A maintenance window that is three days away, whatever the time zone."""
    day = DAYS[(datetime.datetime.now(datetime.UTC).weekday() + 3) % 7]
    return {"days": [day], "from": "01:00", "to": "05:00", "timezone": "Europe/Paris"}


def inventory(directory: Path, **of_hosts: dict[str, Any]) -> Path:
    """The fourth site, and what single hosts are asked that night."""
    nice = {"hosts": {"nice-1": {"ansible_host": "198.18.4.11"}}, "vars": {"fleet_site": "nice"}}
    content = {"fleet": {"children": {"nice": nice}}, "all": {"hosts": of_hosts}}
    file = directory / "night.json"
    file.write_text(json.dumps(content))
    return file


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    sites = {site: [f"{host}:with-engine" for host in hosts] for site, hosts in SITES.items()}
    with standing_fleet(f"{INSTANCE}-nights", sites) as fleet:
        yield fleet


def night(fleet: Fleet, file: Path, playbook: str, **asked: Any) -> Run:
    return fleet.playbook(playbook, "--inventory", str(file), *LIMIT, **asked)


def is_well(fleet: Fleet) -> None:
    """One container instance a host, none of them left out of service. An agent whose link is back comes by itself."""
    deadline = time.monotonic() + PATIENCE
    while not all(item["agentConnected"] for item in fleet.instances()) and time.monotonic() < deadline:
        time.sleep(1)
    instances = fleet.instances()
    assert len(instances) == len({item["ec2InstanceId"] for item in instances}) == len(HOSTS)
    assert {(item["status"], item["agentConnected"]) for item in instances} == {("ACTIVE", True)}
    assert not [item for item in instances for entry in item["attributes"] if entry["name"] == "fleet_drained"]


def test_the_fleet_comes_in_with_sites_side_by_side(four: Fleet, tmp_path: Path) -> None:
    run = night(
        four, inventory(tmp_path), "site", fleet_waves=WAVES, fleet_sites_in_parallel=2, fleet_max_unavailable="100%"
    )
    assert run.code == 0, run.output
    assert run.outcomes == dict.fromkeys(HOSTS, "converged")
    assert run.record
    assert {name: host["wave"] for name, host in run.record["hosts"].items()} == {
        "lab-1": "canary", "nice-1": "canary", "lyon-1": "pilot", "lyon-2": "pilot", "oslo-1": "pilot", "lab-2": "rest",
    }  # fmt: skip
    is_well(four)


def test_a_night_ends_as_the_plan_and_the_budgets_say(four: Fleet, tmp_path: Path) -> None:
    """Oslo is dark, Nice is outside its window, an agent of Lyon does not like what it is given."""
    asked: dict[str, Any] = {
        "fleet_waves": WAVES,
        "fleet_sites_in_parallel": 2,
        "fleet_max_unavailable": 1,
        "ecs_agent_config": {"ECS_IMAGE_CLEANUP_INTERVAL": "45m"},
        "ecs_agent_wait": 12,
    }
    file = inventory(
        tmp_path,
        **{
            # Nobody listens there, which no check could know before.
            "lyon-1": {"ecs_agent_endpoint": "http://198.18.0.1:9"},
            "nice-1": {"fleet_maintenance_window": not_today()},
        },
    )
    four.hosts("link", "down", "oslo")
    try:
        plan = night(four, file, "plan", **asked)
        run = night(four, file, "rollout", **asked)
    finally:
        four.hosts("link", "up", "oslo")
    # What can be known before.
    assert all(f"Wave {name} (" in plan.output for name in ("canary", "pilot", "rest")), plan.output
    assert "5 to change, 1 unreachable" in plan.output, plan.output
    # What came of it.
    assert run.code in (2, 4), run.output
    assert run.record
    outcomes = {
        "lab-1": "converged",
        "nice-1": "skipped",  # outside its window
        "lyon-1": "rolled_back",
        "lyon-2": "skipped",  # the budget of its site
        "oslo-1": "unreachable",
        "lab-2": "skipped",  # the budget of the wave before
    }
    assert run.outcomes == outcomes, run.output
    reasons = {name: host["reason"] for name, host in run.record["hosts"].items()}
    assert "window" in reasons["nice-1"] and "01:00" in reasons["nice-1"]
    assert "fleet_failure_budget" in reasons["lyon-2"] and "lyon-1 rolled back" in reasons["lyon-2"]
    assert "Wave 'pilot' has stopped" in reasons["lab-2"]
    # Each is in the last table with what an operator has to know.
    for name in outcomes:
        if outcomes[name] != "converged":
            assert f"/{name}" in run.output[run.output.rindex("PLAY RECAP") :], name
    assert (paths.records(four.sandbox.instance) / f"{run.record['run_id']}.html").exists()
    is_well(four)


def killed(fleet: Fleet, command: list[str], lines: int, output: Path) -> None:
    """Start a run and kill it, its children and all, when it has said so many lines."""
    process = fleet.start(*command, output=output)
    try:
        deadline = time.monotonic() + PATIENCE
        while output.read_bytes().count(b"\n") < lines:
            assert process.poll() is None, f"it has ended before line {lines}\n{output.read_text()}"
            assert time.monotonic() < deadline, f"it does not come to line {lines}\n{output.read_text()}"
            time.sleep(0.05)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_after_kill_9_at_any_moment_the_next_run_ends_the_work(four: Fleet, tmp_path: Path) -> None:
    """Every run changes the engine's settings, for which it drains, and the agent's."""
    file = inventory(tmp_path)
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)

    def asked(number: int) -> dict[str, Any]:
        return {
            "fleet_waves": WAVES[:1],
            "fleet_sites_in_parallel": 4,
            "fleet_max_unavailable": "100%",
            "container_engine_settings": {"log-driver": "json-file", "log-opts": {"max-size": f"{10 + number}m"}},
            "ecs_agent_config": {"ECS_IMAGE_CLEANUP_INTERVAL": f"{50 + number}m"},
        }

    whole = night(four, file, "rollout", **asked(0))
    assert whole.outcomes == dict.fromkeys(HOSTS, "converged"), whole.output
    # From the plan, before which nothing is touched, to the table, after which nothing is left to do.
    said = whole.output.splitlines()
    plan = next(number for number, line in enumerate(said) if "to change" in line)
    table = next(number for number, line in enumerate(said) if line.startswith("PLAY RECAP"))
    story = f"seed {seed}, lines {plan} to {table}"
    for number in range(1, KILLS + 1):
        moment = chance.randrange(plan, table)
        story = f"{story}, at {moment}"
        command = four.command("rollout", "--inventory", str(file), *LIMIT, **asked(number))
        killed(four, command, moment, tmp_path / f"killed-{number}.log")
        run = night(four, file, "rollout", **asked(number))
        assert run.code == 0, f"{story}\n{run.output}"
        assert set(run.outcomes.values()) <= {"converged", "unchanged"}, story
        is_well(four)
        story = f"{story}: {sorted(run.outcomes.values()).count('converged')} left"
    print(story)
