# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""New identities, clones, moves, and the records that they leave behind."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import identity, limits, outcomes, plan
from hypothesis import given
from hypothesis import strategies as st

from .test_plan import OPTIONS, drift, instance

OLD, NEW = "mi-old", "mi-new"
SEEN: dict[str, Any] = {
    "opened": {"open": True, "reason": ""}, "alive": ["lab-1"], "failures": {}, "connected": ["lab-1"],
}  # fmt: skip


def seen(identity: str | None = OLD, findings: tuple[str, ...] = (), **registration: Any) -> dict[str, Any]:
    machine = registration.pop("machine_id", "m1")
    cluster = registration.pop("cluster", "edge")
    return {
        "host": {
            "machine_id": machine,
            "registration": {
                "registered": identity is not None, "instance_id": identity,
                "region": "us-west-2" if identity else None, "same_machine": True if identity else None,
                "backup": False, "abandoned": None, **registration,
            },
            "packages": {},
            "ecs_agent": {"introspection": {"cluster": cluster} if cluster else None},
        },
        "drift": [],
        "findings": [
            {"check": check, "level": "error", "what": f"{check} is wrong.", "why": "", "advice": ""}
            for check in findings
        ],
    }  # fmt: skip


def build(hosts: dict[str, dict[str, Any]], view: dict[str, Any], **options: Any) -> dict[str, Any]:
    sites = {name: name.split("-")[0] for name in hosts}
    return plan.build(sites, hosts, view, {**OPTIONS, "max_unavailable": "100%", **options})


def view(*instances: dict[str, Any], **more: Any) -> dict[str, Any]:
    known = [OLD, NEW]
    return {"instances": list(instances), "nodes": known, "own_nodes": known, **more}


def components(host: dict[str, Any]) -> dict[str, Any]:
    return {entry["component"]: entry["after"] for entry in host["drift"]}


# --- reregister ---


def test_a_new_identity_is_a_drained_change_with_an_activation_and_removes_the_old_records() -> None:
    made = build({"lab-1": seen()}, view(instance(OLD)), renew="identity")
    host, batch = made["hosts"]["lab-1"], made["batches"][0]
    assert host["action"] == "converge" and host["renews"] and host["disruptive"]
    assert components(host)["registration"] == {"instance_id": "a new one", "renew": "identity"}
    assert "ecs_agent" in components(host)
    assert (batch["registers"], batch["drain"], batch["retires"]) == (1, [f"arn:{OLD}"], True)
    assert batch["empties"] == [{"cluster": "edge", "arns": [f"arn:{OLD}"], "mark": [f"arn:{OLD}"]}]
    assert batch["records"] == [{"cluster": "edge", "arns": [f"arn:{OLD}"]}]
    assert host["retire"]["nodes"] == [OLD] and host["retire"]["left"] == []


@pytest.mark.parametrize(
    ("host", "region", "why"),
    [
        # What a plain rollout blocks, and what names the way out.
        (seen(), {"nodes": []}, "edgefleet.ecs.reregister"),
        (seen(findings=("registration",), same_machine=False), {}, "registration is wrong"),
        (seen(findings=("registration",), region="eu-west-3"), {}, "registration is wrong"),
        (seen(findings=("cluster", "registration"), same_machine=False), {}, "cluster is wrong"),
        (seen(findings=("os",)), {}, "os is wrong"),
    ],
)
def test_a_plain_rollout_never_gives_an_identity_up(host: dict[str, Any], region: dict[str, Any], why: str) -> None:
    plain = build({"lab-1": host}, view(instance(OLD), **region))["hosts"]["lab-1"]
    assert plain["action"] == "blocked" and why in plain["reason"]
    renewed = build({"lab-1": host}, view(instance(OLD), **region), renew="identity")["hosts"]["lab-1"]
    assert renewed["action"] == ("blocked" if why == "os is wrong" else "converge")


@pytest.mark.parametrize(
    ("host", "region", "instances", "nodes", "drained", "left"),
    [
        # A dead identity: nobody can drain it, its container instance goes, SSM has nothing to remove.
        (seen(), {"nodes": [], "own_nodes": []}, [f"arn:{OLD}"], [], [], ""),
        # Of another machine, or of another Region: the records are not ours to remove.
        (seen(same_machine=False), {}, [], [], [], "was made for another machine"),
        (seen(region="eu-west-3"), {}, [], [], [f"arn:{OLD}"], "in Region eu-west-3"),
        # Without the fleet's tag the managed node stays.
        (seen(), {"own_nodes": []}, [f"arn:{OLD}"], [], [f"arn:{OLD}"], "does not bear the tag fleet=retail"),
    ],
)
def test_what_a_new_identity_removes(
    host: dict[str, Any], region: dict[str, Any], instances: list[str], nodes: list[str], drained: list[str], left: str
) -> None:
    connected = bool(drained) or "nodes" not in region
    made = build({"lab-1": host}, view(instance(OLD, agent_connected=connected), **region), renew="identity")
    found = made["hosts"]["lab-1"]
    assert found["action"] == "converge", found["reason"]
    assert (found["retire"]["instances"], found["retire"]["nodes"]) == (instances, nodes)
    assert made["batches"][0]["drain"] == drained
    assert left in " ".join(found["retire"]["left"]) and bool(left) == bool(found["retire"]["left"])
    # Whatever stays is told before the run, too.
    assert found["warnings"] == found["retire"]["left"]


def test_the_records_of_an_identity_that_another_host_has_stay() -> None:
    hosts = {"lab-1": seen(), "lab-2": seen(machine_id="m2")}
    for host in build(hosts, view(instance(OLD)), renew="identity")["hosts"].values():
        assert host["retire"]["instances"] == host["retire"]["nodes"] == []
        assert "is the identity of lab-" in host["retire"]["left"][0]


def test_a_run_that_was_cut_short_is_ended_and_not_done_again() -> None:
    old = instance(OLD, agent_connected=False, status="DRAINING", attributes={plan.DRAIN_MARK: "r1"})
    host = seen(NEW, abandoned=[OLD])
    for renew in ("identity", ""):
        found = build({"lab-1": host}, view(instance(NEW), old), renew=renew)["hosts"]["lab-1"]
        assert found["action"] == "converge" and not found["renews"] and not found["register"]
        assert components(found) == {"records": {"left": []}}
        assert found["retire"]["instances"] == [f"arn:{OLD}"] and found["retire"]["nodes"] == [OLD]
    # Registered, not joined yet.
    found = build({"lab-1": host}, view(old), renew="identity")["hosts"]["lab-1"]
    assert components(found).keys() == {"ecs_agent", "records"} and not found["renews"]
    # Not registered yet: the note names the identity that the host still has.
    found = build({"lab-1": seen()}, view(old), renew="identity")["hosts"]["lab-1"]
    assert found["renews"]
    # The new identity has died meanwhile.
    found = build({"lab-1": host}, view(old, nodes=[OLD]), renew="identity")["hosts"]["lab-1"]
    assert found["renews"] and found["retire"]["instances"] == [f"arn:{OLD}"]


@pytest.mark.parametrize(
    ("before", "renews"),
    [("", True), ("2026-11-22T05:00:00Z", False), ("2026-11-22T05:00:01+00:00", True), ("2026-11-23T00:00:00Z", True)],
)
def test_hosts_that_were_registered_since_are_left_alone(before: str, renews: bool) -> None:
    region = view(instance(OLD), registered_at={OLD: "2026-11-22T05:00:00+00:00"})
    found = build({"lab-1": seen()}, region, renew="identity", renew_before=before)["hosts"]["lab-1"]
    assert found["renews"] is renews
    assert (found["action"] == "unchanged") is not renews


def test_an_operators_drain_outlives_the_identity() -> None:
    made = build({"lab-1": seen()}, view(instance(OLD, status="DRAINING")), renew="identity")
    host, batch = made["hosts"]["lab-1"], made["batches"][0]
    assert host["drains_again"] and not host["stays_draining"]
    # Waited for, not marked as ours.
    assert batch["drain"] == [] and batch["empties"] == [{"cluster": "edge", "arns": [f"arn:{OLD}"], "mark": []}]


def test_an_agent_in_an_unknown_cluster_is_not_reregistered_undrained() -> None:
    host = seen(cluster="old")
    found = build({"lab-1": host}, view(), renew="identity")["hosts"]["lab-1"]
    assert found["action"] == "blocked" and "fleet_move_from: [old]" in found["reason"]
    there = [{"cluster": "old", "instances": [instance(OLD)]}]
    found = build({"lab-1": host}, view(elsewhere=there), renew="identity")["hosts"]["lab-1"]
    assert found["action"] == "converge"
    assert found["retire"]["elsewhere"] == [{"cluster": "old", "container_instance_arn": f"arn:{OLD}"}]


def test_an_unknown_renewal_is_named() -> None:
    with pytest.raises(limits.PlanError, match="fleet_renew: 'all' is none of"):
        build({"lab-1": seen()}, view(), renew="all")


# --- moving ---


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_host_of_another_cluster_moves_only_when_it_may_leave_it(elsewhere: bool) -> None:
    host = {**seen(cluster="old", findings=("cluster",) if elsewhere else ()), "drift": [drift("ecs_config", True)]}
    there = [{"cluster": "old", "instances": [instance(OLD)]}] if elsewhere else []
    made = build({"lab-1": host}, view(elsewhere=there))
    found = made["hosts"]["lab-1"]
    if not elsewhere:
        assert found["action"] == "blocked"
        assert "in cluster old" in found["reason"] and "fleet_move_from: [old]" in found["reason"]
        return
    assert found["action"] == "converge" and found["leaves"] == ["old"] and found["instance"] is None
    assert made["batches"][0]["drain"] == [f"arn:{OLD}"]
    assert made["batches"][0]["empties"][0]["cluster"] == "old"
    assert components(found)["move"] == {"cluster": "edge"} and "records" not in components(found)
    assert made["batches"][0]["records"] == [{"cluster": "old", "arns": [f"arn:{OLD}"]}]
    assert found["retire"]["nodes"] == []


def test_a_move_that_was_cut_short_before_the_record_was_removed_is_ended() -> None:
    there = [
        {"cluster": "old", "instances": [instance(OLD, container_instance_arn="arn:there", agent_connected=False)]}
    ]
    found = build({"lab-1": seen()}, view(instance(OLD), elsewhere=there))["hosts"]["lab-1"]
    assert components(found) == {"records": {"left": []}}
    assert found["retire"]["elsewhere"] == [{"cluster": "old", "container_instance_arn": "arn:there"}]
    # Nothing of it costs the hosts that are where they belong.
    assert (
        build({"lab-1": seen()}, view(instance(OLD), elsewhere=[{"cluster": "old", "instances": []}]))["batches"] == []
    )


def test_a_second_record_of_a_host_goes() -> None:
    first = instance(OLD, container_instance_arn="arn:first", agent_connected=False, registered_at="2026-11-21")
    second = instance(OLD, container_instance_arn="arn:second", registered_at="2026-11-20")
    made = build({"lab-1": seen()}, view(first, second))
    assert made["hosts"]["lab-1"]["instance"] == "arn:second"
    assert made["hosts"]["lab-1"]["retire"]["stale"] == ["arn:first"]


# --- clones ---


@pytest.mark.parametrize(
    ("host", "options", "action", "words"),
    [
        (seen(same_machine=False), {}, "converge", "was made for another machine"),
        (seen(), {}, "blocked", "Nothing shows that the host is a clone"),
        (seen(), {"renew_anyway": True}, "converge", "told that it is a clone"),
        (seen(), {"originals": {"lyon-1": seen()}}, "converge", "a copy of lyon-1"),
        (seen(NEW), {"originals": {"lyon-1": seen()}}, "converge", "a copy of lyon-1"),
        (seen(NEW, machine_id="m2"), {"originals": {"lyon-1": seen()}}, "blocked", "Nothing shows"),
        # Not registered: only the machine-id is a copy.
        (seen(None), {"originals": {"lyon-1": seen()}}, "converge", "a copy of lyon-1"),
    ],
)
def test_only_a_clone_is_repaired(host: dict[str, Any], options: dict[str, Any], action: str, words: str) -> None:
    made = build({"lab-1": {**host, "drift": []}}, view(instance(OLD)), renew="machine", **options)
    found = made["hosts"]["lab-1"]
    assert found["action"] == action
    assert words in found["reason"] + " ".join(entry["reason"] for entry in found["drift"])
    if action == "converge":
        assert components(found)["machine_id"] == {"id": "a new one"}
        # The original is neither drained nor removed.
        assert made["batches"][0]["drain"] == [] and made["batches"][0]["empties"] == []
        assert found["retire"]["instances"] == found["retire"]["nodes"] == found["retire"]["elsewhere"] == []


def test_of_two_alike_hosts_of_a_run_neither_is_taken_for_the_clone() -> None:
    made = build({"lab-1": seen(), "lab-2": seen()}, view(instance(OLD)), renew="machine")
    for host in made["hosts"].values():
        assert host["action"] == "blocked"
        assert "lab-1, lab-2 are one machine" in host["reason"] and "fleet_clone_of" in host["reason"]


def test_a_repair_that_was_cut_short_is_ended() -> None:
    # Cleared, not registered: a plain road from here.
    found = build({"lab-1": {**seen(None), "drift": [drift("registration")]}}, view(), renew="machine")["hosts"][
        "lab-1"
    ]
    assert found["action"] == "converge" and components(found).keys() == {"registration"}
    # Registered by the run that was cut short.
    found = build({"lab-1": seen(NEW, abandoned=[])}, view(instance(NEW)), renew="machine")["hosts"]["lab-1"]
    assert found["action"] == "converge" and components(found) == {"records": {"left": []}}


# --- removal ---


def removal(*instances: dict[str, Any], connected: tuple[str, ...] = ("lab-1",)) -> dict[str, Any]:
    host = seen(NEW, abandoned=[OLD])
    made = build({"lab-1": host}, view(instance(NEW), instance(OLD, agent_connected=False)), renew="identity")
    return identity.removal(made, 1, connected, {"edge": instances})


def test_records_go_when_the_host_is_proven() -> None:
    old = instance(OLD, agent_connected=False, running_tasks_count=1)
    assert removal(old) == {
        "calls": [{"cluster": "edge", "force": True, "arns": [f"arn:{OLD}"]}], "nodes": [OLD], "left": {},
    }  # fmt: skip
    assert removal(old, connected=()) == {"calls": [], "nodes": [], "left": {}}
    # Gone already.
    assert removal() == {"calls": [], "nodes": [OLD], "left": {}}


def test_what_somebody_works_with_stays_and_is_named() -> None:
    found = removal(instance(OLD, agent_connected=True))
    assert found["calls"] == found["nodes"] == []
    assert "is still connected" in found["left"]["lab-1"][0]


def test_a_second_record_with_tasks_is_not_forced_away() -> None:
    stale = instance(
        OLD, container_instance_arn="arn:2", agent_connected=False, registered_at="1", running_tasks_count=1
    )
    made = build({"lab-1": seen()}, view(instance(OLD, registered_at="2"), stale))
    found = identity.removal(made, 1, ["lab-1"], {"edge": [stale]})
    assert found["calls"] == [] and "counts tasks" in found["left"]["lab-1"][0]
    found = identity.removal(made, 1, ["lab-1"], {"edge": [{**stale, "running_tasks_count": 0}]})
    assert found["calls"] == [{"cluster": "edge", "force": False, "arns": ["arn:2"]}]


def test_records_that_could_not_be_removed_fail_the_host_by_name() -> None:
    made = build({"lab-1": seen()}, view(instance(OLD)), renew="identity")
    result = outcomes.batch_result(made, 1, **SEEN, left={"lab-1": ["x"]}, unretired="denied.")
    assert result["outcomes"]["lab-1"]["outcome"] == "failed"
    assert "records of what it was before are left: denied." in result["outcomes"]["lab-1"]["reason"]
    result = outcomes.batch_result(made, 1, **SEEN, left={"lab-1": ["x"]})
    assert result["outcomes"]["lab-1"] == {"outcome": "converged", "reason": "", "left": ["x"]}


# --- whatever comes together ---

IDENTITIES = ("mi-1", "mi-2", "mi-3")


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "identity": st.sampled_from([None, *IDENTITIES]),
                "machine_id": st.sampled_from(["m1", "m2"]),
                "same_machine": st.sampled_from([True, False, None]),
                "region": st.sampled_from(["us-west-2", "eu-west-3"]),
                "abandoned": st.one_of(st.none(), st.lists(st.sampled_from(IDENTITIES), unique=True)),
                "cluster": st.sampled_from(["edge", "old", None]),
            }
        ),
        min_size=1,
        max_size=4,
    ),
    st.lists(
        st.tuples(st.sampled_from(IDENTITIES), st.booleans(), st.sampled_from(["ACTIVE", "DRAINING"])), max_size=4
    ),
    st.sets(st.sampled_from(IDENTITIES)),
    st.sampled_from(identity.RENEWALS),
    st.booleans(),
)
def test_nothing_that_is_in_use_or_not_ours_is_removed(
    hosts: list[dict[str, Any]], records: list[tuple[str, bool, str]], own: set[str], renew: str, anyway: bool
) -> None:
    named = {}
    for number, given_host in enumerate(hosts):
        more = dict(given_host)
        identified = more.pop("identity")
        # As host_facts has it: the identity of now is none of the abandoned ones.
        more["abandoned"] = more["abandoned"] and [item for item in more["abandoned"] if item != identified]
        named[f"lab-{number}"] = seen(identified, **more)
    instances = [
        instance(
            machine, container_instance_arn=f"arn:{at}", agent_connected=connected, status=status, registered_at="x"
        )
        for at, (machine, connected, status) in enumerate(records)
    ]
    made = build(
        named, {"instances": instances, "nodes": list(IDENTITIES), "own_nodes": sorted(own)}, renew=renew,
        renew_anyway=anyway,
    )  # fmt: skip
    machine_of = {item["container_instance_arn"]: item["ec2_instance_id"] for item in instances}
    for name, host in made["hosts"].items():
        retire = host["retire"]
        others = {seen_["host"]["registration"]["instance_id"] for other, seen_ in named.items() if other != name}
        gone = {*retire["nodes"], *(machine_of[arn] for arn in retire["instances"])}
        assert not gone & others
        assert set(retire["nodes"]) <= own
        if not host["renews"]:
            assert host["identity"] not in gone
        if named[name]["host"]["registration"]["same_machine"] is False or renew == "machine":
            assert host["drain"] == [] and (host["identity"] is None or host["identity"] not in gone)
        if host["renews"]:
            assert host["register"] and (host["disruptive"] or host["action"] == "blocked")
    for batch in made["batches"]:
        assert batch["registers"] == sum(made["hosts"][name]["register"] for name in batch["hosts"])
        assert set(batch["drain"]) == {arn for place in batch["empties"] for arn in place["mark"]}
