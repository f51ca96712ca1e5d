# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EventBridge remembers beside moto: since when rules count, and what became of invocations."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

KEEP = 10_000


@dataclass(frozen=True)
class Invocation:
    """One attempt of a rule to run tasks of one target."""

    n: int
    time: float
    rule: str
    target: str
    state: str  # succeeded or failed
    tasks: tuple[str, ...]
    reason: str | None
    event: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class EventsStore:
    """All of it."""

    invocations: deque[Invocation] = field(default_factory=lambda: deque[Invocation](maxlen=KEEP))
    count: int = 0
    # By rule: its schedule, and the moment after which the next one is due.
    anchors: dict[str, tuple[str, float]] = field(default_factory=dict)
    # By container instance, its status and whether its agent is connected, as rules were told; None: no rules yet.
    seen: dict[str, tuple[str, bool]] | None = None
