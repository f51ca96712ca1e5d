# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that packages may be signed with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ...host.package_version import satisfied
from .. import signing_keys
from .finding import ERROR, WARNING, Findings, Host, Limits, finding

# Section of the desired state, and the package that its keys are for.
PACKAGES = {"ssm_agent": "amazon-ssm-agent", "ecs_agent": "amazon-ecs-init"}
SOURCES = {
    "ssm_agent": "https://docs.aws.amazon.com/systems-manager/latest/userguide/verify-agent-signature.html",
    "ecs_agent": "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-install.html",
}


def ending(host: Host, desired: Mapping[str, Any], limits: Limits) -> Findings:
    today = limits.get("today")
    if today is None:
        return
    for section, package in PACKAGES.items():
        asked = desired.get(section) or {}
        # The package manager of a host has its own keys for the repositories.
        if asked.get("signing_keys") and asked.get("source") != "repository":
            yield from _ending(host, section, package, asked, today)


def _ending(host: Host, section: str, package: str, asked: Mapping[str, Any], today: date) -> Findings:
    end = signing_keys.last_of(asked["signing_keys"])
    days = (end - today).days
    if days > signing_keys.WARN_DAYS:
        return
    advice = f"Add the next key to {section}_signing_keys: {SOURCES[section]}."
    if days >= 0:
        yield finding(
            "signing_key",
            WARNING,
            f"The last key that may sign {package} ends on {end}, in {days} days.",
            "From then on the package is installed nowhere.",
            advice,
        )
        return
    installed = (host.get("packages") or {}).get(package)
    yield finding(
        "signing_key",
        # A host that has what it needs goes on as it is.
        WARNING if satisfied(installed, asked.get("version", "")) else ERROR,
        f"Every key that may sign {package} has ended, the last one on {end}.",
        "A signature by a key that has ended proves nothing, so the package is installed nowhere.",
        advice,
    )
