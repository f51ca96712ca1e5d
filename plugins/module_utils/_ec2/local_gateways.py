# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Local gateways and all that hangs on them, read in pages: one call for many gateways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .._aws.errors import NotPossible
from .._aws.service import batches
from .common import EC2, FILTER_VALUES, PAGE, filters
from .transformations import Resource, shape_route, shape_tagged


@dataclass(frozen=True)
class Kind:
    """A kind of resource: the operation that describes it, where its reply has it, its id, and what it hangs on."""

    method: str
    key: str
    id: str
    parent: str = "local_gateway_id"
    # Before the names of its filters.
    prefix: str = ""


GATEWAYS = Kind("describe_local_gateways", "LocalGateways", "local_gateway_id")
ROUTE_TABLES = Kind("describe_local_gateway_route_tables", "LocalGatewayRouteTables", "local_gateway_route_table_id")
VPC_ASSOCIATIONS = Kind(
    "describe_local_gateway_route_table_vpc_associations",
    "LocalGatewayRouteTableVpcAssociations",
    "local_gateway_route_table_vpc_association_id",
)
GROUPS = Kind(
    "describe_local_gateway_virtual_interface_groups",
    "LocalGatewayVirtualInterfaceGroups",
    "local_gateway_virtual_interface_group_id",
)
GROUP_ASSOCIATIONS = Kind(
    "describe_local_gateway_route_table_virtual_interface_group_associations",
    "LocalGatewayRouteTableVirtualInterfaceGroupAssociations",
    "local_gateway_route_table_virtual_interface_group_association_id",
)
INTERFACES = Kind(
    "describe_local_gateway_virtual_interfaces",
    "LocalGatewayVirtualInterfaces",
    "local_gateway_virtual_interface_id",
)
COIP_POOLS = Kind("describe_coip_pools", "CoipPools", "pool_id", "local_gateway_route_table_id", "coip_pool.")

# What a user may ask for beside the gateways: the name of the result, and the kind.
PARTS = {
    "route_tables": ROUTE_TABLES,
    "vpc_associations": VPC_ASSOCIATIONS,
    "virtual_interface_groups": GROUPS,
    "virtual_interface_group_associations": GROUP_ASSOCIATIONS,
    "virtual_interfaces": INTERFACES,
    "coip_pools": COIP_POOLS,
}
ROUTES = "routes"


def describe(client: Any, kind: Kind, **asked: str | list[str]) -> list[Resource]:
    """All that match; filters and not ids, because an id that is not there would be an error."""
    prefixed = {kind.prefix + name: value for name, value in asked.items()}
    more = {"Filters": filters(**prefixed)} if asked else {}
    intent = "read the local gateways and what belongs to them"
    found = EC2.call_all(client, kind.method, kind.key, intent, MaxResults=PAGE, **more)
    return [shape_tagged(item) for item in found]


def describe_of(client: Any, kind: Kind, member: str, values: Sequence[str]) -> list[Resource]:
    """All whose member has one of many values, in as many calls as the limit on values makes necessary."""
    found: list[Resource] = []
    for portion in batches(list(dict.fromkeys(values)), FILTER_VALUES):
        found.extend(describe(client, kind, **{member: portion}))
    return sorted(found, key=lambda item: str(item[kind.id]))


def find_gateways(client: Any, ids: Sequence[str] | None, outpost_arn: str | None) -> list[Resource]:
    by_outpost: dict[str, str | list[str]] = {"outpost_arn": outpost_arn} if outpost_arn else {}
    if ids is None:
        return sorted(describe(client, GATEWAYS, **by_outpost), key=lambda item: str(item[GATEWAYS.id]))
    found = describe_of(client, GATEWAYS, GATEWAYS.id, ids)
    return [item for item in found if outpost_arn in (None, item["outpost_arn"])]


def describe_parts(client: Any, gateways: Sequence[Resource], names: Iterable[str]) -> dict[str, list[Resource]]:
    """What was asked for, by name. Pools and routes hang on route tables, which are read for them once."""
    names = list(names)
    ids = [gateway[GATEWAYS.id] for gateway in gateways]
    on_tables = {ROUTES, "coip_pools", "route_tables"} & set(names)
    tables = describe_of(client, ROUTE_TABLES, ROUTE_TABLES.parent, ids) if on_tables else []
    parents = {GATEWAYS.id: ids, ROUTE_TABLES.id: [table[ROUTE_TABLES.id] for table in tables]}

    def read(name: str) -> list[Resource]:
        if name == ROUTES:
            return [route for table in parents[ROUTE_TABLES.id] for route in search_routes(client, table)]
        kind = PARTS[name]
        return tables if kind is ROUTE_TABLES else describe_of(client, kind, kind.parent, parents[kind.parent])

    return {name: read(name) for name in names}


def search_routes(client: Any, table: str, **asked: str) -> list[Resource]:
    """Routes of a table, in the order of their destinations; those that are being deleted are left out."""
    more = {"Filters": filters(**asked)} if asked else {}
    intent = f"read the routes of {table}"
    found = EC2.call_all(
        client,
        "search_local_gateway_routes",
        "Routes",
        intent,
        LocalGatewayRouteTableId=table,
        MaxResults=PAGE,
        **more,
    )
    shaped = [shape_route(route) for route in found if route.get("State") != "deleted"]
    return sorted(shaped, key=lambda route: (str(route["destination_cidr_block"]), str(route["type"])))


def route_table(client: Any, identity: str) -> Resource:
    return _one(client, ROUTE_TABLES, identity, "Route table")


def coip_pool(client: Any, identity: str) -> Resource:
    return _one(client, COIP_POOLS, identity, "Customer-owned IP pool")


def _one(client: Any, kind: Kind, identity: str, what: str) -> Resource:
    found = describe(client, kind, **{kind.id: identity})
    if not found:
        raise NotPossible(
            f"{what} {identity} is not in this account and Region. edgefleet.ecs.local_gateway_info lists what is."
        )
    return found[0]
