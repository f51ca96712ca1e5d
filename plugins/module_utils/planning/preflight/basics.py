# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the host can be judged at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import platforms
from .finding import ERROR, WARNING, Findings, Host, Limits, finding

OLDEST_PYTHON = (3, 9)
# Probes that only preflight looks at: nothing is compared with what is asked.
ASIDE = ("board", "iptables", "network", "ports", "selinux", "snap_ssm_agent")


def observation(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("root") is False:
        yield finding(
            "privileges",
            ERROR,
            "The host was not read as root.",
            "The identity and the configuration of the agents are root's alone.",
            "Set become: true for the host.",
        )
        return
    for error in host.get("errors") or []:
        if error["probe"] in ASIDE:
            yield finding(
                "unread",
                WARNING,
                f"'{error['probe']}' could not be read: {error['error']}.",
                "What it would have warned of is not known. Nothing that a rollout changes depends on it.",
                "Look at it on the host, and run again.",
            )
            continue
        yield finding(
            "observation",
            ERROR,
            f"'{error['probe']}' could not be read: {error['error']}.",
            "A part that is not known could be taken for one that has to be changed.",
            "Look at it on the host, and run again.",
        )


def python(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    version = tuple(int(part) for part in str(host.get("python") or "0").split(".")[:2] if part.isdigit())
    if version < OLDEST_PYTHON:
        advice = platforms.python_advice(host)
        yield finding(
            "python",
            ERROR,
            f"Python is {host.get('python')}, older than 3.9.",
            "Modules of this collection would fail on it.",
            f"Install a newer one{f' ({advice})' if advice else ''} and name it in ansible_python_interpreter.",
        )


def machine_id(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("machine_id") in (None, "", "uninitialized"):
        yield finding(
            "machine_id",
            ERROR,
            "/etc/machine-id is empty.",
            "The SSM agent takes it as the proof that an identity is this machine's own.",
            "Run systemd-machine-id-setup on the host.",
        )
