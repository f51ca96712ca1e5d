# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the stand-ins alone; the real agents know none of them.

A knob comes from the environment, else from /etc/default/edgefleet-standin (KEY=value lines), else from its default.
"""

from __future__ import annotations

import os

KNOB_FILE = "/etc/default/edgefleet-standin"
PREFIX = "EDGEFLEET_STANDIN_"


def at(path: str) -> str:
    """The place of an absolute path under the root that tests may set."""
    root = os.environ.get(PREFIX + "ROOT", "").rstrip("/")
    return root + path if root else path


def _from_file(name: str) -> str:
    try:
        with open(at(KNOB_FILE), encoding="utf-8") as lines:
            for line in lines:
                key, separator, value = line.strip().partition("=")
                if separator and key == name:
                    return value
    except OSError:
        pass
    return ""


def text(name: str, default: str = "") -> str:
    return os.environ.get(PREFIX + name) or _from_file(PREFIX + name) or default


def seconds(name: str, default: float) -> float:
    value = text(name)
    try:
        return float(value) if value else default
    except ValueError:
        return default
