# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

ERROR, WARNING = "error", "warning"

Finding = dict[str, str]
Findings = Iterator[Finding]
Host = Mapping[str, Any]
Limits = Mapping[str, Any]
Check = Callable[[Host, Mapping[str, Any], Limits], Findings]


def finding(check: str, level: str, what: str, why: str, advice: str) -> Finding:
    return {"check": check, "level": level, "what": what, "why": why, "advice": advice}
