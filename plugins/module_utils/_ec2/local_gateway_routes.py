# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Static routes of a local gateway's route table: thin calls, and the comparison of what is with what is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._aws.errors import Refused
from .common import EC2
from .local_gateways import search_routes
from .transformations import Resource

NO_TABLE = "InvalidLocalGatewayRouteTableID.NotFound"
BLACKHOLE = "blackhole"
# Where a route may lead, in our spelling and that of the API.
TARGETS = {
    "local_gateway_virtual_interface_group_id": "LocalGatewayVirtualInterfaceGroupId",
    "network_interface_id": "NetworkInterfaceId",
}


@dataclass(frozen=True)
class WantedRoute:
    """A route of a table to a destination; the target is one of TARGETS, and not needed for one that shall go."""

    table: str
    destination: str
    target: str | None = None
    target_id: str | None = None

    @property
    def label(self) -> str:
        return f"{self.destination} of {self.table}"

    def parameters(self) -> Resource:
        aim = {TARGETS[self.target]: self.target_id} if self.target else {}
        return {"LocalGatewayRouteTableId": self.table, "DestinationCidrBlock": self.destination, **aim}


def leads_there(route: Mapping[str, Any], wanted: WantedRoute) -> bool:
    return bool(wanted.target) and route[str(wanted.target)] == wanted.target_id


def of_type(routes: Iterable[Resource], kind: str) -> Resource | None:
    """Static and propagated routes to one destination stand side by side; AWS prefers the static one."""
    return next((route for route in routes if route["type"] == kind), None)


def find(client: Any, wanted: WantedRoute, table_must_exist: bool = True) -> list[Resource]:
    """The routes to exactly this destination."""
    try:
        asked = {"route_search.exact_match": wanted.destination}
        return search_routes(client, wanted.table, **asked)
    except Refused as error:
        if table_must_exist or error.code != NO_TABLE:
            raise
        return []


def predict(wanted: WantedRoute) -> Resource:
    """The route as it will be, as far as that is known before AWS has answered."""
    return {
        "destination_cidr_block": wanted.destination,
        "local_gateway_route_table_id": wanted.table,
        "type": "static",
        "state": "active",
        **{name: wanted.target_id if name == wanted.target else None for name in TARGETS},
    }


def create(client: Any, wanted: WantedRoute) -> None:
    EC2.call(client, "create_local_gateway_route", f"create route {wanted.label}", **wanted.parameters())


def modify(client: Any, wanted: WantedRoute) -> None:
    """In place, so that there is no moment without the route."""
    EC2.call(client, "modify_local_gateway_route", f"change route {wanted.label}", **wanted.parameters())


def delete(client: Any, wanted: WantedRoute) -> None:
    parameters = {"LocalGatewayRouteTableId": wanted.table, "DestinationCidrBlock": wanted.destination}
    EC2.call(client, "delete_local_gateway_route", f"delete route {wanted.label}", **parameters)
