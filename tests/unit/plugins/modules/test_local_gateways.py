# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import (
    local_gateway_info,
    local_gateway_route,
    local_gateway_route_table_association,
)

Run = Callable[..., dict[str, Any]]
TABLE = "lgw-rtb-0123456789abcdef0"
GROUP = "lgw-vif-grp-0123456789abcdef0"
VPC = "vpc-0123456789abcdef0"
ROUTE = {
    "local_gateway_route_table_id": TABLE,
    "destination_cidr_block": "10.9.0.0/16",
    "local_gateway_virtual_interface_group_id": GROUP,
}
PAIR = {"local_gateway_route_table_id": TABLE, "vpc_id": VPC}


@pytest.mark.parametrize(
    ("module", "params", "message"),
    [
        (local_gateway_info, {"local_gateway_ids": ["lgw"], "include": []}, "local_gateway_ids: 'lgw'"),
        (local_gateway_info, {"outpost": "op-1"}, "Option outpost: 'op-1'"),
        (local_gateway_route, {**ROUTE, "local_gateway_route_table_id": "rtb-1"}, "route_table_id: 'rtb-1'"),
        (local_gateway_route, {**ROUTE, "destination_cidr_block": "10.9.0.1/16"}, "write 10.9.0.0/16"),
        (local_gateway_route, {**ROUTE, "local_gateway_virtual_interface_group_id": "x"}, "interface_group_id: 'x'"),
        (local_gateway_route_table_association, {**PAIR, "vpc_id": "plant"}, "vpc_id: 'plant'"),
        (local_gateway_route_table_association, {**PAIR, "tags": {"aws:x": "1"}}, "aws:"),
    ],
)
def test_bad_input_fails_before_any_call(run: Run, module: Any, params: dict[str, Any], message: str) -> None:
    assert message in run(module, params)["msg"]


def test_an_outpost_given_by_arn_is_not_looked_up(run: Run, client: Any) -> None:
    arn = "arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0"
    fake = client(describe_local_gateways={"LocalGateways": []})
    result = run(local_gateway_info, {"outpost": arn}, fake)
    assert (result["local_gateways"], result["route_tables"]) == ([], [])
    assert fake.calls == [
        ("describe_local_gateways", {"Filters": [{"Name": "outpost-arn", "Values": [arn]}], "MaxResults": 1000})
    ]


def routes(**members: Any) -> dict[str, Any]:
    known = {
        "DestinationCidrBlock": "10.9.0.0/16",
        "LocalGatewayRouteTableId": TABLE,
        "LocalGatewayVirtualInterfaceGroupId": GROUP,
        "Type": "static",
        "State": "active",
    }
    return {"Routes": [{**known, **members}]}


NO_ROUTE: dict[str, Any] = {"Routes": []}


def test_a_route_that_is_right_costs_one_call(run: Run, client: Any) -> None:
    fake = client(search_local_gateway_routes=routes())
    assert not run(local_gateway_route, ROUTE, fake)["changed"]
    assert fake.methods() == ["search_local_gateway_routes"]


def test_a_new_route_is_waited_for(run: Run, client: Any, naps: list[float]) -> None:
    looks = [NO_ROUTE, NO_ROUTE, routes(State="pending"), routes()]
    fake = client(search_local_gateway_routes=looks, create_local_gateway_route={})
    result = run(local_gateway_route, {**ROUTE}, fake)
    assert (result["changed"], result["route"]["state"]) == (True, "active")
    assert len(naps) == 2


def test_another_target_is_changed_in_place(run: Run, client: Any) -> None:
    other = routes(LocalGatewayVirtualInterfaceGroupId=None, NetworkInterfaceId="eni-1")
    fake = client(search_local_gateway_routes=[other, routes()], modify_local_gateway_route={})
    result = run(local_gateway_route, ROUTE, fake)
    assert result["changed"]
    assert result["diff"]["before"]["network_interface_id"] == "eni-1"
    assert result["diff"]["after"]["network_interface_id"] is None
    assert fake.methods()[1] == "modify_local_gateway_route"


def test_a_propagated_route_is_not_ours(run: Run, client: Any) -> None:
    propagated = routes(Type="propagated", LocalGatewayVirtualInterfaceGroupId=None, SubnetId="subnet-1")
    gone = {**ROUTE, "state": "absent", "local_gateway_virtual_interface_group_id": None}
    result = run(local_gateway_route, gone, client(search_local_gateway_routes=propagated))
    assert (result["changed"], result["route"]) == (False, None)
    assert result["propagated_route"]["subnet_id"] == "subnet-1"
    predicted = run(local_gateway_route, ROUTE, client(search_local_gateway_routes=propagated), check_mode=True)
    assert (predicted["changed"], predicted["diff"]["before"]) == (True, {})


def test_a_deleted_route_is_waited_for(run: Run, client: Any, naps: list[float]) -> None:
    looks = [routes(), routes(State="deleting"), routes(State="deleted")]
    fake = client(search_local_gateway_routes=looks, delete_local_gateway_route={})
    assert run(local_gateway_route, {**ROUTE, "state": "absent"}, fake)["changed"]
    assert len(naps) == 1


def test_check_mode_changes_nothing(run: Run, client: Any) -> None:
    fake = client(search_local_gateway_routes=routes())
    assert run(local_gateway_route, {**ROUTE, "state": "absent"}, fake, check_mode=True)["changed"]
    other = client(search_local_gateway_routes=routes(LocalGatewayVirtualInterfaceGroupId="lgw-vif-grp-2"))
    assert run(local_gateway_route, ROUTE, other, check_mode=True)["changed"]
    new = client(**{LOOK: NO_ASSOCIATION}, describe_local_gateway_route_tables=TABLES)
    assert run(local_gateway_route_table_association, PAIR, new, check_mode=True)["changed"]
    old = client(**{LOOK: associations()})
    tagged = {**PAIR, "tags": {"owner": "ops"}}
    assert run(local_gateway_route_table_association, tagged, old, check_mode=True)["changed"]
    assert run(local_gateway_route_table_association, {**PAIR, "state": "absent"}, old, check_mode=True)["changed"]


def associations(state: str = "associated", table: str = TABLE, **tags: str) -> dict[str, Any]:
    known = {
        "LocalGatewayRouteTableVpcAssociationId": "lgw-vpc-assoc-1",
        "LocalGatewayRouteTableId": table,
        "LocalGatewayId": "lgw-1",
        "VpcId": VPC,
        "State": state,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    return {"LocalGatewayRouteTableVpcAssociations": [known]}


LOOK = "describe_local_gateway_route_table_vpc_associations"
NO_ASSOCIATION: dict[str, Any] = {"LocalGatewayRouteTableVpcAssociations": []}
TABLES = {"LocalGatewayRouteTables": [{"LocalGatewayRouteTableId": TABLE, "LocalGatewayId": "lgw-1"}]}


def test_a_new_association_is_waited_for(run: Run, client: Any, naps: list[float]) -> None:
    (made,) = associations("associating")["LocalGatewayRouteTableVpcAssociations"]
    fake = client(
        **{LOOK: [NO_ASSOCIATION, associations("associating"), associations()]},
        describe_local_gateway_route_tables=TABLES,
        create_local_gateway_route_table_vpc_association={"LocalGatewayRouteTableVpcAssociation": made},
    )
    result = run(local_gateway_route_table_association, PAIR, fake)
    assert (result["changed"], result["association"]["state"]) == (True, "associated")


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_table_that_is_not_there_is_told(run: Run, client: Any, check_mode: bool) -> None:
    none: dict[str, Any] = {"LocalGatewayRouteTables": []}
    fake = client(**{LOOK: NO_ASSOCIATION}, describe_local_gateway_route_tables=none)
    assert (
        f"{TABLE} is not in this account" in run(local_gateway_route_table_association, PAIR, fake, check_mode)["msg"]
    )


@pytest.mark.parametrize("check_mode", [True, False])
def test_another_table_of_the_gateway_is_never_replaced(run: Run, client: Any, check_mode: bool) -> None:
    fake = client(**{LOOK: associations(table="lgw-rtb-2")}, describe_local_gateway_route_tables=TABLES)
    result = run(local_gateway_route_table_association, PAIR, fake, check_mode)
    assert "already associated with route table lgw-rtb-2" in result["msg"]


def test_tags_alone_cost_two_calls(run: Run, client: Any) -> None:
    fake = client(**{LOOK: associations(fleet="retail")}, create_tags={})
    result = run(local_gateway_route_table_association, {**PAIR, "tags": {"owner": "ops"}}, fake)
    assert result["association"]["tags"] == {"fleet": "retail", "owner": "ops"}
    assert fake.calls[1] == (
        "create_tags",
        {"Resources": ["lgw-vpc-assoc-1"], "Tags": [{"Key": "owner", "Value": "ops"}]},
    )
    assert fake.methods() == [LOOK, "create_tags"]


def test_an_association_that_ends_is_waited_for(run: Run, client: Any, naps: list[float]) -> None:
    looks = [associations(), associations("disassociating"), associations("disassociated")]
    fake = client(**{LOOK: looks}, delete_local_gateway_route_table_vpc_association={})
    assert run(local_gateway_route_table_association, {**PAIR, "state": "absent"}, fake)["changed"]
    assert len(naps) == 1


def test_an_end_that_is_under_way_is_not_asked_for_again(run: Run, client: Any, naps: list[float]) -> None:
    fake = client(**{LOOK: [associations("disassociating"), NO_ASSOCIATION]})
    result = run(local_gateway_route_table_association, {**PAIR, "state": "absent"}, fake)
    assert (result["changed"], result["association"]) == (False, None)
    again = client(**{LOOK: associations("disassociating")})
    assert "is being ended" in run(local_gateway_route_table_association, PAIR, again)["msg"]
