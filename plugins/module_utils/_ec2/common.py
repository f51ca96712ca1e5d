# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Amazon EC2 as a service: how it pages, how it filters and what its refusals mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from .._aws.service import ADVICE, Service
from .._aws.tags import TagChange

EC2 = Service(
    name="ec2",
    token="NextToken",
    advice={
        "AuthFailure": "Check the access key, and that it belongs to this partition and Region.",
        "DependencyViolation": "Remove first what still uses it.",
        "InvalidLocalGatewayRouteTableID.NotFound": "edgefleet.ecs.local_gateway_info lists the route tables.",
        "InvalidSubnetID.NotFound": "Check the subnet's id, the account and the Region.",
        "InvalidVpcID.NotFound": "Create the VPC first, or correct its id and the Region.",
        "RequestLimitExceeded": ADVICE["ThrottlingException"],
        "Throttling": ADVICE["ThrottlingException"],
        "UnauthorizedOperation": ADVICE["AccessDeniedException"],
    },
)
# The largest page of the lists that are read here, and the values that one filter takes, by the API reference.
PAGE = 1000
FILTER_VALUES = 200


def filters(**values: str | list[str]) -> list[dict[str, Any]]:
    """EC2 spells the names of filters with hyphens."""
    return [
        {"Name": name.replace("_", "-"), "Values": [value] if isinstance(value, str) else value}
        for name, value in values.items()
    ]


def change_tags(client: Any, resource: str, change: TagChange) -> None:
    if change.drop:
        keys = [{"Key": key} for key in change.drop]
        EC2.call(client, "delete_tags", f"remove tags of {resource}", Resources=[resource], Tags=keys)
    if change.put:
        EC2.call(client, "create_tags", f"tag {resource}", Resources=[resource], Tags=to_tag_list(change.put))


def to_tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    made: list[dict[str, str]] = ansible_dict_to_boto3_tag_list(dict(tags))
    return made


def tag_specifications(kind: str, tags: Mapping[str, str] | None) -> dict[str, Any]:
    """The parameter that tags a resource as it is created; no parameter without tags."""
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": to_tag_list(tags)}]} if tags else {}
