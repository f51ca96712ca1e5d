# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Associations of VPCs with route tables of local gateways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._aws.errors import NotPossible
from .common import EC2, tag_specifications
from .local_gateways import VPC_ASSOCIATIONS, describe
from .transformations import Resource, shape_tagged

GONE = "disassociated"
ENDING = "disassociating"


@dataclass(frozen=True)
class WantedAssociation:
    """None stands for "leave as it is"."""

    table: str
    vpc_id: str
    tags: dict[str, str] | None = None
    purge_tags: bool = False

    @property
    def label(self) -> str:
        return f"{self.vpc_id} with {self.table}"


def find(client: Any, wanted: WantedAssociation) -> tuple[Resource | None, list[Resource]]:
    """The association, and those of the VPC with other route tables."""
    known = [item for item in describe(client, VPC_ASSOCIATIONS, vpc_id=wanted.vpc_id) if item["state"] != GONE]
    found = next((item for item in known if item["local_gateway_route_table_id"] == wanted.table), None)
    return found, [item for item in known if item is not found]


def check_free(others: Iterable[Mapping[str, Any]], table: Mapping[str, Any], vpc_id: str) -> None:
    """A VPC is associated with one route table of a local gateway only."""
    for item in others:
        if item["local_gateway_id"] == table["local_gateway_id"]:
            raise NotPossible(
                f"VPC {vpc_id} is already associated with route table {item['local_gateway_route_table_id']} of local "
                f"gateway {item['local_gateway_id']} ({item['local_gateway_route_table_vpc_association_id']}, "
                f"{item['state']}), and a VPC takes one route table of a gateway. End that association first."
            )


def predict(wanted: WantedAssociation, table: Mapping[str, Any]) -> Resource:
    members = ("local_gateway_route_table_id", "local_gateway_route_table_arn", "local_gateway_id", "owner_id")
    told = {name: table.get(name) for name in members}
    return {**told, "vpc_id": wanted.vpc_id, "state": "associated", "tags": wanted.tags or {}}


def create(client: Any, wanted: WantedAssociation) -> Resource:
    made = EC2.call(
        client,
        "create_local_gateway_route_table_vpc_association",
        f"associate {wanted.label}",
        LocalGatewayRouteTableId=wanted.table,
        VpcId=wanted.vpc_id,
        **tag_specifications("local-gateway-route-table-vpc-association", wanted.tags),
    )
    return shape_tagged(made["LocalGatewayRouteTableVpcAssociation"])


def delete(client: Any, wanted: WantedAssociation, identity: str) -> None:
    EC2.call(
        client,
        "delete_local_gateway_route_table_vpc_association",
        f"end the association of {wanted.label}",
        LocalGatewayRouteTableVpcAssociationId=identity,
    )
