# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import cluster

Run = Callable[..., dict[str, Any]]
EDGE = {"clusterArn": "arn", "clusterName": "edge", "status": "ACTIVE", "tags": [{"key": "fleet", "value": "retail"}]}


def described(**changes: Any) -> dict[str, Any]:
    return {"clusters": [{**EDGE, **changes}]}


NOBODY: dict[str, Any] = {"clusters": []}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"name": "retail edge"}, "Option name: 'retail edge'"),
        ({"name": "edge", "settings": {"insights": "on"}}, "containerInsights"),
        ({"name": "edge", "tags": {"a": True}}, "tags.a"),
    ],
)
def test_bad_input_fails_before_any_call(run: Run, params: dict[str, Any], message: str) -> None:
    result = run(cluster, params)
    assert result["failed"]
    assert message in result["msg"]


def test_check_mode_creates_nothing_and_predicts(run: Run, client: Any) -> None:
    fake = client(describe_clusters=NOBODY)
    result = run(cluster, {"name": "edge", "tags": {"fleet": "retail"}}, fake, check_mode=True)
    assert result["changed"]
    assert result["cluster"]["tags"] == {"fleet": "retail"}
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["cluster_name"] == "edge"
    assert fake.methods() == ["describe_clusters"]


def test_a_new_cluster_is_waited_for(run: Run, client: Any, naps: list[float]) -> None:
    looks = [NOBODY, described(status="PROVISIONING"), described()]
    result = run(cluster, {"name": "edge"}, client(describe_clusters=looks, create_cluster={}))
    assert result["changed"]
    assert result["cluster"]["status"] == "ACTIVE"


def test_a_cluster_that_cannot_become_active(run: Run, client: Any, naps: list[float]) -> None:
    fake = client(describe_clusters=[NOBODY, described(status="FAILED"), described(status="FAILED")], create_cluster={})
    result = run(cluster, {"name": "edge"}, fake)
    assert result["msg"] == "edge can no longer be ACTIVE. Last seen: edge: FAILED."


def test_without_wait_nobody_waits(run: Run, client: Any, naps: list[float]) -> None:
    fake = client(describe_clusters=[NOBODY, described(status="PROVISIONING")], create_cluster={})
    assert run(cluster, {"name": "edge", "wait": False}, fake)["cluster"]["status"] == "PROVISIONING"


def test_unchanged_costs_one_call(run: Run, client: Any) -> None:
    fake = client(describe_clusters=described())
    result = run(cluster, {"name": "edge", "tags": {"fleet": "retail"}}, fake)
    assert not result["changed"]
    assert result["diff"]["before"] == result["diff"]["after"]
    assert fake.methods() == ["describe_clusters"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_occupied_cluster_is_not_deleted(run: Run, client: Any, check_mode: bool) -> None:
    fake = client(describe_clusters=described(registeredContainerInstancesCount=3))
    result = run(cluster, {"name": "edge", "state": "absent"}, fake, check_mode)
    assert result["failed"]
    assert "still has 3 container instances" in result["msg"]


def test_deletion_waits_until_it_is_gone(run: Run, client: Any, naps: list[float]) -> None:
    fake = client(describe_clusters=[described(), described(status="DEPROVISIONING"), NOBODY], delete_cluster={})
    result = run(cluster, {"name": "edge", "state": "absent"}, fake)
    assert (result["changed"], result["cluster"], result["diff"]["after"]) == (True, None, {})
    assert fake.methods().count("delete_cluster") == 1


def test_deletion_that_is_under_way_is_not_asked_for_again(run: Run, client: Any, naps: list[float]) -> None:
    fake = client(describe_clusters=[described(status="DEPROVISIONING"), NOBODY])
    assert not run(cluster, {"name": "edge", "state": "absent"}, fake)["changed"]
    again = client(describe_clusters=described(status="DEPROVISIONING"))
    assert "being deleted" in run(cluster, {"name": "edge"}, again)["msg"]


def test_absent_is_idempotent(run: Run, client: Any) -> None:
    result = run(cluster, {"name": "edge", "state": "absent"}, client(describe_clusters=NOBODY))
    assert (result["changed"], result["cluster"]) == (False, None)
