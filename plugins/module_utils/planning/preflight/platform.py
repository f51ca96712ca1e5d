# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine and its operating system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import platforms
from .finding import ERROR, WARNING, Findings, Host, Limits, finding


def operating_system(host: Host, _desired: Mapping[str, Any], limits: Limits) -> Findings:
    system = host.get("os")
    if system is None or platforms.is_supported(system):
        return
    match = platforms.find(system)
    name = system["name"] or f"{system['id']} {system['version']}"
    supported = platforms.supported(system["id"]) or platforms.supported()
    yield finding(
        "os",
        WARNING if limits["allow_unsupported_os"] and match else ERROR,
        f"{name} is not supported by ECS Anywhere (supported: {supported}).",
        f"AWS neither tests its agents there nor helps with them. {_assumption(match)}",
        "Reinstall the host, or set preflight_allow_unsupported_os: true to try it."
        if match
        else "Reinstall the host with a supported system.",
    )


def _assumption(match: platforms.Match | None) -> str:
    if match is None:
        return "It is like no supported system, so it is not known which packages it takes either."
    like = match.platform
    return f"If it is let through, it is taken for {like.name}: {like.manager}, and .{like.format} files of the agents."


def architecture(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("arch") not in platforms.ARCHITECTURES:
        yield finding(
            "arch",
            ERROR,
            f"The architecture is {host.get('arch')} (supported: {', '.join(platforms.ARCHITECTURES)}).",
            "There are no agents for it.",
            "Use a host with a supported architecture, or a 64 bit system on it.",
        )


def init(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("systemd") is not None and not host["systemd"]["pid1"]:
        yield finding(
            "systemd",
            ERROR,
            "systemd is not the first process.",
            "The agents' packages bring units for systemd and nothing else.",
            "Use a host that is booted with systemd.",
        )


def cgroup(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("cgroup") is not None and not host["cgroup"]["memory"]:
        yield finding(
            "cgroup",
            WARNING,
            "The kernel's memory controller is off.",
            "Memory limits of tasks are not enforced, and their memory is not measured.",
            _how_to_boot(host.get("board") or ""),
        )


def _how_to_boot(board: str) -> str:
    # amazon-ecs-agent#2917, #3834: Raspberry Pi boards boot with the controller off.
    if "Raspberry Pi" in board:
        return (
            "Append cgroup_enable=memory cgroup_memory=1 to the one line of /boot/firmware/cmdline.txt "
            "(/boot/cmdline.txt before Debian 12), and reboot."
        )
    return "Boot the kernel with cgroup_enable=memory cgroup_memory=1, and reboot."


def selinux(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    # "SELinux is not supported" among the considerations of external instances, Amazon ECS Developer Guide.
    if host.get("selinux") == "enforcing":
        yield finding(
            "selinux",
            ERROR,
            "SELinux is enforcing.",
            "ECS Anywhere does not support it: tasks are denied their files and sockets without a word.",
            "Set SELINUX=permissive in /etc/selinux/config and run setenforce 0, or accept it in preflight_accept.",
        )


def iptables(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    # An engine's package brings it along.
    if host.get("iptables") is False and (host.get("engine") or {}).get("version"):
        yield finding(
            "iptables",
            ERROR,
            "There is no iptables on the host.",
            "The ECS agent leads tasks to their credentials with it, and does not start without it.",
            "Install the package iptables on the host.",
        )


def masked_units(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    for name, unit in (host.get("units") or {}).items():
        if unit["load"] == "masked":
            yield finding(
                "unit",
                ERROR,
                f"The unit {name} is masked.",
                "Somebody decided that it must not run.",
                f"If it may, run systemctl unmask {name} on the host.",
            )
