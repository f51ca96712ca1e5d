# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet in which nothing is amiss, and each fault in it: found, and nothing else found."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.audit import report as audits
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.audit import rules, table
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.limits import PlanError

NOW = "2026-11-22T06:00:00Z"
JUST_NOW, LONG_AGO = "2026-11-22T05:58:00+00:00", "2026-11-22T01:00:00+00:00"
OUTPOST = "arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0"
KEYS = [{"fingerprint": "A" * 40, "expires": "2028-01-01"}]
OPTIONS: dict[str, Any] = {
    "fleet": "retail", "cluster": "retail-edge", "region": "us-west-2", "started": NOW, "release": "2026.11",
    "fail_at": "major", "defaults": {"ssm_agent_signing_keys": KEYS, "ecs_agent_signing_keys": KEYS},
    "disconnected_minutes": 60, "run_hours": 24, "activation_hours": 4, "key_days": 90, "tier_percent": 90,
}  # fmt: skip


def arn(number: int) -> str:
    return f"arn:aws:ecs:us-west-2:111122223333:container-instance/retail-edge/{number:032x}"


def instance(number: int, machine: str, site: str, host: str = "", **more: Any) -> dict[str, Any]:
    return {
        "container_instance_arn": arn(number), "ec2_instance_id": machine, "status": "ACTIVE", "status_reason": None,
        "agent_connected": True, "agent_version": "1.105.1", "registered_at": f"2026-11-0{number}T00:00:00+00:00",
        "running_tasks_count": 1, "pending_tasks_count": 0,
        "attributes": {"site": site, "fleet_release": "2026.11", "ecs.os-type": "linux"},
        "tags": {"fleet": "retail", "site": site, **({"host": host} if host else {})}, **more,
    }  # fmt: skip


def node(machine: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "instance_id": machine, "computer_name": name, "ip_address": "192.0.2.1", "ping_status": "Online",
        "last_ping_date_time": JUST_NOW, "agent_version": "3.3.987.0", "resource_type": "ManagedInstance",
        "registration_date": "2026-11-01T00:00:00+00:00", **more,
    }  # fmt: skip


class Fleet:
    """Two hosts in Lyon, one in Oslo, and a plant with an instance on an Outpost."""

    def __init__(self) -> None:
        names = {"lyon-1": "lyon", "lyon-2": "lyon", "oslo-1": "oslo"}
        self.hosts: dict[str, Any] = {name: {"fleet_site": site} for name, site in names.items()}
        self.aws_sites: dict[str, Any] = {
            "site-plant": {"fleet_site": "plant", "aws_site_count": 1, "aws_site_outpost_arn": OUTPOST}
        }
        numbered = list(enumerate(names.items(), 1))
        plant = instance(9, "i-9", "plant")
        del plant["attributes"]["fleet_release"]
        self.view: dict[str, Any] = {
            "instances": [*(instance(n, f"mi-{n}", site, name) for n, (name, site) in numbered), plant],
            "nodes": [node(f"mi-{n}", name, ip_address=f"192.0.2.{n}") for n, (name, _site) in numbered],
            "own_nodes": [f"mi-{n}" for n, _host in numbered],
            "services": [
                {
                    "service_name": "web-lyon", "desired_count": 2, "running_count": 2, "tags": {"site": "lyon"},
                    "events": [{"created_at": LONG_AGO, "message": "(service web-lyon) has reached a steady state."}],
                }
            ],
            "activations": [],
            "outposts": [{"outpost_arn": OUTPOST, "name": "plant-oslo", "life_cycle_status": "ACTIVE"}],
            "quota": {"activation_tier": "standard", "registered_nodes": 3, "limit": 1000, "free": 997},
        }  # fmt: skip
        self.options = copy.deepcopy(OPTIONS)

    def instance(self, number: int) -> dict[str, Any]:
        return next(item for item in self.view["instances"] if item["container_instance_arn"] == arn(number))

    def node(self, number: int) -> dict[str, Any]:
        return next(item for item in self.view["nodes"] if item["instance_id"] == f"mi-{number}")

    def audit(self) -> dict[str, Any]:
        return audits.audit({"hosts": self.hosts, "aws_sites": self.aws_sites}, self.view, self.options)

    def found(self) -> list[tuple[str, str]]:
        """Rule, and host, site or id, of each finding."""
        return [(item["rule"], item["host"] or item["site"] or item["id"]) for item in self.audit()["findings"]]


Plant = Callable[[Fleet], Any]


def activation(**more: Any) -> dict[str, Any]:
    return {
        "activation_id": "a-1", "name": "retail-lyon", "limit": 20, "registrations_count": 3, "expired": False,
        "created_date": LONG_AGO, "expiration_date": "2026-11-22T07:00:00+00:00",
        "tags": {"fleet": "retail", "site": "lyon"}, **more,
    }  # fmt: skip


def out_of_inventory(fleet: Fleet) -> None:
    del fleet.hosts["lyon-2"]


def registered_only(fleet: Fleet) -> None:
    fleet.view["nodes"].append(node("mi-7", "somebody", ip_address="192.0.2.7"))
    fleet.view["own_nodes"].append("mi-7")


def not_joined(fleet: Fleet) -> None:
    fleet.view["instances"].remove(fleet.instance(2))


def gone(fleet: Fleet) -> None:
    not_joined(fleet)
    fleet.view["nodes"].remove(fleet.node(2))


def node_gone(fleet: Fleet) -> None:
    fleet.view["nodes"].remove(fleet.node(2))


def second_record(fleet: Fleet) -> None:
    fleet.view["instances"].append(instance(5, "mi-2", "lyon", "lyon-2", agent_connected=False))


def second_machine(fleet: Fleet) -> None:
    fleet.view["instances"].append(instance(5, "mi-5", "lyon", "lyon-2"))
    fleet.view["nodes"].append(node("mi-5", "lyon-2"))
    fleet.view["own_nodes"].append("mi-5")


def second_node(fleet: Fleet) -> None:
    fleet.view["nodes"].append(node("mi-5", "lyon-2", ping_status="ConnectionLost"))
    fleet.view["own_nodes"].append("mi-5")


def copied(fleet: Fleet) -> None:
    fleet.view["instances"].append(instance(5, "mi-2", "lyon", "lyon-2"))


def one_id_twice(fleet: Fleet) -> None:
    fleet.hosts["lyon-3"] = {"fleet_site": "lyon", "fleet_instance_id": "mi-2"}


def lost(fleet: Fleet) -> None:
    fleet.instance(2)["agent_connected"] = False
    fleet.node(2).update(ping_status="ConnectionLost", last_ping_date_time=LONG_AGO)


def silent(fleet: Fleet) -> None:
    fleet.instance(2)["agent_connected"] = False


def site_lost(fleet: Fleet) -> None:
    fleet.instance(3)["agent_connected"] = False


def instance_lost(fleet: Fleet) -> None:
    fleet.instance(9)["agent_connected"] = False


def drained_by_a_dead_run(fleet: Fleet) -> None:
    fleet.instance(2)["status"] = "DRAINING"
    fleet.instance(2)["attributes"]["fleet_drained"] = "20261120T010000Z"


def drained_by_a_run(fleet: Fleet) -> None:
    fleet.instance(2)["status"] = "DRAINING"
    fleet.instance(2)["attributes"]["fleet_drained"] = "20261122T055000Z"


def unplaced(fleet: Fleet) -> None:
    fleet.view["services"][0].update(
        running_count=1,
        events=[{"created_at": JUST_NOW, "message": "(service web-lyon) was unable to place a task because ..."}],
    )


def keys_until(day: str) -> Plant:
    # YAML makes a date of what is not quoted.
    return lambda fleet: fleet.options["defaults"].update(ecs_agent_signing_keys=[{"fingerprint": "A", "expires": day}])


PLANTED: dict[str, tuple[Plant, list[tuple[str, str]]]] = {
    "ghost": (out_of_inventory, [("ghost", "lyon")]),
    "ghost, a node": (registered_only, [("ghost", "mi-7")]),
    "missing": (gone, [("missing", "lyon-2")]),
    "not_joined": (not_joined, [("not_joined", "lyon-2")]),
    "node_gone": (node_gone, [("node_gone", "lyon-2")]),
    "duplicate": (second_record, [("duplicate", "lyon-2")]),
    "duplicate, two machines": (second_machine, [("duplicate", "lyon-2")]),
    "duplicate, a node": (second_node, [("duplicate", "lyon-2")]),
    "shared_identity": (copied, [("shared_identity", "lyon-2")]),
    "shared_identity, inventory": (one_id_twice, [("shared_identity", "lyon-2, lyon-3"), ("tags", "lyon-3")]),
    "foreign": (
        lambda fleet: (
            fleet.hosts["lyon-2"].update(fleet_instance_id="mi-2"),
            fleet.instance(2)["tags"].update(fleet="wholesale"),
        ),
        [("foreign", "lyon-2")],
    ),
    "disconnected": (lost, [("disconnected", "lyon-2")]),
    "agent_silent": (silent, [("agent_silent", "lyon-2")]),
    "site_down": (site_lost, [("site_down", "oslo"), ("agent_silent", "oslo-1")]),
    "site_down, on AWS": (instance_lost, [("site_down", "plant"), ("agent_silent", "plant")]),
    "not_active": (
        lambda fleet: fleet.instance(2).update(status="REGISTRATION_FAILED"),
        [("not_active", "lyon-2")],
    ),
    "left_draining": (drained_by_a_dead_run, [("left_draining", "lyon-2")]),
    "draining, a run": (drained_by_a_run, [("draining", "lyon-2")]),
    "draining": (lambda fleet: fleet.instance(2).update(status="DRAINING"), [("draining", "lyon-2")]),
    "attributes": (lambda fleet: fleet.instance(2)["attributes"].update(site="oslo"), [("attributes", "lyon-2")]),
    "tags": (lambda fleet: fleet.instance(2)["tags"].update(site="oslo"), [("tags", "lyon-2")]),
    "node_tags": (lambda fleet: fleet.view["own_nodes"].remove("mi-2"), [("node_tags", "lyon-2")]),
    "release": (
        lambda fleet: fleet.instance(2)["attributes"].update(fleet_release="2026.10"),
        [("release", "lyon-2")],
    ),
    "agent_version": (
        lambda fleet: fleet.hosts["lyon-2"].update(ecs_agent_version="1.106.*", ssm_agent_version="3.3.987.0"),
        [("agent_version", "lyon-2")],
    ),
    "signing_key_ended": (keys_until("2026-11-21"), [("signing_key_ended", "")]),
    "signing_key_ending": (keys_until("2026-12-24"), [("signing_key_ending", "")]),
    "activation_open": (lambda fleet: fleet.view["activations"].append(activation()), [("activation_open", "lyon")]),
    "activation_spent": (
        lambda fleet: fleet.view["activations"].append(activation(expired=True)),
        [("activation_spent", "lyon")],
    ),
    "tier_limit": (lambda fleet: fleet.view["quota"].update(registered_nodes=900, free=100), [("tier_limit", "")]),
    "service_unplaced": (unplaced, [("service_unplaced", "lyon")]),
    "outpost_away": (
        lambda fleet: fleet.view["outposts"][0].update(life_cycle_status="RETIRED"),
        [("outpost_away", "plant")],
    ),
    "outpost_away, unknown": (lambda fleet: fleet.view["outposts"].clear(), [("outpost_away", "plant")]),
    "aws_site_short": (
        lambda fleet: fleet.aws_sites["site-plant"].update(aws_site_count=2),
        [("aws_site_short", "plant")],
    ),
    "aws_site_surplus": (
        lambda fleet: fleet.view["instances"].append(instance(8, "i-8", "plant")),
        [("aws_site_surplus", "plant")],
    ),
}


def test_nothing_is_found_in_a_fleet_that_is_well() -> None:
    report = Fleet().audit()
    assert report["findings"] == []
    assert report["summary"] == {"critical": 0, "major": 0, "minor": 0, "info": 0}
    assert report["counted"] == {"hosts": 3, "sites": 3, "container_instances": 4, "managed_nodes": 3}


@pytest.mark.parametrize("name", PLANTED)
def test_a_fault_is_found_and_nothing_else(name: str) -> None:
    plant, found = PLANTED[name]
    fleet = Fleet()
    plant(fleet)
    assert fleet.found() == found


def test_every_rule_has_a_fault_that_it_finds() -> None:
    assert {rule.name for rule in rules.RULES} == {name.partition(",")[0] for name in PLANTED}
    assert len({rule.name for rule in rules.RULES}) == len(rules.RULES)


# What is no fault, though it comes close to one.
HARMLESS: dict[str, Plant] = {
    "an agent that was back at the second look": lambda fleet: (
        fleet.instance(2).update(agent_connected=False),
        fleet.view.update(again=[{"container_instance_arn": arn(2), "agent_connected": True}]),
    ),
    "a link that was cut a moment ago": lambda fleet: (
        fleet.instance(2).update(agent_connected=False),
        fleet.node(2).update(ping_status="ConnectionLost"),
    ),
    "an agent that pings once a day": lambda fleet: fleet.node(2).update(last_ping_date_time=LONG_AGO),
    "a registration that goes on": lambda fleet: fleet.instance(2).update(status="REGISTERING", registered_at=JUST_NOW),
    "a rollout's activation": lambda fleet: fleet.view["activations"].append(activation(created_date=JUST_NOW)),
    "an activation that is used up": lambda fleet: fleet.view["activations"].append(activation(limit=3)),
    "somebody else's activation": lambda fleet: fleet.view["activations"].append(activation(tags={})),
    "somebody else's machines": lambda fleet: (
        fleet.view["instances"].append(instance(5, "mi-5", "lyon", "lyon-2", tags={"fleet": "wholesale"})),
        fleet.view["nodes"].append(node("mi-5", "lyon-2")),
    ),
    "a service that still starts": lambda fleet: fleet.view["services"][0].update(running_count=1),
    "more labels than asked for": lambda fleet: (
        fleet.instance(2)["attributes"].update(rack="1"),
        fleet.instance(2)["tags"].update(owner="shops"),
    ),
    "keys of a package manager": lambda fleet: [
        known.update(
            ssm_agent_source="repository", ssm_agent_signing_keys=[{"fingerprint": "A", "expires": "2020-01-01"}]
        )
        for known in fleet.hosts.values()
    ],
    "the advanced tier": lambda fleet: fleet.view["quota"].update(registered_nodes=2900, limit=None, free=None),
    "a site that was taken away": lambda fleet: (
        fleet.aws_sites["site-plant"].update(aws_site_state="absent"),
        fleet.view["instances"].remove(fleet.instance(9)),
    ),
    "labels of one's own": lambda fleet: (
        fleet.hosts["lyon-2"].update(
            ecs_agent_attributes={"rack": "7"}, ecs_agent_config={"ECS_CONTAINER_INSTANCE_TAGS": '{"owner": "shops"}'}
        ),
        fleet.instance(2)["attributes"].update(rack="7"),
        fleet.instance(2)["tags"].update(owner="shops"),
    ),
    "a fleet without a release": lambda fleet: fleet.options.update(release=""),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_no_fault_is_not_found(name: str) -> None:
    fleet = Fleet()
    HARMLESS[name](fleet)
    if name == "a fleet without a release":
        fleet.instance(2)["attributes"].pop("fleet_release")
    assert fleet.found() == []


# --- what is mended ---


def older(**more: Any) -> dict[str, Any]:
    """A record of lyon-2 that is older than the one it works as."""
    return {**instance(1, "mi-2", "lyon", "lyon-2", agent_connected=False, container_instance_arn=arn(6)), **more}


FIXES: dict[str, tuple[Plant, dict[str, dict[str, Any]]]] = {
    "tags": (PLANTED["tags"][0], {"tags": {arn(2): {"site": "lyon"}}}),
    "attributes": (PLANTED["attributes"][0], {"attributes": {arn(2): {"site": "lyon"}}}),
    "a dead run's drain": (drained_by_a_dead_run, {"undrain": {arn(2): {}}}),
    "an activation that has expired": (PLANTED["activation_spent"][0], {"activation": {"a-1": {}}}),
    "a second record that nobody answers as": (
        lambda fleet: fleet.view["instances"].append(older(running_tasks_count=0)),
        {"record": {arn(6): {}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIXES)
def test_what_is_safe_can_be_mended(name: str) -> None:
    plant, wanted = FIXES[name]
    fleet = Fleet()
    plant(fleet)
    report = fleet.audit()
    kinds = ("tags", "attributes", "undrain", "activation", "record")
    assert {kind: made for kind in kinds if (made := audits.fixes(report, [kind]))} == wanted
    assert [item["fixable"] for item in report["findings"]] == [True]
    assert not audits.finish(report, kinds, NOW)["failed"]
    assert [item["fixed"] for item in audits.finish(report, kinds, NOW)["findings"]] == [True]
    assert [item["fixed"] for item in audits.finish(report, [], NOW)["findings"]] == [False]


# What must stay as it is, whatever is found of it.
NOT_SAFE: dict[str, Plant] = {
    "ghosts": out_of_inventory,
    "a node that nobody answers as": second_node,
    "a second record that somebody answers as": second_machine,
    "a second record with tasks": lambda fleet: fleet.view["instances"].append(older()),
    "a second record that is connected": lambda fleet: fleet.view["instances"].append(
        older(agent_connected=True, running_tasks_count=0)
    ),
    "a second record that was back at the second look": lambda fleet: (
        fleet.view["instances"].append(older(running_tasks_count=0)),
        fleet.view.update(again=[{"container_instance_arn": arn(6), "agent_connected": True}]),
    ),
    "a second machine that is off": lambda fleet: fleet.view["instances"].append(
        older(ec2_instance_id="mi-5", running_tasks_count=0)
    ),
    "another fleet's second record": lambda fleet: (
        fleet.hosts["lyon-2"].update(fleet_instance_id="mi-2"),
        fleet.view["instances"].append(older(tags={"fleet": "wholesale"}, running_tasks_count=0)),
    ),
    "a newer record than the one in use": lambda fleet: fleet.view["instances"].append(
        instance(8, "mi-2", "lyon", "lyon-2", agent_connected=False, running_tasks_count=0)
    ),
    "both records away": lambda fleet: (
        silent(fleet),
        fleet.view["instances"].append(older(running_tasks_count=0)),
    ),
    "a host that is not heard": lambda fleet: (drained_by_a_dead_run(fleet), lost(fleet)),
    "an operator's drain": PLANTED["draining"][0],
    "an activation that is open": PLANTED["activation_open"][0],
    "another fleet's labels": PLANTED["foreign"][0],
    "a release": PLANTED["release"][0],
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_SAFE)
def test_what_is_not_safe_is_left_alone(name: str) -> None:
    fleet = Fleet()
    NOT_SAFE[name](fleet)
    report = fleet.audit()
    assert report["findings"]
    assert report["fixes"] == {}


# --- what the run ends with ---


@pytest.mark.parametrize(
    ("fault", "fails_at"),
    [
        ("site_down", {"critical", "major", "minor"}),
        ("ghost", {"major", "minor"}),
        ("release", {"minor"}),
        ("draining", set()),
    ],
)
def test_the_exit_code_follows_severity(fault: str, fails_at: set[str]) -> None:
    fleet = Fleet()
    PLANTED[fault][0](fleet)
    failed = set()
    for level in rules.FAIL_AT:
        fleet.options["fail_at"] = level
        if audits.finish(fleet.audit(), [], NOW)["failed"]:
            failed.add(level)
    assert failed == fails_at


def test_a_limit_leaves_its_hosts_and_their_sites() -> None:
    fleet = Fleet()
    PLANTED["release"][0](fleet)
    fleet.instance(3)["agent_connected"] = False
    fleet.view["activations"] += [activation(), activation(tags={"fleet": "retail", "site": "oslo"})]
    fleet.view["quota"]["registered_nodes"] = 1000
    fleet.options["only"] = ["lyon-1"]
    assert fleet.found() == [("activation_open", "lyon")]
    fleet.options["only"] = ["lyon-2"]
    assert fleet.found() == [("activation_open", "lyon"), ("release", "lyon-2")]
    fleet.view["outposts"].clear()
    fleet.options["only"] = ["site-plant"]
    assert fleet.found() == [("outpost_away", "plant")]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("fail_at", "worst", "audit_fail_at is 'worst': it has to be one of 'critical', 'major', 'minor', 'never'."),
        ("disconnected_minutes", "soon", "audit_disconnected_minutes is 'soon': a whole number from 1 on is allowed."),
        ("tier_percent", 200, "audit_tier_percent is '200': 1 to 100 is allowed."),
    ],
)
def test_bad_input_is_refused(option: str, value: Any, said: str) -> None:
    fleet = Fleet()
    fleet.options[option] = value
    with pytest.raises(PlanError) as refused:
        fleet.audit()
    assert str(refused.value) == said


def test_a_host_without_a_site_is_refused() -> None:
    fleet = Fleet()
    fleet.hosts["lyon-2"] = {}
    with pytest.raises(PlanError, match=r"fleet_site is not set for: lyon-2\."):
        fleet.audit()


def test_the_terminal_tells_what_is_amiss_where_and_what_to_do() -> None:
    fleet = Fleet()
    out_of_inventory(fleet)
    fleet.instance(1)["tags"]["site"] = "oslo"
    fleet.instance(3)["agent_connected"] = False
    told = table.lines(audits.finish(fleet.audit(), ["tags"], NOW))
    assert told[:7] == [
        "",
        "Fleet retail, cluster retail-edge in us-west-2, release 2026.11: 2 hosts at 3 sites.",
        "SEVERITY  RULE          FOUND  WHERE",
        "critical  site_down         1  oslo",
        "major     ghost             1  lyon",
        "major     agent_silent      1  oslo/oslo-1",
        "minor     tags              1  lyon/lyon-1",
    ]
    assert "  lyon/lyon-1 (mi-1): Of its tags, site is 'oslo', not 'lyon'. MENDED" in told
    assert "CRITICAL site_down: sites without a host that takes tasks" in told
    assert "  oslo: None of its 1 host takes tasks: 1 not connected." in told
    assert told[-1] == "Findings: 1 critical, 2 major. 1 finding mended. Fails: audit_fail_at is major."


def test_what_is_alike_is_told_once() -> None:
    fleet = Fleet()
    fleet.hosts.update({f"new-{number}": {"fleet_site": "lyon"} for number in range(20)})
    told = table.lines(audits.finish(fleet.audit(), [], NOW))
    (line,) = [line for line in told if line.startswith("  lyon/new-0, ")]
    assert line.endswith("lyon/new-11 and 8 more: Neither ECS nor Systems Manager knows it.")
    assert table.lines(audits.finish(Fleet().audit(), [], NOW))[-1] == "Nothing is amiss."


def test_long_lists_are_folded_in_the_terminal() -> None:
    fleet = Fleet()
    fleet.view["activations"] = [activation(activation_id=f"a-{number}", name=f"x-{number}") for number in range(20)]
    told = table.lines(audits.finish(fleet.audit(), [], NOW))
    assert any(line.startswith("  lyon (a-0): 17 machines may still register with x-0 ") for line in told)
    assert "  and 8 more, which the report tells" in told


PAGE = Path(__file__).resolve().parents[5] / "docs" / "audit.md"


def test_the_page_tells_every_rule_with_its_severity() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (\w+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = {name: severity for names, severity in rows for name in re.findall(r"`(\w+)`", names)}
    assert {rule.name: rule.severity for rule in rules.RULES}.items() <= told.items()


def test_the_page_tells_every_member_of_a_report() -> None:
    fleet = Fleet()
    out_of_inventory(fleet)
    report = audits.finish(fleet.audit(), [], NOW)
    told = PAGE.read_text(encoding="utf-8")
    assert [name for name in (*report, *report["findings"][0], *report["counted"]) if f"`{name}`" not in told] == []
