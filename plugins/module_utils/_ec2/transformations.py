# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the shapes of the EC2 API to what the modules return. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

Resource = dict[str, Any]

_SUBNET = (
    "SubnetId",
    "SubnetArn",
    "VpcId",
    "CidrBlock",
    "AvailabilityZone",
    "AvailabilityZoneId",
    "OutpostArn",
    "State",
    "AvailableIpAddressCount",
    "CustomerOwnedIpv4Pool",
    "EnableLniAtDeviceIndex",
)
_SUBNET_FLAGS = ("MapPublicIpOnLaunch", "MapCustomerOwnedIpOnLaunch")
_ROUTE = (
    "DestinationCidrBlock",
    "LocalGatewayRouteTableId",
    "Type",
    "State",
    "LocalGatewayVirtualInterfaceGroupId",
    "NetworkInterfaceId",
    "SubnetId",
    "CoipPoolId",
    "DestinationPrefixListId",
    "OwnerId",
)

_INSTANCE = (
    "InstanceId",
    "InstanceType",
    "ImageId",
    "PrivateIpAddress",
    "PrivateDnsName",
    "SubnetId",
    "VpcId",
    "OutpostArn",
)


def shape_instance(instance: Mapping[str, Any]) -> Resource:
    """As C(amazon.aws.ec2_instance_info) names the same members."""
    placement = camel_dict_to_snake_dict(dict(instance.get("Placement") or {}))
    state = dict(instance.get("State") or {}).get("Name")
    return {
        **_pick(instance, _INSTANCE),
        "placement": {"availability_zone": placement.get("availability_zone")},
        "state": {"name": state},
        "tags": tags_of(instance),
    }


def shape_subnet(subnet: Mapping[str, Any]) -> Resource:
    shaped = _pick(subnet, _SUBNET)
    shaped.update(camel_dict_to_snake_dict({name: bool(subnet.get(name)) for name in _SUBNET_FLAGS}))
    # A local network interface is never the primary one, so that anything below 1 means that there is none.
    if (shaped["enable_lni_at_device_index"] or 0) < 1:
        shaped["enable_lni_at_device_index"] = None
    shaped["tags"] = tags_of(subnet)
    return shaped


def shape_route(route: Mapping[str, Any]) -> Resource:
    return _pick(route, _ROUTE)


def shape_tagged(item: Mapping[str, Any]) -> Resource:
    """Everything that AWS tells of a resource of a local gateway, and its tags as a dictionary."""
    shaped: Resource = camel_dict_to_snake_dict({name: value for name, value in item.items() if name != "Tags"})
    return {**shaped, "tags": tags_of(item)}


def tags_of(item: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = boto3_tag_list_to_ansible_dict(item.get("Tags") or [])
    return found


def _pick(item: Mapping[str, Any], members: tuple[str, ...]) -> Resource:
    picked: Resource = camel_dict_to_snake_dict({name: item.get(name) for name in members})
    return picked
