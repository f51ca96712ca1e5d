# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine and its operating system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .finding import ERROR, WARNING, Findings, Host, Limits, finding

# Major versions of the operating systems that ECS Anywhere supports; None: any.
# Source: "Supported operating systems and system architectures", Amazon ECS Developer Guide, external instances.
SUPPORTED: dict[str, tuple[str, range | tuple[int, ...] | None]] = {
    "amzn": ("Amazon Linux 2 and 2023", (2, 2023)),
    "centos": ("CentOS Stream 9", (9,)),
    "debian": ("Debian 10 to 12", range(10, 13)),
    "fedora": ("Fedora 32, 33 and 40", (32, 33, 40)),
    "opensuse-tumbleweed": ("openSUSE Tumbleweed", None),
    "rhel": ("RHEL 7 to 9", range(7, 10)),
    "sles": ("SLES 15", (15,)),
    "ubuntu": ("Ubuntu 18 to 24", range(18, 25)),
}
ARCHITECTURES = ("x86_64", "aarch64")


def operating_system(host: Host, _desired: Mapping[str, Any], limits: Limits) -> Findings:
    system = host.get("os")
    if system is None or _is_supported(system):
        return
    name = system["name"] or f"{system['id']} {system['version']}"
    known = SUPPORTED.get(system["id"])
    supported = known[0] if known else ", ".join(words for words, _versions in SUPPORTED.values())
    yield finding(
        "os",
        WARNING if limits["allow_unsupported_os"] else ERROR,
        f"{name} is not supported by ECS Anywhere (supported: {supported}).",
        "AWS neither tests its agents there nor helps with them.",
        "Reinstall the host, or set preflight_allow_unsupported_os: true to try it.",
    )


def _is_supported(system: Mapping[str, Any]) -> bool:
    if system["id"] not in SUPPORTED:
        return False
    versions = SUPPORTED[system["id"]][1]
    major = system["version"].partition(".")[0]
    return versions is None or (major.isdigit() and int(major) in versions)


def architecture(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("arch") not in ARCHITECTURES:
        yield finding(
            "arch",
            ERROR,
            f"The architecture is {host.get('arch')} (supported: {', '.join(ARCHITECTURES)}).",
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
            "Boot the kernel with cgroup_enable=memory cgroup_memory=1 (on a Raspberry Pi, in cmdline.txt).",
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
