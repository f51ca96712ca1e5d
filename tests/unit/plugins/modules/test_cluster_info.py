# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.modules import cluster_info

Run = Callable[..., dict[str, Any]]


def edge(name: str, status: str = "ACTIVE") -> dict[str, Any]:
    tags = [{"key": "fleet", "value": name}]
    statistics = [{"name": "runningExternalTasksCount", "value": "3"}]
    return {"clusterArn": f"arn/{name}", "clusterName": name, "status": status, "tags": tags, "statistics": statistics}


def test_bad_input_fails_before_any_call(run: Run) -> None:
    assert "Option clusters: 'retail edge'" in run(cluster_info, {"clusters": ["retail edge"]})["msg"]


def test_a_deleted_cluster_is_missing_and_nobody_is_not_everybody(run: Run, client: Any) -> None:
    fake = client(describe_clusters={"clusters": [edge("b"), edge("a"), edge("c", "INACTIVE")]})
    result = run(cluster_info, {"clusters": ["a", "b", "c"], "include_statistics": True}, fake)
    assert [cluster["cluster_name"] for cluster in result["clusters"]] == ["a", "b"]
    assert result["clusters"][0]["statistics"] == {"runningExternalTasksCount": 3}
    assert result["missing"] == ["c"]
    assert "STATISTICS" in fake.calls[0][1]["include"]
    assert run(cluster_info, {"clusters": []}, client())["clusters"] == []


def test_tags_choose_and_make_nobody_missing(run: Run, client: Any) -> None:
    fake = client(
        list_clusters={"clusterArns": ["arn/a", "arn/b"]}, describe_clusters={"clusters": [edge("a"), edge("b")]}
    )
    result = run(cluster_info, {"tags": {"fleet": "b"}}, fake)
    assert [cluster["cluster_name"] for cluster in result["clusters"]] == ["b"]
    assert result["missing"] == []
    assert "STATISTICS" not in fake.calls[1][1]["include"]
