# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import advice


def run(**reasons: str) -> dict[str, Any]:
    """A record whose hosts could not be reached, for these reasons."""
    hosts = {
        name: {"site": f"site-{name}", "outcome": "unreachable", "reason": reason, "batch": None}
        for name, reason in reasons.items()
    }
    return {"hosts": hosts, "batches": []}


def told(**reasons: str) -> list[tuple[str, list[str]]]:
    return [(part["reason"], part["hosts"]) for group in advice.groups(run(**reasons)) for part in group["reasons"]]


PREFACE = 'Task failed: Data could not be sent to remote host "{}". Make sure this host can be reached over ssh: '


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("No route\n  to host", "No route to host", "No route to host"),
        ("host 10.0.0.1 port 22: refused", "host 10.0.0.2 port 22: refused", "host … port 22: refused"),
        ("host fd00:1:2::3 port 22", "host fd00:1:2::4 port 22", "host … port 22"),
        ("site 'site-a' is cut off", "site 'site-b' is cut off", "site … is cut off"),
        ("'a' is off", "'b' is off", "… is off"),
        (PREFACE.format("10.0.0.1") + "ssh: gone", PREFACE.format("10.0.0.2") + "ssh: gone", "ssh: gone"),
        ("Failed to connect to the host via ssh: gone", "gone", "gone"),
    ],
)
def test_reasons_that_differ_by_their_host_alone_are_one(one: str, other: str, shared: str) -> None:
    assert told(a=one, b=other) == [(shared, ["a", "b"])]


def test_a_reason_of_one_host_keeps_its_words() -> None:
    assert told(a="host 10.0.0.1: site 'site-a'", b="at 10:15:30 no answer") == [
        ("host 10.0.0.1: site 'site-a'", ["a"]),
        ("at 10:15:30 no answer", ["b"]),
    ]


@pytest.mark.parametrize("kind", ["budget", "window", "soak", "confirm", "stop", "link", "drain", "hook", ""])
def test_every_gate_that_closes_has_its_advice(kind: str) -> None:
    host = {"site": "lab", "outcome": "skipped", "reason": "why", "batch": 1}
    record = {"hosts": {"a": host}, "batches": [{"gate": {"open": False, "reason": "why", "kind": kind}}]}
    assert "run again" in advice.advice(record, "a").lower()
    assert (advice.advice(record, "a") == advice.advice({**record, "batches": [{"gate": None}]}, "a")) is (kind == "")


def test_hosts_that_are_as_asked_need_nothing() -> None:
    record = {"hosts": {"a": {"site": "lab", "outcome": "converged", "reason": "", "batch": 1}}, "batches": []}
    assert advice.groups(record) == []
