# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.tags import TagChange
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs.clusters import (
    ClusterChange,
    WantedCluster,
    compare,
    create,
    describe,
    predict,
    update,
)

CURRENT: dict[str, Any] = {
    "cluster_arn": "arn",
    "cluster_name": "edge",
    "status": "ACTIVE",
    "settings": {"containerInsights": "disabled"},
    "configuration": {"execute_command_configuration": {"logging": "DEFAULT", "kms_key_id": "k"}, "other": {"x": 1}},
    "tags": {"fleet": "retail"},
}


def test_what_was_not_asked_is_not_touched() -> None:
    assert not compare(CURRENT, WantedCluster("edge"))
    assert not compare(CURRENT, WantedCluster("edge", settings={}, configuration={}, tags={}))


def test_a_changed_member_carries_its_neighbours_over() -> None:
    wanted = WantedCluster("edge", configuration={"execute_command_configuration": {"logging": "NONE"}})
    change = compare(CURRENT, wanted)
    assert change.configuration == {
        "execute_command_configuration": {"logging": "NONE", "kms_key_id": "k"},
        "other": {"x": 1},
    }
    assert change.settings is None
    assert not change.tags


def test_prediction_equals_what_a_second_comparison_calls_unchanged() -> None:
    wanted = WantedCluster(
        "edge", {"containerInsights": "enabled"}, {"other": {"y": 2}}, {"owner": "ops"}, purge_tags=True
    )
    after = predict(CURRENT, wanted)
    assert after["tags"] == {"owner": "ops"}
    assert after["configuration"]["other"] == {"x": 1, "y": 2}
    assert not compare(after, wanted)
    assert not compare(predict(None, wanted), wanted)


def test_a_deleted_cluster_is_not_there(client: Callable[..., Any]) -> None:
    assert (
        describe(client(describe_clusters={"clusters": [{"clusterName": "edge", "status": "INACTIVE"}]}), "edge")
        is None
    )
    assert describe(client(describe_clusters={"clusters": [], "failures": [{"reason": "MISSING"}]}), "edge") is None
    fake = client(describe_clusters={"clusters": [{"clusterName": "edge", "status": "ACTIVE"}]})
    found = describe(fake, "edge")
    assert found and found["cluster_name"] == "edge"
    assert fake.calls[0][1]["include"] == ["CONFIGURATIONS", "SETTINGS", "TAGS"]


def test_create_sends_only_what_was_asked(client: Callable[..., Any]) -> None:
    fake = client(create_cluster={})
    create(fake, WantedCluster("edge"))
    create(fake, WantedCluster("edge", {"containerInsights": "enabled"}, {"a_b": {"c_d": 1}}, {"fleet": "retail"}))
    assert [parameters for _method, parameters in fake.calls] == [
        {"clusterName": "edge"},
        {
            "clusterName": "edge",
            "settings": [{"name": "containerInsights", "value": "enabled"}],
            "configuration": {"aB": {"cD": 1}},
            "tags": [{"key": "fleet", "value": "retail"}],
        },
    ]


def test_tags_alone_need_no_update_cluster(client: Callable[..., Any]) -> None:
    fake = client(tag_resource={}, untag_resource={})
    update(fake, CURRENT, ClusterChange(tags=TagChange(put={"a": "1"}, drop=["fleet"])))
    assert fake.calls == [
        ("untag_resource", {"resourceArn": "arn", "tagKeys": ["fleet"]}),
        ("tag_resource", {"resourceArn": "arn", "tags": [{"key": "a", "value": "1"}]}),
    ]
