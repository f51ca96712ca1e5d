# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on the host already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .finding import ERROR, WARNING, Findings, Host, Limits, finding

# agent/config/const.go of the ECS agent
PROMETHEUS = 51680
PORTS = {51678: "its introspection", 51679: "the credentials of tasks", PROMETHEUS: "its metrics"}


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
            "Remove them from this file; a profile of another name may keep its own.",
        )


def ec2_role(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    role = ((host.get("network") or {}).get("instance_metadata") or {}).get("role")
    if role:
        # amazon-ecs-agent#3604, #3812
        yield finding(
            "ec2_role",
            ERROR,
            f"EC2's metadata service gives the host the role {role}.",
            "It takes the place of the identity that Systems Manager gives the host.",
            "Bring an EC2 instance in as one (edgefleet.ecs.aws_site), or take the role from it.",
        )


def ports(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    metrics = (desired.get("ecs_config") or {}).get("ECS_ENABLE_PROMETHEUS_METRICS") is True
    for taken in host.get("ports") or []:
        port, process = taken["port"], taken["process"] or "a process that is not seen"
        if port not in PORTS or (port == PROMETHEUS and not metrics):
            continue
        yield finding(
            "port",
            ERROR,
            f"Port {port} is taken by {process}.",
            f"The ECS agent needs it for {PORTS[port]}.",
            "Move the other program to another port, or stop it.",
        )


def identity(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    """An identity of somebody else's is not ours to give up."""
    registration = host.get("registration") or {}
    if not registration.get("registered"):
        return
    identity = registration["instance_id"]
    how = "If it may go, the playbook edgefleet.ecs.reregister gives the host a new one."
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
            "Where the other machine is in use, run the playbook edgefleet.ecs.repair_clones for this host, else "
            "edgefleet.ecs.reregister.",
        )


def damaged_identity(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    """A registration that was cut short has a backup, and mends it; without one, the private key is lost."""
    damage = host.get("vault_damage")
    if not damage or (host.get("registration") or {}).get("backup"):
        return
    was = damage["instance_id"] or "unknown"
    yield finding(
        "vault",
        ERROR,
        f"The host's identity is damaged: {', '.join(damage['files'])} is empty or cut off (last known: {was}).",
        "Without its private key nobody is that managed node any more; another registration makes a second one.",
        "Put the Vault back from a backup of the host; or run edgefleet.ecs.registration with state: absent on it, "
        f"start the rollout again, and remove the managed node {was} and its container instance.",
    )


def cluster(host: Host, desired: Mapping[str, Any], limits: Limits) -> Findings:
    """Where the running agent says that it belongs: the account and the Region are in its ARN."""
    said = (host.get("ecs_agent") or {}).get("introspection") or {}
    wanted = (desired.get("ecs_agent") or {}).get("cluster")
    name = str(said.get("cluster") or "").rpartition("/")[2]
    if wanted and name and name not in (wanted, *limits["move_from"]):
        yield finding(
            "cluster",
            ERROR,
            f"The host is in cluster {name}, not in {wanted}.",
            "Its tasks run there, and nobody of this fleet can drain them.",
            f"If it is to move here, set fleet_move_from: [{name}] (playbook edgefleet.ecs.move).",
        )
    account = (str(said.get("container_instance_arn") or "").split(":") + [""] * 5)[4]
    if limits["account_id"] and account and account != limits["account_id"]:
        yield finding(
            "account",
            ERROR,
            f"The host is in the account {account}, not in {limits['account_id']}.",
            "Another fleet owns it.",
            "Have it deregistered there, and its identity removed from the host.",
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
