# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import Refused
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.service import Service, batches
from botocore.exceptions import ClientError, EndpointConnectionError

ECS = Service("ecs", "nextToken", {"ClusterNotFoundException": "Create it first."})


def refusal(code: str, text: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"RequestId": "r-1"}}, "Any")


def test_a_refusal_tells_operation_code_request_and_what_to_do(client: Callable[..., Any]) -> None:
    fake = client(list_clusters=refusal("ClusterNotFoundException", "Cluster not found."))
    with pytest.raises(Refused) as caught:
        ECS.call(fake, "list_clusters", "list the clusters")
    assert str(caught.value) == (
        "Could not list the clusters: ecs:ListClusters was refused with ClusterNotFoundException: Cluster not found "
        "(request r-1). Create it first."
    )
    assert caught.value.result()["error"] == {
        "operation": "ecs:ListClusters",
        "code": "ClusterNotFoundException",
        "message": "Cluster not found.",
        "request_id": "r-1",
    }
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    ("text", "shown"), [("Gone.", ": Gone "), ("Gone", ": Gone "), ("Gone. ", ": Gone "), ("", " ")]
)
def test_the_end_of_a_message_of_aws_is_no_second_full_stop(client: Callable[..., Any], text: str, shown: str) -> None:
    with pytest.raises(Refused) as caught:
        ECS.call(client(list_clusters=refusal("InvalidResourceId", text)), "list_clusters", "list")
    assert str(caught.value).endswith(f"was refused with InvalidResourceId{shown}(request r-1).")


def test_no_answer_ends_with_one_full_stop(client: Callable[..., Any]) -> None:
    fake = client(list_clusters=EndpointConnectionError(endpoint_url="https://ecs.nowhere."))
    with pytest.raises(Refused) as caught:
        ECS.call(fake, "list_clusters", "list")
    assert ".." not in str(caught.value)


def test_a_missing_permission_is_named(client: Callable[..., Any]) -> None:
    with pytest.raises(Refused, match="Allow ecs:ListClusters to the identity"):
        ECS.call(client(list_clusters=refusal("AccessDeniedException")), "list_clusters", "list")


def test_an_unreachable_endpoint_is_told_apart(client: Callable[..., Any]) -> None:
    fake = client(list_clusters=EndpointConnectionError(endpoint_url="https://ecs.nowhere"))
    with pytest.raises(Refused, match="ecs:ListClusters got no answer: .*ecs.nowhere.*proxy") as caught:
        ECS.call(fake, "list_clusters", "list")
    assert caught.value.code == "EndpointConnectionError"


@pytest.mark.parametrize("code", ["ThrottlingException", "ServerException", "TooManyUpdates", "RequestLimitExceeded"])
def test_what_passes_is_tried_again(client: Callable[..., Any], naps: list[float], code: str) -> None:
    fake = client(list_clusters=[refusal(code), refusal(code), {"clusterArns": []}])
    assert ECS.call(fake, "list_clusters", "list") == {"clusterArns": []}
    assert len(fake.calls) == 3
    assert len(naps) == 2


def test_patience_ends(client: Callable[..., Any]) -> None:
    fake = client(list_clusters=refusal("ThrottlingException"))
    with pytest.raises(Refused, match="fewer sites in parallel"):
        ECS.call(fake, "list_clusters", "list")
    assert len(fake.calls) == 5


def test_pages_are_read_to_the_end_and_retried_one_by_one(client: Callable[..., Any]) -> None:
    pages = [
        {"arns": [1, 2], "nextToken": "t1"},
        refusal("ThrottlingException"),
        {"arns": [3], "nextToken": "t2"},
        {"arns": []},
    ]
    fake = client(list_things=pages)
    assert ECS.call_all(fake, "list_things", "arns", "list", cluster="c") == [1, 2, 3]
    assert [parameters for _method, parameters in fake.calls] == [
        {"cluster": "c"},
        {"cluster": "c", "nextToken": "t1"},
        {"cluster": "c", "nextToken": "t1"},
        {"cluster": "c", "nextToken": "t2"},
    ]


def test_batches() -> None:
    assert list(batches(list(range(5)), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batches([], 2)) == []
