# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults by rate, count, caller and code; what the call log tells."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.region.testing import Refused, RunningRegion

from .conftest import CLUSTER, ROLE
from .expect import refused


def test_a_rate_admits_a_burst_and_then_so_many_a_second(region: RunningRegion, ecs: Any) -> None:
    region.fault("ecs", "ListClusters", "rate", rate=0.01, burst=3)
    for _ in range(3):
        ecs.list_clusters()
    for _ in range(2):
        with refused("ThrottlingException", "Rate exceeded"):
            ecs.list_clusters()
    ecs.describe_clusters()  # another action has a bucket of its own
    region.advance(100)
    ecs.list_clusters()
    with refused("ThrottlingException"):
        ecs.list_clusters()
    region.advance(1_000_000)
    for _ in range(3):
        ecs.list_clusters()
    with refused("ThrottlingException"):
        ecs.list_clusters()
    assert region.control("GET", "faults")["faults"][0]["burst"] == 3


def test_a_fault_for_one_caller(region: RunningRegion, ecs: Any, ssm: Any) -> None:
    activation = region.activate(ROLE, limit=2)
    hit, spared = region.host(activation), region.host(activation)
    region.fault("ssm", "UpdateInstanceInformation", "error", caller=hit.id, count=2)
    spared.ping()
    for _ in range(2):
        with pytest.raises(Refused, match="InternalFailure"):
            hit.ping()
    hit.ping()


def test_a_fault_may_come_later_and_bear_any_code(region: RunningRegion, client: Any) -> None:
    ec2 = client("ec2")
    region.fault(
        "ec2", "DescribeVpcs", "error", skip=2, code="InsufficientInstanceCapacity", message="Full.", status=503
    )
    ec2.describe_vpcs()
    ec2.describe_vpcs()
    with refused("InsufficientInstanceCapacity", "Full.") as refusal:
        ec2.describe_vpcs()
    assert refusal.status == 503
    ec2.describe_vpcs()
    region.fault("outposts", "ListOutposts", "throttle")
    with refused("ThrottlingException") as refusal:
        client("outposts").list_outposts()
    assert refusal.status == 429


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"kind": "rate", "rate": 0}, "rate must be"),
        ({"kind": "rate", "burst": 0}, "burst must be"),
        ({"kind": "error", "status": 404}, "status must be"),
        ({"kind": "error", "code": 7}, "code must be"),
        ({"kind": "error", "skip": -1}, "skip must be"),
    ],
)
def test_orders_that_make_no_sense(region: RunningRegion, order: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        region.control("POST", "faults", order)


def test_a_defect_of_a_handler_is_an_error_in_the_services_form(
    monkeypatch: pytest.MonkeyPatch, region: RunningRegion, client: Any, ecs: Any
) -> None:
    from sandbox.region import registry

    def broken(_params: Any, _context: Any) -> Any:
        raise KeyError("gone")

    for service, action, call in (
        ("ecs", "ListClusters", ecs.list_clusters),
        ("ec2", "DescribeLocalGateways", client("ec2").describe_local_gateways),
    ):
        monkeypatch.setitem(registry._HANDLERS, (service, action), broken)
        with refused("InternalFailure", "KeyError: 'gone'") as refusal:
            call()
        assert refusal.status == 500


def test_the_log_counts_pages_and_sums_up(region: RunningRegion, ecs: Any) -> None:
    for number in range(4):
        ecs.create_cluster(clusterName=f"c{number}")
    for _ in range(2):
        list(ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 2}))
    assert [entry["page"] for entry in region.calls(action="ListClusters")] == [1, 2, 3, 1, 2, 3]
    assert len(region.calls(action="ListClusters", page=3)) == 2
    ecs.delete_cluster(cluster=CLUSTER)
    with refused("ClusterNotFoundException"):
        ecs.delete_cluster(cluster="gone")
    (failed,) = region.calls(error="ClusterNotFoundException", status=400)
    assert failed["action"] == "DeleteCluster"
    assert region.summary(service="ecs")[0] == {"service": "ecs", "action": "ListClusters", "count": 6}
    assert region.summary("action,page", action="ListClusters")[0] == {"action": "ListClusters", "page": 1, "count": 2}
    with pytest.raises(ValueError, match="by takes"):
        region.summary("colour")
