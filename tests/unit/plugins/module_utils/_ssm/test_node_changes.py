# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which managed nodes are meant, and what they are asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import NotPossible, Refused
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.tags import TagChange
from ansible_collections.edgefleet.ecs.plugins.module_utils._ssm import managed_nodes
from ansible_collections.edgefleet.ecs.plugins.module_utils._ssm.managed_nodes import MANAGED, NodeQuery
from ansible_collections.edgefleet.ecs.plugins.module_utils._ssm.node_plan import NodeChange, WantedNode
from botocore.exceptions import ClientError


def raw(number: int, **changes: Any) -> dict[str, Any]:
    return {"InstanceId": f"mi-{number}", "ResourceType": MANAGED, "ActivationId": "a", "IamRole": "E", **changes}


def reply(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"InstanceInformationList": list(nodes)}


def query(*ids: str, activations: tuple[str, ...] = ()) -> NodeQuery:
    return NodeQuery(instance_ids=list(ids), activation_ids=list(activations), resource_type=MANAGED)


def ids(nodes: list[dict[str, Any]]) -> list[str]:
    return [node["instance_id"] for node in nodes]


def test_ids_alone_are_looked_up_in_one_go(client: Callable[..., Any]) -> None:
    fake = client(describe_instance_information=reply(raw(1)))
    found, missing = managed_nodes.find(fake, query("mi-1", "mi-2"), {})
    assert (ids(found), missing) == (["mi-1"], ["mi-2"])
    assert len(fake.calls) == 1


def test_tags_choose_and_never_reach_ec2(client: Callable[..., Any]) -> None:
    fake = client(describe_instance_information=reply(raw(1), raw(2, ResourceType="EC2Instance"), raw(3)))
    found, missing = managed_nodes.find(fake, query(), {"fleet": "retail"})
    assert (ids(found), missing) == (["mi-1", "mi-3"], [])
    assert fake.calls[0][1]["Filters"] == [{"Key": "tag:fleet", "Values": ["retail"]}]


def test_a_named_node_without_the_tags_is_refused(client: Callable[..., Any]) -> None:
    fake = client(describe_instance_information=[reply(raw(1)), reply(raw(2))])
    with pytest.raises(NotPossible, match=r"required tags \(fleet=retail\).*: mi-2\. Take them out") as caught:
        managed_nodes.find(fake, query("mi-1", "mi-2", "mi-3"), {"fleet": "retail"})
    assert caught.value.details == {"foreign": ["mi-2"]}


@pytest.mark.parametrize("tags", [{}, {"fleet": "retail"}])
def test_a_node_of_another_activation_is_neither_meant_nor_missing(client: Callable[..., Any], tags: Any) -> None:
    other = raw(2, ActivationId="b")
    first = reply(raw(1), other) if tags else reply(raw(1))
    fake = client(describe_instance_information=[first, reply(other)])
    found, missing = managed_nodes.find(fake, query("mi-1", "mi-2", "mi-3", activations=("a",)), tags)
    assert (ids(found), missing) == (["mi-1"], ["mi-3"])


def test_tags_are_read_only_of_nodes_that_lack_some(client: Callable[..., Any]) -> None:
    nodes = [{"instance_id": f"mi-{number}"} for number in (1, 2)]
    own = {"Key": "aws:x", "Value": "y"}
    told = {"TagList": [{"Key": "fleet", "Value": "retail"}, own]}
    fake = client(describe_instance_information=reply(raw(1)), list_tags_for_resource=told)
    read = managed_nodes.with_tags(fake, nodes, WantedNode(tags={"owner": "ops"}))
    assert read == [nodes[0], {"instance_id": "mi-2", "tags": {"fleet": "retail"}}]
    assert fake.methods() == ["describe_instance_information", "list_tags_for_resource"]
    fake = client(list_tags_for_resource=told)
    managed_nodes.with_tags(fake, nodes, WantedNode(tags={"owner": "ops"}, purge_tags=True))
    assert fake.methods() == ["list_tags_for_resource"] * 2
    assert managed_nodes.with_tags(client(), nodes, WantedNode()) == nodes


def test_a_change_is_put_into_calls(client: Callable[..., Any]) -> None:
    fake = client(update_managed_instance_role={}, add_tags_to_resource={}, remove_tags_from_resource={})
    change = NodeChange("Narrow", TagChange(put={"owner": "ops"}, drop=["fleet"]))
    managed_nodes.apply(fake, {"instance_id": "mi-1"}, change)
    where = {"ResourceType": "ManagedInstance", "ResourceId": "mi-1"}
    assert fake.calls == [
        ("update_managed_instance_role", {"InstanceId": "mi-1", "IamRole": "Narrow"}),
        ("remove_tags_from_resource", {"TagKeys": ["fleet"], **where}),
        ("add_tags_to_resource", {"Tags": [{"Key": "owner", "Value": "ops"}], **where}),
    ]


def test_a_node_that_is_gone_meanwhile_is_deregistered(client: Callable[..., Any]) -> None:
    for code, raises in (("InvalidInstanceId", False), ("AccessDeniedException", True)):
        fake = client(deregister_managed_instance=ClientError({"Error": {"Code": code}}, "Any"))
        if raises:
            with pytest.raises(Refused, match="deregister managed node mi-1"):
                managed_nodes.deregister(fake, {"instance_id": "mi-1"})
        else:
            managed_nodes.deregister(fake, {"instance_id": "mi-1"})


@pytest.mark.parametrize(("tier", "limit", "free"), [("standard", 1000, 998), ("advanced", None, None)])
def test_the_quota_counts_machines_outside_of_aws(
    client: Callable[..., Any], tier: str, limit: int | None, free: int | None
) -> None:
    fake = client(
        get_service_setting={"ServiceSetting": {"SettingValue": tier}},
        describe_instance_information=reply(raw(1), raw(2)),
    )
    expected = {"activation_tier": tier, "registered_nodes": 2, "limit": limit, "free": free}
    assert managed_nodes.read_quota(fake) == expected
    everybody = [{"resource_type": MANAGED}, {"resource_type": MANAGED}, {"resource_type": "EC2Instance"}]
    assert managed_nodes.read_quota(fake, everybody) == expected
    assert fake.methods() == ["get_service_setting", "describe_instance_information", "get_service_setting"]


def test_many_names_are_shortened() -> None:
    with pytest.raises(NotPossible, match="25 managed nodes .* mi-19 and 5 more. Correct"):
        managed_nodes.require_all([f"mi-{number}" for number in range(25)])
