# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reasons not to touch a host, from its observed state. Pure.

An error blocks the host; a warning is for the reader. C(what) and C(advice) are sentences that read well after one
another, C(why) says what would happen otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .desired import ENGINE_PACKAGES, PREFLIGHT_DEFAULTS

ERROR, WARNING = "error", "warning"
OLDEST_PYTHON = (3, 9)

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

# Their repositories hold no engine that ECS supports.
ENGINE_TO_BE_THERE = ("rhel",)

Finding = dict[str, str]
Findings = Iterator[Finding]
Host = Mapping[str, Any]
Limits = Mapping[str, Any]


def findings(host: Host, desired: Mapping[str, Any]) -> list[Finding]:
    """Everything that speaks against a rollout to this host, errors first."""
    limits = {**PREFLIGHT_DEFAULTS, **(desired.get("preflight") or {})}
    found = [finding for check in CHECKS for finding in check(host, desired, limits)]
    return sorted(found, key=lambda finding: finding["level"] != ERROR)


def _finding(check: str, level: str, what: str, why: str, advice: str) -> Finding:
    return {"check": check, "level": level, "what": what, "why": why, "advice": advice}


# --- can the host be judged at all ---


def _observation(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("root") is False:
        yield _finding(
            "privileges",
            ERROR,
            "The host was not read as root.",
            "The identity and the configuration of the agents are root's alone.",
            "Set become: true for the host.",
        )
        return
    for error in host.get("errors") or []:
        yield _finding(
            "observation",
            ERROR,
            f"'{error['probe']}' could not be read: {error['error']}.",
            "A part that is not known could be taken for one that has to be changed.",
            "Look at it on the host, and run again.",
        )


def _python(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    version = tuple(int(part) for part in str(host.get("python") or "0").split(".")[:2] if part.isdigit())
    if version < OLDEST_PYTHON:
        yield _finding(
            "python",
            ERROR,
            f"Python is {host.get('python')}, older than 3.9.",
            "Modules of this collection would fail on it.",
            "Install a newer one and name it in ansible_python_interpreter.",
        )


def _machine_id(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("machine_id") in (None, "", "uninitialized"):
        yield _finding(
            "machine_id",
            ERROR,
            "/etc/machine-id is empty.",
            "The SSM agent takes it as the proof that an identity is this machine's own.",
            "Run systemd-machine-id-setup on the host.",
        )


# --- the platform ---


def _operating_system(host: Host, _desired: Mapping[str, Any], limits: Limits) -> Findings:
    system = host.get("os")
    if system is None or _is_supported(system):
        return
    name = system["name"] or f"{system['id']} {system['version']}"
    known = SUPPORTED.get(system["id"])
    supported = known[0] if known else ", ".join(words for words, _versions in SUPPORTED.values())
    yield _finding(
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


def _architecture(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("arch") not in ARCHITECTURES:
        yield _finding(
            "arch",
            ERROR,
            f"The architecture is {host.get('arch')} (supported: {', '.join(ARCHITECTURES)}).",
            "There are no agents for it.",
            "Use a host with a supported architecture, or a 64 bit system on it.",
        )


def _init(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("systemd") is not None and not host["systemd"]["pid1"]:
        yield _finding(
            "systemd",
            ERROR,
            "systemd is not the first process.",
            "The agents' packages bring units for systemd and nothing else.",
            "Use a host that is booted with systemd.",
        )


def _cgroup(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("cgroup") is not None and not host["cgroup"]["memory"]:
        yield _finding(
            "cgroup",
            WARNING,
            "The kernel's memory controller is off.",
            "Memory limits of tasks are not enforced, and their memory is not measured.",
            "Boot the kernel with cgroup_enable=memory cgroup_memory=1 (on a Raspberry Pi, in cmdline.txt).",
        )


def _masked_units(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    for name, unit in (host.get("units") or {}).items():
        if unit["load"] == "masked":
            yield _finding(
                "unit",
                ERROR,
                f"The unit {name} is masked.",
                "Somebody decided that it must not run.",
                f"If it may, run systemctl unmask {name} on the host.",
            )


# --- room and time ---


def _disk(host: Host, _desired: Mapping[str, Any], limits: Limits) -> Findings:
    disk = (host.get("disk") or {}).get("/var/lib/docker")
    if disk is None or disk["free_mib"] >= limits["min_disk_mib"]:
        return
    running = bool((host.get("engine") or {}).get("version"))
    yield _finding(
        "disk",
        # Where an engine runs already, its images are what fills the disk.
        WARNING if running else ERROR,
        f"{disk['free_mib']} MiB are free for /var/lib/docker, less than {limits['min_disk_mib']} MiB.",
        "Packages and images do not fit, and a full disk stops every task.",
        "Free some, or lower preflight_min_disk_mib.",
    )


def _memory(host: Host, _desired: Mapping[str, Any], limits: Limits) -> Findings:
    memory = host.get("memory_mib")
    if memory is not None and memory < limits["min_memory_mib"]:
        yield _finding(
            "memory",
            ERROR,
            f"The host has {memory} MiB of memory, less than {limits['min_memory_mib']} MiB.",
            "The agents and the engine alone take about 150 MiB.",
            "Use a larger host, or lower preflight_min_memory_mib.",
        )


def _clock(host: Host, _desired: Mapping[str, Any], limits: Limits) -> Findings:
    clock = host.get("clock") or {}
    skew = clock.get("skew_seconds")
    if skew is not None and abs(skew) > limits["max_clock_skew"]:
        yield _finding(
            "clock",
            ERROR,
            f"The clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the control node's.",
            "AWS refuses requests that are signed more than 5 minutes off.",
            "Set the host's clock, and have it synchronized.",
        )
    elif clock.get("synchronized") is False:
        yield _finding(
            "clock",
            WARNING,
            "The clock is not synchronized.",
            "AWS refuses requests that are signed more than 5 minutes off, and clocks drift.",
            "Give systemd-timesyncd a time server that the host reaches.",
        )


# --- what is there already ---


def _snap(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if host.get("snap_ssm_agent"):
        yield _finding(
            "snap",
            ERROR,
            "The SSM agent is installed as a snap.",
            "The agent's package refuses to be installed beside it.",
            "Run snap remove amazon-ssm-agent on the host.",
        )


def _foreign_credentials(host: Host, _desired: Mapping[str, Any], _limits: Limits) -> Findings:
    for path in (host.get("foreign") or {}).get("aws_credentials") or []:
        yield _finding(
            "aws_credentials",
            ERROR,
            f"{path} holds AWS credentials.",
            "They take the place of the identity that Systems Manager gives the host.",
            "Remove them from this file, or move them to a profile of their own.",
        )


def _identity(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    """An identity of somebody else's is not ours to give up."""
    registration = host.get("registration") or {}
    if not registration.get("registered"):
        return
    identity = registration["instance_id"]
    how = "If it may go, run edgefleet.ecs.registration with state: absent on the host, then start the rollout again."
    wanted = (desired.get("registration") or {}).get("region")
    if wanted and registration["region"] != wanted:
        yield _finding(
            "registration",
            ERROR,
            f"The host is registered as {identity} in {registration['region']}, not in {wanted}.",
            "Another fleet may own it.",
            how,
        )
    if registration["same_machine"] is False:
        yield _finding(
            "registration",
            ERROR,
            f"The host holds the identity {identity} of another machine (a clone, or a new image with an old disk).",
            "Two hosts with one identity take each other's commands, tasks and credentials.",
            how,
        )


def _engine(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    engine, system = host.get("engine"), host.get("os") or {}
    if "engine" not in desired or engine is None or engine["version"]:
        return
    if not desired["engine"].get("package"):
        yield _finding(
            "engine",
            ERROR,
            "The container engine does not answer, and container_engine_package is empty.",
            "Nobody is asked to install or start one.",
            "Start the engine, or name its package in container_engine_package.",
        )
    elif system.get("id") in ENGINE_TO_BE_THERE and not _has_engine(host):
        yield _finding(
            "engine",
            ERROR,
            f"{system['name']} has no container engine yet.",
            "Its repositories bring none that ECS supports.",
            "Install Docker on the host from a repository of yours.",
        )


def _has_engine(host: Host) -> bool:
    packages = host.get("packages") or {}
    return any(packages.get(name) for name in ENGINE_PACKAGES)


def _config_problems(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    if "ecs_config" in desired:
        return  # about to be written anew
    for file in (host.get("ecs_config") or {}).values():
        for problem in file["problems"]:
            yield _finding(
                "ecs_config",
                WARNING,
                f"ecs.config: {problem}.",
                "systemd and the ECS agent read this file differently.",
                "Let edgefleet.ecs.agent_config write it.",
            )


CHECKS: tuple[Callable[[Host, Mapping[str, Any], Limits], Findings], ...] = (
    _observation,
    _python,
    _machine_id,
    _operating_system,
    _architecture,
    _init,
    _cgroup,
    _masked_units,
    _disk,
    _memory,
    _clock,
    _snap,
    _foreign_credentials,
    _identity,
    _engine,
    _config_problems,
)
