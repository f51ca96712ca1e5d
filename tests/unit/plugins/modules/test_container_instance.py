# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import container_instance

Run = Callable[..., dict[str, Any]]
ONE, TWO = "mi-00000000000000001", "mi-00000000000000002"


def raw(machine: str = ONE, **changes: Any) -> dict[str, Any]:
    return {
        "containerInstanceArn": f"arn/{machine}",
        "ec2InstanceId": machine,
        "status": "ACTIVE",
        "agentConnected": True,
        **changes,
    }


def there(*items: dict[str, Any]) -> dict[str, Any]:
    arns = [item["containerInstanceArn"] for item in items]
    return {
        "list_container_instances": {"containerInstanceArns": arns},
        "describe_container_instances": {"containerInstances": list(items)},
    }


def params(**changes: Any) -> dict[str, Any]:
    return {"cluster": "edge", "container_instances": [ONE], **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cluster": "retail edge"}, "Option cluster"),
        ({"container_instances": ["lyon-01"]}, "Option container_instances: 'lyon-01'"),
        ({"attributes": {"ecs.x": "y"}}, "belong to ECS"),
        ({"attributes": {"a": "1"}, "drop_attributes": ["a"]}, "also to be set"),
        ({"attributes_by_instance": {TWO: {}}}, "not one of container_instances"),
        ({"tags": {"a": None}}, "tags.a"),
        ({"tags_by_instance": {TWO: {}}}, "not one of container_instances"),
        ({"drop_tags_by_instance": {ONE: "a"}}, "give a list of names"),
        ({"tags": {"a": "1"}, "drop_tags_by_instance": {ONE: ["a"]}}, "also to be set"),
    ],
)
def test_bad_input_fails_before_any_call(run: Run, changes: dict[str, Any], message: str) -> None:
    result = run(container_instance, params(**changes))
    assert result["failed"]
    assert message in result["msg"]


def test_present_leaves_a_drained_host_drained(run: Run, client: Any) -> None:
    fake = client(**there(raw(status="DRAINING")), put_attributes={})
    result = run(container_instance, params(attributes={"site": "lyon"}), fake)
    assert result["changed"]
    assert "update_container_instances_state" not in fake.methods()


def test_single_instances_lose_and_get_what_is_named(run: Run, client: Any) -> None:
    labels = {"attributes": [{"name": "rack", "value": "7"}], "tags": [{"key": "rack", "value": "7"}]}
    fake = client(**there(raw(**labels), raw(TWO, **labels)), delete_attributes={}, untag_resource={}, tag_resource={})
    wanted = params(
        container_instances=[ONE, TWO],
        drop_attributes_by_instance={ONE: ["rack"]},
        drop_tags_by_instance={ONE: ["rack"]},
        tags_by_instance={TWO: {"rack": "7", "site": "lyon"}},
    )
    assert run(container_instance, wanted, fake)["changed"]
    calls = dict(fake.calls)
    assert [item["targetId"] for item in calls["delete_attributes"]["attributes"]] == [f"arn/{ONE}"]
    assert (calls["untag_resource"]["resourceArn"], calls["untag_resource"]["tagKeys"]) == (f"arn/{ONE}", ["rack"])
    assert calls["tag_resource"]["tags"] == [{"key": "site", "value": "lyon"}]


def test_check_mode_predicts_and_writes_nothing(run: Run, client: Any) -> None:
    fake = client(**there(raw()))
    result = run(container_instance, params(state="draining", wait=True, tags={"a": 1}), fake, check_mode=True)
    assert result["changed"]
    assert result["container_instances"][0]["status"] == "DRAINING"
    assert result["diff"]["after"][ONE] == {"status": "DRAINING", "attributes": {}, "tags": {"a": "1"}}
    assert result["diff"]["before"][ONE]["tags"] == {}
    assert fake.methods() == ["list_container_instances", "describe_container_instances"]


def test_unchanged_and_connected_costs_a_list_and_a_describe(run: Run, client: Any) -> None:
    fake = client(**there(raw()))
    result = run(container_instance, params(state="active", wait=True), fake)
    assert (result["changed"], result["missing"]) == (False, [])
    assert fake.methods() == ["list_container_instances", "describe_container_instances"]


def test_missing_instances_are_named_before_anything_changes(run: Run, client: Any) -> None:
    fake = client(**there(raw()))
    result = run(container_instance, params(container_instances=[ONE, TWO], state="draining"), fake)
    assert result["missing"] == [TWO]
    assert "update_container_instances_state" not in fake.methods()


def test_check_mode_does_not_fail_over_hosts_that_would_be_waited_for(run: Run, client: Any) -> None:
    wanted = params(container_instances=[ONE, TWO], state="active", wait=True)
    result = run(container_instance, wanted, client(**there(raw())), check_mode=True)
    assert (result.get("failed"), result["missing"]) == (None, [TWO])


def test_who_did_not_connect_is_told_in_pending(run: Run, client: Any) -> None:
    fake = client(**there(raw(), raw(TWO, agentConnected=False)))
    wanted = params(container_instances=[ONE, TWO], state="active", wait=True, wait_timeout=0)
    result = run(container_instance, wanted, fake)
    assert result["failed"]
    assert result["pending"] == {TWO: "ACTIVE, agent not connected"}
    assert "be ACTIVE with a connected agent" in result["msg"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_busy_instance_is_deregistered_by_force_only(run: Run, client: Any, check_mode: bool) -> None:
    fake = client(**there(raw(runningTasksCount=1)), deregister_container_instance={})
    result = run(container_instance, params(state="absent"), fake, check_mode)
    assert result["failed"]
    assert ONE in result["msg"]
    result = run(container_instance, params(state="absent", force=True), fake, check_mode)
    assert (result["changed"], result["container_instances"], result["diff"]["after"]) == (True, [], {})
    assert ("deregister_container_instance" in fake.methods()) is not check_mode


def test_absent_takes_every_record_of_a_machine(run: Run, client: Any) -> None:
    twice = there(raw(), raw(containerInstanceArn="arn/old", agentConnected=False))
    fake = client(**twice, deregister_container_instance={})
    assert run(container_instance, params(state="absent"), fake)["changed"]
    gone = [asked["containerInstance"] for method, asked in fake.calls if method == "deregister_container_instance"]
    assert gone == [f"arn/{ONE}", "arn/old"]


def test_absent_is_idempotent(run: Run, client: Any) -> None:
    result = run(container_instance, params(state="absent"), client(**there()))
    assert (result["changed"], result["missing"]) == (False, [ONE])
