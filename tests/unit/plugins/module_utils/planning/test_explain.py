# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import explain


def host(site: str, action: str, *drift: dict[str, Any], reason: str = "", warnings: tuple[str, ...] = ()) -> Any:
    return {"site": site, "action": action, "reason": reason, "drift": list(drift), "warnings": list(warnings)}


def batch(number: int, wave: str, site: str, *hosts: str, **more: Any) -> dict[str, Any]:
    told = {"number": number, "step": number, "wave": wave, "site": site, "hosts": list(hosts)}
    return {**told, "fault_domain": "", "drain": [], **more}


def wave(name: str, why: str, *hosts: str, soak: int = 0, confirm: bool = False) -> dict[str, Any]:
    sites = list(dict.fromkeys(name.split("-")[0] for name in hosts))
    return {"name": name, "why": why, "sites": sites, "hosts": list(hosts), "soak": soak, "confirm": confirm}


ENGINE = {"component": "engine", "before": None, "after": "docker.io", "disruptive": True, "reason": "not installed"}
EMPTY: dict[str, Any] = {
    "fleet": "retail", "cluster": "edge", "region": "us-west-2", "release": "2026.11", "waves": [], "notes": [],
    "batches": [], "hosts": {},
}  # fmt: skip


def test_a_plan_says_what_in_which_order_and_why() -> None:
    plan = {
        **EMPTY,
        "hosts": {
            "lab-1": host("lab", "unchanged"),
            "lab-2": host("lab", "converge", ENGINE),
            "lyon-1": host("lyon", "converge", ENGINE),
            "oslo-1": host("oslo", "converge", ENGINE),
            "oslo-2": host("oslo", "unreachable", reason="No route\n  to host"),
        },
        "waves": [
            wave("canary", "sites by name", "lab-1", "lab-2", soak=600),
            wave("rest", "no wave names them", "lyon-1", "oslo-1", "oslo-2", confirm=True),
        ],
        "notes": ["Wave pilot has no host in this run (sites by name)."],
        "batches": [
            batch(1, "canary", "lab", "lab-2", drain=["arn:x"]),
            batch(2, "rest", "lyon", "lyon-1"),
            batch(3, "rest", "oslo", "oslo-1", step=2, fault_domain="rack-1"),
        ],
    }
    assert explain.plan_lines(plan) == [
        "Fleet retail, cluster edge in us-west-2, release 2026.11: 1 as asked, 3 to change, 1 unreachable",
        "Wave canary (sites by name): 1 of 2 hosts to change, at 1 site; soaks for 600 s",
        "    1. site lab: lab-2  (drains 1)",
        "Wave rest (no wave names them): 2 of 3 hosts to change, at 2 sites; begins when it is confirmed",
        "    2. site lyon: lyon-1",
        "    3+ site oslo (rack-1): oslo-1",
        "Wave pilot has no host in this run (sites by name).",
        "  lab/lab-2, lyon/lyon-1, oslo/oslo-1",
        "     engine: not installed (disruptive)",
        "  oslo/oslo-2",
        "     unreachable: No route to host",
    ]


def test_of_a_long_wave_only_the_first_and_the_last_batches_are_shown() -> None:
    hosts = [f"lab-{number}" for number in range(1, 101)]
    batches = [batch(number, "all", "lab", name) for number, name in enumerate(hosts, start=1)]
    lines = explain.plan_lines({**EMPTY, "waves": [wave("all", "x", *hosts)], "batches": batches})
    assert lines[1] == "Wave all (x): 100 of 100 hosts to change, at 1 site"
    assert lines[-3:] == ["   22. site lab: lab-22", "     ... 77 more batches ...", "  100. site lab: lab-100"]


def test_warnings_are_named() -> None:
    lines = explain.plan_lines({**EMPTY, "hosts": {"lab-1": host("lab", "unchanged", warnings=("The clock is off.",))}})
    assert lines[1:] == ["  lab/lab-1", "     warning: The clock is off."]


def test_what_many_hosts_share_is_said_once() -> None:
    hosts = {f"lab-{number}": host("lab", "converge", ENGINE) for number in range(10)}
    assert explain.plan_lines({**EMPTY, "hosts": hosts})[1:] == [
        "  lab/lab-0, lab/lab-1, lab/lab-2, lab/lab-3, lab/lab-4, lab/lab-5, lab/lab-6, lab/lab-7 and 2 more",
        "     engine: not installed (disruptive)",
    ]
