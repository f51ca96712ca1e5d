# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the shapes of the Systems Manager API to what the modules return. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Resource = dict[str, Any]

_ACTIVATION = {
    "ActivationId": "activation_id",
    "DefaultInstanceName": "name",
    "Description": "description",
    "IamRole": "role",
    "RegistrationLimit": "limit",
    "RegistrationsCount": "registrations_count",
    "ExpirationDate": "expiration_date",
    "CreatedDate": "created_date",
    "Expired": "expired",
}
_NODE = {
    "InstanceId": "instance_id",
    "PingStatus": "ping_status",
    "LastPingDateTime": "last_ping_date_time",
    "AgentVersion": "agent_version",
    "IsLatestVersion": "is_latest_version",
    "PlatformType": "platform_type",
    "PlatformName": "platform_name",
    "PlatformVersion": "platform_version",
    "ActivationId": "activation_id",
    "IamRole": "iam_role",
    "RegistrationDate": "registration_date",
    "ResourceType": "resource_type",
    "Name": "name",
    "IPAddress": "ip_address",
    "ComputerName": "computer_name",
    "SourceId": "source_id",
}


def shape_activation(activation: Mapping[str, Any]) -> Resource:
    shaped = _rename(activation, _ACTIVATION)
    # AWS leaves the count out while nobody has registered.
    shaped["registrations_count"] = shaped["registrations_count"] or 0
    shaped["tags"] = tags_to_dict(activation.get("Tags"))
    return shaped


def shape_node(node: Mapping[str, Any]) -> Resource:
    return _rename(node, _NODE)


def tags_to_dict(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in tags or []}


def tags_to_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _rename(item: Mapping[str, Any], names: Mapping[str, str]) -> Resource:
    return {ours: _plain(item.get(theirs)) for theirs, ours in names.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
