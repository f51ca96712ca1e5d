# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import outcomes

OPEN = {"open": True, "reason": ""}
DRAINED = {"drain": [{"cluster": "edge", "arn": "arn:1", "mark": True}]}
DRAINING = "It is left DRAINING; the next run brings it back."


def plan(**host: Any) -> dict[str, Any]:
    drain = [item["arn"] for item in host.get("drain", ()) if item["mark"]]
    return {
        "hosts": {"lab-1": {"site": "lab", "action": "converge", "reason": "", **host}},
        "batches": [{"wave": "canary", "site": "lab", "hosts": ["lab-1"], "drain": drain}],
    }


def result(planned: dict[str, Any], **seen: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {"opened": OPEN, "alive": ["lab-1"], "failures": {}, "connected": ["lab-1"]}
    return outcomes.batch_result(planned, 1, **{**defaults, **seen})


@pytest.mark.parametrize(
    ("seen", "outcome", "reason"),
    [
        ({}, "converged", ""),
        ({"alive": []}, "unreachable", "lost while"),
        ({"failures": {"lab-1": "Install: no space"}}, "failed", "Install: no space"),
        ({"connected": []}, "failed", "agentConnected false"),
        ({"connected": None}, "failed", "agentConnected false"),
        ({"connected": [], "trouble": "AccessDenied"}, "failed", "AccessDenied"),
        ({"opened": {"open": False, "reason": "site stopped"}}, "skipped", "site stopped"),
        (
            {"failures": {"lab-1": "No answer."}, "rollbacks": {"lab-1": {"done": True, "reason": ""}}},
            "rolled_back",
            "No answer. The host works with its earlier settings again.",
        ),
        (
            {"failures": {"lab-1": "No."}, "rollbacks": {"lab-1": {"done": False, "reason": "no copy."}}},
            "failed",
            "No. The host was not rolled back: no copy.",
        ),
        # What the host says of itself is not enough.
        (
            {"failures": {"lab-1": "No."}, "rollbacks": {"lab-1": {"done": True, "reason": ""}}, "connected": []},
            "failed",
            "No. The host has its earlier settings again, but ECS has not heard from the agent",
        ),
    ],
)
def test_outcome_of_a_host(seen: dict[str, Any], outcome: str, reason: str) -> None:
    ended = result(plan(), **seen)
    assert list(ended["outcomes"]) == ["lab-1"]
    assert ended["outcomes"]["lab-1"]["outcome"] == outcome
    assert reason in ended["outcomes"]["lab-1"]["reason"]


@pytest.mark.parametrize(
    ("seen", "named"),
    [
        ({}, False),
        ({"failures": {"lab-1": "No."}}, True),
        ({"alive": []}, True),
        ({"connected": []}, True),
        # What the Region says counts more than what must be feared.
        ({"failures": {"lab-1": "No."}, "draining": []}, False),
        ({"draining": ["arn:1"]}, True),
        # A batch that did not begin, and whose hosts could not be given back.
        ({"opened": {"open": False, "reason": "Drain: denied."}, "draining": ["arn:1", "arn:2"]}, True),
        ({"failures": {"lab-1": "No."}, "rollbacks": {"lab-1": {"done": True, "reason": ""}}}, False),
    ],
)
def test_a_host_that_is_left_draining_is_named(seen: dict[str, Any], named: bool) -> None:
    ended = result(plan(**DRAINED), **seen)
    assert (ended["draining"] == ["lab-1"]) is named
    assert ended["outcomes"]["lab-1"]["reason"].endswith(DRAINING) is named


def test_a_host_that_an_operator_has_drained_is_not_this_runs() -> None:
    kept = {"drain": [{"cluster": "edge", "arn": "arn:1", "mark": False}]}
    assert result(plan(**kept), failures={"lab-1": "No."})["draining"] == []


def test_where_the_logs_are_is_told_of_what_failed() -> None:
    told = {"failures": {"lab-1": "No."}, "logs": {"lab-1": "records/1/lab-1"}}
    assert result(plan(), **told)["outcomes"]["lab-1"]["logs"] == "records/1/lab-1"
    assert "logs" not in result(plan(), logs=told["logs"])["outcomes"]["lab-1"]


def test_a_result_tells_its_gate_and_its_times() -> None:
    told = result(plan(), started="2026-11-22T01:00:00Z", ended="2026-11-22T01:05:00Z")
    assert (told["started"], told["ended"], told["gate"]) == ("2026-11-22T01:00:00Z", "2026-11-22T01:05:00Z", OPEN)


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("unchanged", "unchanged"),
        ("blocked", "blocked"),
        ("failed", "failed"),
        ("unreachable", "unreachable"),
        ("converge", "skipped"),
    ],
)
def test_planned_outcome(action: str, outcome: str) -> None:
    assert outcomes.planned_outcome({"action": action, "reason": "why"}) == {"outcome": outcome, "reason": "why"}
