# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several EC2 actions share: finding records, filters, tags, pages and dry runs."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import paging
from ..errors import ApiError
from .model import Resource

if TYPE_CHECKING:
    from ..context import Context

PAGE = 1000

# How ids begin, by what EC2 calls the type of the resource.
PREFIXES = {
    "local-gateway": "lgw",
    "local-gateway-route-table": "lgw-rtb",
    "local-gateway-virtual-interface-group": "lgw-vif-grp",
    "local-gateway-virtual-interface": "lgw-vif",
    "local-gateway-route-table-vpc-association": "lgw-vpc-assoc",
    "local-gateway-route-table-virtual-interface-group-association": "lgw-vif-grp-assoc",
    "coip-pool": "ipv4pool-coip",
}
# What codes of "no such thing" carry between Invalid and .NotFound, and the member that holds the id.
_NAMES = {
    "local-gateway": ("LocalGatewayID", "LocalGatewayId"),
    "local-gateway-route-table": ("LocalGatewayRouteTableID", "LocalGatewayRouteTableId"),
    "local-gateway-virtual-interface-group": (
        "LocalGatewayVirtualInterfaceGroupID",
        "LocalGatewayVirtualInterfaceGroupId",
    ),
    "local-gateway-virtual-interface": ("LocalGatewayVirtualInterfaceID", "LocalGatewayVirtualInterfaceId"),
    "local-gateway-route-table-vpc-association": (
        "LocalGatewayRouteTableVpcAssociationID",
        "LocalGatewayRouteTableVpcAssociationId",
    ),
    "local-gateway-route-table-virtual-interface-group-association": (
        "LocalGatewayRouteTableVirtualInterfaceGroupAssociationID",
        "LocalGatewayRouteTableVirtualInterfaceGroupAssociationId",
    ),
    "coip-pool": ("PoolID", "PoolId"),
}


def id_member(kind: str) -> str:
    return _NAMES[kind][1]


def invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValue", message)


def dry_run(params: dict[str, Any]) -> None:
    if params.get("DryRun"):
        raise ApiError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", status=412)


def find(context: Context, kind: str, identity: str) -> Resource:
    found = context.region.ec2.resources.get(identity)
    if found is None or found.kind != kind:
        raise ApiError(f"Invalid{_NAMES[kind][0]}.NotFound", f"The {kind} ID '{identity}' does not exist")
    return found


def add(context: Context, kind: str, members: dict[str, Any], tags: dict[str, str] | None = None) -> Resource:
    """A new record, with id, owner and (where the kind has one) ARN."""
    store = context.region.ec2
    number = store.number()
    identity = f"{PREFIXES[kind]}-{number:017x}"
    resource = Resource(number, kind, identity, {id_member(kind): identity, **members}, tags or {})
    store.resources[identity] = resource
    return resource


def view(resource: Resource) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in resource.tags.items()]
    return {**resource.members, "Tags": tags}


def given_tags(params: dict[str, Any], kind: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for specification in params.get("TagSpecifications", []):
        if specification.get("ResourceType") != kind:
            raise invalid(f"'{specification.get('ResourceType')}' is not a valid taggable resource type here.")
        tags.update({tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags", [])})
    return tags


def _filter_name(member: str) -> str:
    """outpost-arn for OutpostArn, as all filters of these actions are named after members."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in member).lstrip("-")


def _values(members: dict[str, Any], tags: dict[str, str], name: str) -> list[str]:
    if name.startswith("tag:"):
        return [value for key, value in tags.items() if key == name[len("tag:") :]]
    if name == "tag-key":
        return list(tags)
    by_name = {_filter_name(member): value for member, value in members.items()}
    value = by_name.get(name.rpartition(".")[2], [])
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def matches(
    members: dict[str, Any], tags: dict[str, str], filters: Sequence[dict[str, Any]], known: frozenset[str]
) -> bool:
    for item in filters:
        name = item.get("Name", "")
        if not name.startswith("tag") and name not in known:
            raise invalid(f"The filter '{name}' is invalid")
        values = _values(members, tags, name)
        if not any(fnmatch.fnmatchcase(value, wanted) for value in values for wanted in item.get("Values", [])):
            return False
    return True


def page(items: Sequence[Any], params: dict[str, Any], scope: object) -> tuple[list[Any], dict[str, str]]:
    """A page as MaxResults and NextToken ask for it."""
    numbered = list(enumerate(items))
    try:
        chosen, token = paging.page(
            numbered, lambda pair: pair[0], params.get("MaxResults", PAGE), params.get("NextToken"), scope
        )
    except paging.InvalidToken as error:
        raise ApiError("InvalidNextToken", "The token is not valid.") from error
    return [item for _number, item in chosen], {"NextToken": token} if token else {}


def describe(
    context: Context, params: dict[str, Any], kind: str, ids: str, *filters: str
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Records of a kind by ids and filters, one page of them."""
    dry_run(params)
    wanted = params.get(ids)
    found = [find(context, kind, identity) for identity in wanted] if wanted else context.region.ec2.of(kind)
    known = frozenset(filters)
    asked = params.get("Filters", [])
    kept = [view(item) for item in found if matches(item.members, item.tags, asked, known)]
    return page(kept, params, (kind, wanted, asked))
