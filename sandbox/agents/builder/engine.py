# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's docker.io and what a minimal host of a release lacks for it, fetched by this machine's own apt.

Apt works on a state of its own (nothing of the machine's changes, no root needed) with the machine's own sources, their
suites exchanged for those of the release. What apt would install for BASE and for BASE plus docker.io differs by what
must be served.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from ... import apt_sources
from .run import run

BASE = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "libpam-systemd",
    "openssh-server",
    "sudo",
    "python3",
    "python3-apt",
    "curl",
    "gnupg",
    "ca-certificates",
    "iptables",
    "iproute2",
)
WANTED = "docker.io"
_QUOTED = re.compile(r"^'(?P<uri>[^']+)' (?P<file>\S+) ")


class Apt:
    """apt-get with a private state."""

    def __init__(self, suite: str, work: Path) -> None:
        for directory in ("lists/partial", "archives/partial", "sources.d"):
            (work / directory).mkdir(parents=True, exist_ok=True)
        (work / "sources.list").write_text("\n".join([*apt_sources.machine_lines(suite), ""]), encoding="utf-8")
        (work / "status").touch()
        settings = {
            "Dir::State": work,
            "Dir::State::lists": work / "lists",
            "Dir::State::status": work / "status",
            "Dir::Cache": work,
            "Dir::Cache::archives": work / "archives",
            "Dir::Etc::sourcelist": work / "sources.list",
            "Dir::Etc::sourceparts": work / "sources.d",
            "APT::Architecture": "amd64",
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            # The machine may use a snapshot of the archive, whose indexes say that they are out of date.
            "Acquire::Check-Valid-Until": "false",
            "Debug::NoLocking": "true",
        }
        self._options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]

    def _apt(self, *arguments: str, cwd: Path | None = None) -> str:
        return run("apt-get", "--quiet", *self._options, *arguments, cwd=cwd)

    def update(self) -> None:
        self._apt("update")

    def closure(self, packages: Iterable[str]) -> dict[str, str]:
        """File name -> name=version of all that apt would install on an empty machine."""
        listing = self._apt("--print-uris", "--yes", "install", *packages)
        files = (match["file"] for match in map(_QUOTED.match, listing.splitlines()) if match)
        return {file: _specification(file) for file in files}

    def download(self, specifications: Iterable[str], target: Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        self._apt("download", *specifications, cwd=target)


def _specification(file: str) -> str:
    """docker.io_20.10.24+dfsg1-1_amd64.deb -> docker.io=20.10.24+dfsg1-1 (an epoch's colon is %3a in the file name)."""
    name, version = file.split("_")[:2]
    return name + "=" + version.replace("%3a", ":")


def fetch(suite: str, work: Path, target: Path) -> list[str]:
    """Downloads into target; the packages as name=version."""
    apt = Apt(suite, work)
    apt.update()
    base = apt.closure(BASE)
    whole = apt.closure((*BASE, WANTED))
    lacking = sorted(specification for file, specification in whole.items() if file not in base)
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    apt.download(lacking, partial)
    partial.replace(target)
    return lacking
