# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed nodes as an operator sees and changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ApiError, validation
from ..identity import is_managed_node_id
from ..registry import Params, Reply, action
from .common import check_role, find_node, page
from .model import ManagedNode

if TYPE_CHECKING:
    from ..context import Context

_DEFAULT_PAGE = 10
# Filter keys of Filters, and their spelling in the older InstanceInformationFilterList, to members of the reply.
_KEYS = {
    "ActivationIds": "ActivationId",
    "AgentVersion": "AgentVersion",
    "AssociationStatus": "AssociationStatus",
    "IamRole": "IamRole",
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "ResourceType": "ResourceType",
    "SourceIds": "SourceId",
    "SourceTypes": "SourceType",
}
_TOLD_BY_AGENT = (
    "AgentVersion",
    "ComputerName",
    "IPAddress",
    "PlatformName",
    "PlatformType",
    "PlatformVersion",
    "SourceId",
    "SourceLocation",
    "SourceType",
)


def _view(node: ManagedNode, context: Context) -> Reply:
    online = node.online(context.now, context.region.settings.ping_timeout)
    shown: Reply = {
        "InstanceId": node.id,
        "PingStatus": "Online" if online else "ConnectionLost",
        "ActivationId": node.activation,
        "IamRole": node.role,
        "RegistrationDate": node.registered_at,
        "ResourceType": "ManagedInstance",
        "SourceId": node.id,
        "SourceType": "AWS::SSM::ManagedInstance",
    }
    if node.name:
        shown["Name"] = node.name
    if node.pinged_at is not None:
        shown["LastPingDateTime"] = node.pinged_at
    shown.update({name: node.information[name] for name in _TOLD_BY_AGENT if node.information.get(name)})
    return shown


def _filters(params: Params) -> list[tuple[str, list[str]]]:
    new = [(one["Key"], one["Values"]) for one in params.get("Filters", [])]
    old = [(one["key"], one["valueSet"]) for one in params.get("InstanceInformationFilterList", [])]
    if new and old:
        raise validation("Filters and InstanceInformationFilterList cannot be given together.")
    filters = new + old
    tags = [key for key, _values in filters if _is_tag_filter(key)]
    for key, values in filters:
        if key not in _KEYS and not _is_tag_filter(key):
            raise ApiError("InvalidFilterKey", f"{key} is not a filter key.")
        if key == "InstanceIds" and not all(_is_instance_id(value) for value in values):
            raise ApiError("InvalidInstanceId", "An id in the InstanceIds filter is not an instance id.")
    if tags and len(tags) != len(filters):
        raise validation("Tag filters cannot be combined with other filter types.")
    return filters


def _is_instance_id(text: str) -> bool:
    return is_managed_node_id(text) or text.startswith("i-")


def _is_tag_filter(key: str) -> bool:
    return key == "tag-key" or key.startswith("tag:")


def _matches(node: ManagedNode, shown: dict[str, Any], filters: list[tuple[str, list[str]]]) -> bool:
    for key, values in filters:
        if key == "tag-key":
            if not set(values) & set(node.tags):
                return False
        elif key.startswith("tag:"):
            if node.tags.get(key.removeprefix("tag:")) not in values:
                return False
        elif shown.get(_KEYS[key]) not in values:
            return False
    return True


@action("ssm", "DescribeInstanceInformation")
def describe_instance_information(params: Params, context: Context) -> Reply:
    """List managed nodes."""
    filters = _filters(params)
    found = []
    for node in context.ssm.nodes.values():
        shown = _view(node, context)
        if _matches(node, shown, filters):
            found.append((node.number, shown))
    size = params.get("MaxResults", _DEFAULT_PAGE)
    chosen, token = page(found, lambda one: one[0], size, params, ["DescribeInstanceInformation", filters])
    return {"InstanceInformationList": [shown for _number, shown in chosen], **token}


@action("ssm", "DeregisterManagedInstance")
def deregister_managed_instance(params: Params, context: Context) -> Reply:
    """Forget a managed node; its credentials die with it, its container instance does not."""
    node = find_node(params["InstanceId"], context)
    del context.ssm.nodes[node.id]
    context.region.credentials.revoke(node.id)
    return {}


@action("ssm", "UpdateManagedInstanceRole")
def update_managed_instance_role(params: Params, context: Context) -> Reply:
    """Give a managed node another role."""
    node = find_node(params["InstanceId"], context)
    check_role(params["IamRole"], context)
    node.role = params["IamRole"]
    return {}
