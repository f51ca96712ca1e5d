# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call log, from which tests read what a run really asked of the Region."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import TextIO

# Enough for a rollout over thousands of hosts; beyond it old entries make room, so that no Region grows for ever.
KEEP = 200_000


@dataclass(frozen=True)
class Entry:
    """One call. `status` 0 means that the connection was cut without a reply."""

    n: int
    time: float
    service: str
    action: str
    caller: str
    status: int
    error: str | None
    page_token: bool

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class CallLog:
    """Remember calls in order, and write each as a line to a file when asked to."""

    def __init__(self, sink: TextIO | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEEP)
        self._last = 0
        self._sink = sink

    def add(
        self, *, time: float, service: str, action: str, caller: str, status: int, error: str | None, page_token: bool
    ) -> None:
        self._last += 1
        entry = Entry(self._last, time, service, action, caller, status, error, page_token)
        self._entries.append(entry)
        if self._sink is not None:
            print(
                f"{entry.time:.3f} {entry.status} {entry.service}:{entry.action} {entry.caller} {entry.error or '-'}",
                file=self._sink,
                flush=True,
            )

    def select(
        self, service: str | None = None, action: str | None = None, caller: str | None = None, since: int = 0
    ) -> list[Entry]:
        """Entries after number `since` that match every given value."""
        return [
            entry
            for entry in self._entries
            if entry.n > since
            and service in (None, entry.service)
            and action in (None, entry.action)
            and caller in (None, entry.caller)
        ]

    def clear(self) -> None:
        self._entries.clear()
