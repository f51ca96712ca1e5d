# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit: a fleet that is well, then the same with faults, against a simulated Region and no hosts.

Each rule by itself is tested in tests/unit/plugins/module_utils/planning/test_audit.py. Here it is what AWS says that
the rules see, in as few runs as can be.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.bench import simulated
from sandbox.bench.observation import CLUSTER, FLEET
from sandbox.region.ecs import agents
from sandbox.region.ssm.model import ManagedNode
from tests.integration.warm.server import INTERPRETER
from tests.integration.warm.server import VARIABLE as WARM_PYTHON

HOSTS = 52
_HOUR = 3600.0


class Audited:
    """A fleet of 52 hosts at 26 sites, and a plant with an instance on an Outpost."""

    def __init__(self, fleet: simulated.Fleet) -> None:
        self.fleet, self.region, self.state = fleet, fleet.region, fleet.region.state
        order = {"availability_zone": "us-west-2a", "hosts": [{"c5.large": 2}], "hardware": "RACK"}
        arn = self.region.outpost(name="plant", **order)["outpost_arn"]
        tags = {"fleet": FLEET, "site": "plant"}
        agents.simulate(self.state, CLUSTER, "i-0123456789abcdef0", {"site": "plant"}, tags=tags)
        site = {"fleet_site": "plant", "fleet_site_kind": "outpost", "aws_site_count": 1, "aws_site_outpost_arn": arn}
        plants = {"fleet_aws_sites": {"hosts": {"site-plant": site}}}
        (fleet.folder / "plants.yml").write_text(yaml.safe_dump({"all": {"children": plants}}))

    def run(self, *arguments: str, **extra: Any) -> tuple[simulated.Run, dict[str, Any]]:
        time.sleep(1)  # reports are named after the second of their start
        before = set(self.fleet.folder.glob("records/audit-*.json"))
        variables = {"ansible_python_interpreter": str(INTERPRETER), "audit_recheck_seconds": 0, **extra}
        run = self.fleet.play("audit", "-i", str(self.fleet.folder / "plants.yml"), *arguments, extra=variables)
        written = sorted(set(self.fleet.folder.glob("records/audit-*.json")) - before)
        assert len(written) == 1, run.output
        assert written[0].with_suffix(".html").exists()
        return run, json.loads(written[0].read_text())

    def instance(self, host: str) -> Any:
        known = self.state.ecs.instances_of(CLUSTER).values()
        return next(item for item in known if item.tags.get("host") == host and item.registered)

    def node(self, host: str) -> ManagedNode:
        return self.state.ssm.nodes[self.instance(host).ec2_instance_id]

    def join(self, machine: str, host: str, site: str) -> Any:
        tags = {"fleet": FLEET, "site": site, "host": host}
        attributes = {"site": site, "fleet_release": self.instance("s000-h0000").attributes["fleet_release"]}
        return agents.simulate(self.state, CLUSTER, machine, attributes, tags=tags)

    def register(self, machine: str, name: str) -> None:
        model = self.node("s000-h0000")
        values = {**vars(model), "number": self.state.ssm.number(), "id": machine, "tags": {"fleet": FLEET}}
        self.state.ssm.nodes[machine] = ManagedNode(**{**values, "information": {"ComputerName": name}})


@pytest.fixture
def audited(tmp_path: Path, warm_python: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Audited]:
    monkeypatch.setenv(WARM_PYTHON, warm_python)
    with simulated.fleet(tmp_path, HOSTS, a_site=2) as fleet:
        yield Audited(fleet)


def plant(audited: Audited) -> dict[str, list[str]]:
    """Faults, and by rule where they are to be found."""
    state, ecs = audited.state, audited.state.ecs
    now = state.clock.now()
    audited.join("mi-a", "nobody", "s001")
    audited.register("mi-a", "nobody")
    audited.register("mi-b", "stray")
    lost = audited.instance("s002-h0004")
    ecs.instances_of(CLUSTER).pop(lost.id)
    state.ssm.nodes.pop(lost.ec2_instance_id)
    ecs.instances_of(CLUSTER).pop(audited.instance("s003-h0006").id)
    state.ssm.nodes.pop(audited.instance("s004-h0008").ec2_instance_id)
    second = audited.join(audited.instance("s005-h0010").ec2_instance_id, "s005-h0010", "s005")
    second.cut, second.registered_at = True, now - _HOUR
    audited.join(audited.instance("s006-h0012").ec2_instance_id, "s006-h0012", "s006")
    audited.node("s007-h0014").pinged_at = now - 40000
    audited.instance("s008-h0016").cut = True
    drained = audited.instance("s009-h0018")
    drained.status, drained.attributes["fleet_drained"] = "DRAINING", "20200101T000000Z"
    audited.instance("s010-h0020").status = "DRAINING"
    audited.instance("s011-h0022").attributes["site"] = "elsewhere"
    audited.instance("s012-h0024").tags["site"] = "elsewhere"
    audited.node("s013-h0026").tags.clear()
    audited.instance("s014-h0028").attributes["fleet_release"] = "2020.01"
    for host in ("s015-h0030", "s015-h0031"):
        audited.instance(host).cut = True
    ssm = audited.region.client("ssm")
    audited.region.create_role(simulated.ROLE)
    for site in ("s016", "s017"):
        tags = [{"Key": "fleet", "Value": FLEET}, {"Key": "site", "Value": site}]
        made = ssm.create_activation(IamRole=simulated.ROLE, RegistrationLimit=5, Tags=tags)
        activation = state.ssm.activations[made["ActivationId"]]
        activation.created, activation.expires = now - 50 * _HOUR, now + (_HOUR if site == "s016" else -_HOUR)
    client = audited.region.client("ecs")
    main = {"name": "main", "image": "web", "memory": 32}
    client.register_task_definition(family="web", requiresCompatibilities=["EXTERNAL"], containerDefinitions=[main])
    nowhere = [{"type": "memberOf", "expression": "attribute:site == nowhere"}]
    client.create_service(
        cluster=CLUSTER, serviceName="web", taskDefinition="web", desiredCount=1, launchType="EXTERNAL",
        placementConstraints=nowhere, tags=[{"key": "site", "value": "s018"}],
    )  # fmt: skip
    audited.region.settle()
    audited.fleet.ask({"s019": {"ecs_agent_version": "1.106.0"}, "s020": {"ecs_agent_signing_keys": [_ended()]}})
    for item in ecs.instances_of(CLUSTER).values():
        if item.ec2_instance_id.startswith("i-"):
            item.status = "INACTIVE"
    return {
        "ghost": ["s001", "mi-b"],
        "missing": ["s002-h0004"],
        "not_joined": ["s003-h0006"],
        "node_gone": ["s004-h0008"],
        "duplicate": ["s005-h0010"],
        "shared_identity": ["s006-h0012"],
        "disconnected": ["s007-h0014"],
        "agent_silent": ["s008-h0016", "s015-h0030", "s015-h0031"],
        "left_draining": ["s009-h0018"],
        "draining": ["s010-h0020"],
        "attributes": ["s011-h0022"],
        "tags": ["s012-h0024"],
        "node_tags": ["s013-h0026"],
        "release": ["s014-h0028"],
        "site_down": ["s015"],
        "activation_open": ["s016"],
        "activation_spent": ["s017"],
        "service_unplaced": ["s018"],
        "agent_version": ["s019-h0038", "s019-h0039"],
        "signing_key_ended": [""],
        "aws_site_short": ["plant"],
        "tier_limit": [""],
    }


def _ended() -> dict[str, str]:
    return {"fingerprint": "A" * 40, "expires": "2020-01-01"}


def found(report: dict[str, Any], fixed: bool = False) -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for item in report["findings"]:
        if item["fixed"] or not fixed:
            places.setdefault(item["rule"], []).append(item["host"] or item["site"] or _node(item["id"]))
    return places


def _node(identifier: str) -> str:
    return identifier if identifier.startswith("mi-") else ""


@pytest.mark.one_end
def test_nothing_is_found_where_all_is_well_and_each_fault_where_it_is(audited: Audited) -> None:
    # In check mode, for a report is written all the same.
    run, report = audited.run("--check", audit_fix=True, audit_fail_at="minor")
    assert report["findings"] == [], run.output
    assert run.code == 0, run.output
    assert "Nothing is amiss." in run.output
    assert not run.executions
    pages = ceil((HOSTS + 1) / 100)
    assert run.calls == {
        "ecs:ListContainerInstances": pages,
        "ecs:DescribeContainerInstances": pages,
        # All of the account, for their number; and those with the fleet's tag, which no call tells but by a filter.
        "ssm:DescribeInstanceInformation": 2 * ceil(HOSTS / 50),
        "ssm:GetServiceSetting": 1,
        "ssm:DescribeActivations": 1,
        "ecs:ListServices": 1,
        "outposts:ListOutposts": 1,
    }

    wanted = plant(audited)
    run, report = audited.run(audit_fix=True, audit_tier_percent=5)
    assert found(report) == wanted, run.output
    assert run.code == 2, run.output
    mended = {"duplicate", "left_draining", "attributes", "tags", "activation_spent"}
    assert found(report, fixed=True) == {rule: wanted[rule] for rule in mended}
    assert report["summary"]["critical"] == 2
    assert audited.instance("s009-h0018").status == "ACTIVE"
    assert "fleet_drained" not in audited.instance("s009-h0018").attributes
    assert audited.instance("s011-h0022").attributes["site"] == "s011"
    assert audited.instance("s012-h0024").tags["site"] == "s012"
    assert len(audited.state.ssm.activations) == 1
    assert {"mi-a", "mi-b"} <= set(audited.state.ssm.nodes)
