# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations and members that the agents use but that public SDK models leave out.

Sources: the clients inside aws/amazon-ssm-agent and aws/amazon-ecs-agent (both public).
"""

from __future__ import annotations

from typing import Any


def _structure(required: tuple[str, ...] = (), **members: str) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "structure", "members": {name: {"shape": kind} for name, kind in members.items()}}
    if required:
        shape["required"] = list(required)
    return shape


def _operation(name: str, *, unsigned: bool = False) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "name": name,
        "http": {"method": "POST", "requestUri": "/"},
        "input": {"shape": f"{name}Request"},
        "output": {"shape": f"{name}Result"},
    }
    if unsigned:
        operation["authtype"] = "none"
    return operation


_SSM: dict[str, Any] = {
    "operations": {
        "RegisterManagedInstance": _operation("RegisterManagedInstance", unsigned=True),
        "RequestManagedInstanceRoleToken": _operation("RequestManagedInstanceRoleToken"),
        "UpdateInstanceInformation": _operation("UpdateInstanceInformation"),
        "ListInstanceAssociations": _operation("ListInstanceAssociations"),
    },
    "shapes": {
        "AgentText": {"type": "string"},
        "AgentFlag": {"type": "boolean"},
        "AgentCount": {"type": "integer"},
        "AgentTime": {"type": "timestamp"},
        "AgentAssociation": _structure(Name="AgentText", AssociationId="AgentText", InstanceId="AgentText"),
        "AgentAssociations": {"type": "list", "member": {"shape": "AgentAssociation"}},
        "RegisterManagedInstanceRequest": _structure(
            ("ActivationCode", "ActivationId", "PublicKey"),
            ActivationCode="AgentText",
            ActivationId="AgentText",
            Fingerprint="AgentText",
            PublicKey="AgentText",
            PublicKeyType="AgentText",
        ),
        "RegisterManagedInstanceResult": _structure(InstanceId="AgentText"),
        "RequestManagedInstanceRoleTokenRequest": _structure(("Fingerprint",), Fingerprint="AgentText"),
        "RequestManagedInstanceRoleTokenResult": _structure(
            AccessKeyId="AgentText",
            SecretAccessKey="AgentText",
            SessionToken="AgentText",
            TokenExpirationDate="AgentTime",
            UpdateKeyPair="AgentFlag",
        ),
        "UpdateInstanceInformationRequest": _structure(
            ("InstanceId",),
            **dict.fromkeys(
                (
                    "AgentName",
                    "AgentStatus",
                    "AgentVersion",
                    "AvailabilityZone",
                    "AvailabilityZoneId",
                    "ComputerName",
                    "IPAddress",
                    "InstanceId",
                    "PlatformName",
                    "PlatformType",
                    "PlatformVersion",
                    "SourceId",
                    "SourceLocation",
                    "SourceType",
                    "SSMConnectionChannel",
                ),
                "AgentText",
            ),
        ),
        "UpdateInstanceInformationResult": _structure(),
        "ListInstanceAssociationsRequest": _structure(
            ("InstanceId",), InstanceId="AgentText", MaxResults="AgentCount", NextToken="AgentText"
        ),
        "ListInstanceAssociationsResult": _structure(Associations="AgentAssociations", NextToken="AgentText"),
    },
}

_ECS: dict[str, Any] = {
    # The agent's own idempotency token: a retried registration does not make a second record.
    "members": {"RegisterContainerInstanceRequest": {"clientToken": {"shape": "String"}}},
}

_MESSAGES: dict[str, Any] = {
    "metadata": {
        "apiVersion": "2015-06-19",
        "endpointPrefix": "ec2messages",
        "jsonVersion": "1.1",
        "protocol": "json",
        "serviceId": "EC2 Messages",
        "signatureVersion": "v4",
        "targetPrefix": "EC2WindowsMessageDeliveryService",
    },
    "operations": {"GetMessages": _operation("GetMessages")},
    "shapes": {
        "AgentText": {"type": "string"},
        "AgentCount": {"type": "integer"},
        "AgentMessage": _structure(MessageId="AgentText", Topic="AgentText", Payload="AgentText"),
        "AgentMessages": {"type": "list", "member": {"shape": "AgentMessage"}},
        "GetMessagesRequest": _structure(
            ("Destination", "MessagesRequestId", "VisibilityTimeoutInSeconds"),
            Destination="AgentText",
            MessagesRequestId="AgentText",
            VisibilityTimeoutInSeconds="AgentCount",
        ),
        "GetMessagesResult": _structure(
            Destination="AgentText", MessagesRequestId="AgentText", Messages="AgentMessages"
        ),
    },
}

# JSON in, XML out; agent/session/service of the agent.
_CHANNELS: dict[str, Any] = {
    "metadata": {
        "apiVersion": "v1",
        "endpointPrefix": "ssmmessages",
        "protocol": "rest-json",
        "serviceId": "SSM Messages",
        "signatureVersion": "v4",
    },
    "operations": {
        "CreateControlChannel": {
            "name": "CreateControlChannel",
            "http": {"method": "POST", "requestUri": "/v1/control-channel/{ChannelId}", "responseCode": 201},
            "input": {"shape": "CreateControlChannelRequest"},
            "output": {"shape": "CreateControlChannelResult"},
        }
    },
    "shapes": {
        "AgentText": {"type": "string", "min": 1},
        "AgentRequestId": {"type": "string", "min": 16},
        "CreateControlChannelRequest": {
            "type": "structure",
            "required": ["ChannelId", "MessageSchemaVersion", "RequestId"],
            "members": {
                "ChannelId": {"shape": "AgentText", "location": "uri", "locationName": "ChannelId"},
                "MessageSchemaVersion": {"shape": "AgentText"},
                "RequestId": {"shape": "AgentRequestId"},
            },
        },
        "CreateControlChannelResult": _structure(MessageSchemaVersion="AgentText", TokenValue="AgentText"),
    },
}

# Services that public SDK models do not know at all.
SERVICES: dict[str, dict[str, Any]] = {"ec2messages": _MESSAGES, "ssmmessages": _CHANNELS}
ADDITIONS: dict[str, dict[str, Any]] = {"ssm": _SSM, "ecs": _ECS}
