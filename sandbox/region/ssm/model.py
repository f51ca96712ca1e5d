# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of SSM as far as it concerns activations and managed nodes, without any rule of the API."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

STANDARD_TIER = "standard"
ADVANCED_TIER = "advanced"


@dataclass
class Activation:
    """A hybrid activation."""

    number: int
    id: str
    code: str
    role: str
    description: str
    name: str
    limit: int
    created: float
    expires: float
    tags: dict[str, str]
    registrations: int = 0

    def expired(self, now: float) -> bool:
        return self.expires <= now


@dataclass
class ManagedNode:
    """A machine that registered with an activation."""

    number: int
    id: str
    activation: str
    role: str
    name: str
    registered_at: float
    fingerprint: str
    # The agent signs its requests for role tokens with this key pair.
    public_key: str
    public_key_type: str
    tags: dict[str, str]
    pinged_at: float | None = None
    information: dict[str, str] = field(default_factory=dict)

    def online(self, now: float, timeout: float) -> bool:
        return self.pinged_at is not None and now - self.pinged_at < timeout


@dataclass
class SsmStore:
    """Activations and managed nodes by id, and the account's activation tier."""

    activations: dict[str, Activation] = field(default_factory=dict)
    nodes: dict[str, ManagedNode] = field(default_factory=dict)
    tier: str = STANDARD_TIER
    tier_changed_at: float | None = None
    # By node: what its agent must show when it opens its control channel.
    channel_tokens: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def number(self) -> int:
        """A number that grows with every record: the order in which lists are paged."""
        return next(self._numbers)
