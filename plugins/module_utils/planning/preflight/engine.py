# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..desired import ENGINE_PACKAGES
from .finding import ERROR, Findings, Host, Limits, finding

# Their repositories hold no engine that ECS supports.
ENGINE_TO_BE_THERE = ("rhel",)


def engine(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    engine, system = host.get("engine"), host.get("os") or {}
    if "engine" not in desired or engine is None or engine["version"]:
        return
    if not desired["engine"].get("package"):
        yield finding(
            "engine",
            ERROR,
            "The container engine does not answer, and container_engine_package is empty.",
            "Nobody is asked to install or start one.",
            "Start the engine, or name its package in container_engine_package.",
        )
    elif system.get("id") in ENGINE_TO_BE_THERE and not _has_engine(host):
        yield finding(
            "engine",
            ERROR,
            f"{system['name']} has no container engine yet.",
            "Its repositories bring none that ECS supports.",
            "Install Docker on the host from a repository of yours.",
        )


def _has_engine(host: Host) -> bool:
    packages = host.get("packages") or {}
    return any(packages.get(name) for name in ENGINE_PACKAGES)
