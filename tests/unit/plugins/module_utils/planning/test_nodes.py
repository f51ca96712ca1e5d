# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import nodes

CONTEXT = {"account": "111122223333", "region": "us-west-2", "cluster": "retail-edge"}
ARN = "arn:aws:ecs:eu-west-3:444455556666:container-instance"
OUTPOST = "arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0"


def instance(machine: str, host: str = "", **more: Any) -> dict[str, Any]:
    tags = {"fleet": "retail", "site": "lyon", **({"host": host} if host else {})}
    return {
        "container_instance_arn": f"{ARN}/shops/{machine}", "ec2_instance_id": machine, "status": "ACTIVE",
        "agent_connected": True, "agent_version": "1.105.1", "docker_version": "DockerVersion: 20.10.24",
        "running_tasks_count": 3, "pending_tasks_count": 1, "registered_at": "2026-11-21T22:45:00+00:00",
        "attributes": {"site": "lyon", "ecs.os-type": "linux"}, "tags": tags, **more,
    }  # fmt: skip


def node(machine: str, **more: Any) -> dict[str, Any]:
    return {
        "instance_id": machine, "ping_status": "Online", "last_ping_date_time": "2026-11-22T02:00:00.25+01:00",
        "registration_date": "2026-11-20T10:00:00+00:00", "agent_version": "3.3.987.0", "platform_type": "Linux",
        "platform_name": "Debian GNU/Linux", "platform_version": "12", "computer_name": "till-7.example",
        "ip_address": "192.0.2.11", "activation_id": "5743558d-563b-4457-8682-d16c3a0e4a51", **more,
    }  # fmt: skip


def ec2(machine: str, **more: Any) -> dict[str, Any]:
    return {
        "instance_id": machine, "instance_type": "c5.large", "private_ip_address": "10.20.1.5",
        "private_dns_name": "ip-10-20-1-5.us-west-2.compute.internal", "state": {"name": "running"},
        "placement": {"availability_zone": "us-west-2a"}, "outpost_arn": OUTPOST, "tags": {"site": "plant"}, **more,
    }  # fmt: skip


def only(instances: Any = (), managed: Any = (), machines: Any = ()) -> dict[str, Any]:
    (row,) = nodes.join(instances, managed, machines, CONTEXT)
    return row


def test_a_machine_outside_of_aws_is_one_row() -> None:
    assert only([instance("mi-1", "lyon-1")], [node("mi-1")]) == {
        "name": "lyon-1",
        "instance_id": "mi-1",
        "kind": "external",
        "fleet": "retail",
        "site": "lyon",
        "host": "lyon-1",
        "account": "444455556666",
        "region": "eu-west-3",
        "cluster": "shops",
        "container_instance_arn": f"{ARN}/shops/mi-1",
        "other_container_instances": [],
        "status": "ACTIVE",
        "agent_connected": True,
        "ping_status": "Online",
        "last_contact": "2026-11-22T01:00:00Z",
        "registered_at": "2026-11-21T22:45:00Z",
        "activation_id": "5743558d-563b-4457-8682-d16c3a0e4a51",
        "ecs_agent_version": "1.105.1",
        "engine_version": "20.10.24",
        "ssm_agent_version": "3.3.987.0",
        "attributes": {"site": "lyon", "ecs.os-type": "linux"},
        "tags": {"fleet": "retail", "site": "lyon", "host": "lyon-1"},
        "running_tasks": 3,
        "pending_tasks": 1,
        "platform_type": "Linux",
        "platform_name": "Debian GNU/Linux",
        "platform_version": "12",
        "computer_name": "till-7.example",
        "ip_address": "192.0.2.11",
        "outpost_arn": "",
        "availability_zone": "",
        "instance_type": "",
        "instance_state": "",
    }


def test_a_machine_that_only_systems_manager_knows() -> None:
    row = only([], [node("mi-1", tags={"fleet": "retail", "site": "oslo"})])
    assert (row["cluster"], row["status"], row["agent_connected"]) == ("", "", False)
    assert (row["account"], row["region"]) == ("111122223333", "us-west-2")
    assert (row["name"], row["fleet"], row["site"]) == ("till-7.example", "retail", "oslo")
    assert row["registered_at"] == "2026-11-20T10:00:00Z"


def test_a_machine_that_only_ecs_knows() -> None:
    row = only([instance("mi-1", tags={}, attributes={"fleet_site": "oslo", "ecs.os-type": "windows"})])
    assert (row["ping_status"], row["last_contact"], row["ssm_agent_version"]) == ("", "", "")
    assert (row["name"], row["fleet"], row["site"], row["platform_type"]) == ("mi-1", "", "oslo", "Windows")


def test_an_instance_on_an_outpost() -> None:
    row = only([instance("i-1", tags={"fleet": "retail"}, attributes={})], [], [ec2("i-1")])
    assert (row["kind"], row["outpost_arn"], row["availability_zone"]) == ("outpost", OUTPOST, "us-west-2a")
    assert (row["site"], row["instance_type"], row["instance_state"]) == ("plant", "c5.large", "running")
    assert (row["name"], row["ip_address"]) == ("ip-10-20-1-5.us-west-2.compute.internal", "10.20.1.5")


def test_an_instance_that_ec2_has_forgotten_is_told_by_the_attributes_of_ecs() -> None:
    told = {"ecs.outpost-arn": OUTPOST, "ecs.availability-zone": "us-west-2b", "ecs.instance-type": "m5.large"}
    row = only([instance("i-1", attributes=told)])
    assert (row["kind"], row["availability_zone"], row["instance_type"]) == ("outpost", "us-west-2b", "m5.large")


@pytest.mark.parametrize(
    ("zone", "kind"),
    [
        ("us-west-2a", "region"),
        ("us-west-2-lax-1a", "local_zone"),
        ("us-west-2-wl1-las-wlz-1", "wavelength"),
        ("us-gov-west-1a", "region"),
        ("", "region"),
    ],
)
def test_the_kind_of_an_instance_follows_from_its_zone(zone: str, kind: str) -> None:
    row = only([], [], [ec2("i-1", outpost_arn=None, placement={"availability_zone": zone})])
    assert row["kind"] == kind


def test_of_two_records_of_a_machine_the_connected_one_counts_then_the_newest() -> None:
    old = instance("mi-1", container_instance_arn="arn:old", agent_connected=False)
    newer = {**old, "container_instance_arn": "arn:newer", "registered_at": "2026-11-22T01:00:00+00:00"}
    row = only([old, newer, instance("mi-1", container_instance_arn="arn:used", registered_at=None)])
    assert row["container_instance_arn"] == "arn:used"
    assert row["other_container_instances"] == ["arn:newer", "arn:old"]
    assert row["cluster"] == "retail-edge"


def test_a_record_that_is_gone_is_no_machine() -> None:
    assert nodes.join([instance("mi-1", status="INACTIVE")], [], [], CONTEXT) == []


def test_no_two_rows_have_the_same_name_and_the_one_in_use_keeps_it() -> None:
    dead = instance("mi-1", "lyon-1", agent_connected=False)
    rows = nodes.join([dead, instance("mi-2", "lyon-1"), instance("mi-3", "lab-1")], [], [], CONTEXT)
    assert [(row["name"], row["instance_id"]) for row in rows] == [
        ("lab-1", "mi-3"),
        ("lyon-1", "mi-2"),
        ("mi-1", "mi-1"),
    ]


def test_of_two_dead_rows_the_newest_has_the_name() -> None:
    old = node("mi-1", ping_status="ConnectionLost")
    new = node("mi-2", ping_status="ConnectionLost", registration_date="2026-11-21T09:00:00+00:00")
    assert [row["instance_id"] for row in nodes.join([], [old, new], [], CONTEXT)] == ["mi-1", "mi-2"]
    assert {row["instance_id"]: row["name"] for row in nodes.join([], [old, new], [], CONTEXT)} == {
        "mi-1": "mi-1",
        "mi-2": "till-7.example",
    }


def test_names_are_taken_from_what_is_preferred() -> None:
    rows = nodes.join([instance("mi-1", "lyon-1")], [node("mi-1")], [], CONTEXT)
    assert [row["name"] for row in nodes.named(rows, ["ip_address"])] == ["192.0.2.11"]
    assert [row["name"] for row in nodes.named(rows, ["tag:asset", "tag:site"])] == ["lyon"]
    assert [row["name"] for row in nodes.named(rows, ["tag:asset"])] == ["mi-1"]


def test_times_are_told_in_utc() -> None:
    assert nodes.utc(datetime(2026, 11, 22, 3, tzinfo=timezone(timedelta(hours=2)))) == "2026-11-22T01:00:00Z"
    assert nodes.utc("2026-11-22T01:00:00Z") == "2026-11-22T01:00:00Z"
    assert nodes.utc("soon") == nodes.utc(None) == ""


def test_of_two_machines_in_use_the_older_one_keeps_the_name() -> None:
    late = instance("mi-1", "lyon-1", registered_at="2026-11-22T09:00:00+00:00")
    rows = nodes.join([late, instance("mi-2", "lyon-1")], [], [], CONTEXT)
    assert {row["instance_id"]: row["name"] for row in rows} == {"mi-1": "mi-1", "mi-2": "lyon-1"}


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "LOCALHOST.localdomain", "127.0.0.1", "::1", "-oProxyCommand=x", "a b", "{{ x }}", "all",
     "fleet-conductor-1-lyon", "a" * 254],
)  # fmt: skip
def test_a_machine_does_not_get_any_name_that_it_calls_itself(text: str) -> None:
    (row,) = nodes.join([], [node("mi-1", computer_name=text)], [], CONTEXT)
    assert row["name"] == "mi-1"
    assert not nodes.usable(text)


@pytest.mark.parametrize("text", ["till-7.example", "192.0.2.11", "2001:db8::7", "i_7"])
def test_names_and_addresses_of_hosts(text: str) -> None:
    assert nodes.usable(text)


def test_a_machine_found_twice_is_that_of_the_cluster() -> None:
    seen = nodes.join([], [node("mi-1"), node("mi-2", computer_name="b")], [], CONTEXT)
    joined = nodes.join([instance("mi-1", "lyon-1")], [node("mi-1")], [], CONTEXT)
    assert {row["instance_id"]: row["cluster"] for row in nodes.merged([*seen, *joined])} == {
        "mi-1": "shops",
        "mi-2": "",
    }
    assert {row["instance_id"]: row["cluster"] for row in nodes.merged([*joined, *seen])} == {
        "mi-1": "shops",
        "mi-2": "",
    }
