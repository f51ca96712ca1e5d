# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.tags import TagChange
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs.capacity import WantedCapacity
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
    "capacity_providers": ["FARGATE"],
    "default_capacity_provider_strategy": [{"capacity_provider": "FARGATE", "weight": 1, "base": 0}],
    "service_connect_defaults": {"namespace": "shops"},
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


def test_capacity_providers_and_strategy_are_put_together(client: Callable[..., Any]) -> None:
    fake = client(put_cluster_capacity_providers={})
    change = compare(CURRENT, WantedCluster("edge", capacity=WantedCapacity(providers=["factory"])))
    update(fake, CURRENT, change)
    strategy = [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]
    put = {"cluster": "edge", "capacityProviders": ["FARGATE", "factory"], "defaultCapacityProviderStrategy": strategy}
    assert fake.calls == [("put_cluster_capacity_providers", put)]


def test_a_namespace_is_changed_and_taken_away(client: Callable[..., Any]) -> None:
    for namespace, shown in (("factory", {"namespace": "factory"}), ("", {})):
        fake = client(update_cluster={})
        wanted = WantedCluster("edge", namespace=namespace)
        update(fake, CURRENT, compare(CURRENT, wanted))
        asked = {"cluster": "edge", "serviceConnectDefaults": {"namespace": namespace}}
        assert fake.calls == [("update_cluster", asked)]
        assert predict(CURRENT, wanted)["service_connect_defaults"] == shown
    assert not compare(CURRENT, WantedCluster("edge", namespace="shops"))
