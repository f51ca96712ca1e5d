# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EC2 instance metadata service (version 2), for an agent that is not external: who it is, and its credentials.

Paths and headers: "Use the Instance Metadata Service" in the EC2 User Guide.
"""

from __future__ import annotations

import json
import socket
import time
from typing import NamedTuple

from .. import knobs
from ..sigv4 import Credentials
from .exits import RETRIED, AgentExit

ADDRESS = "169.254.169.254:80"
TIMEOUT = 2.0
# The token of one look lives no longer than it needs to.
_TOKEN = "X-aws-ec2-metadata-token"
# Credentials are asked for again so often: the service rotates them long before they expire.
FRESH = 60.0


class Identity(NamedTuple):
    document: str
    signature: str
    region: str
    vpc: str
    subnet: str
    outpost_arn: str

    @property
    def attributes(self) -> dict[str, str]:
        """What the agent itself tells of its place; the rest ECS reads from the document."""
        told = {"ecs.vpc-id": self.vpc, "ecs.subnet-id": self.subnet, "ecs.outpost-arn": self.outpost_arn}
        return {name: value for name, value in told.items() if value}


class Unavailable(Exception):
    """No metadata service is here, or it has no such page."""


def _exchange(method: str, path: str, headers: dict[str, str]) -> str:
    host, _colon, port = knobs.text("METADATA", ADDRESS).partition(":")
    lines = [f"{method} {path} HTTP/1.0", "Host: " + host, *(f"{name}: {value}" for name, value in headers.items())]
    data = b""
    try:
        with socket.create_connection((host, int(port or 80)), timeout=TIMEOUT) as stream:
            stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            for chunk in iter(lambda: stream.recv(65536), b""):
                data += chunk
        head, _separator, body = data.partition(b"\r\n\r\n")
        status = int(head.split()[1])
    except (OSError, ValueError, IndexError) as error:
        raise Unavailable(f"EC2MetadataError: {error}") from error
    if status != 200:
        raise Unavailable(f"EC2MetadataError: status {status} for {path}")
    return body.decode()


class Service:
    """One token for all that is asked at a time."""

    def __init__(self) -> None:
        self._headers = {_TOKEN: _exchange("PUT", "/latest/api/token", {_TOKEN + "-ttl-seconds": "60"})}

    def page(self, path: str) -> str:
        return _exchange("GET", "/latest/" + path, self._headers)

    def optional(self, path: str) -> str:
        try:
            return self.page(path)
        except Unavailable:
            return ""


def identity() -> Identity | None:
    """None where there is no metadata service: the host is no EC2 instance."""
    try:
        service = Service()
        document = service.page("dynamic/instance-identity/document")
        interface = "meta-data/network/interfaces/macs/" + service.page("meta-data/mac")
        return Identity(
            document=document,
            signature=service.page("dynamic/instance-identity/signature"),
            region=str(json.loads(document).get("region") or ""),
            vpc=service.optional(interface + "/vpc-id"),
            subnet=service.optional(interface + "/subnet-id"),
            outpost_arn=service.optional("meta-data/outpost-arn"),
        )
    except (Unavailable, ValueError):
        return None


class RoleCredentials:
    """The credentials of the instance profile's role."""

    def __init__(self) -> None:
        self._asked = 0.0
        self._cached: Credentials | None = None

    def __call__(self) -> Credentials:
        if self._cached is None or time.monotonic() - self._asked > FRESH:
            try:
                self._cached, self._asked = self._ask(), time.monotonic()
            except (Unavailable, ValueError, KeyError) as error:
                if self._cached is None:
                    raise AgentExit(RETRIED, f"NoCredentialProviders: {error}") from error
        return self._cached

    @staticmethod
    def _ask() -> Credentials:
        service = Service()
        where = "meta-data/iam/security-credentials/"
        told = json.loads(service.page(where + service.page(where).split("\n")[0]))
        if told.get("Code") != "Success":
            raise Unavailable(f"EC2RoleRequestError: {told.get('Code')}")
        return Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["Token"])
