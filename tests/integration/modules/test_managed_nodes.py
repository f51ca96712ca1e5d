# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed nodes, activations and clusters: their ladders, and what many of them cost."""

from __future__ import annotations

from typing import Any

import pytest

ROLE = "EdgeHosts"
NARROW = "EdgeHostsNarrow"
MANY = 250
LYON = {"fleet": "retail", "site": "lyon"}


def test_managed_node(ansible: Any, fleet: Any, region: Any) -> None:
    region.create_role(NARROW)
    stranger = region.host(region.activate(ROLE))
    site = fleet(3, join=False)
    ansible.target("managed_node", target_hosts=site.ids, target_stranger=stranger.id, target_role=NARROW)


def test_activation_info(ansible: Any, fleet: Any, region: Any) -> None:
    region.activate(ROLE, DefaultInstanceName="retail-oslo")
    region.advance(90_000)
    site = fleet(2, join=False)
    output = ansible.target("activation_info", target_activation_id=site.activation_id, target_role=ROLE)
    assert "activation_code" not in output


def test_cluster_info(ansible: Any, region: Any) -> None:
    ecs = region.client("ecs")
    ecs.create_cluster(clusterName="retail-edge", tags=[{"key": "fleet", "value": "retail"}])
    ecs.create_cluster(clusterName="lab")
    ecs.create_cluster(clusterName="gone")
    ecs.delete_cluster(cluster="gone")
    ansible.target("cluster_info")


@pytest.mark.one_end
def test_many_nodes_that_are_as_wanted_cost_pages_only(ansible: Any, fleet: Any, region: Any) -> None:
    fleet(MANY, join=False)
    region.create_role(NARROW)
    wanted = {"required_tags": LYON, "iam_role": NARROW, "tags": {"owner": "ops"}}
    region.control("DELETE", "calls")

    result = ansible.module("managed_node", **wanted)
    assert result["changed"], result
    assert len(result["managed_nodes"]) == MANY
    assert ansible.calls() == {
        "ssm:DescribeInstanceInformation": 5 + 1,
        "ssm:ListTagsForResource": MANY,
        "ssm:UpdateManagedInstanceRole": MANY,
        "ssm:AddTagsToResource": MANY,
    }

    region.control("DELETE", "calls")
    result = ansible.module("managed_node", **wanted)
    assert not result["changed"]
    assert ansible.calls() == {"ssm:DescribeInstanceInformation": 5 + 5}

    region.control("DELETE", "calls")
    result = ansible.module("managed_node_info", tags=LYON, include_quota=True)
    assert result["quota"] == {"activation_tier": "standard", "registered_nodes": MANY, "limit": 1000, "free": 750}
    assert ansible.calls() == {"ssm:DescribeInstanceInformation": 5 + 5, "ssm:GetServiceSetting": 1}

    region.control("DELETE", "calls")
    result = ansible.module("managed_node", required_tags=LYON, state="absent")
    assert len(result["diff"]["before"]) == MANY
    assert ansible.calls() == {"ssm:DescribeInstanceInformation": 5, "ssm:DeregisterManagedInstance": MANY}


@pytest.mark.one_end
def test_nodes_survive_throttling(ansible: Any, fleet: Any, region: Any) -> None:
    site = fleet(3, join=False)
    region.fault("ssm", "*", "throttle", count=3)
    region.fault("ssm", "AddTagsToResource", "reset", count=1)
    result = ansible.module("managed_node", instance_ids=site.ids, tags={"owner": "ops"})
    assert result["changed"], result
    again = ansible.module("managed_node", instance_ids=site.ids, tags={"owner": "ops"}, purge_tags=False)
    assert not again["changed"]


@pytest.mark.one_end
def test_many_activations_and_clusters_are_read_in_pages(ansible: Any, region: Any) -> None:
    ssm, ecs = region.client("ssm"), region.client("ecs")
    for number in range(MANY):
        ssm.create_activation(IamRole=ROLE, DefaultInstanceName=f"site-{number}")
        ecs.create_cluster(clusterName=f"edge-{number}")
    region.control("DELETE", "calls")
    region.fault("ssm", "DescribeActivations", "throttle", count=1, skip=2)

    assert len(ansible.module("activation_info")["activations"]) == MANY
    assert ansible.calls() == {"ssm:DescribeActivations": 5 + 1}

    region.control("DELETE", "calls")
    region.fault("ecs", "DescribeClusters", "throttle", count=1)
    result = ansible.module("cluster_info", include_statistics=True)
    assert len(result["clusters"]) == MANY
    assert ansible.calls() == {"ecs:ListClusters": 3, "ecs:DescribeClusters": 3 + 1}


@pytest.mark.one_end
def test_a_namespace_given_by_name_is_known_by_its_arn(ansible: Any, region: Any) -> None:
    cloud_map = region.client("servicediscovery")
    cloud_map.create_http_namespace(Name="shops")
    (namespace,) = cloud_map.list_namespaces()["Namespaces"]
    defaults = {"namespace": namespace["Arn"]}
    region.client("ecs").create_cluster(clusterName="retail-edge", serviceConnectDefaults=defaults)
    result = ansible.module("cluster", name="retail-edge", service_connect_defaults={"namespace": "shops"})
    assert not result["changed"], result
    assert result["cluster"]["service_connect_defaults"] == defaults
