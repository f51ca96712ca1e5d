# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.external_definition import derive
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.workload_rules import (
    EXTERNAL,
    definition_findings,
)

Data = dict[str, Any]

# As DescribeTaskDefinition shows a definition for Fargate, with about everything that external instances lack.
FARGATE: Data = {
    "taskDefinitionArn": "arn:aws:ecs:us-west-2:111122223333:task-definition/shop:3",
    "family": "shop",
    "revision": 3,
    "status": "ACTIVE",
    "requiresAttributes": [{"name": "ecs.capability.task-eni"}],
    "compatibilities": ["EC2", "FARGATE"],
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "executionRoleArn": "execution",
    "taskRoleArn": "task",
    "cpu": ".5 vCPU",
    "memory": "1 GB",
    "ephemeralStorage": {"sizeInGiB": 30},
    "enableFaultInjection": True,
    "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
    "placementConstraints": [
        {"type": "memberOf", "expression": "attribute:ecs.availability-zone == us-west-2a"},
        {"type": "memberOf", "expression": "attribute:site == lyon"},
    ],
    "volumes": [
        {"name": "shared", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}},
        {"name": "block", "configuredAtLaunch": True},
        {"name": "local", "host": {}},
    ],
    "containerDefinitions": [
        {
            "name": "web",
            "image": "111122223333.dkr.ecr.us-west-2.amazonaws.com/web:1",
            "portMappings": [
                {"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"},
                {"containerPort": 22},
                {"containerPortRange": "9000-9005"},
            ],
            "mountPoints": [
                {"sourceVolume": "shared", "containerPath": "/shared"},
                {"sourceVolume": "local", "containerPath": "/local"},
            ],
            "logConfiguration": {"logDriver": "awslogs"},
            "dockerSecurityOptions": ["label:disable", "no-new-privileges"],
            "resourceRequirements": [
                {"type": "NeuronDevice", "value": "1"},
                {"type": "GPU", "value": "1", "sharingStrategy": {"nvidiaMps": {"memory": 1}}},
            ],
        }
    ],
}


def test_a_fargate_definition_becomes_an_external_one() -> None:
    before = copy.deepcopy(FARGATE)
    derived = derive(FARGATE)
    assert before == FARGATE
    assert derived.definition == {
        "family": "shop",
        "requiresCompatibilities": ["EXTERNAL"],
        "networkMode": "bridge",
        "executionRoleArn": "execution",
        "taskRoleArn": "task",
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:site == lyon"}],
        "volumes": [{"name": "local", "host": {}}],
        "containerDefinitions": [
            {
                "name": "web",
                "image": "111122223333.dkr.ecr.us-west-2.amazonaws.com/web:1",
                "cpu": 512,
                "memory": 1024,
                "portMappings": [
                    {"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"},
                    {"containerPort": 22, "hostPort": 0},
                    {"containerPortRange": "9000-9005"},
                ],
                "mountPoints": [{"sourceVolume": "local", "containerPath": "/local"}],
                "logConfiguration": {"logDriver": "awslogs"},
                "dockerSecurityOptions": ["no-new-privileges"],
                "resourceRequirements": [{"type": "GPU", "value": "1"}],
            }
        ],
    }
    first = "containerDefinitions[0]"
    assert [one.field for one in derived.dropped] == [
        "cpu",
        "memory",
        "requiresCompatibilities",
        "ephemeralStorage",
        "enableFaultInjection",
        "networkMode",
        f"{first}.portMappings[0].hostPort",
        f"{first}.portMappings[1].hostPort",
        "volumes[0]",
        "volumes[1]",
        f"{first}.mountPoints[0]",
        f"{first}.resourceRequirements[0]",
        f"{first}.resourceRequirements[1].sharingStrategy",
        f"{first}.dockerSecurityOptions[0]",
        "placementConstraints[0]",
    ]
    assert all(one.reason.endswith(".") for one in derived.dropped)


def test_the_rules_have_nothing_against_what_was_derived() -> None:
    assert definition_findings(FARGATE, EXTERNAL) != []
    assert definition_findings(derive(FARGATE).definition, EXTERNAL) == []


@pytest.mark.parametrize("mode", ["bridge", "host", "none"])
@pytest.mark.parametrize("host_ports", ["same", "dynamic"])
def test_deriving_again_drops_nothing(mode: str, host_ports: str) -> None:
    once = derive(FARGATE, mode, host_ports).definition
    again = derive(once, mode, host_ports)
    assert (again.definition, again.dropped) == (once, [])


def test_dynamic_ports() -> None:
    derived = derive(FARGATE, host_ports="dynamic")
    assert [one.get("hostPort") for one in derived.definition["containerDefinitions"][0]["portMappings"]] == [
        0,
        0,
        None,
    ]


def test_ports_of_the_host_stay_as_they_are_and_none_has_none() -> None:
    host = derive(FARGATE, network_mode="host").definition["containerDefinitions"][0]
    assert host["portMappings"] == FARGATE["containerDefinitions"][0]["portMappings"]
    assert "portMappings" not in derive(FARGATE, network_mode="none").definition["containerDefinitions"][0]


def test_containers_that_shared_localhost_are_told() -> None:
    two = {**FARGATE, "containerDefinitions": [*FARGATE["containerDefinitions"], {"name": "b", "image": "b"}]}
    reasons = [one.reason for one in derive(two).dropped if one.value == ["web", "b"]]
    assert len(reasons) == 1
    assert "localhost" in reasons[0]
    assert not [one for one in derive(two, network_mode="host").dropped if one.value == ["web", "b"]]


@pytest.mark.parametrize(
    ("containers", "left"),
    [
        ([{"name": "a", "memory": 5}, {"name": "b", "memoryReservation": 5}], None),
        ([{"name": "a", "memory": 5}, {"name": "b"}], "1 GB"),
        ([{"name": "a", "memory": 5}], None),
    ],
)
def test_the_task_keeps_its_memory_where_a_container_has_none(containers: list[Data], left: str | None) -> None:
    derived = derive({**FARGATE, "containerDefinitions": containers})
    assert derived.definition.get("memory") == left
    assert "cpu" not in derived.definition
    assert derived.definition["containerDefinitions"][0].get("memory") == 5


def test_a_regional_definition_for_ec2_keeps_its_limits() -> None:
    regional = {
        "family": "a",
        "requiresCompatibilities": ["EC2"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "a", "image": "a"}],
    }
    derived = derive(regional)
    assert derived.definition == {**regional, "requiresCompatibilities": ["EXTERNAL"]}
    assert [one.field for one in derived.dropped] == ["requiresCompatibilities"]


def test_windows_hosts_may_keep_their_file_system() -> None:
    volume = {"name": "a", "fsxWindowsFileServerVolumeConfiguration": {"fileSystemId": "fs"}}
    windows = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
    assert derive({"volumes": [volume], "runtimePlatform": windows}).definition["volumes"] == [volume]
    assert derive({"volumes": [volume]}).definition["volumes"] == []
