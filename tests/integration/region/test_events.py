# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""EventBridge rules that run tasks on external instances: by schedule, by events, by what is dropped in a bucket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.region.testing import RunningRegion

from .conftest import CLUSTER
from .expect import refused
from .services import define, tasks

_EVENTS = "events.amazonaws.com"
_PASSED = "arn:aws:iam::111122223333:role/passed"


def _allow(*statements: tuple[str, str]) -> dict[str, Any]:
    listed = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
    return {"Version": "2012-10-17", "Statement": listed}


_RUN = ("ecs:RunTask", "arn:aws:ecs:us-west-2:111122223333:task-definition/web:*")


@pytest.fixture
def role(region: RunningRegion) -> str:
    """A role that EventBridge may take, and that may run tasks of the family web."""
    trust = {"Effect": "Allow", "Principal": {"Service": _EVENTS}, "Action": "sts:AssumeRole"}
    region.create_role("events", {"Version": "2012-10-17", "Statement": [trust]})
    _policy(region, _RUN)
    return "arn:aws:iam::111122223333:role/events"


def _policy(region: RunningRegion, *statements: tuple[str, str]) -> None:
    document = json.dumps(_allow(*statements))
    region.client("iam").put_role_policy(RoleName="events", PolicyName="run", PolicyDocument=document)


@pytest.fixture
def definition(region: RunningRegion, ecs: Any) -> str:
    region.control("POST", "instances", {"cluster": CLUSTER})
    arn = define(ecs)
    region.control("DELETE", "calls")
    return arn


def _rule(region: RunningRegion, definition: str, role: str, target: Any = None, **rule: Any) -> None:
    events = region.client("events")
    events.put_rule(Name="nightly", **rule)
    parameters = {"TaskDefinitionArn": definition, "LaunchType": "EXTERNAL", **(target or {}).pop("EcsParameters", {})}
    arn = f"arn:aws:ecs:us-west-2:111122223333:cluster/{CLUSTER}"
    whole = {"Id": "run", "Arn": arn, "RoleArn": role, "EcsParameters": parameters, **(target or {})}
    assert events.put_targets(Rule="nightly", Targets=[whole])["FailedEntryCount"] == 0


def _invocations(region: RunningRegion, **query: str) -> list[dict[str, Any]]:
    path = "invocations?" + "&".join(f"{name}={value}" for name, value in query.items())
    found: list[dict[str, Any]] = region.control("GET", path)["invocations"]
    return found


def test_a_rate_runs_a_task_each_time_it_has_passed(
    region: RunningRegion, ecs: Any, definition: str, role: str
) -> None:
    _rule(region, definition, role, ScheduleExpression="rate(5 minutes)")
    region.advance(299)
    assert tasks(ecs) == []
    region.advance(2)
    region.settle()
    (task,) = tasks(ecs)
    assert (task["launchType"], task["lastStatus"]) == ("EXTERNAL", "RUNNING")
    assert (task["startedBy"], task["group"]) == ("events-rule/nightly", "family:web")
    assert len(region.calls(service="ecs", action="RunTask", caller=_EVENTS)) == 1
    region.advance(600)
    assert len(tasks(ecs)) == 3
    (event, *_more) = [one["event"] for one in _invocations(region, state="succeeded")]
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")


def test_cron_runs_at_its_minute(region: RunningRegion, ecs: Any, definition: str, role: str) -> None:
    _rule(region, definition, role, ScheduleExpression="cron(30 1 * * ? *)")
    region.advance(86400)
    assert len(tasks(ecs)) == 1
    (told,) = _invocations(region)
    assert told["event"]["time"].endswith("T01:30:00Z")


def test_a_disabled_rule_does_not_make_up_for_what_it_missed(
    region: RunningRegion, ecs: Any, definition: str, role: str
) -> None:
    _rule(region, definition, role, ScheduleExpression="rate(1 minute)", State="DISABLED")
    region.advance(180)
    region.client("events").enable_rule(Name="nightly")
    region.advance(60)
    assert len(tasks(ecs)) == 1


@pytest.mark.parametrize(
    "expression", ["rate(1 minutes)", "rate(0 minutes)", "cron(0 0 * * *)", "cron(0 0 * * * *)", "cron(61 0 * * ? *)"]
)
def test_expressions_that_mean_nothing_are_refused(region: RunningRegion, expression: str) -> None:
    with refused("ValidationException", "ScheduleExpression is not valid"):
        region.client("events").put_rule(Name="nightly", ScheduleExpression=expression)


def test_days_that_are_not_modelled_are_told(region: RunningRegion) -> None:
    with refused("NotImplemented"):
        region.client("events").put_rule(Name="nightly", ScheduleExpression="cron(0 0 L * ? *)")


def test_an_event_that_matches_runs_as_many_tasks_as_asked(
    region: RunningRegion, ecs: Any, definition: str, role: str
) -> None:
    pattern = json.dumps({"source": ["shop"], "detail": {"kind": ["order"]}})
    extra = {"EcsParameters": {"TaskCount": 2, "Tags": [{"Key": "fleet", "Value": "retail"}]}}
    _rule(region, definition, role, extra, EventPattern=pattern)
    entries = [
        {"Source": "shop", "DetailType": "x", "Detail": json.dumps({"kind": kind})} for kind in ("order", "refund")
    ]
    assert region.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0
    assert len(tasks(ecs)) == 2
    (shown,) = ecs.describe_tasks(cluster=CLUSTER, tasks=[tasks(ecs)[0]["taskArn"]], include=["TAGS"])["tasks"]
    assert shown["tags"] == [{"key": "fleet", "value": "retail"}]


def test_a_file_in_a_bucket_runs_a_task_that_is_told_its_name(
    region: RunningRegion, ecs: Any, definition: str, role: str
) -> None:
    s3 = region.client("s3")
    s3.create_bucket(Bucket="drop", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket="drop")
    s3.put_bucket_notification_configuration(Bucket="drop", NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(Bucket="drop")["EventBridgeConfiguration"] == {}
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["drop"]}}}
    template = '{"containerOverrides": [{"name": "main", "environment": [{"name": "KEY", "value": "<key>"}]}]}'
    transformer = {"InputPathsMap": {"key": "$.detail.object.key"}, "InputTemplate": template}
    _rule(region, definition, role, {"InputTransformer": transformer}, EventPattern=json.dumps(pattern))
    s3.put_object(Bucket="drop", Key='in/a "quoted" name.csv', Body=b"1,2")
    (task,) = tasks(ecs)
    (override,) = task["overrides"]["containerOverrides"]
    assert override["environment"] == [{"name": "KEY", "value": 'in/a "quoted" name.csv'}]
    s3.delete_object(Bucket="drop", Key='in/a "quoted" name.csv')
    assert len(tasks(ecs)) == 1


def test_a_cluster_needs_a_role_and_what_to_run(region: RunningRegion, role: str) -> None:
    events = region.client("events")
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 minute)")
    target = {"Id": "run", "Arn": f"arn:aws:ecs:us-west-2:111122223333:cluster/{CLUSTER}"}
    with refused("ValidationException", "RoleArn is required"):
        events.put_targets(Rule="nightly", Targets=[target])
    with refused("ValidationException", "EcsParameters is required"):
        events.put_targets(Rule="nightly", Targets=[{**target, "RoleArn": role}])


def test_failed_invocations_say_why(region: RunningRegion, ecs: Any, definition: str, role: str) -> None:
    _rule(region, definition, role, ScheduleExpression="rate(1 minute)")
    _policy(region, ("ecs:ListTasks", "*"))
    region.advance(60)
    _policy(region, _RUN)
    ecs.register_task_definition(
        family="web",
        taskRoleArn=_PASSED,
        requiresCompatibilities=["EXTERNAL"],
        containerDefinitions=[{"name": "main", "image": "x", "memory": 64}],
    )
    region.client("events").put_targets(
        Rule="nightly",
        Targets=[
            {
                "Id": "run",
                "Arn": f"arn:aws:ecs:us-west-2:111122223333:cluster/{CLUSTER}",
                "RoleArn": role,
                "EcsParameters": {"TaskDefinitionArn": definition.removesuffix(":1"), "LaunchType": "EXTERNAL"},
            }
        ],
    )
    region.advance(60)
    _policy(region, _RUN, ("iam:PassRole", _PASSED))
    region.fault("ecs", "RunTask", "throttle", caller=_EVENTS)
    region.advance(60)
    assert tasks(ecs) == []
    reasons = [one["reason"] for one in _invocations(region, state="failed", rule="nightly")]
    assert "does not allow ecs:RunTask" in reasons[0]
    assert f"does not allow iam:PassRole on {_PASSED}" in reasons[1]
    assert "ThrottlingException" in reasons[2]
    region.advance(60)
    (task,) = tasks(ecs)
    assert task["taskDefinitionArn"].endswith("web:2")


def test_a_task_without_a_place_is_a_failed_invocation(
    region: RunningRegion, ecs: Any, definition: str, role: str
) -> None:
    constraint = [{"type": "memberOf", "expression": "attribute:site == lyon"}]
    extra = {"EcsParameters": {"PlacementConstraints": constraint}}
    _rule(region, definition, role, extra, ScheduleExpression="rate(1 minute)")
    region.advance(60)
    (told,) = _invocations(region)
    assert (told["state"], told["tasks"]) == ("failed", [])
    assert told["reason"]
    assert tasks(ecs) == []


def test_a_rule_comes_and_goes(client: Any, definition: str, role: str) -> None:
    events = client("events")
    rule = events.put_rule(Name="drop", EventPattern='{"source": ["aws.s3"]}')
    assert rule["RuleArn"].endswith(":rule/drop")
    parameters = {"TaskDefinitionArn": definition, "LaunchType": "EXTERNAL"}
    cluster = f"arn:aws:ecs:us-west-2:111122223333:cluster/{CLUSTER}"
    target = {"Id": "ecs", "Arn": cluster, "RoleArn": role, "EcsParameters": parameters}
    assert events.put_targets(Rule="drop", Targets=[target])["FailedEntryCount"] == 0
    events.remove_targets(Rule="drop", Ids=["ecs"])
    events.delete_rule(Name="drop")
    with refused("ResourceNotFoundException"):
        events.describe_rule(Name="drop")
