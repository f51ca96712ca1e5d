# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outages of service links: whole sites, hosts or addresses that do not reach the Region for a while.

Nothing is told to the hosts: their connections are cut, and what they try anew is cut, too. What they run runs on.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .context import Region
    from .ecs.model import ContainerInstance

_MEMBERS = {"addresses", "nodes", "attributes"}


class Session(Protocol):
    """An open websocket of an agent."""

    @property
    def address(self) -> str: ...

    @property
    def node(self) -> str: ...

    def hang_up(self) -> None: ...


@dataclass(frozen=True)
class Outage:
    """Who is cut off: source networks, EC2 or managed node ids, container instances with all of some attributes."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    nodes: frozenset[str] = frozenset()
    attributes: tuple[tuple[str, str], ...] = ()

    def hits_address(self, address: str) -> bool:
        return bool(self.networks) and any(ipaddress.ip_address(address) in network for network in self.networks)

    def hits_instance(self, instance: ContainerInstance) -> bool:
        by_attribute = bool(self.attributes) and set(self.attributes) <= instance.attributes.items()
        return by_attribute or instance.ec2_instance_id in self.nodes

    def as_dict(self) -> dict[str, Any]:
        return {
            "addresses": [str(network) for network in self.networks],
            "nodes": sorted(self.nodes),
            "attributes": dict(self.attributes),
        }


def _texts(order: Mapping[str, Any], name: str) -> list[str]:
    value = order.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError(f"{name} must be a list of texts")
    return value


def parse(order: Mapping[str, Any]) -> Outage:
    """An outage from the control API's JSON; a ValueError tells what is wrong with it."""
    unknown = set(order) - _MEMBERS
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    attributes = order.get("attributes", {})
    if not isinstance(attributes, dict) or not all(isinstance(value, str) for value in attributes.values()):
        raise ValueError("attributes must map names to values")
    outage = Outage(
        networks=tuple(ipaddress.ip_network(text) for text in _texts(order, "addresses")),
        nodes=frozenset(_texts(order, "nodes")),
        attributes=tuple(attributes.items()),
    )
    if outage == Outage():
        raise ValueError(f"an outage needs one of {', '.join(sorted(_MEMBERS))}")
    return outage


class Links:
    """The outages that are on."""

    def __init__(self) -> None:
        self.outages: list[Outage] = []
        # Of Outposts without their service link, by their ids.
        self.severed: dict[str, Outage] = {}
        # EC2 instance and managed node ids that these outages cut off.
        self._nodes: set[str] = set()
        # Container instances whose link these outages cut, by ARN: no other fault is mended with them.
        self._cut: set[str] = set()

    def down(self, address: str = "", node: str = "") -> bool:
        """Whether a request from an address, or signed by a node, does not arrive."""
        if not self._all():
            return False
        return node in self._nodes or (bool(address) and any(outage.hits_address(address) for outage in self._all()))

    def _all(self) -> list[Outage]:
        return [*self.outages, *self.severed.values()]

    def apply(self, region: Region) -> None:
        """Cut and mend: flags of container instances, then open sessions."""
        from .ecs import agents  # context needs this module before there are handlers

        self._nodes = {node for outage in self._all() for node in outage.nodes}
        for instance in [one for cluster in region.ecs.instances.values() for one in cluster.values()]:
            hit = any(outage.hits_instance(instance) for outage in self._all())
            if hit:
                self._nodes.add(instance.ec2_instance_id)
            if hit is not (instance.arn in self._cut):
                self._cut ^= {instance.arn}
                agents.cut(region, instance, hit)
        for session in list(region.sessions):
            if self.down(session.address, session.node):
                session.hang_up()

    def add(self, region: Region, outage: Outage) -> None:
        self.outages.append(outage)
        self.apply(region)

    def sever(self, region: Region, outpost: str, outage: Outage | None) -> None:
        """Cut an Outpost's service link, or without an outage mend it."""
        self.severed.pop(outpost, None)
        if outage is not None:
            self.severed[outpost] = outage
        self.apply(region)

    def mend(self, region: Region) -> None:
        self.outages.clear()
        self.apply(region)
