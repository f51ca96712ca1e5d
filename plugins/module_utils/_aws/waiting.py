# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting, as data: what is waited for is a table entry, and one loop serves every batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from .errors import FleetError, NotPossible, TimedOut

# A resource as AWS describes it, or None when it is not there.
Seen = Optional[dict[str, Any]]
Found = Mapping[str, Seen]

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 8.0
_NAMED_AT_MOST = 20


def _never(_resource: Seen) -> bool:
    return False


@dataclass(frozen=True)
class Waiter:
    """`goal` completes "Waited for X to ..."."""

    goal: str
    done: Callable[[Seen], bool]
    seen: Callable[[Seen], str]
    hopeless: Callable[[Seen], bool] = _never
    advice: str = ""


def wait_for(
    waiter: Waiter,
    names: Sequence[str],
    fetch: Callable[[list[str]], Found],
    timeout: float,
    first: Found | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] | None = None,
) -> dict[str, Seen]:
    """Look at all that are not there yet, together, until they are; return each as it was last seen.

    `first` is what the caller has just seen; it saves the first look.
    """
    deadline = clock() + timeout
    pause = FIRST_PAUSE
    waiting = list(names)
    reached: dict[str, Seen] = {}
    found = fetch(waiting) if first is None and waiting else first or {}
    while True:
        reached.update({name: found.get(name) for name in waiting if waiter.done(found.get(name))})
        waiting = [name for name in waiting if name not in reached]
        left = deadline - clock()
        lost = [name for name in waiting if waiter.hopeless(found.get(name))]
        if lost or (waiting and left <= 0):
            states = {name: waiter.seen(found.get(name)) for name in lost or waiting}
            raise _failure(waiter, states, len(names), None if lost else timeout)
        if not waiting:
            return reached
        (sleep or time.sleep)(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)
        found = fetch(waiting)


def _failure(waiter: Waiter, states: Mapping[str, str], total: int, timeout: float | None) -> FleetError:
    shown = "; ".join(f"{name}: {state}" for name, state in list(states.items())[:_NAMED_AT_MOST])
    more = len(states) - _NAMED_AT_MOST
    shown += f"; and {more} more" if more > 0 else ""
    who = f"{len(states)} of {total}" if total > 1 else next(iter(states))
    if timeout is None:
        message = f"{who} can no longer {waiter.goal}. Last seen: {shown}. {waiter.advice}"
        return NotPossible(message.strip(), pending=dict(states))
    message = f"Waited {timeout:g} s for {who} to {waiter.goal}. Last seen: {shown}. {waiter.advice}"
    return TimedOut(message.strip(), pending=dict(states))
