# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of a container, fetched with the execution role just before it is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .. import aws, wire
from ..sigv4 import Credentials

Message = dict[str, Any]
# Service, prefix of its targets, Region, credentials: a client.
Clients = Callable[[str, str, str, Credentials], aws.Client]

_SECRET_ARN_PARTS = 7


class SecretError(Exception):
    """In the agent's words, for the reason of a stopped task."""


def fetch(order: Message, container: Message, clients: Clients) -> dict[str, str]:
    """Values by the names of their environment variables."""
    wanted = [one for one in container.get("secrets") or [] if one.get("target") == "CONTAINER"]
    if not wanted:
        return {}
    given = order.get("executionRoleCredentials") or {}
    if not given.get("accessKeyId"):
        raise SecretError("task execution credentials not found")
    role = Credentials(given["accessKeyId"], given["secretAccessKey"], given["sessionToken"])
    return {one["name"]: _value(one, clients, role) for one in wanted}


def _value(secret: Message, clients: Clients, role: Credentials) -> str:
    source, region = secret["valueFrom"], secret["region"]
    try:
        if secret["provider"] == "asm":
            return _of_secrets_manager(source, clients("secretsmanager", "secretsmanager", region, role))
        return _of_parameter_store(source, clients("ssm", "AmazonSSM", region, role))
    except (aws.AwsError, wire.WireError) as error:
        raise SecretError(f"fetching secret data for {secret['name']} from {source}: {error}") from error


def _of_parameter_store(source: str, client: aws.Client) -> str:
    name = source.split(":parameter", 1)[1] if source.startswith("arn:") else source
    if source.startswith("arn:") and name.count("/") == 1:
        name = name[1:]  # the slash of the ARN, not of a path
    reply = client.call("GetParameters", {"Names": [name], "WithDecryption": True})
    if reply.get("InvalidParameters"):
        raise SecretError(f"fetching secret data from SSM Parameter Store: invalid parameters: {name}")
    return str(reply["Parameters"][0]["Value"])


def _of_secrets_manager(source: str, client: aws.Client) -> str:
    """An ARN may go on with a JSON key, a stage and a version."""
    parts = source.split(":")
    key, stage, version = (parts[_SECRET_ARN_PARTS:] + ["", "", ""])[:3]
    asked = {"SecretId": ":".join(parts[:_SECRET_ARN_PARTS])}
    asked.update({name: value for name, value in (("VersionStage", stage), ("VersionId", version)) if value})
    text = str(client.call("GetSecretValue", asked).get("SecretString", ""))
    if not key:
        return text
    try:
        return str(json.loads(text)[key])
    except (ValueError, KeyError, TypeError) as error:
        raise SecretError(f"retrieving secret from Secrets Manager: key {key} not found") from error
