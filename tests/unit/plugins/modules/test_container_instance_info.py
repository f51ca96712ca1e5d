# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import container_instance_info
from botocore.exceptions import ClientError

Run = Callable[..., dict[str, Any]]
MACHINES = [f"mi-{number:017x}" for number in range(3)]


def raw(machine: str) -> dict[str, Any]:
    return {"containerInstanceArn": f"arn/{machine}", "ec2InstanceId": machine, "status": "ACTIVE"}


def described(cluster: str, containerInstances: list[str], include: list[str]) -> dict[str, Any]:
    return {"containerInstances": [raw(arn.rpartition("/")[2]) for arn in reversed(containerInstances)]}


def listing(*machines: str) -> dict[str, Any]:
    return {"containerInstanceArns": [f"arn/{machine}" for machine in machines]}


def test_all_of_a_cluster_in_order(run: Run, client: Any) -> None:
    fake = client(list_container_instances=listing(*MACHINES), describe_container_instances=described)
    wanted = {"cluster": "edge", "status": "ACTIVE", "filter": "agentConnected == true"}
    result = run(container_instance_info, wanted, fake)
    assert [item["ec2_instance_id"] for item in result["container_instances"]] == MACHINES
    assert fake.calls[0][1] == wanted
    assert not result["changed"]


def test_an_empty_cluster_costs_one_call(run: Run, client: Any) -> None:
    fake = client(list_container_instances=listing())
    assert run(container_instance_info, {"cluster": "edge"}, fake)["container_instances"] == []
    assert fake.methods() == ["list_container_instances"]


def test_members_on_demand(run: Run, client: Any) -> None:
    replies = {"list_container_instances": listing(MACHINES[0]), "describe_container_instances": described}
    plain = run(container_instance_info, {"cluster": "edge"}, client(**replies))["container_instances"][0]
    assert "attributes" in plain
    assert "registered_resources" not in plain
    wanted = {"cluster": "edge", "include_attributes": False, "include_resources": True}
    other = run(container_instance_info, wanted, client(**replies))["container_instances"][0]
    assert "attributes" not in other
    assert {"registered_resources", "remaining_resources"} <= set(other)


def test_missing_ones_are_told_and_no_error(run: Run, client: Any) -> None:
    fake = client(list_container_instances=listing(MACHINES[0]), describe_container_instances=described)
    result = run(container_instance_info, {"cluster": "edge", "container_instances": MACHINES[:2]}, fake)
    assert len(result["container_instances"]) == 1
    assert result["missing"] == [MACHINES[1]]


def test_an_empty_list_asks_for_nobody(run: Run, client: Any) -> None:
    assert run(container_instance_info, {"cluster": "edge", "container_instances": []}, client())["missing"] == []


def test_managed_nodes_are_asked_for_beside(run: Run, client: Any) -> None:
    nodes = {"InstanceInformationList": [{"InstanceId": MACHINES[0], "PingStatus": "Online"}]}
    fake = client(
        list_container_instances=listing(), describe_container_instances=described, describe_instance_information=nodes
    )
    result = run(container_instance_info, {"cluster": "edge", "managed_nodes": [MACHINES[0]]}, fake)
    assert [node["instance_id"] for node in result["managed_nodes"]] == [MACHINES[0]]
    assert fake.methods() == ["describe_instance_information", "list_container_instances"]
    nobody = client(list_container_instances=listing())
    assert run(container_instance_info, {"cluster": "edge", "managed_nodes": []}, nobody)["managed_nodes"] == []
    assert "managed_nodes" not in run(
        container_instance_info, {"cluster": "edge"}, client(**{"list_container_instances": listing()})
    )


def test_nodes_are_told_although_ecs_refuses_to_answer(run: Run, client: Any) -> None:
    nodes = {"InstanceInformationList": [{"InstanceId": MACHINES[0]}]}
    refusal = ClientError({"Error": {"Code": "ClusterNotFoundException", "Message": "no"}}, "ListContainerInstances")
    fake = client(list_container_instances=refusal, describe_instance_information=nodes)
    result = run(container_instance_info, {"cluster": "edge", "managed_nodes": [MACHINES[0]]}, fake)
    assert result["failed"] and result["error"]["code"] == "ClusterNotFoundException"
    assert [node["instance_id"] for node in result["managed_nodes"]] == [MACHINES[0]]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"cluster": "a b"}, "Option cluster"),
        ({"cluster": "edge", "container_instances": ["x"]}, "container_instances"),
        ({"cluster": "edge", "managed_nodes": ["x"]}, "Option managed_nodes"),
    ],
)
def test_bad_input_fails_before_any_call(run: Run, params: dict[str, Any], message: str) -> None:
    result = run(container_instance_info, params)
    assert result["failed"]
    assert message in result["msg"]
