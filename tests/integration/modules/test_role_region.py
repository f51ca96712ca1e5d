# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role region with all that it can make, and the room for hosts that it looks for first."""

from __future__ import annotations

import re
from typing import Any

import pytest

CLUSTER = "retail-edge"
_PLAYBOOK = [{"ansible.builtin.import_playbook": "edgefleet.ecs.region"}]
_FLEET = {"fleet_name": "retail", "fleet_region": "us-west-2", "fleet_cluster": CLUSTER}
_READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::retail/*"}],
}


@pytest.fixture
def network(region: Any) -> dict[str, Any]:
    ec2 = region.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="endpoints", Description="x", VpcId=vpc)["GroupId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    return {
        "vpc_id": vpc,
        "subnet_ids": [subnet],
        "security_group_ids": [group],
        "route_table_ids": [table],
        "interfaces": ["ecs", "ssm"],
    }


def _everything(network: dict[str, Any]) -> dict[str, Any]:
    return {
        **_FLEET,
        "fleet_execution_role": "retail-execution",
        "region_external_role_policy": "least_privilege",
        "region_task_roles": [{"name": "retail-import", "policy": _READ}],
        "region_log_groups": [{"name": "/retail/web"}, {"name": "/retail/exec", "retention": 7}],
        "region_vpc_endpoints": network,
        "region_external_hosts": 1000,
    }


def test_everything_and_again(ansible: Any, region: Any, network: dict[str, Any]) -> None:
    asked = _everything(network)
    region.control("DELETE", "calls")
    output = ansible.play(_PLAYBOOK, "--check", **asked)
    assert re.search(r"changed=[1-9]", output), output
    assert [call for call in region.calls(caller="AKIAOPERATOR") if re.match("Create|Put", call["action"])] == []
    ansible.play(_PLAYBOOK, **asked)
    output = ansible.play(_PLAYBOOK, **asked)
    assert re.search(r"changed=0 .*failed=0", output), output

    iam = region.client("iam")
    assert iam.list_attached_role_policies(RoleName="retail-external-instance")["AttachedPolicies"] == []
    name = "retail-external-instance"
    policy = iam.get_role_policy(RoleName=name, PolicyName=name)["PolicyDocument"]
    actions = {action for one in policy["Statement"] for action in _listed(one["Action"])}
    # What the stand-in agents and Amazon's own call; nothing with which a host could change others.
    assert {"ecs:RegisterContainerInstance", "ecs:Poll", "ssm:UpdateInstanceInformation"} <= actions
    assert not [action for action in actions if action.startswith(("ecr:", "logs:", "s3:")) or "*" in action]
    (cluster,) = [one["Resource"] for one in policy["Statement"] if one["Sid"] == "Cluster"]
    assert cluster == f"arn:aws:ecs:us-west-2:*:cluster/{CLUSTER}"
    trust = iam.get_role(RoleName="retail-execution")["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert iam.get_role_policy(RoleName="retail-import", PolicyName="retail-import")["PolicyDocument"] == _READ

    groups = region.client("logs").describe_log_groups(logGroupNamePrefix="/retail/")["logGroups"]
    assert {group["logGroupName"]: group["retentionInDays"] for group in groups} == {
        "/retail/exec": 7,
        "/retail/web": 30,
    }
    endpoints = region.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    assert sorted((one["VpcEndpointType"], one["ServiceName"]) for one in endpoints) == [
        ("Gateway", "com.amazonaws.us-west-2.s3"),
        ("Interface", "com.amazonaws.us-west-2.ecs"),
        ("Interface", "com.amazonaws.us-west-2.ssm"),
    ]


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"region_external_hosts": 1001}, "has room for 1000 more"),
        ({"region_log_groups": [{"name": "/retail/web", "retention": 8}]}, "not for 8"),
    ],
)
def test_nothing_is_made_of_what_cannot_be(ansible: Any, region: Any, asked: dict[str, Any], words: str) -> None:
    region.control("DELETE", "calls")
    process = ansible.start(_PLAYBOOK, **_FLEET, **asked)
    output, _nothing = process.communicate(timeout=600)
    assert process.returncode == 2, output
    assert words in " ".join(output.split()), output
    assert [call for call in region.calls(caller="AKIAOPERATOR") if call["service"] != "ssm"] == []
