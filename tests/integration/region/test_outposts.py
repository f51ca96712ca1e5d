# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outposts: sites, life cycle, hardware, capacity tasks."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.region.testing import RunningRegion

from .expect import refused

ADDRESS = {
    "ContactName": "Ada",
    "ContactPhoneNumber": "+4712345678",
    "AddressLine1": "Street 1",
    "City": "Oslo",
    "StateOrRegion": "Oslo",
    "PostalCode": "0150",
    "CountryCode": "NO",
}


@pytest.fixture
def outposts(client: Any) -> Any:
    return client("outposts")


def test_sites(outposts: Any) -> None:
    site = outposts.create_site(Name="Oslo", Tags={"a": "1"}, OperatingAddress=ADDRESS)["Site"]
    assert site["SiteArn"] == f"arn:aws:outposts:us-west-2:111122223333:site/{site['SiteId']}"
    assert (site["OperatingAddressCity"], site["Tags"]) == ("Oslo", {"a": "1"})
    outposts.create_site(Name="Bergen")
    assert [one["Name"] for one in outposts.list_sites()["Sites"]] == ["Oslo", "Bergen"]
    assert [one["Name"] for one in outposts.list_sites(OperatingAddressCityFilter=["Oslo"])["Sites"]] == ["Oslo"]
    outposts.update_site(SiteId=site["SiteArn"], Notes="n")
    assert outposts.get_site(SiteId=site["SiteId"])["Site"]["Notes"] == "n"
    address = outposts.get_site_address(SiteId=site["SiteId"], AddressType="OPERATING_ADDRESS")["Address"]
    assert address == ADDRESS
    with refused("NotFoundException", "SHIPPING_ADDRESS"):
        outposts.get_site_address(SiteId=site["SiteId"], AddressType="SHIPPING_ADDRESS")
    moved = {**ADDRESS, "City": "Bergen"}
    outposts.update_site_address(SiteId=site["SiteId"], AddressType="SHIPPING_ADDRESS", Address=moved)
    shipped = outposts.get_site_address(SiteId=site["SiteId"], AddressType="SHIPPING_ADDRESS")["Address"]
    assert shipped["City"] == "Bergen"
    rack = outposts.update_site_rack_physical_properties(SiteId=site["SiteId"], PowerPhase="THREE_PHASE")["Site"]
    assert rack["RackPhysicalProperties"] == {"PowerPhase": "THREE_PHASE"}
    outposts.delete_site(SiteId=site["SiteId"])
    with refused("NotFoundException") as refusal:
        outposts.get_site(SiteId=site["SiteId"])
    assert refusal.status == 404


def test_hardware_that_can_be_had(outposts: Any) -> None:
    first = outposts.list_orderable_instance_types()["InstanceTypes"]
    assert {"c5.large", "m5.24xlarge"} <= {one["InstanceType"] for one in first}
    assert outposts.list_orderable_instance_types(OutpostGenerationFilter="GENERATION_2")["InstanceTypes"] == []


def test_the_life_of_an_outpost(region: RunningRegion, outposts: Any) -> None:
    site = outposts.create_site(Name="Oslo")["Site"]["SiteId"]
    with refused("ValidationException", "us-east-1a"):
        outposts.create_outpost(Name="o", SiteId=site, AvailabilityZone="us-east-1a")
    outpost = outposts.create_outpost(Name="o", SiteId=site, AvailabilityZoneId="usw2-az1")["Outpost"]
    assert (outpost["LifeCycleStatus"], outpost["AvailabilityZone"]) == ("PENDING", "us-west-2b")
    assert outposts.list_assets(OutpostIdentifier=outpost["OutpostId"])["Assets"] == []
    region.outpost(outpost_id=outpost["OutpostId"])
    # Also by ARN, whose slash travels quoted in the path.
    assert outposts.get_outpost(OutpostId=outpost["OutpostArn"])["Outpost"]["LifeCycleStatus"] == "ACTIVE"
    with refused("ConflictException"):
        outposts.delete_site(SiteId=site)
    outposts.update_outpost(OutpostId=outpost["OutpostId"], Description="d")
    assert outposts.list_outposts(LifeCycleStatusFilter=["ACTIVE"])["Outposts"][0]["Description"] == "d"
    assert outposts.list_outposts(AvailabilityZoneFilter=["us-west-2a"])["Outposts"] == []
    outposts.delete_outpost(OutpostId=outpost["OutpostId"])
    with refused("NotFoundException", outpost["OutpostId"]):
        outposts.get_outpost(OutpostId=outpost["OutpostId"])


def test_lists_come_in_pages(region: RunningRegion, outposts: Any) -> None:
    for name in "abc":
        region.outpost(name=name)
    pages = outposts.get_paginator("list_outposts").paginate(PaginationConfig={"PageSize": 2})
    assert [[one["Name"] for one in page["Outposts"]] for page in pages] == [["a", "b"], ["c"]]
    assert [entry["page_token"] for entry in region.calls(service="outposts", action="ListOutposts")] == [False, True]
    with refused("ValidationException", "NextToken"):
        outposts.list_sites(NextToken="1##abc")


def test_tags(region: RunningRegion, outposts: Any) -> None:
    arn = region.outpost(tags={"a": "1"})["outpost_arn"]
    outposts.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    outposts.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert outposts.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}


def test_hardware(region: RunningRegion, outposts: Any) -> None:
    identity = region.outpost(hosts=[{"c5.large": 4, "c5.xlarge": 2}, {"m5.large": 3}])["outpost_id"]
    assets = outposts.list_assets(OutpostIdentifier=identity)["Assets"]
    assert [asset["ComputeAttributes"]["InstanceFamilies"] for asset in assets] == [["c5"], ["m5"]]
    assert assets[0]["ComputeAttributes"]["InstanceTypeCapacities"] == [
        {"InstanceType": "c5.large", "Count": 4},
        {"InstanceType": "c5.xlarge", "Count": 2},
    ]
    configured = outposts.get_outpost_instance_types(OutpostId=identity)["InstanceTypes"]
    assert [(one["InstanceType"], one["VCPUs"]) for one in configured] == [
        ("c5.large", 2),
        ("c5.xlarge", 4),
        ("m5.large", 2),
    ]
    supported = outposts.get_outpost_supported_instance_types(OutpostIdentifier=identity)["InstanceTypes"]
    assert {"c5.24xlarge", "m5.4xlarge"} < {one["InstanceType"] for one in supported}
    assert outposts.list_assets(OutpostIdentifier=identity, StatusFilter=["RETIRING"])["Assets"] == []


def test_what_cannot_be_delivered(region: RunningRegion) -> None:
    for order, message in (
        ({"hosts": [{"c5.huge": 1}]}, "unknown instance types: c5.huge"),
        ({"hosts": [{"c5.large": 1, "m5.large": 1}]}, "one family"),
        ({"hosts": [{"c5.24xlarge": 2}]}, "96 vCPUs"),
        ({"hosts": [{"c6id.large": 1}]}, "hardware of type RACK"),
        ({"outpost_id": "op-1"}, "waits for its hardware"),
        ({"availability_zone": "us-east-1a"}, "not in us-west-2"),
        ({"racks": 2}, "unknown: racks"),
    ):
        with pytest.raises(ValueError, match=message):
            region.outpost(**order)
    with pytest.raises(ValueError, match="there is no Outpost"):
        region.control("POST", "outposts/op-1/link", {"state": "down"})


def _start(outposts: Any, identity: str, counts: dict[str, int], **more: Any) -> dict[str, Any]:
    pools = [{"InstanceType": name, "Count": count} for name, count in counts.items()]
    task: dict[str, Any] = outposts.start_capacity_task(OutpostIdentifier=identity, InstancePools=pools, **more)
    return task


def _capacities(outposts: Any, identity: str) -> list[dict[str, int]]:
    assets = outposts.list_assets(OutpostIdentifier=identity)["Assets"]
    return [
        {one["InstanceType"]: one["Count"] for one in asset["ComputeAttributes"]["InstanceTypeCapacities"]}
        for asset in assets
    ]


def test_a_capacity_task_reshapes_an_outpost(region: RunningRegion, outposts: Any) -> None:
    identity = region.outpost(hosts=[{"c5.large": 4}])["outpost_id"]
    task = _start(outposts, identity, {"c5.xlarge": 2})
    assert task["CapacityTaskStatus"] == "REQUESTED"
    with refused("ConflictException", "active capacity task"):
        _start(outposts, identity, {"c5.large": 1})
    assert _capacities(outposts, identity) == [{"c5.large": 4}]
    region.advance(2)
    where = {"OutpostIdentifier": identity, "CapacityTaskId": task["CapacityTaskId"]}
    assert outposts.get_capacity_task(**where)["CapacityTaskStatus"] == "IN_PROGRESS"
    region.advance(10)
    done = outposts.get_capacity_task(**where)
    assert done["CapacityTaskStatus"] == "COMPLETED"
    assert done["CompletionDate"] >= done["CreationDate"]
    assert _capacities(outposts, identity) == [{"c5.xlarge": 2}]
    with refused("ConflictException", "COMPLETED"):
        outposts.cancel_capacity_task(**where)
    assert [one["CapacityTaskId"] for one in outposts.list_capacity_tasks()["CapacityTasks"]] == [
        where["CapacityTaskId"]
    ]
    assert outposts.list_capacity_tasks(CapacityTaskStatusFilter=["FAILED"])["CapacityTasks"] == []


def test_a_dry_run_changes_nothing(region: RunningRegion, outposts: Any) -> None:
    identity = region.outpost(hosts=[{"c5.large": 4}])["outpost_id"]
    assert _start(outposts, identity, {"c5.24xlarge": 1}, DryRun=True)["CapacityTaskStatus"] == "COMPLETED"
    region.advance(60)
    assert _capacities(outposts, identity) == [{"c5.large": 4}]


@pytest.mark.parametrize("counts", [{"c5.24xlarge": 2}, {"r5.large": 1}])
def test_a_configuration_that_does_not_fit_fails(region: RunningRegion, outposts: Any, counts: dict[str, int]) -> None:
    identity = region.outpost(hosts=[{"c5.large": 4}])["outpost_id"]
    task = _start(outposts, identity, counts)
    assert (task["CapacityTaskStatus"], task["Failed"]["Type"]) == ("FAILED", "UNSUPPORTED_CAPACITY_CONFIGURATION")


def test_a_task_can_be_cancelled(region: RunningRegion, outposts: Any) -> None:
    identity = region.outpost(hosts=[{"c5.large": 4}])["outpost_id"]
    task = _start(outposts, identity, {"c5.xlarge": 1})
    outposts.cancel_capacity_task(OutpostIdentifier=identity, CapacityTaskId=task["CapacityTaskId"])
    region.advance(60)
    assert _capacities(outposts, identity) == [{"c5.large": 4}]
