# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin against simulated Regions, in this process: what it lists, and what that costs."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins import loader as plugins
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

from sandbox.region.context import Settings
from sandbox.region.ecs import agents
from sandbox.region.ssm.model import ManagedNode
from sandbox.region.testing import RunningRegion, running_region

ROLE, CLUSTER = "EdgeHosts", "retail-edge"
OPERATOR = "AKIAOPERATOR"
Read = Callable[..., InventoryManager]


@pytest.fixture(scope="module")
def collections() -> Iterator[None]:
    """What every command of Ansible does first. Collections that others have imported by path are in its way."""

    def imported() -> dict[str, Any]:
        return {name: module for name, module in sys.modules.items() if name.startswith("ansible_collections")}

    before = imported()
    for name in before:
        del sys.modules[name]
    plugins.init_plugin_loader([os.environ["ANSIBLE_COLLECTIONS_PATH"]])
    yield
    _AnsibleCollectionFinder._remove()
    for name in imported():
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture
def read(collections: None, region: RunningRegion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Parses an inventory with these options; without EC2, whose model takes most of the time, unless they say so."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO_"))]:
        monkeypatch.delenv(name)
    for name, value in region.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ansible.constants.INVENTORY_ANY_UNPARSED_IS_FAILED", True)

    def parse(reread: bool = True, **options: Any) -> InventoryManager:
        path = tmp_path / "retail.fleet.yml"
        path.write_text(json.dumps({"plugin": "edgefleet.ecs.fleet", "kinds": ["external"], **options}))
        return InventoryManager(loader=DataLoader(), sources=[str(path)], cache=not reread)

    return parse


def groups(inventory: InventoryManager) -> dict[str, list[str]]:
    return {name: sorted(hosts) for name, hosts in inventory.get_groups_dict().items() if name != "all"}


def join(region: RunningRegion, activation: Any, host: str, site: str, **tags: str) -> Any:
    machine = region.host(activation)
    machine.ping(ComputerName=f"{host}.local", IPAddress="192.0.2.11", PlatformName="Debian GNU/Linux")
    told = {"fleet": "retail", "site": site, "host": host, **tags}
    machine.register(
        CLUSTER, {"site": site}, tags=[{"key": key, "value": value} for key, value in told.items() if value]
    )
    machine.heartbeat()
    return machine


def activate(region: RunningRegion, limit: int, **tags: str) -> Any:
    return region.activate(ROLE, limit=limit, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


def calls(region: RunningRegion) -> Counter[str]:
    asked = Counter(f"{call['service']}:{call['action']}" for call in region.calls(caller=OPERATOR))
    region.control("DELETE", "calls")
    return asked


@pytest.fixture
def small(region: RunningRegion) -> Any:
    """Two hosts of a fleet; a node of it that has not joined; a machine of somebody else in the same cluster."""
    region.client("ecs").create_cluster(clusterName=CLUSTER)
    lyon, other = activate(region, 5, fleet="retail", site="lyon"), activate(region, 5, team="tills")
    made = {name: join(region, lyon, name, "lyon") for name in ("lyon-1", "lyon-2")}
    made["lyon-2"].call("ssm", "UpdateInstanceInformation", InstanceId=made["lyon-2"].id, PlatformVersion="{{ 6 * 7 }}")
    made["new"] = region.host(lyon)
    made["new"].ping(ComputerName="till-9", IPAddress="192.0.2.19")
    made["stranger"] = join(region, other, "oslo-1", "oslo", fleet="")
    made["unjoined stranger"] = region.host(other)
    region.control("DELETE", "calls")
    return made


def test_machines_groups_and_variables(read: Read, region: RunningRegion, small: Any) -> None:
    stranger = small["stranger"].id
    inventory = read(
        kinds=[],
        compose={"fleet_site": "node_site", "told": "node_platform_version"},
        keyed_groups=[{"key": "node_fleet", "prefix": "fleet", "default_value": "none"}],
        groups={"new": "node_cluster == ''"},
        strict=True,
    )
    assert calls(region) == {
        "ecs:ListClusters": 1,
        "ecs:ListContainerInstances": 1,
        "ecs:DescribeContainerInstances": 1,
        "ssm:DescribeInstanceInformation": 2,
        "ec2:DescribeInstances": 1,
        "tagging:GetResources": 1,
    }
    assert groups(inventory) == {
        "ungrouped": [],
        "cluster_retail_edge": ["lyon-1", "lyon-2", "oslo-1"],
        "connected": ["lyon-1", "lyon-2", "oslo-1"],
        "disconnected": ["till-9"],
        "fleet_none": ["oslo-1"],
        "fleet_retail": ["lyon-1", "lyon-2", "till-9"],
        "kind_external": ["lyon-1", "lyon-2", "oslo-1", "till-9"],
        "new": ["till-9"],
        "platform_debian_gnu_linux": ["lyon-1", "lyon-2", "oslo-1"],
        "platform_linux": ["lyon-1", "lyon-2", "oslo-1", "till-9"],
        "site_lyon": ["lyon-1", "lyon-2", "till-9"],
        "site_oslo": ["oslo-1"],
        "status_active": ["lyon-1", "lyon-2", "oslo-1"],
        "status_none": ["till-9"],
    }
    host = inventory.get_host("lyon-1").get_vars()
    assert host["node_instance_id"] == small["lyon-1"].id
    assert (host["ansible_host"], host["fleet_site"]) == ("192.0.2.11", "lyon")
    assert (host["node_ping_status"], host["node_ssm_agent_version"]) == ("Online", "3.3.987.0")
    assert host["node_tags"] == {"fleet": "retail", "site": "lyon", "host": "lyon-1"}
    assert inventory.get_host("lyon-2").get_vars()["told"] == "{{ 6 * 7 }}", "a host's words were taken for a template"
    assert inventory.get_host("till-9").get_vars()["node_tags"] == {"fleet": "retail", "site": "lyon"}
    assert inventory.get_host("oslo-1").get_vars()["node_instance_id"] == stranger


def test_which_machines_and_by_which_names(read: Read, region: RunningRegion, small: Any) -> None:
    one = read(fleets=["retail"], kinds=["external"], address="none", hostvars_prefix="seen_", group_by=["site"])
    assert groups(one) == {"ungrouped": [], "site_lyon": ["lyon-1", "lyon-2", "till-9"]}
    assert "ansible_host" not in one.get_host("lyon-1").get_vars()
    assert one.get_host("lyon-1").get_vars()["seen_kind"] == "external"
    assert "ec2:DescribeInstances" not in calls(region)
    assert read(kinds=["outpost"]).get_hosts() == []
    assert calls(region)["ec2:DescribeInstances"] == 1

    by_id = read(hostnames=["tag:asset", "instance_id"], tags={"site": ["oslo", "nice"]}, address="computer_name")
    assert [host.name for host in by_id.get_hosts()] == [small["stranger"].id]
    assert by_id.get_hosts()[0].get_vars()["ansible_host"] == "oslo-1.local"

    expression = read(clusters=[CLUSTER], container_instance_filter="attribute:site == oslo", statuses=["ACTIVE"])
    assert [host.name for host in expression.get_hosts()] == ["oslo-1"]
    assert [host.name for host in read(statuses=["ACTIVE", "DRAINING"], fleets=["retail"]).get_hosts()] == [
        "lyon-1",
        "lyon-2",
    ]

    chosen = read(include=["node_site == 'lyon'"], exclude=["node_cluster == ''", "node_nothing == 1"])
    assert [host.name for host in chosen.get_hosts()] == ["lyon-1", "lyon-2"]


@pytest.mark.one_end
def test_what_is_wrong_is_told_and_makes_no_half_an_inventory(
    read: Read, region: RunningRegion, small: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"sources": [{"role": "x"}]}, "sources, item 1: role is not known"),
        ({"kinds": ["tower"]}, "tower"),
        ({"include": ["node_nothing == 1"], "strict": True}, "could not be evaluated"),
        ({"clusters": [CLUSTER, "old"]}, r"us-west-2: Could not list the container instances of cluster old"),
    ]
    for options, told in wrong:
        with pytest.raises(AnsibleError):
            read(**options)
        assert told in " ".join(capsys.readouterr().err.split())

    left = read(clusters=[CLUSTER, "old"], ignore_errors=["ClusterNotFoundException"])
    assert len(left.get_hosts()) == 4
    region.fault("ssm", "DescribeInstanceInformation", "error", code="AccessDeniedException", status=400, count=1)
    assert read(ignore_errors=["AccessDeniedException"]).get_hosts() == []


@pytest.mark.one_end
def test_the_cache_answers_for_the_same_question_only(
    read: Read, region: RunningRegion, small: Any, tmp_path: Path
) -> None:
    kept = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "kept")}
    first = read(**kept)
    calls(region)
    again = read(False, **kept, group_by=["site"], exclude=["node_site == 'oslo'"])
    assert calls(region) == {}
    assert groups(again) == {"ungrouped": [], "site_lyon": groups(first)["site_lyon"]}
    assert len(read(False, **kept, fleets=["retail"]).get_hosts()) == 3
    assert calls(region)
    calls(region)
    read(True, **kept, fleets=["retail"])
    assert calls(region)

    allowed = {**kept, "clusters": [CLUSTER, "old"], "ignore_errors": ["ClusterNotFoundException"]}
    read(False, **allowed)
    calls(region)
    read(False, **allowed)
    assert calls(region), "half an answer was kept"


@pytest.fixture
def abroad() -> Iterator[RunningRegion]:
    with running_region(Settings(name="eu-west-3", connected_timeout=3600, ping_timeout=3600)) as other:
        yield other


@pytest.mark.one_end
def test_regions_and_credentials(
    read: Read, region: RunningRegion, small: Any, abroad: RunningRegion, tmp_path: Path, monkeypatch: Any
) -> None:
    abroad.client("ecs").create_cluster(clusterName=CLUSTER)
    abroad.advance(60)
    join(abroad, activate(abroad, 1, fleet="retail"), "lyon-1", "paris")
    configuration = tmp_path / "aws"
    configuration.write_text(
        f"[profile abroad]\nendpoint_url = {abroad.url}\naws_access_key_id = AKIAOTHER\naws_secret_access_key = none\n"
        f"[profile home]\nendpoint_url = {region.url}\naws_access_key_id = {OPERATOR}\naws_secret_access_key = none\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(configuration))
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    reader = "arn:aws:iam::111122223333:role/fleet-reader"
    inventory = read(
        sources=[
            {"name": "plants", "profile": "abroad", "regions": ["eu-west-3"]},
            {"name": "shops", "profile": "home", "assume_role_arn": reader, "regions": ["us-west-2"]},
        ],
        fleets=["retail"],
        group_by=["region", "account"],
    )
    found = groups(inventory)
    assert (len(found["region_eu_west_3"]), len(found["region_us_west_2"])) == (1, 3)
    # Regions of one process share the account, and its IAM.
    assert len(found["account_111122223333"]) == 4
    # Both call themselves lyon-1: the one that was there first keeps the name.
    assert inventory.get_host("lyon-1").get_vars()["node_region"] == "us-west-2"
    assert calls(region)["sts:AssumeRole"] == 1


def populate(region: RunningRegion, joined: int, alone: int) -> None:
    """Machines put into the Region's memory: as calls of their own, thousands would take minutes."""
    state = region.state
    region.client("ecs").create_cluster(clusterName=CLUSTER)
    for number in range(joined + alone):
        machine, tags = f"mi-{number:017x}", {"fleet": "retail", "site": "lyon"}
        node = ManagedNode(number, machine, "", ROLE, "", 0.0, "", "", "", tags, state.clock.now(), {})
        state.ssm.nodes[machine] = node
        if number < joined:
            agents.simulate(state, CLUSTER, machine, {"site": "lyon"}, tags={**tags, "host": f"lyon-{number}"})


@pytest.mark.one_end
@pytest.mark.parametrize(("joined", "alone"), [(50, 0), (101, 101), (1000, 0)])
def test_calls_grow_with_pages_and_not_with_machines(
    read: Read, region: RunningRegion, joined: int, alone: int
) -> None:
    populate(region, joined, alone)
    region.control("DELETE", "calls")
    assert len(read(clusters=[CLUSTER]).get_hosts()) == joined + alone
    expected = {
        "ecs:ListContainerInstances": ceil(joined / 100),
        "ecs:DescribeContainerInstances": ceil(joined / 100),
        "ssm:DescribeInstanceInformation": ceil((joined + alone) / 50),
        "tagging:GetResources": ceil(alone / 100),
    }
    assert calls(region) == {name: count for name, count in expected.items() if count}
