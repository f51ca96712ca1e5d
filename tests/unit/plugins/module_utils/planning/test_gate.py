# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import (
    budget,
    confirmation,
    gate,
    links,
    soak,
)
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.limits import PlanError

NOW = "2026-11-22T00:30:00Z"  # a Sunday; half past one in Paris
NIGHT = {"from": "01:00", "to": "05:00", "timezone": "Europe/Paris"}
NOON = {"from": "12:00", "to": "13:00", "timezone": "Europe/Paris"}

HOSTS = ("lab-1", "lab-2", "lyon-1", "lyon-2", "oslo-1")
# Two sites of the last wave at the same time: the third step has two batches.
BATCHES = (
    (1, "canary", "lab", ["lab-1"]),
    (2, "canary", "lab", ["lab-2"]),
    (3, "rest", "lyon", ["lyon-1"]),
    (3, "rest", "oslo", ["oslo-1"]),
    (4, "rest", "lyon", ["lyon-2"]),
)


def host(site: str) -> dict[str, Any]:
    return {"site": site, "action": "converge", "reason": ""}


def plan(canary: dict[str, Any] | None = None, rest: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "hosts": {name: host(name.split("-")[0]) for name in HOSTS},
        "waves": [
            {"name": "canary", "sites": ["lab"], "hosts": ["lab-1", "lab-2"], **(canary or {})},
            {"name": "rest", "sites": ["lyon", "oslo"], "hosts": ["lyon-1", "lyon-2", "oslo-1"], **(rest or {})},
        ],
        "batches": [
            {"number": number, "step": step, "wave": wave, "site": site, "hosts": hosts, "drain": []}
            for number, (step, wave, site, hosts) in enumerate(BATCHES, start=1)
        ],
        "windows": {},
        **more,
    }


def ended(*results: dict[str, str] | tuple[str, str, str], when: str = "2026-11-22T00:20:00Z") -> list[dict[str, Any]]:
    """The results of the first batches: the outcomes of each, or the scope, kind and reason that closed it."""
    made = []
    for number, ((_step, wave, site, hosts), result) in enumerate(zip(BATCHES, results, strict=False), start=1):
        if isinstance(result, tuple):
            told = {"open": False, **dict(zip(("scope", "kind", "reason"), result, strict=True))}
            outcomes = {name: {"outcome": "skipped", "reason": result[2]} for name in hosts}
        else:
            told = dict(gate.OPEN)
            outcomes = {name: {"outcome": outcome, "reason": ""} for name, outcome in result.items()}
        made.append({"number": number, "wave": wave, "site": site, "gate": told, "ended": when, "outcomes": outcomes})
    return made


def lab(first: str = "converged", second: str = "converged") -> tuple[dict[str, str], dict[str, str]]:
    return {"lab-1": first}, {"lab-2": second}


WAVE_STOPPED = "Wave 'canary' has stopped: lab-1 failed, fleet_failure_budget.wave allows 0."
SITE_STOPPED = "Site 'lab' has stopped: lab-1 {}, fleet_failure_budget.site allows 0."


@pytest.mark.parametrize(
    ("number", "results", "budget", "reason"),
    [
        (1, ended(), {}, ""),
        (2, ended({"lab-1": "converged"}), {}, ""),
        (2, ended({"lab-1": "failed"}), {}, WAVE_STOPPED),
        (2, ended({"lab-1": "rolled_back"}), {}, WAVE_STOPPED.replace("failed,", "rolled back,")),
        (2, ended({"lab-1": "unreachable"}), {}, SITE_STOPPED.format("lost")),
        (2, ended({"lab-1": "failed"}), {"wave": 1}, SITE_STOPPED.format("failed")),
        (2, ended({"lab-1": "failed"}), {"wave": 1, "site": "50%"}, ""),
        # A site that goes dark does not stop the others; one that fails stops all that come after it.
        (3, ended(*lab("unreachable", "unreachable")), {}, ""),
        (3, ended({"lab-1": "failed"}, ("wave", "budget", "x")), {"site": 2}, WAVE_STOPPED),
        (5, ended(*lab(), {"lyon-1": "failed"}, {"oslo-1": "converged"}), {"wave": "40%", "site": 1}, ""),
        (
            5,
            ended(*lab(), {"lyon-1": "failed"}, {"oslo-1": "rolled_back"}),
            {"wave": "34%", "site": 1},
            "Wave 'rest' has stopped: lyon-1 failed, oslo-1 rolled back, fleet_failure_budget.wave allows 34%.",
        ),
        # A site that runs at the same time counts from the next step on; what the others did is not its own.
        (4, ended(*lab(), {"lyon-1": "failed"}), {"wave": 1}, ""),
        # The fleet: by itself it has no limit.
        (3, ended(*lab("failed", "failed")), {"wave": 2, "site": 2}, ""),
        (
            3,
            ended(*lab("failed", "rolled_back")),
            {"wave": 2, "site": 2, "fleet": "20%"},
            "The fleet has stopped: lab-1 failed, lab-2 rolled back, fleet_failure_budget.fleet allows 20%.",
        ),
        # Nothing stops before so many have been tried, or all that there are to try.
        (2, ended({"lab-1": "failed"}), {"minimum_tried": 2}, ""),
        (
            3,
            ended(*lab("failed", "converged")),
            {"minimum_tried": 5},
            "Wave 'canary' has stopped: lab-1 failed, fleet_failure_budget.wave allows 0.",
        ),
        (3, ended(*lab("failed")), {"minimum_tried": 3, "fleet": 0, "wave": 1}, ""),
    ],
)  # fmt: skip
def test_budgets(number: int, results: list[dict[str, Any]], budget: dict[str, Any], reason: str) -> None:
    said = gate.gate(plan(), number, results, budget, now=NOW)
    assert (said["open"], said["reason"]) == (not reason, reason)
    scope = {"Wave": "wave", "Site": "site", "The": "fleet"}[reason.split()[0]] if reason else "batch"
    assert (said["scope"], said["kind"]) == (scope, "budget" if reason else "")


def test_a_wave_has_its_own_budget() -> None:
    lenient = plan(canary={"failure_budget": {"wave": 2, "site": 1}})
    assert gate.gate(lenient, 2, ended({"lab-1": "failed"}), {}, now=NOW)["open"]
    # It is judged by its own numbers, also when the next wave asks.
    assert gate.gate(lenient, 3, ended(*lab("failed")), {}, now=NOW)["open"]
    assert not gate.gate(plan(rest={"failure_budget": {"wave": 2}}), 3, ended(*lab("failed")), {}, now=NOW)["open"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"site": "few"}, "fleet_failure_budget.site: 'few' is neither"),
        ({"wave": "110%"}, "fleet_failure_budget.wave: '110%' is more than all"),
        ({"fleet": -1}, "fleet_failure_budget.fleet: '-1' is neither"),
        ({"minimum_tried": "10%"}, "fleet_failure_budget.minimum_tried: '10%' has to be a number"),
        ({"sites": 1}, "fleet_failure_budget has 'sites' (allowed: site, wave, fleet, minimum_tried)"),
        (3, "fleet_failure_budget is '3'"),
    ],
)
def test_a_budget_that_is_none_is_named(value: Any, said: str) -> None:
    with pytest.raises(PlanError) as refused:
        budget.check(value)
    assert said in str(refused.value)


def test_what_is_used_of_a_budget() -> None:
    results = ended(*lab(), {"lyon-1": "failed"}, {"oslo-1": "unreachable"})
    assert budget.spending(plan(), "rest", results, {"wave": "70%"}) == {"used": 1, "allowed": 2, "hosts": 3}


@pytest.mark.parametrize(
    ("number", "results", "asked", "scope", "kind", "reason"),
    [
        (2, ended({"lab-1": "converged"}), {"stop": ["Halt.", "Twice."]}, "fleet", "stop", "Halt. Twice."),
        # A conductor of an earlier step that has left no result; one of the same step has still to.
        (3, ended({"lab-1": "converged"}), {}, "fleet", "", "Batch 2 (site 'lab') has ended without a result"),
        (4, ended(*lab()), {}, "batch", "", ""),
        # What a wave was to prove, it has not.
        (
            3,
            ended(("site", "window", "Site 'lab' is closed."), ("site", "window", "Site 'lab' is closed.")),
            {}, "wave", "window", "Wave 'canary' has not begun: Site 'lab' is closed.",
        ),
        (3, ended({"lab-1": "converged"}, ("site", "window", "Too late.")), {}, "batch", "", ""),
        (3, ended(*lab()), {"wave": gate.closed("no.", "wave", "confirm")}, "wave", "confirm", "No."),
        # Asked once a site, and true for all its batches.
        (2, ended(("site", "link", "Cut off.")), {}, "site", "link", "Cut off."),
        (2, ended(("site", "hook", "Hook before_site failed.")), {}, "site", "hook", "Hook before_site failed."),
        (2, ended(("batch", "drain", "Drain: denied.")), {}, "batch", "", ""),
        (
            1,
            ended(),
            {"link": {"host": "lab-1", "answers": False, "said": "ecs.eu-west-3.amazonaws.com:443 (timed out)"}},
            "site", "link",
            "Site 'lab' is cut off from the Region: ECS has lost all its agents, and lab-1 does not reach "
            "ecs.eu-west-3.amazonaws.com:443 (timed out). It changes when its link is back.",
        ),
        (1, ended(), {"link": {"host": "lab-1", "answers": True, "said": ""}}, "batch", "", ""),
    ],
)  # fmt: skip
def test_what_else_closes_a_gate(
    number: int, results: list[dict[str, Any]], asked: dict[str, Any], scope: str, kind: str, reason: str
) -> None:
    said = gate.gate(plan(), number, results, {}, now=NOW, **asked)
    assert (said["open"], said["scope"], said["kind"]) == (not reason, scope, kind)
    assert reason in said["reason"]


@pytest.mark.parametrize(("window", "minutes", "opened"), [(NIGHT, 30, True), (NOON, 30, False), (NIGHT, 240, False)])
def test_a_site_outside_of_its_window_is_closed_alone(window: dict[str, Any], minutes: int, opened: bool) -> None:
    planned = plan(windows={"lyon": window})
    said = gate.gate(planned, 3, ended(*lab()), {}, now=NOW, minutes=minutes)
    assert said["open"] is opened
    assert opened or (said["scope"], said["kind"]) == ("site", "window")
    assert gate.gate(planned, 4, ended(*lab()), {}, now=NOW, minutes=minutes)["open"]


def test_the_gate_of_a_wave_leaves_out_what_concerns_a_site() -> None:
    planned = plan(windows={"lyon": NOON})
    assert gate.wave_gate(planned, 3, ended(*lab()), {}, now=NOW)["open"]
    assert gate.wave_gate(planned, 2, ended({"lab-1": "unreachable"}), {}, now=NOW)["open"]
    assert not gate.wave_gate(planned, 3, ended(*lab("failed")), {}, now=NOW)["open"]
    assert not gate.wave_gate(planned, 3, ended(*lab()), {}, now=NOW, stop=["Halt."])["open"]


# --- soak ---


@pytest.mark.parametrize(
    ("seconds", "results", "expected"),
    [
        (0, ended(*lab()), (0, [], [])),
        (900, ended(*lab()), (300, ["canary"], ["lab-1", "lab-2"])),
        (900, ended(*lab("unreachable")), (300, ["canary"], ["lab-2"])),
        (900, ended(*lab("unreachable", "unreachable")), (0, [], [])),
        (600, ended(*lab()), (0, [], [])),
    ],
)
def test_what_is_watched_and_how_long(seconds: int, results: list[dict[str, Any]], expected: tuple[Any, ...]) -> None:
    due = soak.due(plan(canary={"soak": seconds}), 3, results, {}, NOW)
    assert (due["seconds"], due["waves"], due["hosts"]) == expected
    assert due["until"] == ("2026-11-22T00:35:00Z" if expected[0] else NOW)
    # Within a wave, nobody waits.
    assert soak.due(plan(canary={"soak": seconds}), 2, ended({"lab-1": "converged"}), {}, NOW)["seconds"] == 0


AWAY = {"unhealthy": {"mi-1": "agent not connected for 130 s"}, "services": {}, "stopped": ""}


@pytest.mark.parametrize(
    ("allowed", "watched", "kind", "reason"),
    [
        (0, {"unhealthy": {}, "services": {}, "stopped": ""}, "", ""),
        (
            0, AWAY, "soak",
            "Wave 'canary' did not stay healthy until 2026-11-22T00:35:00Z: lab-1 (agent not connected for 130 s).",
        ),
        (1, AWAY, "", ""),
        (1, {**AWAY, "services": {"web": "1 of 2 tasks for 120 s"}}, "soak", "service web (1 of 2 tasks for 120 s)"),
        (0, {**AWAY, "stopped": "records/stop"}, "stop", "The stop file records/stop was there."),
    ],
)  # fmt: skip
def test_the_verdict_of_a_soak(allowed: int, watched: dict[str, Any], kind: str, reason: str) -> None:
    due = {"until": "2026-11-22T00:35:00Z", "waves": ["canary"], "allowed": allowed}
    said = soak.verdict(due, watched, {"lab-1": "mi-1"})
    assert (said["open"], said["kind"]) == (not kind, kind)
    assert reason in said["reason"]


def test_what_a_wave_has_left_of_its_budget_may_be_away() -> None:
    due = soak.due(plan(canary={"soak": 900}), 3, ended(*lab("failed")), {"wave": 2, "site": 2}, NOW)
    assert (due["hosts"], due["allowed"]) == (["lab-2"], 1)


# --- confirmation ---


def test_a_wave_is_asked_about_once_and_named() -> None:
    asked = confirmation.ask(plan(rest={"confirm": True}), 3, ended(*lab()), ["canary"], NOW, 30)
    assert asked["question"].startswith("Wave 'rest' would change 3 hosts of lyon, oslo. This run so far: 2 converged.")
    assert confirmation.answered(asked, " Yes\n")["open"]
    for answer in ("", "no", "y e s", "rest"):
        said = confirmation.answered(asked, answer)
        assert (said["scope"], said["kind"]) == ("wave", "confirm")
        assert """-e '{"fleet_confirmed": ["canary", "rest"]}'""" in said["reason"]


@pytest.mark.parametrize(
    ("wave", "confirmed", "windows", "opened"),
    [
        ({}, [], {}, True),
        ({"confirm": True}, ["rest"], {}, True),
        ({"confirm": True}, [], {"lyon": NOON, "oslo": NOON}, False),
    ],
)
def test_nobody_is_asked_without_need(
    wave: dict[str, Any], confirmed: list[str], windows: dict[str, Any], opened: bool
) -> None:
    asked = confirmation.ask(plan(rest=wave, windows=windows), 3, ended(*lab()), confirmed, NOW, 30)
    assert (asked["question"], asked["gate"]["open"]) == ("", opened)
    assert opened or (asked["gate"]["scope"], asked["gate"]["kind"]) == ("wave", "window")


@pytest.mark.parametrize(("value", "said"), [(["pilot"], "'pilot' (allowed: canary, rest)"), ("canary", "a list of")])
def test_a_confirmation_of_no_wave_is_refused(value: Any, said: str) -> None:
    with pytest.raises(PlanError) as refused:
        confirmation.check(value, ["canary", "rest"])
    assert said in str(refused.value)


# --- links ---


@pytest.mark.parametrize(
    ("connected", "expected"),
    [
        ([True, True], {}),
        ([False, True], {}),
        ([False, False], {"lab": "lab-2"}),
        # One that is new, or could not be read, says nothing.
        ([None, False], {"lab": "lab-2"}),
        ([None, None], {}),
    ],
)
def test_a_site_is_suspected_when_all_agents_are_lost(connected: list[bool | None], expected: dict[str, str]) -> None:
    hosts = {f"lab-{number}": {"site": "lab", "connected": state} for number, state in enumerate(connected, start=1)}
    assert links.suspects(hosts, [{"site": "lab", "hosts": ["lab-2"]}, {"site": "lab", "hosts": ["lab-1"]}]) == expected
    assert links.suspects(hosts, []) == {}


def test_what_a_host_says_of_its_way_to_ecs() -> None:
    seen = {"host": "ecs.aws", "port": 443, "failed": "connection", "error": "timed out"}
    assert links.answer("lab-1", {"endpoints": {"ecs": seen, "ssm": {**seen, "failed": None}}}) == {
        "host": "lab-1", "answers": False, "said": "ecs.aws:443 (timed out)",
    }  # fmt: skip
    assert links.answer("lab-1", {"endpoints": {"ecs": {**seen, "failed": None}}})["answers"] is True
    assert links.answer("lab-1", None) == {}
