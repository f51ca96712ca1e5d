# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import recheck
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.limits import PlanError

NODE, OTHER = "mi-0123456789abcdef0", "mi-0123456789abcdef1"
EC2 = "i-0123456789abcdef0"


def instance(machine: str = NODE, **told: Any) -> dict[str, Any]:
    return {
        "ec2_instance_id": machine,
        "agent_connected": False,
        "registered_at": "2026-11-22T01:00:00+00:00",
        "tags": {"fleet": "retail", "host": "lyon-1"},
        **told,
    }


def node(ping: str = "Online", machine: str = NODE) -> dict[str, Any]:
    return {"instance_id": machine, "ping_status": ping}


def judge(machines: list[str], instances: list[Any], nodes: list[Any], known: tuple[str, ...] = ("lyon-1",)) -> Any:
    return recheck.verdict(machines, {"instances": instances, "nodes": nodes}, known, "retail")


ECS = {"body": {"source": "aws.ecs", "detail": {"ec2InstanceId": NODE, "agentConnected": False}}}
SSM = {"body": {"source": "aws.ssm", "detail": {"requestParameters": {"instanceId": OTHER}}}}


@pytest.mark.parametrize(
    ("told", "machines"),
    [
        ({"event": ECS}, [NODE]),
        ({"event": SSM}, [OTHER]),
        ({"events": {"m_0": ECS, "m_1": SSM, "m_2": ECS}}, [NODE, OTHER]),
        ({}, []),
        (None, []),
        ({"event": {"body": "no JSON"}}, []),
        ({"event": {"body": {"detail": {"requestParameters": None}}}}, []),
        ({"events": {"m_0": None}}, []),
    ],
)
def test_machines_of_one_event_or_of_several(told: Any, machines: list[str]) -> None:
    assert recheck.machines_of(told) == machines


def test_the_region_is_asked_for_each_machine_once() -> None:
    asked = recheck.question([NODE, EC2, NODE])
    assert asked == {"machines": [NODE, EC2], "filter": f"ec2InstanceId in [{NODE}, {EC2}]"}


@pytest.mark.parametrize("wrong", ["lyon-1", f"{NODE}] or true", "mi-1", f"{NODE}\n", ""])
def test_what_is_no_id_never_reaches_an_expression(wrong: str) -> None:
    with pytest.raises(PlanError, match="heal_suspects"):
        recheck.question([NODE, wrong])


@pytest.mark.parametrize("wrong", [NODE, {"a": 1}, 3, [], [f"mi-{number:017x}" for number in range(101)]])
def test_a_list_of_one_to_a_hundred_ids(wrong: Any) -> None:
    with pytest.raises(PlanError, match="heal_suspects"):
        recheck.question(wrong)


def test_a_host_that_ecs_still_does_not_hear_is_healed() -> None:
    found = judge([NODE], [instance()], [node()])
    assert found == {"hosts": ["lyon-1"], "lines": ["lyon-1: ECS does not hear its agent"]}


def test_a_host_that_is_back_is_left_alone() -> None:
    found = judge([NODE], [instance(agent_connected=True)], [node()])
    assert found == {"hosts": [], "lines": ["lyon-1: is well again"]}


@pytest.mark.parametrize(
    ("nodes", "says"),
    [([node("ConnectionLost")], "Systems Manager says ConnectionLost"), ([], "Systems Manager does not know it")],
)
def test_systems_manager_counts_as_well(nodes: list[Any], says: str) -> None:
    assert judge([NODE], [instance(agent_connected=True)], nodes) == {"hosts": ["lyon-1"], "lines": [f"lyon-1: {says}"]}


def test_an_ec2_instance_need_not_be_a_managed_node() -> None:
    assert judge([EC2], [instance(EC2, agent_connected=True)], [])["hosts"] == []
    assert judge([EC2], [instance(EC2)], [])["hosts"] == ["lyon-1"]


@pytest.mark.parametrize(
    ("instances", "says"),
    [
        ([], f"{NODE}: has no container instance in the cluster"),
        ([instance(tags={"fleet": "other", "host": "lyon-1"})], f"{NODE}: does not bear the tag fleet of retail"),
        ([instance(tags={"host": "lyon-1"})], f"{NODE}: does not bear the tag fleet of retail"),
        ([instance(tags={"fleet": "retail", "host": "oslo-9"})], "oslo-9: is not in this inventory"),
        ([instance(tags={"fleet": "retail"})], f"{NODE}: is not in this inventory"),
    ],
)
def test_what_is_not_the_fleets_is_named_and_left_alone(instances: list[Any], says: str) -> None:
    assert judge([NODE], instances, [node("ConnectionLost")]) == {"hosts": [], "lines": [f"{says}; left alone"]}


def test_of_two_records_the_one_that_is_heard_counts() -> None:
    assert judge([NODE], [instance(), instance(agent_connected=True)], [node()])["hosts"] == []


def test_each_machine_is_judged_by_itself() -> None:
    well = instance(OTHER, agent_connected=True, tags={"fleet": "retail", "host": "lyon-2"})
    found = judge([NODE, OTHER], [instance(), well], [node(), node(machine=OTHER)], ("lyon-1", "lyon-2"))
    assert found == {"hosts": ["lyon-1"], "lines": ["lyon-1: ECS does not hear its agent", "lyon-2: is well again"]}
