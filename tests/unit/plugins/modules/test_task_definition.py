# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import task_definition, task_definition_info
from botocore.exceptions import ClientError

Run = Callable[..., dict[str, Any]]
ARN = "arn:aws:ecs:us-west-2:111122223333:task-definition/"
WEB = {"name": "web", "image": "nginx:1", "memory": 64}
PARAMS = {"family": "web", "container_definitions": [WEB]}
TAGS = [{"key": "fleet", "value": "retail"}, {"key": "aws:cloudformation:stack-name", "value": "s"}]


def revision(number: int = 3, **changes: Any) -> dict[str, Any]:
    body = {
        "family": "web",
        "taskDefinitionArn": f"{ARN}web:{number}",
        "revision": number,
        "status": "ACTIVE",
        "networkMode": "bridge",
        "containerDefinitions": [{**WEB, "cpu": 0, "essential": True, "environment": []}],
        "volumes": [],
    }
    return {"taskDefinition": {**body, **changes}, "tags": TAGS}


def unknown() -> ClientError:
    error = {"Code": "ClientException", "Message": "Unable to describe task definition."}
    return ClientError({"Error": error, "ResponseMetadata": {"RequestId": "1"}}, "DescribeTaskDefinition")  # type: ignore[arg-type]


def echo(**parameters: Any) -> dict[str, Any]:
    tags = parameters.pop("tags", [])
    registered = {**parameters, "taskDefinitionArn": f"{ARN}web:4", "revision": 4, "status": "ACTIVE"}
    return {"taskDefinition": registered, "tags": tags}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"family": "web:1"}, "Option family: 'web:1'"),
        ({"container_definitions": []}, "at least one container"),
        ({"volumes": [{"name": "a", "efs": {}}]}, "volumes[0].efs is not known"),
        ({"runtime_platform": {"cpuArchitecture": "arm64"}}, "it is one of X86_64, ARM64"),
        ({"cpu": "half"}, "Option cpu: 'half'"),
        ({"tags": {"a": True}}, "tags.a"),
        ({"requires_compatibilities": ["EXTERNAL"], "network_mode": "awsvpc"}, "kind external: networkMode"),
        ({"site_kind": "outpost", "requires_compatibilities": ["FARGATE"]}, "kind outpost: requiresCompatibilities"),
    ],
)
def test_bad_input_fails_before_any_call(run: Run, changes: dict[str, Any], message: str) -> None:
    result = run(task_definition, {**PARAMS, **changes})
    assert result["failed"]
    assert message in result["msg"]


def test_the_first_revision_is_what_was_given_and_nothing_else(run: Run, client: Any) -> None:
    fake = client(describe_task_definition=unknown(), register_task_definition=echo)
    result = run(task_definition, {**PARAMS, "tags": {"fleet": "retail"}}, fake)
    assert result["changed"]
    assert fake.calls[-1] == (
        "register_task_definition",
        {"family": "web", "containerDefinitions": [WEB], "tags": [{"key": "fleet", "value": "retail"}]},
    )
    assert result["diff"]["before"] == {}


def test_other_refusals_are_told(run: Run, client: Any) -> None:
    error = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeTaskDefinition")
    assert "AccessDeniedException" in run(task_definition, PARAMS, client(describe_task_definition=error))["msg"]


def test_unchanged_costs_one_call(run: Run, client: Any) -> None:
    fake = client(describe_task_definition=revision())
    result = run(task_definition, {**PARAMS, "network_mode": "bridge", "tags": {"fleet": "retail"}}, fake)
    assert not result["changed"]
    assert result["task_definition"]["revision"] == 3
    assert fake.calls == [("describe_task_definition", {"taskDefinition": "web", "include": ["TAGS"]})]


def test_a_new_revision_keeps_what_was_not_named_and_its_tags(run: Run, client: Any) -> None:
    fake = client(
        describe_task_definition=revision(executionRoleArn="role", enableFaultInjection=False),
        register_task_definition=echo,
    )
    result = run(task_definition, {"family": "web", "container_definitions": [{**WEB, "memory": 65}]}, fake)
    assert result["changed"]
    registered = fake.calls[-1][1]
    assert registered["executionRoleArn"] == "role"
    assert registered["containerDefinitions"] == [{**WEB, "memory": 65}]
    # Nobody may set tags of AWS.
    assert registered["tags"] == [{"key": "fleet", "value": "retail"}]
    assert "taskDefinitionArn" not in registered
    assert result["task_definition"]["execution_role_arn"] == "role"


def test_what_is_taken_over_must_fit_the_site(run: Run, client: Any) -> None:
    fake = client(describe_task_definition=revision(networkMode="awsvpc"))
    result = run(task_definition, {**PARAMS, "requires_compatibilities": ["EXTERNAL"]}, fake)
    assert "networkMode" in result["msg"]
    assert fake.methods() == ["describe_task_definition"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_tags_alone_make_no_revision(run: Run, client: Any, check_mode: bool) -> None:
    fake = client(describe_task_definition=revision(), tag_resource={}, untag_resource={})
    result = run(task_definition, {**PARAMS, "tags": {"a": "b"}, "purge_tags": True}, fake, check_mode)
    assert result["changed"]
    assert result["task_definition"]["tags"] == {"a": "b", "aws:cloudformation:stack-name": "s"}
    writes = fake.methods()[1:]
    assert writes == ([] if check_mode else ["untag_resource", "tag_resource"])


def test_check_mode_predicts_and_registers_nothing(run: Run, client: Any) -> None:
    fake = client(describe_task_definition=revision())
    result = run(task_definition, {**PARAMS, "cpu": "1 vCPU"}, fake, check_mode=True)
    assert (result["changed"], result["task_definition"]["cpu"]) == (True, "1 vCPU")
    assert (result["diff"]["before"].get("cpu"), result["diff"]["after"]["cpu"]) == (None, "1024")
    assert fake.methods() == ["describe_task_definition"]


def pages(**parameters: Any) -> dict[str, Any]:
    numbers = {"ACTIVE": [5, 4], "INACTIVE": [3, 2]}[parameters["status"]]
    # ECS matches the name of the family; a reply with another one must still do no harm.
    return {"taskDefinitionArns": [f"{ARN}web:{number}" for number in numbers] + [f"{ARN}web-admin:9"]}


@pytest.mark.parametrize(
    ("params", "deregistered", "deleted"),
    [
        ({}, [5, 4], []),
        ({"revisions": [4, 3]}, [4], []),
        ({"delete": True}, [5, 4], [5, 4, 3, 2]),
        ({"delete": True, "revisions": [2]}, [], [2]),
        ({"revisions": [3]}, [], []),
    ],
)
def test_absent(run: Run, client: Any, params: dict[str, Any], deregistered: list[int], deleted: list[int]) -> None:
    replies = {"list_task_definitions": pages, "deregister_task_definition": {}, "delete_task_definitions": {}}
    fake = client(**replies)
    result = run(task_definition, {"family": "web", "state": "absent", **params}, fake)
    assert result["changed"] is bool(deregistered or deleted)
    assert result["deregistered"] == [f"{ARN}web:{number}" for number in deregistered]
    assert result["deleted"] == [f"{ARN}web:{number}" for number in deleted]
    assert fake.methods().count("deregister_task_definition") == len(deregistered)
    assert fake.methods().count("delete_task_definitions") == bool(deleted)

    fake = client(list_task_definitions=pages)
    predicted = run(task_definition, {"family": "web", "state": "absent", **params}, fake, check_mode=True)
    assert predicted == result


def test_what_was_not_deleted_is_a_failure(run: Run, client: Any) -> None:
    failures = {"failures": [{"arn": f"{ARN}web:5", "reason": "still ACTIVE"}]}
    fake = client(list_task_definitions=pages, deregister_task_definition={}, delete_task_definitions=failures)
    result = run(task_definition, {"family": "web", "state": "absent", "delete": True}, fake)
    assert "web:5: still ACTIVE" in result["msg"]


# --- task_definition_info ---


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"task_definitions": ["web:"]}, "'web:'"),
        ({"family": "a b"}, "Option family"),
        ({"family_prefix": "a/"}, "Option family_prefix"),
        ({"status": "DELETE_IN_PROGRESS"}, "name the family"),
    ],
)
def test_info_refuses_before_any_call(run: Run, params: dict[str, Any], message: str) -> None:
    assert message in run(task_definition_info, params)["msg"]


def test_info_describes_each_once(run: Run, client: Any) -> None:
    fake = client(describe_task_definition=[revision(), unknown()])
    result = run(task_definition_info, {"task_definitions": ["web", "web", "other"]}, fake)
    assert [one["task_definition_arn"] for one in result["task_definitions"]] == [f"{ARN}web:3"]
    assert result["missing"] == ["other"]


def test_info_lists_families_and_describes_nothing(run: Run, client: Any) -> None:
    fake = client(list_task_definition_families=[{"families": ["a"], "nextToken": "t"}, {"families": ["b"]}])
    assert run(task_definition_info, {}, fake)["families"] == ["a", "b"]
    assert fake.calls[0][1] == {"status": "ACTIVE"}
