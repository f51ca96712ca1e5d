# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import NotPossible, TimedOut
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.tags import TagChange
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs import container_instances as instances
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs import waiting
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs.plan import InstanceChange

ARN = "arn:aws:ecs:us-west-2:111122223333:container-instance/edge"


def machine(number: int) -> str:
    return f"mi-{number:017x}"


def arn(number: int) -> str:
    return f"{ARN}/{number:032x}"


def raw(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "containerInstanceArn": arn(number),
        "ec2InstanceId": machine(number),
        "status": "ACTIVE",
        "agentConnected": True,
        **changes,
    }


class Cluster:
    """Replies to list and describe over some raw instances; `knows_filter` says whether the filter finds machines."""

    def __init__(self, *items: dict[str, Any], knows_filter: bool = True) -> None:
        self.items = list(items)
        self.knows_filter = knows_filter

    def replies(self) -> dict[str, Any]:
        return {"list_container_instances": self.list, "describe_container_instances": self.describe}

    def list(self, cluster: str, filter: str = "", **_other: Any) -> dict[str, Any]:
        assert cluster == "edge"
        if filter and not self.knows_filter:
            return {"containerInstanceArns": []}
        chosen = [item for item in self.items if not filter or item["ec2InstanceId"] in filter]
        return {"containerInstanceArns": [item["containerInstanceArn"] for item in chosen]}

    def describe(self, cluster: str, containerInstances: list[str], include: list[str]) -> dict[str, Any]:
        assert len(containerInstances) <= 100
        assert include == ["TAGS"]
        found = [
            item
            for item in self.items
            if {item["containerInstanceArn"], item["containerInstanceArn"][-32:]} & {*containerInstances}
        ]
        return {"containerInstances": found, "failures": []}


def ids(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    return {name: [item["container_instance_arn"][-1] for item in records] for name, records in found.items()}


def test_every_kind_of_name_finds_its_record(client: Callable[..., Any]) -> None:
    fake = client(**Cluster(raw(1), raw(2), raw(3)).replies())
    found = instances.resolve(fake, "edge", [machine(1), arn(2), f"{3:032x}"])
    assert ids(found) == {machine(1): ["1"], arn(2): ["2"], f"{3:032x}": ["3"]}
    assert fake.methods() == ["list_container_instances", "describe_container_instances"]


def test_calls_grow_with_pages_and_not_with_hosts(client: Callable[..., Any]) -> None:
    fake = client(**Cluster(*[raw(number) for number in range(250)]).replies())
    found = instances.resolve(fake, "edge", [machine(number) for number in range(250)])
    assert all(found.values())
    assert fake.methods() == ["list_container_instances"] * 3 + ["describe_container_instances"] * 3


def test_a_filter_that_does_not_know_managed_nodes_makes_nobody_missing(client: Callable[..., Any]) -> None:
    fake = client(**Cluster(raw(1), raw(2), knows_filter=False).replies())
    assert ids(instances.resolve(fake, "edge", [machine(1), machine(9)])) == {machine(1): ["1"], machine(9): []}
    assert fake.methods() == ["list_container_instances"] * 2 + ["describe_container_instances"]


def test_of_two_records_the_connected_then_the_newest_wins() -> None:
    records = [
        {
            "container_instance_arn": "x/old",
            "ec2_instance_id": "mi",
            "status": "ACTIVE",
            "agent_connected": True,
            "registered_at": "1",
        },
        {
            "container_instance_arn": "x/new",
            "ec2_instance_id": "mi",
            "status": "ACTIVE",
            "agent_connected": False,
            "registered_at": "2",
        },
        {
            "container_instance_arn": "x/mid",
            "ec2_instance_id": "mi",
            "status": "ACTIVE",
            "agent_connected": False,
            "registered_at": "1",
        },
        {
            "container_instance_arn": "x/gone",
            "ec2_instance_id": "mi",
            "status": "INACTIVE",
            "agent_connected": True,
            "registered_at": "3",
        },
    ]
    found = instances.match(["mi", "gone"], records)
    assert [record["container_instance_arn"] for record in found["mi"]] == ["x/old", "x/new", "x/mid"]
    assert found["gone"] == []


def shaped(number: int, **changes: Any) -> dict[str, Any]:
    return instances.shape_container_instance(raw(number, **changes))


def test_states_and_attributes_go_in_tens(client: Callable[..., Any]) -> None:
    fake = client(update_container_instances_state={}, put_attributes={}, delete_attributes={}, tag_resource={})
    changes = [
        (
            shaped(number),
            InstanceChange(
                "DRAINING", {"site": "lyon", "gpu": ""}, ["old"], TagChange({"a": "1"} if number == 0 else {})
            ),
        )
        for number in range(25)
    ]
    instances.apply(fake, "edge", changes)
    sizes: dict[str, list[int]] = {}
    for method, parameters in fake.calls:
        items = parameters.get("containerInstances") or parameters.get("attributes") or parameters.get("tags")
        sizes.setdefault(method, []).append(len(items))
    assert sizes == {
        "update_container_instances_state": [10, 10, 5],
        "delete_attributes": [10, 10, 5],
        "put_attributes": [10, 10, 10, 10, 10],
        "tag_resource": [1],
    }
    put = [parameters for method, parameters in fake.calls if method == "put_attributes"][0]["attributes"][:2]
    target = {"targetType": "container-instance", "targetId": arn(0)}
    assert put == [{"name": "site", "value": "lyon", **target}, {"name": "gpu", **target}]


def test_a_failure_inside_a_good_reply_is_not_lost(client: Callable[..., Any]) -> None:
    fake = client(update_container_instances_state={"failures": [{"arn": arn(1), "reason": "MISSING"}]})
    with pytest.raises(NotPossible, match=f"to ACTIVE: {arn(1)}: MISSING"):
        instances.apply(fake, "edge", [(shaped(1), InstanceChange("ACTIVE"))])


def test_service_tasks_are_counted_and_others_are_not(client: Callable[..., Any]) -> None:
    tasks = [
        {"group": "service:web", "lastStatus": "RUNNING"},
        {"group": "service:web", "lastStatus": "STOPPED"},
        {"group": "family:job", "lastStatus": "RUNNING", "taskArn": "arn:task/1"},
        {"group": "service:db", "lastStatus": "DEACTIVATING"},
    ]
    fake = client(list_tasks=[{"taskArns": ["t1"]}, {"taskArns": ["t2"]}], describe_tasks={"tasks": tasks})
    busy = instances.count_tasks(fake, "edge", shaped(1, runningTasksCount=3))
    assert busy["service_tasks_count"] == 2
    assert [parameters.get("desiredStatus") for _method, parameters in fake.calls] == ["RUNNING", "STOPPED", None]
    assert instances.count_tasks(client(), "edge", shaped(1))["service_tasks_count"] == 0


def test_one_loop_waits_for_the_whole_batch(client: Callable[..., Any], naps: list[float]) -> None:
    cluster = Cluster(raw(1), raw(2, agentConnected=False), raw(3, agentConnected=False))
    fake = client(**cluster.replies())
    seen = waiting.locate(fake, "edge", [machine(number) for number in (1, 2, 3)], None)
    cluster.items[1:] = [raw(2), raw(3)]
    fake.calls.clear()
    after = waiting.wait_connected(fake, "edge", seen, waiting.Deadline(60))
    assert all(item and item["agent_connected"] for item in after.values())
    assert fake.methods() == ["list_container_instances", "describe_container_instances"]
    assert len(naps) == 1


def test_a_machine_may_register_during_the_wait(client: Callable[..., Any], naps: list[float]) -> None:
    cluster = Cluster(raw(1))
    fake = client(**cluster.replies())
    with pytest.raises(TimedOut, match=f"{machine(2)}: not registered"):
        waiting.locate(fake, "edge", [machine(1), machine(2)], waiting.Deadline(0))
    cluster.items.append(raw(2))
    assert waiting.missing(waiting.locate(fake, "edge", [machine(1), machine(2)], waiting.Deadline(5))) == []
    assert waiting.missing(waiting.locate(fake, "edge", [arn(9)], waiting.Deadline(5))) == [arn(9)]


def test_missing_instances_are_named() -> None:
    with pytest.raises(NotPossible, match=r"2 of 3 container instances are not in cluster edge: a, c\.") as caught:
        waiting.require_all("edge", {"a": None, "b": {}, "c": None})
    assert caught.value.details["missing"] == ["a", "c"]


JOB = {"group": "family:job", "taskArn": "arn:task/1"}


def test_a_drain_waits_for_service_tasks_only(client: Callable[..., Any], naps: list[float]) -> None:
    cluster = Cluster(raw(1, status="DRAINING", runningTasksCount=2))
    service = {
        "tasks": [{"group": "service:web", "lastStatus": "RUNNING", "taskArn": "s"}, {**JOB, "lastStatus": "RUNNING"}]
    }
    alone = {"tasks": [{**JOB, "lastStatus": "RUNNING"}]}
    fake = client(**cluster.replies(), list_tasks={"taskArns": ["t"]}, describe_tasks=[service, alone])
    seen = instances.best(instances.find(fake, "edge", [machine(1)]))
    after = waiting.wait_drained(fake, "edge", seen, waiting.Deadline(60))[machine(1)]
    assert after and after["service_tasks_count"] == 0
    assert len(naps) == 1


def drained(client: Callable[..., Any], standalone: str, timeout: float, *states: str) -> tuple[Any, Any]:
    cluster = Cluster(raw(1, status="DRAINING", runningTasksCount=1))
    told = [{"tasks": [{**JOB, "lastStatus": state}]} for state in states]
    fake = client(
        **cluster.replies(),
        list_tasks={"taskArns": ["t"]},
        describe_tasks=told if len(told) > 1 else told[0],
        stop_task={},
    )
    seen = instances.best(instances.find(fake, "edge", [machine(1)]))
    return fake, waiting.wait_drained(fake, "edge", seen, waiting.Deadline(timeout), standalone)[machine(1)]


def test_a_drain_may_wait_for_tasks_without_a_service(client: Callable[..., Any], naps: list[float]) -> None:
    fake, after = drained(client, "wait", 60, "RUNNING", "RUNNING", "STOPPED")
    assert after["standalone_tasks"] == [] and len(naps) == 2
    assert "stop_task" not in fake.methods()


def test_a_drain_may_stop_them(client: Callable[..., Any], naps: list[float]) -> None:
    fake, after = drained(client, "stop", 60, "RUNNING", "STOPPED")
    assert after["standalone_tasks"] == [] and len(naps) == 1
    assert [told["task"] for method, told in fake.calls if method == "stop_task"] == ["arn:task/1"]


def test_a_drain_that_waits_for_them_in_vain_names_them(client: Callable[..., Any]) -> None:
    with pytest.raises(TimedOut, match="drained of all tasks.*tasks without a service: 1"):
        drained(client, "wait", 0, "RUNNING")
