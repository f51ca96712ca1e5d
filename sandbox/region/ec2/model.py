# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of EC2 that moto does not keep: local gateways and what hangs on them, customer-owned addresses."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Resource:
    """A record of the local gateway's family: what its Describe action tells, under the names of the API."""

    number: int
    kind: str
    id: str
    members: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Launch:
    """What RunInstances answered to a client token."""

    request: str
    reservation: str


@dataclass
class Joining:
    """An ECS agent that has not registered yet, and what it will tell of its instance."""

    cluster: str
    attributes: dict[str, str | None]
    resources: list[dict[str, Any]]
    tags: dict[str, str]
    running: bool = True


@dataclass
class HostedInstance:
    """An instance with a sandbox host: what EC2 tells it, what is to become of the host, and where that is."""

    site: str
    user_data: str
    profile: dict[str, str]
    launched_at: float
    instance_type: str
    image: str
    zone: str
    private_address: str
    subnet: str
    vpc: str
    mac: str
    outpost_arn: str
    running: bool = True
    # How often it has been launched, started or rebooted.
    boots: int = 1
    # In the sandbox's network, once the host is there.
    address: str = ""


@dataclass
class Ec2Store:
    """Resources by id; routes by route table and destination."""

    resources: dict[str, Resource] = field(default_factory=dict)
    routes: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    # Addresses in use by pool: address -> allocation id.
    addresses: dict[str, dict[str, str]] = field(default_factory=dict)
    launches: dict[str, Launch] = field(default_factory=dict)
    # Groups of Local and Wavelength Zones that the account has opted in to.
    zone_groups: set[str] = field(default_factory=set)
    # By instance id.
    joining: dict[str, Joining] = field(default_factory=dict)
    hosted: dict[str, HostedInstance] = field(default_factory=dict)
    # By which the Region knows identity documents of its own.
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def number(self) -> int:
        return next(self._numbers)

    def of(self, kind: str) -> list[Resource]:
        return [resource for resource in self.resources.values() if resource.kind == kind]

    def forget_outpost(self, arn: str) -> None:
        """Everything of an Outpost's local gateway."""
        gateways = {item.id for item in self.of("local-gateway") if item.members["OutpostArn"] == arn}
        tables = {item.id for item in self.resources.values() if item.members.get("LocalGatewayId") in gateways}
        doomed = gateways | tables
        for identity, item in list(self.resources.items()):
            if identity in doomed or item.members.get("LocalGatewayRouteTableId") in doomed:
                del self.resources[identity]
                self.routes.pop(identity, None)
                self.addresses.pop(identity, None)
