# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of ECS, without any rule of the API."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

ACTIVE = "ACTIVE"
DRAINING = "DRAINING"
INACTIVE = "INACTIVE"


@dataclass
class Cluster:
    """A cluster, ACTIVE or INACTIVE."""

    number: int
    name: str
    arn: str
    settings: list[dict[str, str]]
    configuration: dict[str, Any]
    service_connect_defaults: dict[str, str]
    tags: dict[str, str]
    status: str = ACTIVE


@dataclass
class ContainerInstance:
    """A registered container instance; INACTIVE once deregistered."""

    number: int
    id: str
    arn: str
    cluster: str
    ec2_instance_id: str
    registered_at: float
    version_info: dict[str, str]
    resources: list[dict[str, Any]]
    attributes: dict[str, str | None]
    tags: dict[str, str]
    status: str = ACTIVE
    version: int = 1
    heard_at: float | None = None
    # Room for the scheduler: what runs on the instance.
    running_tasks: int = 0
    pending_tasks: int = 0

    @property
    def registered(self) -> bool:
        return self.status != INACTIVE

    def connected(self, now: float, timeout: float) -> bool:
        return self.registered and self.heard_at is not None and now - self.heard_at < timeout


@dataclass
class EcsStore:
    """Clusters by name, container instances by cluster and id."""

    clusters: dict[str, Cluster] = field(default_factory=dict)
    instances: dict[str, dict[str, ContainerInstance]] = field(default_factory=dict)
    # Records by what made them: cluster, host and the agent's idempotency token.
    by_token: dict[tuple[str, str, str], ContainerInstance] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def number(self) -> int:
        """A number that grows with every record: the order in which lists are paged."""
        return next(self._numbers)

    def instances_of(self, cluster: str) -> dict[str, ContainerInstance]:
        return self.instances.setdefault(cluster, {})

    def registered(self, cluster: str) -> list[ContainerInstance]:
        return [instance for instance in self.instances_of(cluster).values() if instance.registered]

    def count_clusters(self) -> int:
        return sum(cluster.status == ACTIVE for cluster in self.clusters.values())

    def count_container_instances(self) -> int:
        return sum(len(self.registered(cluster)) for cluster in self.instances)
