# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads by site: what a user writes, and what is asked of AWS."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import workloads

SITES = {"lyon": "external", "oslo": "external", "turin": "outpost"}
PLACE = {"account": "111122223333", "partition": "aws", "region": "us-west-2", "cluster": "edge"}
SECRET = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf"


def definition(family: str = "web", container: Any = None, **more: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "x", "memory": 64, **(container or {})}
    return {
        "family": family,
        "requires_compatibilities": ["EXTERNAL", "EC2"],
        "container_definitions": [container],
        **more,
    }


def plan(*services: Any, rules: Any = (), definitions: Any = None, sites: Any = None, **options: Any) -> Any:
    asked = [definition()] if definitions is None else definitions
    return workloads.build(asked, services, rules, SITES if sites is None else sites, options)


def constraints(planned: Any) -> dict[str, str]:
    return {one["name"]: one["placement_constraints"][-1]["expression"] for one in planned["services"]}


def test_one_service_a_site_with_the_launch_type_of_its_kind() -> None:
    planned = plan({"name": "web", "per_site": True, "site_overrides": {"oslo": {"desired_count": 3}}})
    assert planned["problems"] == []
    assert constraints(planned) == {
        "web-lyon": "attribute:site == lyon",
        "web-oslo": "attribute:site == oslo",
        "web-turin": "attribute:site == turin",
    }
    assert [one["launch_type"] for one in planned["services"]] == ["EXTERNAL", "EXTERNAL", "EC2"]
    assert [one["site_kind"] for one in planned["services"]] == ["external", "external", "outpost"]
    assert [one.get("desired_count") for one in planned["services"]] == [None, 3, None]
    assert {one["task_definition"] for one in planned["services"]} == {"web"}
    assert not set(planned["services"][0]) & {"sites", "per_site", "site_overrides"}


def test_one_service_over_several_sites() -> None:
    planned = plan(
        {"name": "web", "sites": ["oslo", "lyon"], "placement_constraints": [{"type": "distinctInstance"}]},
        {"name": "all", "task_definition": "web", "launch_type": "EXTERNAL"},
        site_attribute="place",
    )
    assert planned["problems"] == []
    assert constraints(planned) == {"web": "attribute:place in [oslo, lyon]", "all": "attribute:place exists"}
    assert planned["services"][0]["placement_constraints"][0] == {"type": "distinctInstance"}


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ({"name": "web"}, "external and of AWS"),
        ({"name": "web", "sites": "lyon"}, "it is all, or a list"),
        ({"name": "web", "sites": ["paris"]}, "there is no site paris"),
        ({"name": "web", "sites": []}, "there is no site for it"),
        ({"name": "web", "sites": ["turin"], "launch_type": "EXTERNAL"}, "does not fit to turin"),
        ({"name": "web", "sites": ["lyon"], "site_overrides": {"lyon": {}}}, "per_site and that site"),
        ({"name": "web", "per_site": True, "site_overrides": {"lyon": {"count": 2}}}, "count is unknown"),
        ({"name": "web", "sites": ["lyon"], "desired": 2}, "desired is unknown"),
        ({"name": "my web", "sites": ["lyon"]}, "no name that AWS takes"),
        ({"sites": ["lyon"]}, "a name is needed"),
        ({"name": "web", "sites": ["lyon"], "load_balancers": [{"containerName": "main"}]}, "loadBalancers"),
    ],
)
def test_what_is_wrong_with_a_service(service: Any, words: str) -> None:
    assert words in " ".join(plan(service)["problems"])


def test_what_is_wrong_with_definitions_is_told_with_everything_else() -> None:
    wrong = [definition(network_mode="awsvpc", memori=1), definition(), {"family": "empty"}]
    service = {"name": "web", "sites": ["lyon"]}
    problems = " ".join(plan(service, service, definitions=wrong)["problems"])
    for words in ("memori", "twice", "container_definitions are needed", "web is there 2 times"):
        assert words in problems
    assert "awsvpc" in " ".join(plan(service, definitions=wrong[:1])["problems"])


def test_a_hundred_sites_have_their_findings_once() -> None:
    sites = {f"site-{number}": "external" for number in range(100)}
    balanced = {"name": "web", "per_site": True, "load_balancers": [{"containerName": "main"}]}
    assert len(plan(balanced, sites=sites)["problems"]) == 1
    many = {f"a-rather-long-name-of-a-site-{number}": "external" for number in range(100)}
    assert "so many sites" in " ".join(plan({"name": "web", "sites": list(many)}, sites=many)["problems"])


def test_secrets_of_definitions_without_a_role_of_their_own() -> None:
    given = {
        "secrets": [
            {"name": "A", "valueFrom": f"{SECRET}:password::"},
            {"name": "B", "valueFrom": f"{SECRET}:user::"},
            {"name": "C", "valueFrom": "/shop/key"},
        ],
        "logConfiguration": {"logDriver": "splunk", "secretOptions": [{"name": "T", "valueFrom": "token"}]},
        "repositoryCredentials": {"credentialsParameter": SECRET.replace("db", "registry")},
    }
    own = definition(
        "own", {"secrets": [{"name": "A", "valueFrom": "/own"}]}, execution_role_arn="arn:aws:iam::1:role/x"
    )
    planned = plan(definitions=[definition("web", given), own], execution_role="execution")
    policy = workloads.secrets_policy(planned, PLACE, ["arn:aws:kms:us-west-2:111122223333:key/1"])
    resources = {statement["Action"]: statement["Resource"] for statement in policy["Statement"]}
    prefix = "arn:aws:ssm:us-west-2:111122223333:parameter/"
    assert resources == {
        "ssm:GetParameters": [f"{prefix}shop/key", f"{prefix}token"],
        "secretsmanager:GetSecretValue": [SECRET, SECRET.replace("db", "registry")],
        "kms:Decrypt": ["arn:aws:kms:us-west-2:111122223333:key/1"],
    }
    assert workloads.secrets_policy(plan(), PLACE, ["key"]) == {}


def test_what_eventbridge_may_do() -> None:
    rules = [
        {"name": "a", "task_definition": "web:3", "schedule_expression": "rate(1 day)", "sites": ["lyon"]},
        {"name": "b", "task_definition": "web", "event_pattern": {}, "sites": ["lyon"], "task_tags": {"a": "b"}},
    ]
    planned = plan(rules=rules)
    assert planned["problems"] == []
    policy = {one["Sid"]: one for one in workloads.events_policy(planned, PLACE, ["r", "r"])["Statement"]}
    arn = "arn:aws:ecs:us-west-2:111122223333:task-definition/web"
    assert policy["RunTask"]["Resource"] == [arn, f"{arn}:*"]
    assert policy["RunTask"]["Condition"]["ArnEquals"]["ecs:cluster"].endswith(":cluster/edge")
    assert policy["PassRole"]["Resource"] == ["r"]
    assert policy["TagTasks"]["Resource"] == ["arn:aws:ecs:us-west-2:111122223333:task/edge/*"]


def test_sites_of_hosts() -> None:
    hosts = [{"fleet_site": "lyon"}, {"fleet_site": "lyon"}, {}, {"fleet_site": "turin", "fleet_site_kind": "outpost"}]
    assert workloads.site_kinds(hosts) == {"lyon": "external", "turin": "outpost"}
    with pytest.raises(workloads.PlanError, match="must be one"):
        workloads.site_kinds([*hosts, {"fleet_site": "turin"}])
    with pytest.raises(workloads.PlanError, match="the kinds are"):
        workloads.site_kinds([{"fleet_site": "x", "fleet_site_kind": "moon"}])
