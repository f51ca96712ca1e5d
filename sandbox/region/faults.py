# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on order: throttling of so many calls or by rate, errors, cut connections and delays."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("throttle", "rate", "error", "reset", "delay")
_LEAST_STATUS = 500
_LEAST_STATUS_OF_CODE = 400


_MEMBERS = frozenset(
    ("service", "action", "caller", "kind", "count", "skip", "seconds", "status", "code", "message", "rate", "burst")
)


@dataclass
class Fault:
    """What to do to the next `count` calls that match, after the first `skip`; "*" matches any.

    A rate is not used up: it lets `burst` calls pass at once and `rate` a second after that.
    """

    service: str
    action: str
    kind: str
    count: int = 1
    seconds: float = 0.0
    status: int = 500
    caller: str = "*"
    skip: int = 0
    code: str = ""
    message: str = ""
    rate: float = 0.0
    burst: int = 0
    # How many calls may pass at the moment `at`.
    room: float = 0.0
    at: float | None = None

    def admits(self, now: float) -> bool:
        """Whether the rate lets one more call pass, which this counts."""
        if self.at is None:
            self.room = self.burst
        else:
            self.room = min(self.burst, self.room + (now - self.at) * self.rate)
        self.at = now
        if self.room < 1:
            return False
        self.room -= 1
        return True

    def matches(self, service: str, action: str, caller: str) -> bool:
        wanted = ((self.service, service), (self.action, action), (self.caller, caller))
        return all(pattern in ("*", value) for pattern, value in wanted)


def _number(order: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = order.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}")
    return value


def _text(order: Mapping[str, Any], name: str, default: str = "*") -> str:
    value = order.get(name, default)
    if value == default:
        return default
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a name, or * for any")
    return value


def parse(order: Mapping[str, Any]) -> Fault:
    """A fault from the control API's JSON; a ValueError tells what is wrong with it."""
    unknown = set(order) - _MEMBERS
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    if order.get("kind") not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    code = _text(order, "code", "")
    rate = _number(order, "rate", 1.0, 0.001, 100_000)
    return Fault(
        service=_text(order, "service"),
        action=_text(order, "action"),
        caller=_text(order, "caller"),
        kind=str(order["kind"]),
        count=int(_number(order, "count", 1, 1, 1_000_000)),
        seconds=_number(order, "seconds", 1.0, 0, 600),
        status=int(_number(order, "status", 500, _LEAST_STATUS_OF_CODE if code else _LEAST_STATUS, 599)),
        skip=int(_number(order, "skip", 0, 0, 1_000_000)),
        code=code,
        message=_text(order, "message", ""),
        rate=rate,
        burst=int(_number(order, "burst", max(1, int(rate)), 1, 1_000_000)),
    )


class Faults:
    """Faults in the order in which they were asked for; each call uses up the first that matches.

    Rates stand beside this: a call that a rate admits may still meet another fault.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def take(self, service: str, action: str, caller: str) -> Fault | None:
        for fault in self._faults:
            if not fault.matches(service, action, caller):
                continue
            if fault.kind == "rate":
                if not fault.admits(self._now()):
                    return fault
            elif fault.skip:
                fault.skip -= 1
            else:
                fault.count -= 1
                if not fault.count:
                    self._faults.remove(fault)
                return fault
        return None

    def pending(self) -> list[dict[str, object]]:
        hidden = ("room", "at")
        return [{k: v for k, v in asdict(fault).items() if k not in hidden} for fault in self._faults]

    def clear(self) -> None:
        self._faults.clear()
