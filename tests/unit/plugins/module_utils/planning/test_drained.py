# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No host that is DRAINING goes unnamed, be it out of reach, outside of the run, or an operator's."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import (
    drained,
    explain,
    outcomes,
    plan,
    record,
    table,
)

from .test_plan import build, drift, instance, observation

OLD = "20261120T010000Z"
MARK = {"fleet_drained": OLD}
LOST = {"unreachable": True, "msg": "No route to host"}


def of(host: str, site: str = "lab", machine: str = "", fleet: str = "retail", **more: Any) -> dict[str, Any]:
    tags = {"fleet": fleet, "host": host, "site": site} if fleet else {}
    return instance(machine or f"mi-{host}", status="DRAINING", tags=tags, **more)


def told(made: dict[str, Any]) -> str:
    return "\n".join(table.lines(record.end(record.begin(made), "2026-11-21T22:01:00Z")))


def test_a_host_out_of_reach_that_a_dead_run_has_drained_is_named_everywhere() -> None:
    made = build({"lab-1": LOST, "lab-2": observation()}, {"instances": [of("lab-1", attributes=MARK)]})
    assert (made["hosts"]["lab-1"]["action"], made["hosts"]["lab-2"]["action"]) == ("unreachable", "unchanged")
    run = record.begin(made)
    assert run["draining"] == ["lab-1"]
    host = run["hosts"]["lab-1"]
    assert (host["draining"], host["drained_by"]) == ("left", OLD)
    left = f"It is left DRAINING by run {OLD}; the next run that reaches it brings it back."
    assert host["reason"] == f"No route to host {left}"
    assert "DRAINING, left so by a run: lab/lab-1" in told(made)
    assert f"     {left}" in explain.plan_lines(made)


def test_one_that_an_operator_has_drained_is_said_to_be_the_operators() -> None:
    made = build({"lab-1": LOST}, {"instances": [of("lab-1")]})
    run = record.begin(made)
    assert (run["draining"], run["hosts"]["lab-1"]["draining"]) == ([], "operator")
    assert run["hosts"]["lab-1"]["reason"] == "No route to host"
    assert "DRAINING, as an operator wanted: lab/lab-1" in told(made)


@pytest.mark.parametrize(
    ("records", "draining"),
    [
        ([], ""),
        ([of("lab-1", fleet="other", attributes=MARK)], ""),
        # The host is where its agent is connected; what it was before is a record, and nobody misses it.
        (
            [of("lab-1", machine="mi-old", attributes=MARK, agent_connected=False),
             {**of("lab-1", machine="mi-new"), "status": "ACTIVE"}],
            "",
        ),
        (
            [of("lab-1", machine="mi-2", attributes=MARK, agent_connected=False, registered_at="2026-11-02"),
             {**of("lab-1", machine="mi-1", agent_connected=False, registered_at="2026-11-01"), "status": "ACTIVE"}],
            "left",
        ),
    ],
)  # fmt: skip
def test_a_host_out_of_reach_is_known_by_its_records(records: list[dict[str, Any]], draining: str) -> None:
    run = record.begin(build({"lab-1": LOST}, {"instances": records}))
    assert run["hosts"]["lab-1"]["draining"] == draining


def test_a_host_that_the_inventory_names_by_its_id_needs_no_tags() -> None:
    view = {"instances": [of("", machine="mi-7", fleet="", attributes=MARK)]}
    given = {"lab-1": {"fleet_instance_id": "mi-7"}}
    made = build({"lab-1": LOST}, view, variables=given)
    assert record.begin(made)["hosts"]["lab-1"]["draining"] == "left"
    assert made["drained_outside"] == []


def test_hosts_outside_of_the_run_are_named_with_who_has_drained_them() -> None:
    view = {
        "instances": [
            of("lyon-2", "lyon", attributes=MARK),
            of("lyon-1", "lyon", attributes=MARK),
            of("oslo-1", "oslo"),
            {**of("nice-1", "nice", attributes=MARK), "status": "ACTIVE"},
            of("them-1", fleet="other", attributes=MARK),
            # Neither tag nor mark: nobody knows whose it is. With a mark, somebody has to.
            of("", machine="mi-1", fleet=""),
            of("", machine="mi-2", fleet="", attributes=MARK),
        ]
    }
    made = build({"lab-1": observation()}, view)
    outside = made["drained_outside"]
    assert [(item["site"], item["host"], item["run"]) for item in outside] == [
        ("", "mi-2", OLD), ("lyon", "lyon-1", OLD), ("lyon", "lyon-2", OLD), ("oslo", "oslo-1", ""),
    ]  # fmt: skip
    assert record.begin(made)["draining_outside"] == outside
    # They are no business of this run's: it ends well.
    assert record.amiss(record.begin(made)) == [] and record.begin(made)["draining"] == []
    for said in (told(made), "\n".join(explain.plan_lines(made))):
        assert f"DRAINING outside of this run, by run {OLD}: mi-2, lyon/lyon-1, lyon/lyon-2. If that run" in said
        assert "DRAINING outside of this run, as an operator wanted: oslo/oslo-1." in said


def test_what_the_run_has_to_do_with_is_not_outside() -> None:
    """A host's own instance, told by its id alone, and the record of an identity that it had before."""
    view = {
        "instances": [
            of("", machine="mi-lab-1", fleet="", attributes=MARK),
            of("lab-1", machine="mi-before", attributes=MARK, agent_connected=False),
            of("lyon-1", "lyon", machine="mi-before-2", attributes=MARK, agent_connected=False),
            {**of("lyon-1", "lyon", machine="mi-now"), "status": "ACTIVE"},
        ]
    }
    made = build({"lab-1": observation(identity="mi-lab-1")}, view)
    assert made["drained_outside"] == []
    assert record.begin(made)["hosts"]["lab-1"]["draining"] == "left"


def test_a_host_on_its_way_from_another_cluster_is_named_too() -> None:
    seen = observation(identity="mi-lab-1")
    seen["host"]["ecs_agent"] = {"introspection": {"cluster": "old", "container_instance_arn": "arn:mi-lab-1"}}
    view = {"elsewhere": [{"cluster": "old", "instances": [of("lab-1", attributes=MARK)]}], "nodes": ["mi-lab-1"]}
    assert record.begin(build({"lab-1": seen}, view))["hosts"]["lab-1"]["draining"] == "left"
    assert record.begin(build({"lab-1": LOST}, view))["hosts"]["lab-1"]["draining"] == "left"


@pytest.mark.parametrize(
    ("opened", "connected", "left"), [(False, [], True), (True, [], True), (True, ["lab-1"], False)]
)
def test_what_a_dead_run_has_drained_is_named_until_it_is_well(opened: bool, connected: list[str], left: bool) -> None:
    """A site outside its window, an agent that does not come; the change of this run drains nothing."""
    made = build({"lab-1": observation(identity="mi-lab-1")}, {"instances": [of("lab-1", attributes=MARK)]})
    assert [entry["component"] for entry in made["hosts"]["lab-1"]["drift"]] == ["status"]
    gate = {"open": opened, "reason": "" if opened else "The window is closed.", "scope": "site", "kind": "window"}
    ended = outcomes.batch_result(made, 1, opened=gate, alive=["lab-1"], failures={}, connected=connected)
    assert ended["draining"] == (["lab-1"] if left else [])
    assert ended["outcomes"]["lab-1"]["reason"].endswith(outcomes.LEFT_DRAINING) is left
    host = record.add(record.begin(made), [ended])["hosts"]["lab-1"]
    assert (host["draining"], host["drained_by"]) == (("left", OLD) if left else ("", ""))


def test_a_run_that_leaves_a_host_draining_says_that_it_was_this_one() -> None:
    view = {"instances": [{**of("lab-1"), "status": "ACTIVE"}]}
    made = build({"lab-1": observation(drift("engine", disruptive=True), identity="mi-lab-1")}, view)
    gate = {"open": True, "reason": "", "scope": "", "kind": ""}
    ended = outcomes.batch_result(made, 1, opened=gate, alive=[], failures={}, connected=[])
    host = record.add(record.begin(made), [ended])["hosts"]["lab-1"]
    assert (host["draining"], host["drained_by"]) == ("left", made["run_id"])


def test_the_mark_has_one_name() -> None:
    assert plan.DRAIN_MARK == drained.DRAIN_MARK
