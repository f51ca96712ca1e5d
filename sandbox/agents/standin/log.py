# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line a message, as the agents print them: to standard output (the journal) and, where asked, to a log file."""

from __future__ import annotations

import os
import sys
import time

from .knobs import at


class Log:
    def __init__(self, tag: str = "", path: str = "") -> None:
        self._tag = f"[{tag}] " if tag else ""
        self._path = at(path) if path else ""

    def _write(self, level: str, message: str) -> None:
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {level} {self._tag}{message}\n"
        sys.stdout.write(line)
        sys.stdout.flush()
        if self._path:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            with open(self._path, "a", encoding="utf-8") as target:
                target.write(line)

    def info(self, message: str) -> None:
        self._write("INFO", message)

    def warn(self, message: str) -> None:
        self._write("WARN", message)

    def error(self, message: str) -> None:
        self._write("ERROR", message)
