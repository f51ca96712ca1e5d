# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks against botocore's shapes, and which actions there are handlers for."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.validate import ParamValidator

from sandbox.region import ecs, registry, shapes, ssm

IMPLEMENTED = {
    "ecs": {
        "CreateCapacityProvider",
        "CreateCluster",
        "CreateService",
        "DeleteAccountSetting",
        "DeleteAttributes",
        "DeleteCapacityProvider",
        "DeleteCluster",
        "DeleteService",
        "DeleteTaskDefinitions",
        "DeregisterContainerInstance",
        "DeregisterTaskDefinition",
        "DescribeCapacityProviders",
        "DescribeClusters",
        "DescribeContainerInstances",
        "DescribeServiceDeployments",
        "DescribeServiceRevisions",
        "DescribeServices",
        "DescribeTaskDefinition",
        "DescribeTasks",
        "DiscoverPollEndpoint",
        "ListAccountSettings",
        "ListAttributes",
        "ListClusters",
        "ListContainerInstances",
        "ListServiceDeployments",
        "ListServices",
        "ListTagsForResource",
        "ListTaskDefinitionFamilies",
        "ListTaskDefinitions",
        "ListTasks",
        "PutAccountSetting",
        "PutAccountSettingDefault",
        "PutAttributes",
        "PutClusterCapacityProviders",
        "RegisterContainerInstance",
        "RegisterTaskDefinition",
        "RunTask",
        "StartTask",
        "StopTask",
        "SubmitAttachmentStateChanges",
        "SubmitContainerStateChange",
        "SubmitTaskStateChange",
        "TagResource",
        "UntagResource",
        "UpdateCapacityProvider",
        "UpdateCluster",
        "UpdateClusterSettings",
        "UpdateContainerInstancesState",
        "UpdateService",
    },
    "ssm": {
        "AddTagsToResource",
        "CreateActivation",
        "DeleteActivation",
        "DeregisterManagedInstance",
        "DescribeActivations",
        "DescribeInstanceInformation",
        "GetServiceSetting",
        "ListInstanceAssociations",
        "ListTagsForResource",
        "RegisterManagedInstance",
        "RemoveTagsFromResource",
        "RequestManagedInstanceRoleToken",
        "ResetServiceSetting",
        "UpdateInstanceInformation",
        "UpdateManagedInstanceRole",
        "UpdateServiceSetting",
    },
}


@pytest.mark.parametrize("service", [ecs.SERVICE, ssm.SERVICE])
def test_the_handlers_are_those_of_real_actions(service: str) -> None:
    assert registry.names(service) == IMPLEMENTED[service]
    assert registry.names(service) <= shapes.operations(service)


def test_an_action_has_one_handler() -> None:
    with pytest.raises(ValueError, match="two handlers"):
        registry.action("ecs", "CreateCluster")(lambda params, context: {})


VALID: list[tuple[str, str, dict[str, Any]]] = [
    ("ecs", "CreateCluster", {}),
    ("ecs", "CreateCluster", {"clusterName": "x", "tags": [{"key": "a", "value": ""}]}),
    ("ecs", "RegisterContainerInstance", {"totalResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 1}]}),
    ("ecs", "RegisterContainerInstance", {"clientToken": "what public models leave out"}),
    ("ssm", "CreateActivation", {"IamRole": "x", "RegistrationLimit": 1000, "ExpirationDate": 1.5}),
    ("ssm", "DescribeInstanceInformation", {"MaxResults": 5, "Filters": [{"Key": "k", "Values": ["v"]}]}),
    ("ssm", "UpdateInstanceInformation", {"InstanceId": "mi-1", "AgentVersion": "3"}),
]
# What both we and botocore refuse.
INVALID: list[tuple[str, str, dict[str, Any], str]] = [
    ("ecs", "CreateCluster", {"clusterName": 1}, "'clusterName' must be of type string"),
    ("ecs", "CreateCluster", {"tags": {}}, "'tags' must be a list"),
    ("ecs", "CreateCluster", {"tags": ["x"]}, "'tags.1.member' must be a structure"),
    ("ecs", "CreateCluster", {"tags": [{"key": ""}]}, "length greater than or equal to 1"),
    ("ecs", "CreateCluster", {"name": "x"}, "Unknown member 'name'"),
    ("ecs", "DeleteCluster", {}, "'cluster' failed to satisfy constraint: Member must not be null"),
    ("ecs", "DeregisterContainerInstance", {"containerInstance": "x", "force": "yes"}, "must be of type boolean"),
    ("ecs", "PutAttributes", {"attributes": [{"value": "x"}]}, "'attributes.1.member.name'"),
    ("ssm", "CreateActivation", {"IamRole": "x", "RegistrationLimit": 0}, "greater than or equal to 1"),
    ("ssm", "CreateActivation", {"IamRole": "x", "RegistrationLimit": "1"}, "must be of type integer"),
    ("ssm", "CreateActivation", {"IamRole": "x", "RegistrationLimit": True}, "must be of type integer"),
    ("ssm", "DescribeInstanceInformation", {"MaxResults": 4}, "greater than or equal to 5"),
]
# What AWS refuses and botocore lets through.
INVALID_FOR_AWS: list[tuple[str, str, dict[str, Any], str]] = [
    ("ssm", "CreateActivation", {"IamRole": "x", "RegistrationLimit": 1001}, "less than or equal to 1000"),
    ("ssm", "CreateActivation", {"IamRole": "x" * 65}, "length less than or equal to 64"),
    ("ssm", "CreateActivation", {"IamRole": "x", "DefaultInstanceName": "a{b"}, "regular expression"),
    ("ssm", "DescribeInstanceInformation", {"MaxResults": 51}, "less than or equal to 50"),
    ("ssm", "DeregisterManagedInstance", {"InstanceId": "mi-012345678901234567"}, "regular expression"),
    ("ecs", "ListAttributes", {"targetType": "task"}, "enum value set"),
    ("ecs", "CreateCluster", {"tags": [{"key": str(i), "value": ""} for i in range(51)]}, "less than or equal to 50"),
]


def _botocore_finds_problems(service: str, action: str, params: dict[str, Any]) -> bool:
    shape = shapes.model(service).operation_model(action).input_shape
    return bool(ParamValidator().validate(params, shape).has_errors())


@pytest.mark.parametrize(("service", "action", "params"), VALID)
def test_valid_requests(service: str, action: str, params: dict[str, Any]) -> None:
    assert shapes.input_problems(service, action, params) == []
    assert not _botocore_finds_problems(service, action, params)


@pytest.mark.parametrize(("service", "action", "params", "message"), INVALID)
def test_what_botocore_refuses_we_refuse(service: str, action: str, params: dict[str, Any], message: str) -> None:
    (problem,) = shapes.input_problems(service, action, params)
    assert message in problem
    assert _botocore_finds_problems(service, action, params) or isinstance(params.get("RegistrationLimit"), bool)


@pytest.mark.parametrize(("service", "action", "params", "message"), INVALID_FOR_AWS)
def test_what_only_aws_refuses(service: str, action: str, params: dict[str, Any], message: str) -> None:
    (problem,) = shapes.input_problems(service, action, params)
    assert message in problem


def test_a_reply_is_checked_too() -> None:
    assert shapes.output_problems("ecs", "ListClusters", {"clusterArns": ["x"]}) == []
    assert shapes.output_problems("ecs", "ListClusters", {"clusters": []}) == ["Unknown member 'clusters'"]
    assert shapes.output_problems("ecs", "TagResource", {}) == []
    assert shapes.output_problems("ssm", "ListTagsForResource", {"TagList": [{"Key": "a"}]}) != []
    # AWS itself answers a count of 0 where the model asks for 1.
    assert shapes.output_problems("ssm", "DescribeActivations", {"ActivationList": [{"RegistrationsCount": 0}]}) == []


@pytest.mark.parametrize(
    ("service", "code", "member"),
    [
        ("ssm", "InvalidActivation", "Message"),
        ("ecs", "ClientException", "message"),
        ("ssm", "ExpiredTokenException", "message"),
    ],
)
def test_errors_carry_their_message_where_the_model_says(service: str, code: str, member: str) -> None:
    assert shapes.error_message_member(service, code) == member
