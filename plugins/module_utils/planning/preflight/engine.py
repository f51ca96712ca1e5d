# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container engine."""

from __future__ import annotations

import re
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


# Oldest ECS agent that can do with what the host has, each with its source.
OLDEST_EXTERNAL = (1, 52, 0)  # amazon-ecs-agent#2849: the first that can be an external instance
OLDEST_UNIFIED = (1, 61, 0)  # amazon-ecs-agent#3127: cgroup v2
OLDEST_DOCKER_25 = (1, 81, 0)  # amazon-ecs-agent#4074, #4075, containers-roadmap#2267: API versions before 1.24 ended
# README of the agent: Docker 1.9.0 is the oldest that it can talk to.
OLDEST_DOCKER = (1, 9)


def versions(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    """The engine against the agent that the host has or is to get; an agent that is not pinned will be a new one."""
    docker, agent = docker_of(host, desired), agent_of(host, desired)
    if docker and docker < OLDEST_DOCKER:
        yield finding(
            "versions",
            ERROR,
            f"Docker is {_dotted(docker)}, older than {_dotted(OLDEST_DOCKER)}.",
            "The ECS agent does not start on it.",
            "Install a newer one.",
        )
    if not agent:
        return
    needs = [(OLDEST_EXTERNAL, "external instances")]
    if (host.get("cgroup") or {}).get("version") == "v2":
        needs.append((OLDEST_UNIFIED, "hosts with cgroup v2"))
    if docker and docker >= (25,):
        needs.append((OLDEST_DOCKER_25, f"Docker {docker[0]}"))
    oldest, what = max(needs)
    if agent < oldest:
        yield finding(
            "versions",
            ERROR,
            f"The ECS agent {_dotted(agent)} is too old for {what}: the first that can is {_dotted(oldest)}.",
            "It would end at every start.",
            "Give a newer version in ecs_agent_version, or leave it empty for the latest.",
        )


def docker_of(host: Host, desired: Mapping[str, Any]) -> tuple[int, ...]:
    """The version that is asked for, else the one that runs; empty where nobody can know."""
    return numbers((desired.get("engine") or {}).get("version") or "") or numbers(
        (host.get("engine") or {}).get("version") or ""
    )


def agent_of(host: Host, desired: Mapping[str, Any]) -> tuple[int, ...]:
    """The same of the agent. A version such as 1.80.* may be any of these, so the newest counts."""
    pinned = (desired.get("ecs_agent") or {}).get("version") or ""
    if "*" in pinned:
        return (*numbers(pinned), *[1 << 16] * (3 - len(numbers(pinned))))
    return numbers(pinned) or numbers((host.get("packages") or {}).get("amazon-ecs-init") or "")


def numbers(version: str) -> tuple[int, ...]:
    """
    >>> numbers("5:27.1.1-1~debian.12~bookworm"), numbers("20.10.24+dfsg1-1+b3"), numbers("1.80.*"), numbers("")
    ((27, 1, 1), (20, 10, 24), (1, 80), ())
    """
    upstream = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in upstream.group(1).split(".")) if upstream else ()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join("*" if part == 1 << 16 else str(part) for part in version)
