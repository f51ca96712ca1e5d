# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the agent ends."""

from __future__ import annotations

STOPPED = 0
RETRIED = 1
TERMINAL = 5


class AgentExit(Exception):
    """The agent's process would end with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
