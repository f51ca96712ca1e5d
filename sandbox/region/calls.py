# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call log, from which tests read what a run really asked of the Region."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TextIO

# Enough for a rollout over thousands of hosts; beyond it old entries make room, so that no Region grows for ever.
KEEP = 200_000
FILTERS = ("service", "action", "caller", "status", "error", "page")


@dataclass(frozen=True)
class Entry:
    """One call. `status` 0 means that the connection was cut without a reply.

    `page` counts the pages of a list as a caller turns them: 1 for a call without a token.
    """

    n: int
    time: float
    service: str
    action: str
    caller: str
    status: int
    error: str | None
    page_token: bool
    page: int = 1

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class CallLog:
    """Remember calls in order, and write each as a line to a file when asked to."""

    def __init__(self, sink: TextIO | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEEP)
        self._last = 0
        self._sink = sink
        self._pages: dict[tuple[str, str, str], int] = {}

    def add(
        self, *, time: float, service: str, action: str, caller: str, status: int, error: str | None, page_token: bool
    ) -> None:
        self._last += 1
        page = self._page(service, action, caller, page_token)
        entry = Entry(self._last, time, service, action, caller, status, error, page_token, page)
        self._entries.append(entry)
        if self._sink is not None:
            print(
                f"{entry.time:.3f} {entry.status} {entry.service}:{entry.action} {entry.caller} {entry.error or '-'}",
                file=self._sink,
                flush=True,
            )

    def _page(self, service: str, action: str, caller: str, token: bool) -> int:
        key = (service, action, caller)
        if not token:
            self._pages.pop(key, None)
            return 1
        self._pages[key] = self._pages.get(key, 1) + 1
        return self._pages[key]

    def select(self, since: int = 0, **wanted: str) -> list[Entry]:
        """Entries after number `since` that match every given value: service, action, caller, status, error, page."""
        return [
            entry
            for entry in self._entries
            if entry.n > since and all(str(getattr(entry, name)) == value for name, value in wanted.items())
        ]

    def summary(self, names: Sequence[str], since: int = 0, **wanted: str) -> list[dict[str, object]]:
        """How many calls there were, by these members; the most frequent first."""
        counts = Counter(tuple(getattr(entry, name) for name in names) for entry in self.select(since, **wanted))
        return [{**dict(zip(names, values, strict=True)), "count": count} for values, count in counts.most_common()]

    def clear(self) -> None:
        self._pages.clear()
        self._entries.clear()
