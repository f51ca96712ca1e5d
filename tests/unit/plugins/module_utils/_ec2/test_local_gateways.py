# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import NotPossible, Refused
from ansible_collections.edgefleet.ecs.plugins.module_utils._ec2 import local_gateway_associations as associations
from ansible_collections.edgefleet.ecs.plugins.module_utils._ec2 import local_gateway_routes as routes
from ansible_collections.edgefleet.ecs.plugins.module_utils._ec2 import local_gateways
from ansible_collections.edgefleet.ecs.plugins.module_utils._ec2.local_gateway_associations import WantedAssociation
from ansible_collections.edgefleet.ecs.plugins.module_utils._ec2.local_gateway_routes import WantedRoute
from botocore.exceptions import ClientError

GROUP = "local_gateway_virtual_interface_group_id"
ROUTE = WantedRoute("lgw-rtb-1", "10.9.0.0/16", GROUP, "lgw-vif-grp-1")


def tables(*ids: str) -> dict[str, Any]:
    return {"LocalGatewayRouteTables": [{"LocalGatewayRouteTableId": identity} for identity in ids]}


def test_filters_take_two_hundred_values(client: Callable[..., Any]) -> None:
    fake = client(describe_local_gateway_route_tables=tables())
    ids = [f"lgw-{number}" for number in range(401)]
    local_gateways.describe_parts(fake, [{"local_gateway_id": identity} for identity in ids], ["route_tables"])
    values = [parameters["Filters"][0]["Values"] for _method, parameters in fake.calls]
    assert [len(portion) for portion in values] == [200, 200, 1]
    assert fake.calls[0][1]["Filters"][0]["Name"] == "local-gateway-id"


def test_only_what_was_asked_for_is_read(client: Callable[..., Any]) -> None:
    fake = client(
        describe_local_gateway_route_tables=tables("b", "a"),
        describe_coip_pools={"CoipPools": []},
        search_local_gateway_routes={"Routes": []},
    )
    parts = local_gateways.describe_parts(fake, [{"local_gateway_id": "lgw-1"}], ["routes", "coip_pools"])
    assert parts == {"routes": [], "coip_pools": []}
    assert fake.methods().count("describe_local_gateway_route_tables") == 1
    assert [one["LocalGatewayRouteTableId"] for name, one in fake.calls if name.startswith("search")] == ["a", "b"]
    assert local_gateways.describe_parts(client(), [], ["routes", "vpc_associations"]) == {
        "routes": [],
        "vpc_associations": [],
    }
    assert local_gateways.describe_parts(client(), [{"local_gateway_id": "lgw-1"}], []) == {}


def test_an_empty_list_of_gateways_asks_for_none(client: Callable[..., Any]) -> None:
    assert local_gateways.find_gateways(client(), [], None) == []


def test_ids_and_outpost_must_both_match(client: Callable[..., Any]) -> None:
    reply = {"LocalGateways": [{"LocalGatewayId": name, "OutpostArn": name} for name in ("b", "a")]}
    fake = client(describe_local_gateways=reply)
    assert [one["local_gateway_id"] for one in local_gateways.find_gateways(fake, ["a", "b"], None)] == ["a", "b"]
    assert [one["local_gateway_id"] for one in local_gateways.find_gateways(fake, ["a", "b"], "b")] == ["b"]


def test_tags_keep_their_spelling(client: Callable[..., Any]) -> None:
    item = {"LocalGatewayId": "a", "Tags": [{"Key": "CostCentre", "Value": "7"}]}
    (found,) = local_gateways.describe(
        client(describe_local_gateways={"LocalGateways": [item]}), local_gateways.GATEWAYS
    )
    assert found == {"local_gateway_id": "a", "tags": {"CostCentre": "7"}}


def told(**members: Any) -> dict[str, Any]:
    return {"DestinationCidrBlock": "10.9.0.0/16", "Type": "static", "State": "active", **members}


def test_a_deleted_route_is_not_there(client: Callable[..., Any]) -> None:
    pages = [{"Routes": [told(State="deleted")], "NextToken": "a"}, {"Routes": [told(Type="propagated")]}]
    fake = client(search_local_gateway_routes=pages)
    found = routes.find(fake, ROUTE)
    assert [route["type"] for route in found] == ["propagated"]
    assert routes.of_type(found, "static") is None
    assert fake.calls[0][1]["Filters"] == [{"Name": "route-search.exact-match", "Values": ["10.9.0.0/16"]}]
    assert fake.calls[1][1]["NextToken"] == "a"


def test_a_table_that_is_not_there_has_no_route(client: Callable[..., Any]) -> None:
    def gone() -> Any:
        return client(search_local_gateway_routes=[ClientError({"Error": {"Code": routes.NO_TABLE}}, "Search")])

    assert routes.find(gone(), ROUTE, table_must_exist=False) == []
    with pytest.raises(Refused, match="local_gateway_info lists the route tables"):
        routes.find(gone(), ROUTE)


def test_the_target_decides() -> None:
    route = {GROUP: "lgw-vif-grp-1", "network_interface_id": None}
    assert routes.leads_there(route, ROUTE)
    assert not routes.leads_there(route, WantedRoute("lgw-rtb-1", "10.9.0.0/16", GROUP, "lgw-vif-grp-2"))
    assert not routes.leads_there(route, WantedRoute("lgw-rtb-1", "10.9.0.0/16", "network_interface_id", "eni-1"))
    assert routes.leads_there(routes.predict(ROUTE), ROUTE)


def test_calls_for_routes(client: Callable[..., Any]) -> None:
    fake = client(create_local_gateway_route={}, modify_local_gateway_route={}, delete_local_gateway_route={})
    where = {"LocalGatewayRouteTableId": "lgw-rtb-1", "DestinationCidrBlock": "10.9.0.0/16"}
    routes.create(fake, ROUTE)
    routes.modify(fake, ROUTE)
    routes.delete(fake, ROUTE)
    aim = {"LocalGatewayVirtualInterfaceGroupId": "lgw-vif-grp-1"}
    assert [parameters for _method, parameters in fake.calls] == [{**where, **aim}, {**where, **aim}, where]


def association(table: str, gateway: str, state: str = "associated") -> dict[str, Any]:
    return {
        "LocalGatewayRouteTableVpcAssociationId": f"lgw-vpc-assoc-{table}",
        "LocalGatewayRouteTableId": table,
        "LocalGatewayId": gateway,
        "VpcId": "vpc-1",
        "State": state,
    }


def test_a_vpc_takes_one_route_table_of_a_gateway(client: Callable[..., Any]) -> None:
    known = [association("a", "g1", "disassociated"), association("b", "g1"), association("c", "g2")]
    fake = client(describe_local_gateway_route_table_vpc_associations={"LocalGatewayRouteTableVpcAssociations": known})
    found, others = associations.find(fake, WantedAssociation("a", "vpc-1"))
    assert found is None
    assert [one["local_gateway_route_table_id"] for one in others] == ["b", "c"]
    associations.check_free(others, {"local_gateway_id": "g3"}, "vpc-1")
    with pytest.raises(NotPossible, match="already associated with route table b of local gateway g1"):
        associations.check_free(others, {"local_gateway_id": "g1"}, "vpc-1")
