# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outages of the service link: hosts that reach nothing, while what they run runs on."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from sandbox.region.testing import Host, RunningRegion

from .agent import Agent, open_socket
from .conftest import CLUSTER, ROLE


@pytest.fixture
def hosts(region: RunningRegion, ecs: Any, ssm: Any) -> dict[str, Host]:
    """One in Oslo, one in Lyon."""
    made = {}
    for site in ("oslo", "lyon"):
        made[site] = region.host(region.activate(ROLE))
        made[site].join(CLUSTER, {"site": site})
    return made


def connected(ecs: Any) -> dict[str, bool]:
    arns = ecs.list_container_instances(cluster=CLUSTER)["containerInstanceArns"]
    found = ecs.describe_container_instances(cluster=CLUSTER, containerInstances=arns)["containerInstances"]
    return {one["ec2InstanceId"]: one["agentConnected"] for one in found}


def cut_off(host: Host) -> bool:
    try:
        host.ping()
    except (OSError, http.client.HTTPException):
        return True
    return False


@pytest.mark.parametrize("by", ["attributes", "nodes"])
def test_one_site(region: RunningRegion, ecs: Any, hosts: dict[str, Host], by: str) -> None:
    oslo, lyon = hosts["oslo"], hosts["lyon"]
    order: dict[str, Any] = {"attributes": {"site": "oslo"}} if by == "attributes" else {"nodes": [oslo.id]}
    region.control("POST", "outages", order)
    assert (cut_off(oslo), cut_off(lyon)) == (True, False)
    assert connected(ecs) == {oslo.id: False, lyon.id: True}
    before = len(region.calls(caller=oslo.id))
    cut_off(oslo)
    assert len(region.calls(caller=oslo.id)) == before
    region.control("DELETE", "outages")
    assert not cut_off(oslo)
    oslo.heartbeat()
    assert connected(ecs) == {oslo.id: True, lyon.id: True}


def test_sessions_are_cut_and_not_taken_up(region: RunningRegion, ecs: Any, hosts: dict[str, Host]) -> None:
    agents = {site: Agent(open_socket(region, host, "/acs/ws")) for site, host in hosts.items()}
    region.control("POST", "outages", {"attributes": {"site": "oslo"}})
    assert not agents["oslo"].ended()
    assert connected(ecs) == {hosts["oslo"].id: False, hosts["lyon"].id: True}
    with pytest.raises(Exception, match="reset|EOF|closed"):
        open_socket(region, hosts["oslo"], "/acs/ws")
    region.control("DELETE", "outages")
    agents["oslo"].close()
    agents["oslo"] = Agent(open_socket(region, hosts["oslo"], "/acs/ws"))
    agents["oslo"].receive("TaskManifestMessage")
    assert connected(ecs)[hosts["oslo"].id]
    for agent in agents.values():
        agent.close()


def test_addresses_cut_everybody_but_the_control_api(region: RunningRegion, hosts: dict[str, Host]) -> None:
    agent = Agent(open_socket(region, hosts["oslo"], "/acs/ws"))
    region.control("POST", "outages", {"addresses": ["127.0.0.0/8"]})
    assert not agent.ended()
    assert cut_off(hosts["oslo"])
    with pytest.raises(Exception, match="closed|reset"):
        region.client("ecs").list_clusters()
    assert region.control("GET", "outages")["outages"][0]["addresses"] == ["127.0.0.0/8"]
    region.control("POST", "outages", {"addresses": ["192.0.2.0/24"]})
    region.control("DELETE", "outages")
    region.client("ecs").list_clusters()
    agent.close()


def test_reset_mends_links(region: RunningRegion, hosts: dict[str, Host]) -> None:
    region.control("POST", "outages", {"addresses": ["127.0.0.0/8"]})
    region.reset()
    assert region.client("ecs").list_clusters()["clusterArns"] == []


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({}, "needs one of"),
        ({"sites": ["oslo"]}, "unknown: sites"),
        ({"nodes": "mi-1"}, "list of texts"),
        ({"attributes": {"site": 1}}, "map names to values"),
        ({"addresses": ["nowhere"]}, "does not appear to be an IPv4"),
    ],
)
def test_orders_that_make_no_sense(region: RunningRegion, order: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        region.control("POST", "outages", order)
