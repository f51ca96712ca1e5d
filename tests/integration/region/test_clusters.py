# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters as boto3 sees them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.region.testing import RunningRegion

from .conftest import CLUSTER, ROLE
from .expect import refused

ARN = f"arn:aws:ecs:us-west-2:111122223333:cluster/{CLUSTER}"


def _describe(ecs: Any, *clusters: str, include: tuple[str, ...] = ()) -> Any:
    return ecs.describe_clusters(clusters=list(clusters), include=list(include))


def test_a_cluster_is_created_once_and_keeps_what_it_has(ecs: Any) -> None:
    tags = [{"key": "fleet", "value": "retail"}]
    first = ecs.create_cluster(clusterName="other", tags=tags)["cluster"]
    again = ecs.create_cluster(clusterName="other", tags=[{"key": "fleet", "value": "lost"}])["cluster"]
    assert (first["status"], first["tags"]) == ("ACTIVE", tags)
    assert again == first


@pytest.mark.parametrize("name", ["with space", "ü", "x" * 256, "a/b"])
def test_a_cluster_name_has_letters_numbers_underscores_and_hyphens(ecs: Any, name: str) -> None:
    with refused("InvalidParameterException", "name"):
        ecs.create_cluster(clusterName=name)


def test_parts_of_a_cluster_are_shown_when_asked_for(ecs: Any) -> None:
    logging = {"executeCommandConfiguration": {"logging": "NONE"}}
    ecs.create_cluster(
        clusterName="other",
        settings=[{"name": "containerInsights", "value": "enabled"}],
        configuration=logging,
        tags=[{"key": "fleet", "value": "retail"}],
    )
    (plain,) = _describe(ecs, "other")["clusters"]
    assert (plain["settings"], plain["tags"], plain["statistics"]) == ([], [], [])
    assert "configuration" not in plain
    (full,) = _describe(ecs, "other", include=("SETTINGS", "CONFIGURATIONS", "TAGS", "STATISTICS"))["clusters"]
    assert full["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    assert full["configuration"] == logging
    assert full["tags"] == [{"key": "fleet", "value": "retail"}]
    assert {"name": "runningEC2TasksCount", "value": "0"} in full["statistics"]
    with refused("InvalidParameterException", "include"):
        _describe(ecs, "other", include=("EVERYTHING",))


def test_clusters_are_found_by_name_and_arn_and_missing_ones_are_failures(ecs: Any) -> None:
    reply = _describe(ecs, CLUSTER, ARN, "gone")
    assert [cluster["clusterArn"] for cluster in reply["clusters"]] == [ARN]
    assert reply["failures"] == [{"arn": ARN.replace(CLUSTER, "gone"), "reason": "MISSING"}]


def test_without_a_name_the_cluster_is_default(ecs: Any) -> None:
    assert ecs.describe_clusters()["failures"][0]["arn"].endswith("cluster/default")
    ecs.create_cluster()
    assert ecs.describe_clusters()["clusters"][0]["clusterName"] == "default"


def test_a_hundred_clusters_are_described_at_once_and_no_more(ecs: Any) -> None:
    names = [f"c{number}" for number in range(101)]
    assert len(_describe(ecs, *names[:100])["failures"]) == 100
    with refused("InvalidParameterException", "100"):
        _describe(ecs, *names)


def test_clusters_are_listed_in_pages(ecs: Any) -> None:
    for number in range(104):
        ecs.create_cluster(clusterName=f"c{number}")
    assert len(ecs.list_clusters()["clusterArns"]) == 100
    pages = list(ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 50}))
    assert [len(page["clusterArns"]) for page in pages] == [50, 50, 5]
    for size in (0, 101):
        with refused("InvalidParameterException", "maxResults"):
            ecs.list_clusters(maxResults=size)
    with refused("InvalidParameterException", "token"):
        ecs.list_clusters(nextToken="nonsense")


def test_a_cluster_is_updated_in_part(ecs: Any) -> None:
    configuration = {"executeCommandConfiguration": {"logging": "NONE"}}
    ecs.update_cluster(cluster=CLUSTER, configuration=configuration)
    ecs.update_cluster(cluster=ARN, settings=[{"name": "containerInsights", "value": "enhanced"}])
    (cluster,) = _describe(ecs, CLUSTER, include=("SETTINGS", "CONFIGURATIONS"))["clusters"]
    assert cluster["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    assert cluster["configuration"] == configuration
    with refused("InvalidParameterException", "containerInsights"):
        ecs.update_cluster_settings(cluster=CLUSTER, settings=[{"name": "containerInsights", "value": "on"}])
    with refused("ClusterNotFoundException"):
        ecs.update_cluster(cluster="gone", settings=[])


def test_a_deleted_cluster_is_inactive_and_may_come_back_without_its_past(ecs: Any) -> None:
    ecs.tag_resource(resourceArn=ARN, tags=[{"key": "old", "value": "1"}])
    assert ecs.delete_cluster(cluster=CLUSTER)["cluster"]["status"] == "INACTIVE"
    assert _describe(ecs, CLUSTER)["clusters"][0]["status"] == "INACTIVE"
    assert ecs.list_clusters()["clusterArns"] == []
    for call in (ecs.delete_cluster, ecs.list_container_instances):
        with refused("ClusterNotFoundException", "Cluster not found."):
            call(cluster=CLUSTER)
    ecs.create_cluster(clusterName=CLUSTER)
    (cluster,) = _describe(ecs, CLUSTER, include=("TAGS",))["clusters"]
    assert (cluster["status"], cluster["tags"]) == ("ACTIVE", [])


def test_a_cluster_with_container_instances_stays(region: RunningRegion, ecs: Any, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    arn = host.join(CLUSTER)
    assert _describe(ecs, CLUSTER)["clusters"][0]["registeredContainerInstancesCount"] == 1
    with refused("ClusterContainsContainerInstancesException"):
        ecs.delete_cluster(cluster=CLUSTER)
    ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=arn)
    assert ecs.delete_cluster(cluster=CLUSTER)["cluster"]["status"] == "INACTIVE"


def test_tags_of_a_cluster(ecs: Any) -> None:
    ecs.tag_resource(resourceArn=ARN, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    ecs.tag_resource(resourceArn=ARN, tags=[{"key": "a", "value": "3"}])
    ecs.untag_resource(resourceArn=ARN, tagKeys=["b", "never there"])
    assert ecs.list_tags_for_resource(resourceArn=ARN)["tags"] == [{"key": "a", "value": "3"}]
    with refused("InvalidParameterException", "reserved"):
        ecs.tag_resource(resourceArn=ARN, tags=[{"key": "aws:x", "value": ""}])
    with refused("InvalidParameterException", "50"):
        ecs.tag_resource(resourceArn=ARN, tags=[{"key": str(number), "value": ""} for number in range(50)])
    with refused("ClusterNotFoundException"):
        ecs.list_tags_for_resource(resourceArn=ARN + "x")
    with refused("InvalidParameterException", "Invalid resource ARN"):
        ecs.list_tags_for_resource(resourceArn="arn:aws:s3:::bucket")


def test_settings_of_a_cluster_change_alone(ecs: Any) -> None:
    wanted = [{"name": "containerInsights", "value": "enhanced"}]
    assert ecs.update_cluster_settings(cluster=CLUSTER, settings=wanted)["cluster"]["settings"] == wanted
