# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans, results and records of fleets of any size, with trouble of every kind at known places."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import record

CONFIG = {
    "component": "ecs_config",
    "before": {"ECS_IMAGE_PULL_BEHAVIOR": "default"},
    "after": {"ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached"},
    "disruptive": False,
    "reason": "ecs.config differs: ECS_IMAGE_PULL_BEHAVIOR",
}
AGENT = {
    "component": "ecs_agent",
    "before": {"package": "1.103.0-1"},
    "after": {"package": "1.105.1-1"},
    "disruptive": False,
    "reason": "amazon-ecs-init 1.103.0-1 is installed, 1.105.1-1 is asked for",
}
ENGINE = {
    "component": "engine",
    "before": {"package": "5:26.1.4-1"},
    "after": {"package": "5:27.1.2-1"},
    "disruptive": True,
    "reason": "docker-ce 5:26.1.4-1 is installed, 5:27.1.2-1 is asked for",
}
OLD = {"docker-ce": "5:26.1.4-1", "amazon-ssm-agent": "3.3.987.0", "amazon-ecs-init": "1.103.0-1"}
NEW = {"docker-ce": "5:27.1.2-1", "amazon-ssm-agent": "3.3.987.0", "amazon-ecs-init": "1.105.1-1"}

CITIES = (
    *(
        "aarhus",
        "bergen",
        "bilbao",
        "bruges",
        "cadiz",
        "dresden",
        "gdansk",
        "genoa",
        "ghent",
        "graz",
        "hamar",
        "kaunas",
    ),
    *("kaunas", "leeds", "linz", "lodz", "lund", "malmo", "nantes", "oulu", "porto", "pskov", "rennes", "turku"),
)
START = datetime(2026, 11, 22, 1, 0, 0, tzinfo=UTC)

FAILED = "Install the ECS agent: E: Unable to fetch some archives, 404 Not Found. The mirror does not have the version."
CHECK = (
    "Check the agents: the ECS agent did not answer on 127.0.0.1:51678 within 60 s. "
    "The host works with its earlier settings again."
)
DARK = "ssh: connect to host 10.20.30.40 port 22: No route to host"
BLOCKED = "The disk of /var/lib/docker has 412 MB free. 1 GB is needed: remove images that nothing uses."
WINDOW = "The maintenance window of site '{}' is closed; it next opens at 2026-11-22T23:00:00Z."


def iso(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def site_name(number: int) -> str:
    return f"{CITIES[number % len(CITIES)]}-{number:03d}"


def _host(site: str, wave: str, number: int) -> dict[str, Any]:
    action, reason, drift = "converge", "", [AGENT, CONFIG]
    if number % 7 == 3:
        action, drift = "unchanged", []
    if number % 9 == 4:
        drift = [ENGINE, AGENT, CONFIG]
    if number % 83 == 40:
        action, reason, drift = "unreachable", DARK, []
    if number % 131 == 60:
        action, reason = "blocked", BLOCKED
    return {
        "site": site, "wave": wave, "action": action, "reason": reason, "drift": drift,
        "disruptive": ENGINE in drift, "identity": f"mi-{number:017x}", "instance": f"arn:{number}",
        "status": "DRAINING" if number == 20 else "ACTIVE", "stays_draining": number == 20,
        "warnings": ["The clock is not synchronized."] if number % 61 == 8 else [],
        "versions": NEW if action == "unchanged" else {} if action == "unreachable" else OLD, "drain": [],
    }  # fmt: skip


def plan(sites: int, hosts: int = 2, parallel: int = 1) -> dict[str, Any]:
    """Three waves: one site, a tenth of the sites, the rest."""
    names = [site_name(number) for number in range(sites)]
    pilots = max(sites // 10, 1)
    waves = [
        {"name": "canary", "why": "named in fleet_waves", "sites": names[:1], "soak": 600},
        {"name": "pilot", "why": "10% of the sites", "sites": names[1 : 1 + pilots], "soak": 1800},
        {"name": "rest", "why": "every site that no wave names", "sites": names[1 + pilots :], "soak": 0},
    ]
    waves = [wave for wave in waves if wave["sites"]]
    found, batches, steps = {}, [], []
    for wave in waves:
        waiting: list[list[int]] = []
        for site in wave["sites"]:
            mine = {
                f"{site}-{at + 1}": _host(site, wave["name"], names.index(site) * hosts + at) for at in range(hosts)
            }
            found.update(mine)
            numbers = []
            for name in (name for name, host in mine.items() if host["action"] == "converge"):
                batches.append({
                    "number": len(batches) + 1, "wave": wave["name"], "site": site, "hosts": [name],
                    "conductor": f"fleet-conductor-{len(batches) + 1}-{site}", "drain": [], "fault_domain": "",
                })  # fmt: skip
                numbers.append(len(batches))
            if numbers:
                waiting.append(numbers)
        while waiting:
            steps.append([numbers.pop(0) for numbers in waiting[:parallel]])
            for number in steps[-1]:
                batches[number - 1]["step"] = len(steps)
            waiting = [numbers for numbers in waiting if numbers]
        last = wave["name"] == "rest"
        members = [name for name, host in found.items() if host["wave"] == wave["name"]]
        wave.update(hosts=members, max_unavailable=1, confirm=last, failure_budget={"wave": "5%"} if last else {})
    return {
        "schema": 1, "run_id": "20261122T010000Z", "started": iso(0), "fleet": "retail", "cluster": "retail-edge",
        "region": "eu-central-1", "release": "2026.11", "failure_budget": {"site": 1, "wave": 1},
        "hosts": found, "waves": waves, "batches": batches, "steps": steps,
    }  # fmt: skip


def result(planned: dict[str, Any], number: int, started: float, ended: float, closed: str = "") -> dict[str, Any]:
    """What a batch has come to: hosts of some numbers fail, are rolled back, or are lost."""
    batch = planned["batches"][number - 1]
    outcomes = {name: _outcome(number, closed) for name in batch["hosts"]}
    kind = ("window" if "window" in closed else "budget") if closed else ""
    return {
        "number": number, "wave": batch["wave"], "site": batch["site"], "started": iso(started), "ended": iso(ended),
        "gate": {"open": not closed, "reason": closed, "scope": "site" if closed else "", "kind": kind},
        "draining": batch["hosts"] if not closed and number % 97 == 24 else [], "outcomes": outcomes,
    }  # fmt: skip


def _outcome(number: int, closed: str) -> dict[str, Any]:
    if closed:
        return {"outcome": "skipped", "reason": closed}
    if number % 97 == 24:
        return {"outcome": "failed", "reason": FAILED, "logs": "fleet-records/20261122T010000Z/logs"}
    if number % 149 == 37:
        return {"outcome": "rolled_back", "reason": CHECK}
    return {
        "outcome": "converged",
        "reason": "",
        **({"left": ["managed node mi-1 of another fleet"]} if number == 5 else {}),
    }


def run(sites: int, hosts: int = 2, parallel: int = 1, until: float = 1.0) -> dict[str, Any]:
    """A record that has come so far: 1 is the end."""
    planned = plan(sites, hosts, parallel)
    made, now, wave = record.begin(planned), 20.0, planned["waves"][0]["name"]
    steps = planned["steps"][: int(len(planned["steps"]) * until)]
    soak = {wave["name"]: wave["soak"] for wave in planned["waves"]}
    for step in steps:
        here = planned["batches"][step[0] - 1]["wave"]
        now += soak[wave] if here != wave else 0
        wave = here
        results = [_result(planned, number, now) for number in step]
        made = record.add(made, results, {name: NEW for item in results for name, host in item["outcomes"].items()
                                          if host["outcome"] == "converged"})  # fmt: skip
        now += max(45 + number * 17 % 60 for number in step)
    made["written"] = iso(now + 8)
    return record.end(made, iso(now + 8)) if until == 1 else made


def _result(planned: dict[str, Any], number: int, now: float) -> dict[str, Any]:
    site = planned["batches"][number - 1]["site"]
    if site.endswith("7") and number % 3 == 0:
        return result(planned, number, now, now + 1, WINDOW.format(site))
    return result(planned, number, now, now + 45 + number * 17 % 60)
