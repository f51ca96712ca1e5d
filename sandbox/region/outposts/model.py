# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of Outposts, without any rule of the API."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

PENDING = "PENDING"
ACTIVE = "ACTIVE"
# Tasks in these states hold the Outpost's capacity.
OPEN_TASKS = frozenset({"REQUESTED", "IN_PROGRESS", "WAITING_FOR_EVACUATION"})


@dataclass
class Site:
    """A place where Outposts stand."""

    number: int
    id: str
    arn: str
    name: str
    description: str | None
    notes: str | None
    tags: dict[str, str]
    addresses: dict[str, dict[str, str]] = field(default_factory=dict)
    rack: dict[str, str] = field(default_factory=dict)


@dataclass
class Asset:
    """A host of an Outpost: how many instances of which types it is configured for."""

    id: str
    host_id: str
    rack_id: str
    family: str
    max_vcpus: int
    capacities: dict[str, int]
    elevation: float
    state: str = "ACTIVE"


@dataclass
class CapacityTask:
    """A change of an Outpost's instance types."""

    number: int
    id: str
    pools: dict[str, int]
    asset: str | None
    order: str | None
    exclude: dict[str, list[str]]
    dry_run: bool
    on_blocking: str
    created_at: float
    modified_at: float
    status: str = "REQUESTED"
    completed_at: float | None = None
    failure: dict[str, str] | None = None
    # Where each host will end, as worked out when the task was asked for.
    plan: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass
class Outpost:
    """An Outpost: ordered by the API (PENDING), or with hardware (ACTIVE)."""

    number: int
    id: str
    arn: str
    name: str
    description: str
    site: str
    availability_zone: str
    availability_zone_id: str
    hardware: str
    tags: dict[str, str]
    status: str = PENDING
    assets: dict[str, Asset] = field(default_factory=dict)
    tasks: dict[str, CapacityTask] = field(default_factory=dict)
    # Which host carries an instance, for as long as EC2 knows the instance.
    hosts_of: dict[str, str] = field(default_factory=dict)
    service_link: bool = True


@dataclass
class OutpostsStore:
    """Sites and Outposts by id."""

    sites: dict[str, Site] = field(default_factory=dict)
    outposts: dict[str, Outpost] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def number(self) -> int:
        return next(self._numbers)

    def by_arn(self, arn: str) -> Outpost | None:
        return next((outpost for outpost in self.outposts.values() if outpost.arn == arn), None)

    def view_of(self, instance: str) -> tuple[Outpost, str] | None:
        """The Outpost and the host that carry an instance."""
        for outpost in self.outposts.values():
            if instance in outpost.hosts_of:
                return outpost, outpost.hosts_of[instance]
        return None


def identifier(prefix: str, number: Any) -> str:
    """An id of seventeen hexadecimal digits; numbers make runs repeatable."""
    return f"{prefix}-{number:017x}"
