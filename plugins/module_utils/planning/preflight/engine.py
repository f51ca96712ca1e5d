# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import platforms
from .finding import ERROR, Finding, Findings, Host, Limits, finding


def engine(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    engine = host.get("engine")
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
    elif not platforms.engine_package(host, desired["engine"]):
        yield _to_be_there(host, str(desired["engine"].get("source")))


def _to_be_there(host: Host, source: str) -> Finding:
    """What Amazon's own installer refuses, too: see planning/platforms.py."""
    match = platforms.find(host["os"]) if host.get("os") else None
    other = source == "repository" and match is not None and match.platform.docker
    return finding(
        "engine",
        ERROR,
        f"{(host.get('os') or {}).get('name') or 'The host'} has no container engine yet.",
        "Docker's own repository has none for it."
        if source in ("vendor", "mirror")
        else "Its repositories bring none that ECS supports.",
        "Set container_engine_source: vendor, which is Docker's own repository, or install Docker on the host."
        if other
        else "Install Docker on the host from a repository of yours, or name its package in container_engine_package.",
    )
