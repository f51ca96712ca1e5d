# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Region's clock: real time plus an offset that tests can move forward."""

from __future__ import annotations

import time


class Clock:
    """Tell the time in epoch seconds."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        # AWS answers with milliseconds at most; more digits would only make logs harder to read.
        return round(time.time() + self._offset, 3)

    @property
    def offset(self) -> float:
        return self._offset

    def advance(self, seconds: float) -> None:
        """Move forward; time that runs backwards would bring expired credentials back to life."""
        if seconds < 0:
            raise ValueError("the clock moves forward only")
        self._offset += seconds

    def reset(self) -> None:
        self._offset = 0.0
