# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules cost in calls, and how they behave when AWS or a host is late."""

from __future__ import annotations

import time
from typing import Any

import pytest

CLUSTER = "retail-edge"
MANY = 250


@pytest.mark.one_end
def test_calls_grow_with_pages_and_not_with_hosts(ansible: Any, fleet: Any, region: Any) -> None:
    site = fleet(MANY)
    asked = {"cluster": CLUSTER, "container_instances": site.ids}

    result = ansible.module("container_instance", state="active", wait=True, **asked)
    assert len(result["container_instances"]) == MANY
    assert not result["changed"]
    assert ansible.calls() == {"ecs:ListContainerInstances": 3, "ecs:DescribeContainerInstances": 3}

    region.control("DELETE", "calls")
    result = ansible.module("container_instance", state="draining", attributes={"site": "lyon"}, wait=True, **asked)
    assert {item["status"] for item in result["container_instances"]} == {"DRAINING"}
    assert ansible.calls() == {
        "ecs:ListContainerInstances": 3,
        "ecs:DescribeContainerInstances": 6,
        "ecs:UpdateContainerInstancesState": 25,
        "ecs:PutAttributes": 25,
    }

    region.control("DELETE", "calls")
    result = ansible.module("container_instance_info", cluster=CLUSTER, filter="attribute:site == lyon")
    assert len(result["container_instances"]) == MANY
    assert ansible.calls() == {"ecs:ListContainerInstances": 3, "ecs:DescribeContainerInstances": 3}

    region.control("DELETE", "calls")
    result = ansible.module("managed_node_info", tags={"site": "lyon"})
    assert len(result["managed_nodes"]) == MANY
    assert ansible.calls() == {"ssm:DescribeInstanceInformation": 5}


def test_check_mode_writes_no_attribute_and_no_tag(ansible: Any, fleet: Any, region: Any) -> None:
    """What community.aws.ecs_attribute and ecs_tag get wrong: they write in check mode, and fail on these hosts."""
    site = fleet(2)
    labels = {"attributes": {"site": "lyon"}, "tags": {"fleet": "retail"}, "state": "draining"}
    asked = {"cluster": CLUSTER, "container_instances": site.ids, **labels}
    result = ansible.check("container_instance", **asked)
    assert result["changed"]
    assert ansible.calls() == {"ecs:ListContainerInstances": 1, "ecs:DescribeContainerInstances": 1}
    result = ansible.module("container_instance", **asked)
    assert ansible.calls()["ecs:TagResource"] == 2
    assert [item["tags"] for item in result["container_instances"]] == [{"fleet": "retail"}] * 2


@pytest.mark.one_end
def test_throttling_and_cut_connections_are_survived(ansible: Any, fleet: Any, region: Any) -> None:
    site = fleet(3)
    region.fault("ecs", "*", "throttle", count=3)
    region.fault("ecs", "UpdateContainerInstancesState", "reset", count=1)
    region.fault("ecs", "PutAttributes", "error", count=2, status=503)
    result = ansible.module(
        "container_instance",
        cluster=CLUSTER,
        container_instances=site.ids,
        state="draining",
        attributes={"site": "lyon"},
    )
    assert result["changed"], result
    assert {item["status"] for item in result["container_instances"]} == {"DRAINING"}
    assert {item["attributes"]["site"] for item in result["container_instances"]} == {"lyon"}


@pytest.mark.one_end
def test_endless_throttling_is_told_with_operation_code_and_advice(ansible: Any, fleet: Any, region: Any) -> None:
    fleet(1)
    region.fault("ecs", "ListContainerInstances", "throttle", count=1_000_000)
    # A user's own setting goes over ours; here it saves the repetitions of the lower layer.
    impatient = {"retries": {"total_max_attempts": 1, "mode": "standard"}}
    result = ansible.module("container_instance_info", cluster=CLUSTER, aws_config=impatient)
    assert result["failed"]
    assert ansible.calls() == {"ecs:ListContainerInstances": 5}
    assert result["error"]["operation"] == "ecs:ListContainerInstances"
    assert result["error"]["code"] == "ThrottlingException"
    assert result["error"]["request_id"] in result["msg"]
    assert "fewer sites in parallel" in result["msg"]


@pytest.mark.one_end
def test_hosts_that_register_during_the_wait_are_waited_for_in_one_loop(ansible: Any, fleet: Any) -> None:
    site = fleet(4, join=False)
    site.hosts[0].join(CLUSTER)
    process = ansible.start_module(
        "container_instance",
        cluster=CLUSTER,
        container_instances=site.ids,
        state="active",
        attributes={"site": "lyon"},
        wait=True,
        wait_timeout=60,
    )
    deadline = time.monotonic() + 60
    while not ansible.calls()["ecs:ListContainerInstances"] and time.monotonic() < deadline:
        time.sleep(0.2)
    for host in site.hosts[1:]:
        host.join(CLUSTER)
    assert '"missing": []' in ansible.finish(process)
    calls = ansible.calls()
    assert calls["ecs:PutAttributes"] == 1
    assert calls["ecs:ListContainerInstances"] <= 8, calls


@pytest.mark.one_end
def test_a_wait_that_ends_names_the_silent_host(ansible: Any, fleet: Any) -> None:
    site = fleet(2)
    silent = site.hosts[1]
    silent.register(CLUSTER)
    result = ansible.module(
        "container_instance",
        cluster=CLUSTER,
        container_instances=[site.ids[0], silent.container_instance],
        state="active",
        wait=True,
        wait_timeout=3,
    )
    assert result["failed"]
    assert result["pending"] == {silent.container_instance: "ACTIVE, agent not connected"}
    assert "Waited" in result["msg"]
