# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words that plans and records share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def head(run: Mapping[str, Any]) -> str:
    """Which fleet a plan or a record is of."""
    release = f", release {run['release']}" if run.get("release") else ""
    return f"Fleet {run['fleet']}, cluster {run['cluster']} in {run['region']}{release}"


def one_line(text: str, most: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def count(number: int, noun: str) -> str:
    """
    >>> count(1, "site"), count(2, "site")
    ('1 site', '2 sites')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def named(names: Sequence[str], most: int) -> str:
    """
    >>> named(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
