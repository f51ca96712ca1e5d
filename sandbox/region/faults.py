# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on order: throttling, server errors, cut connections and delays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("throttle", "error", "reset", "delay")


@dataclass
class Fault:
    """What to do to the next `count` calls that match; "*" matches any."""

    service: str
    action: str
    kind: str
    count: int = 1
    seconds: float = 0.0
    status: int = 500
    caller: str = "*"

    def matches(self, service: str, action: str, caller: str) -> bool:
        wanted = ((self.service, service), (self.action, action), (self.caller, caller))
        return all(pattern in ("*", value) for pattern, value in wanted)


def _number(order: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = order.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}")
    return value


def _text(order: Mapping[str, Any], name: str) -> str:
    value = order.get(name, "*")
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a name, or * for any")
    return value


def parse(order: Mapping[str, Any]) -> Fault:
    """A fault from the control API's JSON; a ValueError tells what is wrong with it."""
    unknown = set(order) - {"service", "action", "kind", "count", "seconds", "status", "caller"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    if order.get("kind") not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    return Fault(
        service=_text(order, "service"),
        action=_text(order, "action"),
        caller=_text(order, "caller"),
        kind=str(order["kind"]),
        count=int(_number(order, "count", 1, 1, 1_000_000)),
        seconds=_number(order, "seconds", 1.0, 0, 600),
        status=int(_number(order, "status", 500, 500, 599)),
    )


class Faults:
    """Faults in the order in which they were asked for; each call uses up the first that matches."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def take(self, service: str, action: str, caller: str) -> Fault | None:
        for fault in self._faults:
            if fault.matches(service, action, caller):
                fault.count -= 1
                if not fault.count:
                    self._faults.remove(fault)
                return fault
        return None

    def pending(self) -> list[dict[str, object]]:
        return [asdict(fault) for fault in self._faults]

    def clear(self) -> None:
        self._faults.clear()
