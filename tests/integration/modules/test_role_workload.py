# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role workload, through its playbook: services by site, secrets, schedules, events, and what it leaves alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

CLUSTER = "retail-edge"
_SECRET = "arn:aws:secretsmanager:us-west-2:111122223333:secret:shop/db-AbCdEf"
_PLAYBOOK = [{"ansible.builtin.import_playbook": "edgefleet.ecs.workloads"}]
_PATTERN = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["retail-drop"]}}}
_KEY = [{"name": "main", "environment": [{"name": "KEY", "value": "<key>"}]}]


def _definition(family: str, **more: Any) -> dict[str, Any]:
    container = {"name": "main", "image": f"shop/{family}:1", "memory": 64, "essential": True, **more}
    return {
        "family": family,
        "network_mode": "bridge",
        "requires_compatibilities": ["EXTERNAL"],
        "container_definitions": [container],
    }


def _fleet(**workloads: Any) -> dict[str, Any]:
    return {
        "fleet_name": "retail",
        "fleet_region": "us-west-2",
        "fleet_cluster": CLUSTER,
        "fleet_execution_role": "retail-execution",
        "workload_sites": {"lyon": "external", "oslo": "external"},
        **workloads,
    }


WORKLOADS = {
    "workload_definitions": [
        _definition(
            "web",
            secrets=[
                {"name": "DB", "valueFrom": f"{_SECRET}:password::"},
                {"name": "KEY", "valueFrom": "/shop/key"},
            ],
        ),
        _definition("import"),
    ],
    "workload_services": [
        {"name": "web", "per_site": True, "site_overrides": {"oslo": {"desired_count": 2}}},
        {"name": "import-all", "task_definition": "import", "desired_count": 2},
    ],
    "workload_event_rules": [
        {
            "name": "retail-nightly",
            "task_definition": "import",
            "sites": ["lyon"],
            "schedule_expression": "rate(1 day)",
        },
        {
            "name": "retail-drop",
            "task_definition": "import",
            "event_pattern": _PATTERN,
            "input_transformer": {
                "input_paths": {"key": "$.detail.object.key"},
                "input_template": {"containerOverrides": _KEY},
            },
        },
    ],
}


@pytest.fixture
def sites(region: Any) -> None:
    """Two external sites of two hosts, the execution role, and what is not of the fleet."""
    ecs = region.client("ecs")
    ecs.create_cluster(clusterName=CLUSTER)
    for site in ("lyon", "oslo"):
        region.control("POST", "instances", {"cluster": CLUSTER, "count": 2, "attributes": {"site": site}})
    region.create_role("retail-execution")
    container = {"name": "main", "image": "x", "memory": 64}
    ecs.register_task_definition(
        family="foreign", requiresCompatibilities=["EXTERNAL"], containerDefinitions=[container]
    )
    ecs.create_service(
        cluster=CLUSTER, serviceName="foreign", taskDefinition="foreign", launchType="EXTERNAL", desiredCount=1
    )
    region.control("DELETE", "calls")


def _policy(region: Any, role: str, name: str) -> Any:
    document = region.client("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return {statement["Sid"]: statement for statement in document["Statement"]}


def _services(region: Any) -> Mapping[str, Any]:
    ecs = region.client("ecs")
    arns = ecs.list_services(cluster=CLUSTER)["serviceArns"]
    found = ecs.describe_services(cluster=CLUSTER, services=arns)["services"] if arns else []
    return {service["serviceName"]: service for service in found}


def _tick_until_done(ansible: Any, region: Any, **variables: Any) -> tuple[int, str]:
    """Run the playbook while the Region's scheduler looks round."""
    since = ansible.last_call()
    process = ansible.start(_PLAYBOOK, **variables)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(process.communicate)
        while not reading.done():
            region.tick()
            wait([reading], 0.2)
    ansible.within_policy(_PLAYBOOK, since)
    return process.returncode, reading.result()[0]


def _fail(ansible: Any, region: Any, **variables: Any) -> str:
    code, output = _tick_until_done(ansible, region, **variables)
    assert code == 2, output
    return output


def _writes(region: Any) -> list[str]:
    reads = ("Describe", "List", "Get")
    calls = region.calls(caller="AKIAOPERATOR")
    return sorted(call["action"] for call in calls if not call["action"].startswith(reads))


@pytest.mark.one_end
def test_workloads_by_site(ansible: Any, region: Any, sites: None) -> None:
    fleet = _fleet(**WORKLOADS)
    code, output = _tick_until_done(ansible, region, **fleet)
    assert code == 0, output
    services = _services(region)
    assert {name: service["runningCount"] for name, service in services.items()} == {
        "web-lyon": 1,
        "web-oslo": 2,
        "import-all": 2,
        "foreign": 1,
    }
    assert services["web-lyon"]["placementConstraints"] == [
        {"type": "memberOf", "expression": "attribute:site == lyon"}
    ]
    assert services["import-all"]["placementConstraints"] == [
        {"type": "memberOf", "expression": "attribute:site exists"}
    ]

    # The execution role reads what the definitions name, and nothing else.
    statements = _policy(region, "retail-execution", "retail-secrets")
    assert {sid: (one["Action"], one["Resource"]) for sid, one in statements.items()} == {
        "Parameters": ("ssm:GetParameters", ["arn:aws:ssm:us-west-2:111122223333:parameter/shop/key"]),
        "Secrets": ("secretsmanager:GetSecretValue", [_SECRET]),
    }
    handed_on = _policy(region, "retail-events", "retail-events")["PassRole"]["Resource"]
    assert handed_on == ["arn:aws:iam::111122223333:role/retail-execution"]

    # A second run asks, and changes nothing.
    region.control("DELETE", "calls")
    output = ansible.play(_PLAYBOOK, **fleet)
    assert re.search(r"changed=0 .*failed=0", output), output
    assert _writes(region) == []
    calls = ansible.calls()
    assert (calls["ecs:ListServices"], calls["ecs:DescribeServices"]) == (1, 1)

    # The clock moves, and a file is dropped.
    ecs = region.client("ecs")
    region.advance(86_400)
    region.settle()
    (nightly,) = ecs.list_tasks(cluster=CLUSTER, startedBy="events-rule/retail-nightly")["taskArns"]
    s3 = region.client("s3")
    s3.create_bucket(Bucket="retail-drop", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_bucket_notification_configuration(
        Bucket="retail-drop", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    s3.put_object(Bucket="retail-drop", Key="orders.csv", Body=b"1")
    (dropped,) = ecs.list_tasks(cluster=CLUSTER, startedBy="events-rule/retail-drop")["taskArns"]
    shown = {task["taskArn"]: task for task in ecs.describe_tasks(cluster=CLUSTER, tasks=[nightly, dropped])["tasks"]}
    assert {task["launchType"] for task in shown.values()} == {"EXTERNAL"}
    (override,) = shown[dropped]["overrides"]["containerOverrides"]
    assert override["environment"] == [{"name": "KEY", "value": "orders.csv"}]
    assert region.control("GET", "invocations?state=failed")["count"] == 0

    # Check mode tells what a new revision and fewer services would be, and touches nothing.
    definitions = [_definition("web", image="shop/web:2"), _definition("import")]
    fewer = {
        "workload_services": WORKLOADS["workload_services"][:1],
        "workload_event_rules": [],
        "workload_purge": True,
    }
    later = {**fleet, **fewer, "workload_definitions": definitions}
    region.control("DELETE", "calls")
    output = ansible.play(_PLAYBOOK, "--check", **later)
    assert _writes(region) == []
    assert "changed: [localhost] => (item=web-lyon)" in output, output
    assert "changed: [localhost] => (item=import-all)" in output, output

    # With the purge, what bears the fleet's tag and is not named goes; nothing else does.
    code, output = _tick_until_done(ansible, region, **later)
    assert code == 0, output
    assert sorted(_services(region)) == ["foreign", "web-lyon", "web-oslo"]
    assert _services(region)["web-lyon"]["taskDefinition"].endswith("web:2")
    assert region.client("events").list_rules()["Rules"] == []
    assert region.client("iam").list_role_policies(RoleName="retail-execution")["PolicyNames"] == []


def test_all_that_is_wrong_is_told_at_once_and_nothing_touched(ansible: Any, region: Any, sites: None) -> None:
    wrong = {
        "fleet_execution_role": "",
        "workload_definitions": [
            {**_definition("web", secrets=[{"name": "K", "valueFrom": "/k"}]), "network_mode": "awsvpc", "memori": 1},
        ],
        "workload_services": [
            {"name": "web", "sites": ["lyon", "paris"], "load_balancers": [{"containerName": "main"}]},
            {"name": "web", "sites": ["oslo"]},
        ],
    }
    output = _fail(ansible, region, **_fleet(**wrong))
    for words in ("memori", "awsvpc", "paris", "loadBalancers", "executionRoleArn", "web is there 2 times"):
        assert words in output, output
    assert ansible.calls() == {}
