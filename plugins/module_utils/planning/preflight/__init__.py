# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reasons not to touch a host, from its observed state. Pure.

An error blocks the host; a warning is for the reader. C(what) and C(advice) are sentences that read well after one
another, C(why) says what would happen otherwise. docs/preflight.md has a row for each check.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ..desired import PREFLIGHT_DEFAULTS
from . import basics, engine, keys, network, occupied, options, platform, room
from .finding import ERROR, WARNING, Check, Finding, Host, Limits

CHECKS: tuple[Check, ...] = (
    basics.observation,
    basics.python,
    basics.machine_id,
    platform.operating_system,
    platform.architecture,
    platform.init,
    platform.cgroup,
    platform.selinux,
    platform.iptables,
    platform.masked_units,
    room.disk,
    room.memory,
    room.inotify,
    room.clock,
    network.reach,
    occupied.snap,
    occupied.foreign_credentials,
    occupied.ec2_role,
    occupied.ports,
    occupied.identity,
    occupied.damaged_identity,
    occupied.cluster,
    engine.engine,
    engine.versions,
    options.settings,
    options.gpu,
    keys.ending,
    occupied.config_problems,
)


def findings(host: Host, desired: Mapping[str, Any], today: date | None = None) -> list[Finding]:
    """Everything that speaks against a rollout to this host, errors first. C(today) is the control node's."""
    limits = {**PREFLIGHT_DEFAULTS, **(desired.get("preflight") or {}), "today": today}
    found = [_accepted(item, limits) for check in CHECKS for item in check(host, desired, limits)]
    return sorted(found, key=lambda item: item["level"] != ERROR)


def _accepted(item: Finding, limits: Limits) -> Finding:
    """An operator who knows better makes a warning of an error."""
    return {**item, "level": WARNING} if item["check"] in limits["accept"] else item
