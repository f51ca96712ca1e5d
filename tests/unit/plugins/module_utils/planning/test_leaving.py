# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import leaving

OPTIONS = {"fleet": "retail", "state": "DRAINING", "ignore_blocking": False}


def instance(host: str, arn: str = "", **more: Any) -> dict[str, Any]:
    return {
        "container_instance_arn": arn or f"arn:{host}", "ec2_instance_id": f"mi-{host}", "status": "ACTIVE",
        "agent_connected": True, "registered_at": "2026-11-22T01:00:00", "attributes": {}, "running_tasks_count": 0,
        "pending_tasks_count": 0, "tags": {"fleet": "retail", "host": host}, **more,
    }  # fmt: skip


def task(host: str, group: str = "service:web", **more: Any) -> dict[str, Any]:
    return {
        "task_arn": f"task:{host}:{group}", "container_instance_arn": f"arn:{host}", "group": group,
        "last_status": "RUNNING", **more,
    }  # fmt: skip


def service(name: str = "web", least: int = 100, most: int = 100, count: int = 2, **more: Any) -> dict[str, Any]:
    percents = {"minimumHealthyPercent": least, "maximumPercent": most}
    return {"service_name": name, "deployment_configuration": percents, "desired_count": count, **more}


def planned(*instances: dict[str, Any], given: Any = None, **more: Any) -> dict[str, Any]:
    view = {"instances": instances, "services": more.pop("services", []), "tasks": more.pop("tasks", [])}
    sites = more.pop("sites", {"lyon-1": "lyon"})
    made: dict[str, Any] = leaving.drain_plan(sites, given or {}, view, {**OPTIONS, **more})
    return made


# What there is of the host, the state asked for, what is done.
@pytest.mark.parametrize(
    ("record", "state", "action"),
    [
        (instance("lyon-1"), "DRAINING", "change"),
        (instance("lyon-1", status="DRAINING"), "DRAINING", "unchanged"),
        (instance("lyon-1", status="DRAINING"), "ACTIVE", "change"),
        (instance("lyon-1"), "ACTIVE", "unchanged"),
        # An operator takes over the drain of a run that was cut off, or ends it: either way its mark goes.
        (instance("lyon-1", status="DRAINING", attributes={"fleet_drained": "r1"}), "DRAINING", "change"),
        (instance("lyon-1", attributes={"fleet_drained": "r1"}), "ACTIVE", "change"),
        (instance("lyon-1", status="DEREGISTERING"), "DRAINING", "absent"),
        (instance("lyon-1", agent_connected=False), "DRAINING", "change"),
        (instance("lyon-2"), "DRAINING", "absent"),
    ],
)
def test_what_is_done(record: dict[str, Any], state: str, action: str) -> None:
    made = planned(record, state=state)
    assert made["hosts"]["lyon-1"]["action"] == action
    assert made["changes"] == ([record["container_instance_arn"]] if action == "change" else [])
    assert made["refused"] == []


def test_of_several_records_the_connected_then_the_newest_counts() -> None:
    old = instance("lyon-1", "arn:old", agent_connected=False, registered_at="2026-11-23")
    assert planned(old, instance("lyon-1"))["instances"] == ["arn:lyon-1"]
    newer = instance("lyon-1", "arn:newer", registered_at="2026-11-24")
    assert planned(instance("lyon-1"), newer)["instances"] == ["arn:newer"]


def test_another_fleet_may_have_a_host_of_the_same_name() -> None:
    other = instance("lyon-1", tags={"fleet": "wholesale", "host": "lyon-1"})
    made = planned(other)
    assert (made["hosts"]["lyon-1"]["action"], made["refused"]) == ("absent", [])
    # Named by its id, it is refused all the same.
    made = planned(other, given={"lyon-1": "mi-lyon-1"})
    assert "'wholesale', not 'retail'" in made["refused"][0]


def test_an_instance_without_the_tag_is_found_by_its_id_alone() -> None:
    untagged = instance("x", tags={"fleet": "retail"})
    made = planned(untagged)
    assert "fleet_instance_id" in made["refused"][0] and "mi-x" in made["refused"][0]
    made = planned(untagged, given={"lyon-1": "mi-x"})
    assert (made["refused"], made["changes"]) == ([], ["arn:x"])


def test_a_host_without_a_site_is_refused() -> None:
    assert "fleet_site is not set for: lyon-1" in planned(instance("lyon-1"), sites={"lyon-1": ""})["refused"][0]


@pytest.mark.parametrize(
    ("least", "most", "where", "state", "blocks"),
    [
        (100, 100, "lyon-1", "DRAINING", True),
        (50, 100, "lyon-1", "DRAINING", False),
        (100, 200, "lyon-1", "DRAINING", False),
        (100, 100, "oslo-1", "DRAINING", False),
        (100, 100, "lyon-1", "ACTIVE", False),
    ],
)
def test_a_service_that_gives_up_no_task_is_named_before(
    least: int, most: int, where: str, state: str, blocks: bool
) -> None:
    seen = {"services": [service("web", least, most)], "tasks": [task(where)], "state": state}
    made = planned(instance("lyon-1"), instance("oslo-1"), **seen)
    assert bool(made["refused"]) == blocks
    assert ("services run on the hosts and give up no task" in "".join(made["refused"])) == blocks


@pytest.mark.parametrize(("names", "blocks"), [(("lyon-1", "lyon-2"), True), (("lyon-1",), False)])
def test_a_site_that_a_service_cannot_leave_is_not_drained_as_a_whole(names: tuple[str, ...], blocks: bool) -> None:
    there = {"status": "ACTIVE", "attributes": {"site": "lyon"}}
    bound = [{"type": "memberOf", "expression": "attribute:site == lyon"}]
    seen = {
        "services": [service("web", 50, 100, placement_constraints=bound)],
        "tasks": [task("lyon-1"), task("lyon-2")],
    }
    instances = [instance("lyon-1", **there), instance("lyon-2", **there), instance("oslo-1")]
    made = planned(*instances, sites=dict.fromkeys(names, "lyon"), **seen)
    assert ("service web may run on no other host" in "".join(made["refused"])) == blocks
    assert planned(instance("lyon-1"), **seen, ignore_blocking=True)["refused"] == []


def test_tasks_without_a_service_stay_and_do_not_count() -> None:
    tasks = [task("lyon-1"), task("lyon-1", "family:once"), task("lyon-1", "family:gone", last_status="STOPPED")]
    made = planned(instance("lyon-1"), tasks=tasks)
    assert made["hosts"]["lyon-1"]["standalone"] == 1
    assert "1 tasks without a service stay" in made["lines"][0]
    progress = leaving.drain_progress(made["hosts"], [instance("lyon-1", running_tasks_count=2)])
    assert (progress["left"], progress["done"]) == ({"lyon-1": 1}, False)
    assert "lyon-1 1" in progress["line"]
    progress = leaving.drain_progress(made["hosts"], [instance("lyon-1", running_tasks_count=1)])
    assert (progress["done"], progress["line"]) == (True, "1 of 1 hosts are empty")


def test_many_hosts_are_counted_not_listed() -> None:
    names = [f"lyon-{number}" for number in range(20)]
    made = planned(*map(instance, names), sites=dict.fromkeys(names, "lyon"))
    line = leaving.drain_progress(made["hosts"], [instance(name, running_tasks_count=1) for name in names])["line"]
    assert line.startswith("0 of 20 hosts are empty") and line.endswith("and 12 more")


def test_a_silent_agent_is_told_beforehand() -> None:
    assert "tasks on it are not stopped" in planned(instance("lyon-1", agent_connected=False))["lines"][0]


@pytest.mark.parametrize(
    ("least", "most", "count", "blocks"),
    [
        (50, 100, 1, True),
        (50, 100, 2, False),
        (0, 100, 1, False),
        (100, 150, 1, True),
        (100, 150, 2, False),
        (100, 200, 1, False),
        (100, 100, 0, False),
    ],
)
def test_percents_are_rounded_as_ecs_rounds_them(least: int, most: int, count: int, blocks: bool) -> None:
    held = service("web", least, most, count)
    assert leaving.blocking_services([held], [task("lyon-1")]) == (["web"] if blocks else [])
    assert leaving.blocking_services([{**held, "scheduling_strategy": "DAEMON"}], [task("lyon-1")]) == []
