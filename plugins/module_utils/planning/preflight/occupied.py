# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on the host already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .finding import ERROR, WARNING, Findings, Host, Limits, finding


def snap(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("snap_ssm_agent"):
        yield finding(
            "snap",
            ERROR,
            "The SSM agent is installed as a snap.",
            "The agent's package refuses to be installed beside it.",
            "Run snap remove amazon-ssm-agent on the host.",
        )


def foreign_credentials(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    for path in (host.get("foreign") or {}).get("aws_credentials") or []:
        yield finding(
            "aws_credentials",
            ERROR,
            f"{path} holds AWS credentials.",
            "They take the place of the identity that Systems Manager gives the host.",
            "Remove them from this file, or move them to a profile of their own.",
        )


def identity(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    """An identity of somebody else's is not ours to give up."""
    registration = host.get("registration") or {}
    if not registration.get("registered"):
        return
    identity = registration["instance_id"]
    how = "If it may go, run edgefleet.ecs.registration with state: absent on the host, then start the rollout again."
    wanted = (desired.get("registration") or {}).get("region")
    if wanted and registration["region"] != wanted:
        yield finding(
            "registration",
            ERROR,
            f"The host is registered as {identity} in {registration['region']}, not in {wanted}.",
            "Another fleet may own it.",
            how,
        )
    if registration["same_machine"] is False:
        yield finding(
            "registration",
            ERROR,
            f"The host holds the identity {identity} of another machine (a clone, or a new image with an old disk).",
            "Two hosts with one identity take each other's commands, tasks and credentials.",
            how,
        )


def config_problems(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if "ecs_config" in desired:
        return  # about to be written anew
    for file in (host.get("ecs_config") or {}).values():
        for problem in file["problems"]:
            yield finding(
                "ecs_config",
                WARNING,
                f"ecs.config: {problem}.",
                "systemd and the ECS agent read this file differently.",
                "Let edgefleet.ecs.agent_config write it.",
            )
