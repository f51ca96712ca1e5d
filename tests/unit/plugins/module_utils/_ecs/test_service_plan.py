# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import InvalidInput, NotPossible
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs import service_plan as plan

ARN = "arn:aws:ecs:us-west-2:111122223333:task-definition/web:7"
CURRENT: dict[str, Any] = {
    "serviceArn": "arn",
    "serviceName": "shop",
    "status": "ACTIVE",
    "taskDefinition": ARN,
    "desiredCount": 2,
    "launchType": "EXTERNAL",
    "schedulingStrategy": "REPLICA",
    "deploymentConfiguration": {
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    },
    "placementConstraints": [
        {"type": "memberOf", "expression": "attribute:site == lyon"},
        {"type": "distinctInstance"},
    ],
    "placementStrategy": [{"type": "spread", "field": "instanceId"}, {"type": "binpack", "field": "memory"}],
    "tags": [{"key": "fleet", "value": "retail"}],
}


def compare(request: dict[str, Any], current: dict[str, Any] = CURRENT, **more: Any) -> plan.ServiceChange:
    return plan.compare(current, plan.WantedService("shop", request, **more))


def params(**given: Any) -> dict[str, Any]:
    return {**dict.fromkeys(plan.MEMBERS), **given}


def test_what_was_not_asked_is_not_touched() -> None:
    assert not compare({})
    assert plan.read_request(params()) == {}


@pytest.mark.parametrize(
    "same",
    [
        {"taskDefinition": "web:7"},
        {"taskDefinition": ARN},
        {"desiredCount": 2},
        {"launchType": "EXTERNAL"},
        {"schedulingStrategy": "REPLICA"},
        {"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True}}},
        {"placementConstraints": list(reversed(CURRENT["placementConstraints"]))},
        {"placementStrategy": [{"type": "spread", "field": "host"}, {"type": "binpack", "field": "MEMORY"}]},
        {"enableExecuteCommand": False, "enableECSManagedTags": False, "propagateTags": "NONE"},
        {"healthCheckGracePeriodSeconds": 0, "loadBalancers": [], "serviceRegistries": []},
    ],
)
def test_what_means_the_same_is_no_difference(same: dict[str, Any]) -> None:
    assert not compare(same)


@pytest.mark.parametrize(
    ("asked", "update"),
    [
        ({"taskDefinition": "web:8"}, None),
        ({"desiredCount": 0}, None),
        ({"placementConstraints": []}, None),
        ({"placementStrategy": list(reversed(CURRENT["placementStrategy"]))}, None),
        ({"enableExecuteCommand": True}, None),
        (
            {"deploymentConfiguration": {"minimumHealthyPercent": 0, "deploymentCircuitBreaker": {"rollback": False}}},
            {
                "deploymentConfiguration": {
                    "maximumPercent": 200,
                    "minimumHealthyPercent": 0,
                    "deploymentCircuitBreaker": {"enable": True, "rollback": False},
                }
            },
        ),
    ],
)
def test_only_real_differences_are_sent(asked: dict[str, Any], update: dict[str, Any] | None) -> None:
    beside = {"launchType": "EXTERNAL", "healthCheckGracePeriodSeconds": 0}
    assert compare({**beside, **asked}).update == (update or asked)


def test_subnets_have_no_order_and_members_that_were_not_asked_are_carried_over() -> None:
    vpc = {"subnets": ["b", "a"], "securityGroups": ["g"], "assignPublicIp": "DISABLED"}
    current = {**CURRENT, "networkConfiguration": {"awsvpcConfiguration": vpc}}
    assert not compare({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a", "b"]}}}, current)
    update = compare({"networkConfiguration": {"awsvpcConfiguration": {"securityGroups": ["h"]}}}, current).update
    assert update == {"networkConfiguration": {"awsvpcConfiguration": {**vpc, "securityGroups": ["h"]}}}


def test_another_capacity_provider_needs_a_new_deployment() -> None:
    current = {**CURRENT, "capacityProviderStrategy": [{"capacityProvider": "rack", "weight": 1, "base": 0}]}
    del current["launchType"]
    assert not compare({"capacityProviderStrategy": [{"capacityProvider": "rack", "weight": 1}]}, current)
    strategy = [{"capacityProvider": "rack", "weight": 2}]
    assert compare({"capacityProviderStrategy": strategy}, current).update == {
        "capacityProviderStrategy": strategy,
        "forceNewDeployment": True,
    }


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"launchType": "EC2"}, "launch_type of service shop is EXTERNAL and cannot become EC2"),
        ({"schedulingStrategy": "DAEMON"}, "scheduling_strategy of service shop is REPLICA"),
        ({"role": "ecs"}, "role of service shop is not set"),
    ],
)
def test_what_ecs_fixes_is_refused_with_the_way_out(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(NotPossible) as caught:
        compare(asked)
    assert words in caught.value.message
    assert "state: absent" in caught.value.message


def test_a_role_is_the_same_with_and_without_its_arn() -> None:
    assert not compare({"role": "ecs"}, {**CURRENT, "roleArn": "arn:aws:iam::111122223333:role/ecs"})


def test_a_daemon_has_no_desired_count() -> None:
    with pytest.raises(InvalidInput, match="DAEMON"):
        compare({"desiredCount": 2}, {**CURRENT, "schedulingStrategy": "DAEMON"})
    with pytest.raises(InvalidInput, match="DAEMON"):
        plan.read_request(params(scheduling_strategy="DAEMON", desired_count=2))
    wanted = plan.WantedService("shop", {"taskDefinition": "web", "schedulingStrategy": "DAEMON"})
    assert "desiredCount" not in plan.create_request(wanted)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"desired_count": -1}, "desired_count"),
        ({"launch_type": "EC2", "capacity_provider_strategy": [{"capacityProvider": "rack"}]}, "launch_type"),
    ],
)
def test_what_cannot_be_asked(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        plan.read_request(params(**given))


def test_a_request_has_no_members_that_were_left_out() -> None:
    given = params(
        deployment_configuration={"minimumHealthyPercent": 0, "maximumPercent": None, "alarms": None},
        placement_constraints=[{"type": "distinctInstance", "expression": None}],
        placement_strategy=[],
        enable_ecs_managed_tags=False,
    )
    assert plan.read_request(given) == {
        "deploymentConfiguration": {"minimumHealthyPercent": 0},
        "placementConstraints": [{"type": "distinctInstance"}],
        "placementStrategy": [],
        "enableECSManagedTags": False,
    }


def test_a_new_service_needs_a_definition_and_has_one_task() -> None:
    with pytest.raises(InvalidInput, match="task_definition"):
        plan.create_request(plan.WantedService("shop", {}))
    wanted = plan.WantedService("shop", {"taskDefinition": "web"})
    assert plan.create_request(wanted) == {"taskDefinition": "web", "desiredCount": 1}
    assert plan.difference(plan.predict(None, wanted, plan.ServiceChange()))["desired_count"] == 1


def test_prediction_equals_what_a_second_comparison_calls_unchanged() -> None:
    wanted = plan.WantedService(
        "shop",
        {"taskDefinition": "web:8", "deploymentConfiguration": {"maximumPercent": 150}, "desiredCount": 5},
        {"owner": "ops"},
        purge_tags=True,
        force_new_deployment=False,
    )
    after = plan.predict(CURRENT, wanted, plan.compare(CURRENT, wanted))
    assert not plan.compare(after, wanted)
    assert plan.difference(after)["tags"] == {"owner": "ops"}


def test_the_rules_see_the_service_as_it_will_be() -> None:
    after = plan.effective({**CURRENT, "loadBalancers": []}, {"deploymentConfiguration": {"minimumHealthyPercent": 0}})
    assert after["launchType"] == "EXTERNAL"
    assert after["deploymentConfiguration"]["maximumPercent"] == 200
    assert after["deploymentConfiguration"]["minimumHealthyPercent"] == 0
    assert "loadBalancers" not in after
