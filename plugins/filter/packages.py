# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where packages come from, and what they are called, as filters. The table stands in planning/platforms.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timezone
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import endpoints, platforms, signing_keys

Host = Mapping[str, Any]


def agent_package_files(
    host: Host,
    agent: str,
    source: str,
    version: str = "",
    region: str = "",
    mirror: str = "",
    files: str = "",
    dual_stack: bool = False,
    checksums: Mapping[str, str] | None = None,
) -> dict[str, str]:
    if agent not in platforms.BUCKETS:
        raise AnsibleFilterError(f"agent: '{agent}' is none of {', '.join(platforms.BUCKETS)}")
    try:
        told = {"format": platforms.platform_of(host).format}
        if source == "repository":
            return told
        file = platforms.agent_file(host, agent, version)
        told["checksum"] = _checksum(checksums or {}, file)
        signature = f"{file}{platforms.SIGNATURES[agent]}"
        if source == "files":
            folder = files.rstrip("/")
            return {**told, "src": f"{folder}/{file}", "signature_src": f"{folder}/{signature}"}
        bucket = endpoints.agent_bucket(platforms.BUCKETS[agent], region, dual_stack) if source == "vendor" else mirror
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error
    root = bucket.rstrip("/")
    return {**told, "url": f"{root}/{file}", "signature_url": f"{root}/{signature}"}


def _checksum(checksums: Mapping[str, str], file: str) -> str:
    if not checksums:
        return ""
    if file not in checksums:
        raise platforms.PlatformError(
            f"Checksums are given, but none for {file} (for: {', '.join(sorted(checksums))})."
        )
    return checksums[file]


def engine_packages(host: Host, engine: Mapping[str, Any], mirror: str = "") -> dict[str, Any]:
    package = platforms.engine_package(host, engine)
    try:
        platform = platforms.platform_of(host)
        asked = {"package": package, **platforms.engine_install(host, package)}
        from_docker = engine.get("source") in ("vendor", "mirror") and package == platforms.DOCKER_PACKAGES[0]
        repository = platforms.docker_repository(host, mirror) if from_docker else {}
    except platforms.PlatformError as error:
        raise AnsibleFilterError(str(error)) from error
    system = {
        "folder": f"{host['os']['id']}-{host['os']['version']}".rstrip("-"),
        "format": platform.format,
        "arch": host["arch"],
    }
    return {**asked, "repository": repository, "system": system}


def usable_fingerprints(keys: Sequence[Mapping[str, Any]], today: str = "") -> list[str]:
    found = signing_keys.usable(keys, date.fromisoformat(today) if today else datetime.now(timezone.utc).date())
    if not found:
        raise AnsibleFilterError(f"Every key that may sign has ended, the last one on {signing_keys.last_of(keys)}.")
    return found


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "agent_package_files": agent_package_files,
            "engine_packages": engine_packages,
            "usable_fingerprints": usable_fingerprints,
        }
