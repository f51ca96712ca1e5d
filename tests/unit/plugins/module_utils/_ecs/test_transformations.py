# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs import transformations as shapes


def test_cluster() -> None:
    shaped = shapes.shape_cluster(
        {
            "clusterArn": "arn",
            "clusterName": "edge",
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 2,
            "settings": [{"name": "containerInsights", "value": "enabled"}],
            "configuration": {"executeCommandConfiguration": {"logConfiguration": {"s3BucketName": "b"}}},
            "tags": [{"key": "fleet", "value": "retail"}],
            "attachments": [],
            "serviceConnectDefaults": {"namespace": ""},
            "capacityProviders": ["FARGATE"],
            "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
        }
    )
    assert shaped == {
        "cluster_arn": "arn",
        "cluster_name": "edge",
        "status": "ACTIVE",
        "registered_container_instances_count": 2,
        "settings": {"containerInsights": "enabled"},
        "configuration": {"execute_command_configuration": {"log_configuration": {"s3_bucket_name": "b"}}},
        "capacity_providers": ["FARGATE"],
        "default_capacity_provider_strategy": [{"capacity_provider": "FARGATE", "weight": 1, "base": 0}],
        "service_connect_defaults": {},
        "tags": {"fleet": "retail"},
    }


def test_configuration_survives_the_way_there_and_back() -> None:
    members = ["kmsKeyId", "cloudWatchLogGroupName", "cloudWatchEncryptionEnabled", "s3BucketName", "s3KeyPrefix"]
    original = {"executeCommandConfiguration": dict.fromkeys([*members, "s3EncryptionEnabled"], "x")}
    shaped = shapes.shape_cluster({"configuration": original})["configuration"]
    assert set(shaped["execute_command_configuration"]) >= {"kms_key_id", "s3_key_prefix", "cloud_watch_log_group_name"}
    assert shapes.configuration_to_api(shaped) == original


def test_members_left_out_are_pruned() -> None:
    given = {"a": {"b": None, "c": {"d": None}}, "e": False, "f": "x"}
    assert shapes.prune(given) == {"e": False, "f": "x"}


def test_container_instance() -> None:
    shaped = shapes.shape_container_instance(
        {
            "containerInstanceArn": "arn",
            "ec2InstanceId": "mi-1",
            "status": "ACTIVE",
            "agentConnected": True,
            "registeredAt": datetime(2026, 11, 21, 22, 45, tzinfo=UTC),
            "versionInfo": {"agentVersion": "1.105.1"},
            "attributes": [{"name": "site", "value": "lyon"}, {"name": "ecs.capability.external"}],
            "tags": [{"key": "fleet", "value": "retail"}],
            "registeredResources": [
                {"name": "CPU", "type": "INTEGER", "integerValue": 4096, "longValue": 0, "doubleValue": 0.0},
                {"name": "PORTS", "type": "STRINGSET", "integerValue": 0, "stringSetValue": ["22"]},
            ],
        }
    )
    assert shaped["registered_at"] == "2026-11-21T22:45:00+00:00"
    assert shaped["attributes"] == {"site": "lyon", "ecs.capability.external": ""}
    assert shaped["tags"] == {"fleet": "retail"}
    assert shaped["registered_resources"] == {"CPU": 4096, "PORTS": ["22"]}
    assert shaped["remaining_resources"] == {}
    assert shaped["agent_version"] == "1.105.1"
    assert shaped["docker_version"] is None
    assert shaped["running_tasks_count"] == 0
