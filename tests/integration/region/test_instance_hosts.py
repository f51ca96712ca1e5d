# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances with hosts of their own: orders for the hosts, metadata, and the agents that speak for themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.credentials import Credentials

from sandbox.region.testing import Refused, RunningRegion, Wire

from .conftest import CLUSTER
from .test_outpost_instances import TRUST_EC2, USER_DATA

ADDRESS = "198.18.4.11"


@pytest.fixture
def region(region: RunningRegion) -> Iterator[RunningRegion]:
    """The Region of all contract tests, as if started with --instance-hosts."""
    before = region.state.settings
    region.state.settings = replace(before, instance_hosts=True)
    region.client("ecs").create_cluster(clusterName=CLUSTER)
    yield region
    region.state.settings = before


def _profile(region: RunningRegion, trust: dict[str, Any]) -> None:
    iam = region.client("iam")
    iam.create_role(RoleName="Depot", AssumeRolePolicyDocument=json.dumps(trust))
    iam.create_instance_profile(InstanceProfileName="Depot")
    iam.add_role_to_instance_profile(InstanceProfileName="Depot", RoleName="Depot")


def _launch(region: RunningRegion, user_data: str = USER_DATA, **more: Any) -> dict[str, Any]:
    ec2 = region.client("ec2")
    outpost = region.outpost(name="The Depot", hosts=[{"c5.large": 2}])
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    place = {"OutpostArn": outpost["outpost_arn"], "AvailabilityZone": outpost["availability_zone"]}
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24", **place)["Subnet"]["SubnetId"]
    wanted = {"ImageId": "ami-12345678", "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1, **more}
    launched: dict[str, Any] = ec2.run_instances(SubnetId=subnet, UserData=user_data, **wanted)["Instances"][0]
    return {**launched, "outpost": outpost["outpost_id"]}


@pytest.fixture
def instance(region: RunningRegion) -> dict[str, Any]:
    _profile(region, TRUST_EC2)
    return _launch(region, IamInstanceProfile={"Name": "Depot"})


def _orders(region: RunningRegion) -> dict[str, dict[str, Any]]:
    told = region.control("GET", "ec2/hosts")
    assert told["enabled"]
    return {order["id"]: order for order in told["hosts"]}


def _pages(region: RunningRegion, identity: str) -> dict[str, str]:
    return dict(region.control("GET", f"ec2/hosts/{identity}/metadata"))


def _credentials(pages: dict[str, str]) -> Credentials:
    told = json.loads(pages["meta-data/iam/security-credentials/Depot"])
    return Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["Token"])


def _register(region: RunningRegion, pages: dict[str, str], **more: Any) -> dict[str, Any]:
    wire = Wire(region.url, "us-west-2")
    identity = {
        "instanceIdentityDocument": pages["dynamic/instance-identity/document"],
        "instanceIdentityDocumentSignature": pages["dynamic/instance-identity/signature"],
    }
    try:
        order = {"cluster": CLUSTER, **identity, **more}
        return dict(wire.signed("ecs", "RegisterContainerInstance", order, _credentials(pages))["containerInstance"])
    finally:
        wire.close()


def test_what_is_done_to_an_instance_is_ordered_of_its_host(region: RunningRegion, instance: dict[str, Any]) -> None:
    ec2, identity = region.client("ec2"), instance["InstanceId"]
    (order,) = _orders(region).values()
    assert order == {
        "id": identity, "site": "the-depot", "running": True, "boots": 1,
        "private_address": instance["PrivateIpAddress"], "address": "",
    }  # fmt: skip
    ec2.stop_instances(InstanceIds=[identity])
    ec2.stop_instances(InstanceIds=[identity])
    assert (_orders(region)[identity]["running"], _orders(region)[identity]["boots"]) == (False, 1)
    ec2.reboot_instances(InstanceIds=[identity])
    ec2.start_instances(InstanceIds=[identity])
    assert (_orders(region)[identity]["running"], _orders(region)[identity]["boots"]) == (True, 2)
    ec2.reboot_instances(InstanceIds=[identity])
    assert _orders(region)[identity]["boots"] == 3
    ec2.terminate_instances(InstanceIds=[identity])
    assert _orders(region) == {}


def test_the_region_plays_no_agent_of_it(region: RunningRegion, instance: dict[str, Any]) -> None:
    region.advance(60)
    assert region.client("ecs").list_container_instances(cluster=CLUSTER)["containerInstanceArns"] == []


def test_an_instance_without_user_data_has_no_host(region: RunningRegion) -> None:
    _launch(region, user_data="")
    assert _orders(region) == {}


def test_an_instance_in_the_region_stands_in_its_zone(region: RunningRegion) -> None:
    wanted = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1}
    region.client("ec2").run_instances(UserData=USER_DATA, Placement={"AvailabilityZone": "us-west-2b"}, **wanted)
    (order,) = _orders(region).values()
    assert order["site"] == "us-west-2b"


def test_an_instance_is_told_of_itself(region: RunningRegion, instance: dict[str, Any]) -> None:
    pages = _pages(region, instance["InstanceId"])
    assert pages["user-data"] == USER_DATA
    assert pages["meta-data/instance-id"] == instance["InstanceId"]
    assert pages["meta-data/outpost-arn"] == instance["OutpostArn"]
    assert pages[f"meta-data/network/interfaces/macs/{pages['meta-data/mac']}/subnet-id"] == instance["SubnetId"]
    document = json.loads(pages["dynamic/instance-identity/document"])
    assert (document["instanceId"], document["region"]) == (instance["InstanceId"], "us-west-2")
    region.advance(2000)
    later = _pages(region, instance["InstanceId"])
    assert _credentials(later).access_key != _credentials(pages).access_key, "rotated after half of their life"


def test_a_role_that_does_not_trust_ec2_gives_no_credentials(region: RunningRegion) -> None:
    _profile(region, json.loads(json.dumps(TRUST_EC2).replace("ec2.", "ssm.")))
    pages = _pages(region, _launch(region, IamInstanceProfile={"Name": "Depot"})["InstanceId"])
    assert json.loads(pages["meta-data/iam/security-credentials/Depot"])["Code"] == "AssumeRoleUnauthorizedAccess"


def test_without_a_profile_there_are_no_credentials(region: RunningRegion) -> None:
    assert not [page for page in _pages(region, _launch(region)["InstanceId"]) if "/iam/" in page]


def test_an_agent_registers_by_what_it_was_told(region: RunningRegion, instance: dict[str, Any]) -> None:
    made = _register(region, _pages(region, instance["InstanceId"]), attributes=[{"name": "site", "value": "depot"}])
    assert made["ec2InstanceId"] == instance["InstanceId"]
    told = {item["name"]: item.get("value") for item in made["attributes"]}
    assert (told["ecs.outpost-arn"], told["ecs.instance-type"]) == (instance["OutpostArn"], "c5.large")
    assert (told["ecs.ami-id"], told["ecs.availability-zone"]) == ("ami-12345678", "us-west-2a")
    assert "ecs.capability.external" not in told
    assert [call["caller"] for call in region.calls(action="RegisterContainerInstance")] == [instance["InstanceId"]]


def test_an_agent_cannot_register_as_another(region: RunningRegion, instance: dict[str, Any]) -> None:
    pages = _pages(region, instance["InstanceId"])
    forged = pages["dynamic/instance-identity/document"].replace(instance["InstanceId"], "i-0123456789abcdef0")
    for wrong in ({"instanceIdentityDocument": forged}, {"instanceIdentityDocumentSignature": "bm9uZQ=="}):
        with pytest.raises(Refused) as caught:
            _register(region, pages, **wrong)
        assert (caught.value.code, "identity document" in caught.value.message) == ("ClientException", True)


def test_credentials_end_with_the_instance(region: RunningRegion, instance: dict[str, Any]) -> None:
    pages = _pages(region, instance["InstanceId"])
    region.client("ec2").terminate_instances(InstanceIds=[instance["InstanceId"]])
    with pytest.raises(Refused) as caught:
        _register(region, pages)
    assert caught.value.code == "UnrecognizedClientException"


def test_a_lost_service_link_cuts_off_identity_and_address(region: RunningRegion, instance: dict[str, Any]) -> None:
    identity = instance["InstanceId"]
    pages = _pages(region, identity)
    region.control("POST", f"ec2/hosts/{identity}", {"address": ADDRESS})
    assert _orders(region)[identity]["address"] == ADDRESS
    region.control("POST", f"outposts/{instance['outpost']}/link", {"state": "down"})
    with pytest.raises(OSError):
        _register(region, pages)
    assert region.state.links.down(ADDRESS)
    assert not region.state.links.down("198.18.4.12")
    region.control("DELETE", "outages")
    assert region.state.links.down(ADDRESS), "an Outpost's link is mended by itself"
    region.control("POST", f"outposts/{instance['outpost']}/link", {"state": "up"})
    assert not region.state.links.down(ADDRESS)
    assert _register(region, pages)["ec2InstanceId"] == identity


@pytest.mark.parametrize(
    ("method", "path", "order"),
    [("POST", "i-0", {"address": ADDRESS}), ("GET", "i-0/metadata", None), ("POST", "{id}", {"address": "nowhere"})],
)
def test_nonsense_is_refused(
    region: RunningRegion, instance: dict[str, Any], method: str, path: str, order: dict[str, Any] | None
) -> None:
    with pytest.raises(ValueError, match="i-0|nowhere"):
        region.control(method, "ec2/hosts/" + path.format(id=instance["InstanceId"]), order)
