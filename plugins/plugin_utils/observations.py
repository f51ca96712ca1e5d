# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read of a host, out of what a task has left of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def observed(registered: Mapping[str, Any]) -> dict[str, Any]:
    """A result of C(host_facts) with C(host), which it may hold as a fact alone. A host that was not read has none."""
    facts = registered.get("ansible_facts") or {}
    rest = {name: value for name, value in registered.items() if name != "ansible_facts"}
    return {"host": facts["edgefleet_host"], **rest} if "edgefleet_host" in facts else rest
