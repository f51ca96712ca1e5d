# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of AWS, and of whom. The shapes of its answers are told by tests against the simulated Region."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws import identity
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import Refused
from ansible_collections.edgefleet.ecs.plugins.module_utils._ssm import node_tags
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.sources import Question, Source
from ansible_collections.edgefleet.ecs.plugins.plugin_utils import node_reader
from botocore.exceptions import ClientError

ARN = "arn:aws-cn:ecs:cn-north-1:111122223333:container-instance/shops"
SOURCE = Source("", ("cn-north-1",))
WITH_FLEET = [{"Key": "tag:fleet", "Values": ["retail"]}]


def instance(machine: str) -> dict[str, Any]:
    tags = [{"key": "fleet", "value": "retail"}, {"key": "host", "value": f"host-{machine[-1]}"}]
    return {"containerInstanceArn": f"{ARN}/{machine}", "ec2InstanceId": machine, "status": "ACTIVE", "tags": tags}


def node(machine: str) -> dict[str, str]:
    return {"InstanceId": machine, "PingStatus": "Online", "ComputerName": f"computer-{machine[-1]}"}


def information(**parameters: Any) -> dict[str, Any]:
    """Who bears the fleet's tag is mi-1 and mi-9; anybody else is told when asked for by id."""
    (asked,) = parameters["Filters"]
    ids = asked["Values"] if asked["Key"] == "InstanceIds" else ["mi-1", "mi-9"]
    return {"InstanceInformationList": [node(machine) for machine in ids]}


def machines(**parameters: Any) -> dict[str, Any]:
    """The fleet has launched i-8; anybody else is told when asked for by id."""
    asked = {item["Name"]: item["Values"] for item in parameters["Filters"]}
    ids = asked.get("instance-id", ["i-8"])
    return {"Reservations": [{"Instances": [{"InstanceId": machine, "OutpostArn": "arn:op"}]} for machine in ids]}


@pytest.fixture
def aws(client: Callable[..., Any]) -> Any:
    return client(
        list_clusters={"clusterArns": ["arn:aws-cn:ecs:cn-north-1:111122223333:cluster/shops"]},
        list_container_instances={"containerInstanceArns": ["1", "2", "3"]},
        describe_container_instances={"containerInstances": [instance("mi-1"), instance("mi-2"), instance("i-3")]},
        describe_instance_information=information,
        describe_instances=machines,
        get_resources={
            "ResourceTagMappingList": [
                {"ResourceARN": "arn:x/mi-9", "Tags": [{"Key": "fleet", "Value": "retail"}]},
            ]
        },
        get_caller_identity={"Arn": "arn:aws-cn:iam::111122223333:root", "Account": "111122223333"},
    )


def read(aws: Any, **question: Any) -> list[dict[str, Any]]:
    def tolerate(refusal: Refused) -> None:
        raise refusal

    return node_reader.read(lambda _service: aws, SOURCE, "cn-north-1", Question(**question), tolerate)


def test_machines_are_joined_from_three_services(aws: Any) -> None:
    rows = read(aws, fleets=("retail",))
    assert [(row["name"], row["kind"], row["cluster"], row["ping_status"]) for row in rows] == [
        ("computer-9", "external", "", "Online"),
        ("host-1", "external", "shops", "Online"),
        ("host-2", "external", "shops", "Online"),
        ("host-3", "outpost", "shops", "Online"),
    ]
    assert aws.methods() == [
        "list_clusters", "list_container_instances", "describe_container_instances", "describe_instance_information",
        "describe_instance_information", "describe_instances", "describe_instances", "get_resources",
    ]  # fmt: skip
    asked = [parameters.get("Filters") for method, parameters in aws.calls if method == "describe_instance_information"]
    assert asked == [WITH_FLEET, [{"Key": "InstanceIds", "Values": ["i-3", "mi-2"]}]]
    (arns,) = [parameters["ResourceARNList"] for method, parameters in aws.calls if method == "get_resources"]
    assert arns == ["arn:aws-cn:ssm:cn-north-1:111122223333:managed-instance/mi-9"]


def test_any_fleet_will_do_where_none_is_named(aws: Any) -> None:
    read(aws)
    asked = dict(aws.calls)["describe_instances"]
    tagged = [parameters["Filters"] for method, parameters in aws.calls if method == "describe_instances"][0]
    assert asked and tagged[1] == {"Name": "tag-key", "Values": ["fleet"]}


def test_a_filter_of_ecs_asks_for_container_instances_alone(aws: Any) -> None:
    rows = read(aws, expression="attribute:site == lyon", statuses=("ACTIVE",))
    assert {row["cluster"] for row in rows} == {"shops"}
    listed = dict(aws.calls)["list_container_instances"]
    assert (listed["filter"], listed["status"]) == ("attribute:site == lyon", "ACTIVE")
    assert "get_resources" not in aws.methods()
    assert [parameters["Filters"][0]["Key"] for method, parameters in aws.calls if method.endswith("information")] == [
        "InstanceIds"
    ]


def test_external_machines_alone_cost_no_call_to_ec2(aws: Any) -> None:
    assert {row["kind"] for row in read(aws, kinds=("external",))} == {"external"}
    assert "describe_instances" not in aws.methods()


def test_whose_the_nodes_are_is_asked_where_no_cluster_tells(client: Callable[..., Any]) -> None:
    fake = client(
        list_clusters={"clusterArns": []},
        describe_instance_information=information,
        get_caller_identity={"Arn": "arn:aws-cn:iam::111122223333:root", "Account": "111122223333"},
        get_resources={"ResourceTagMappingList": []},
    )
    assert read(fake, kinds=("external",), fleets=()) != []
    assert fake.calls[-1][1]["ResourceARNList"][0].startswith(
        "arn:aws-cn:ssm:cn-north-1:111122223333:managed-instance/"
    )


def test_a_cluster_that_may_be_left_out_is(client: Callable[..., Any]) -> None:
    gone = ClientError({"Error": {"Code": "ClusterNotFoundException", "Message": "gone"}}, "ListContainerInstances")
    fake = client(
        list_container_instances=[gone, {"containerInstanceArns": ["1"]}],
        describe_container_instances={"containerInstances": [instance("mi-1")]},
        describe_instance_information=information,
    )
    told: list[Refused] = []
    source = Source("", ("cn-north-1",), ("old", "shops"))
    question = Question(kinds=("external",), statuses=("ACTIVE",))
    rows = node_reader.read(lambda _service: fake, source, "cn-north-1", question, told.append)
    assert [row["name"] for row in rows] == ["host-1"]
    assert [refusal.code for refusal in told] == ["ClusterNotFoundException"]


def test_tags_of_many_nodes_come_in_hundreds(client: Callable[..., Any]) -> None:
    fake = client(get_resources={"ResourceTagMappingList": []})
    ids = [f"mi-{number}" for number in range(250)]
    assert node_tags.read(fake, "arn:aws:ssm:us-west-2:111122223333", [*ids, "i-1"]) == {}
    assert [len(parameters["ResourceARNList"]) for _method, parameters in fake.calls] == [100, 100, 50]


def test_a_role_is_assumed_with_its_external_id(client: Callable[..., Any]) -> None:
    credentials = {"AccessKeyId": "ASIA", "SecretAccessKey": "secret", "SessionToken": "token"}
    fake = client(assume_role={"Credentials": credentials})
    taken = identity.assume(fake, "arn:aws:iam::111122223333:role/reader", "session", "shared")
    assert taken == {"aws_access_key_id": "ASIA", "aws_secret_access_key": "secret", "aws_session_token": "token"}
    assert fake.calls[0][1]["ExternalId"] == "shared"
    identity.assume(fake, "arn:aws:iam::111122223333:role/reader", "session")
    assert "ExternalId" not in fake.calls[1][1]
