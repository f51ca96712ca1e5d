# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the CPU goes: of this process and what it has waited for, and of sandboxes, which nobody waits for.

What bin/test is short of is CPU, not time: its layers and tests say what they have used of it.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..hosts import cgroups


class Usage(NamedTuple):
    """Seconds of CPU."""

    control: float = 0.0
    """Commands, tests, and Ansible with all it starts on this side of a connection."""
    hosts: float = 0.0
    """Everything that runs on hosts of the sandbox."""
    services: float = 0.0
    """The simulated Region, the package server, EC2."""

    @property
    def total(self) -> float:
        return sum(self)

    def properties(self) -> list[tuple[str, str]]:
        """As a test has them in a JUnit file."""
        return [(f"cpu of {name}", f"{seconds:.2f}") for name, seconds in zip(self._fields, self)]

    @classmethod
    def read(cls, properties: Mapping[str, str]) -> Usage:
        return cls(*(float(properties.get(f"cpu of {name}", 0)) for name in cls._fields))

    def plus(self, other: Usage) -> Usage:
        return Usage(*(mine + theirs for mine, theirs in zip(self, other)))

    def since(self, earlier: Usage) -> Usage:
        return Usage(*(now - before for now, before in zip(self, earlier)))


_gone: list[Usage] = []


def used() -> Usage:
    """By this process, what it has waited for, and the sandboxes that it has removed."""
    total = Usage(sum(_seconds(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
    for one in _gone:
        total = total.plus(one)
    return total


def _seconds(who: int) -> float:
    spent = resource.getrusage(who)
    return spent.ru_utime + spent.ru_stime


def keep(instance: str) -> None:
    """What a sandbox has used, before it is removed and its counts with it."""
    _gone.append(of_sandbox(cgroups.Group(cgroups.current(), f"edgefleet-{instance}")))


def of_sandbox(group: cgroups.Group) -> Usage:
    """Hosts, and services that run at this moment; what commands have used has been counted by who waited for them."""
    # The whole of it still has what hosts have used that are no longer there.
    others = sum(group_seconds(group.child(name).unified) for name in ("run", "supervisor"))
    hosts = max(group_seconds(group.unified) - others, 0.0)
    return Usage(0.0, hosts, sum(process_seconds(pid) for pid in group.child("run").processes()))


def group_seconds(folder: Path) -> float:
    try:
        lines = (folder / "cpu.stat").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith("usage_usec")), 0.0)


def process_seconds(pid: int) -> float:
    """With the children that it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # utime, stime, cutime, cstime of proc(5): its numbers 14 to 17, the first two of which lie before the bracket.
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
