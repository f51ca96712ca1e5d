# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""External programs, with their own words in the error."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

TOOLS = {
    "apt-ftparchive": "apt-utils",
    "apt-get": "apt",
    "createrepo_c": "createrepo-c",
    "dpkg-deb": "dpkg",
    "gpg": "gnupg",
    "gpgconf": "gnupg",
    "rpmbuild": "rpm",
    "rpmsign": "rpm",
}


class BuildError(Exception):
    """The build cannot go on; the text says what to do."""


def check_tools() -> None:
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if missing:
        raise BuildError("Missing on this machine: apt-get install " + " ".join(missing))


def run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    merged = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
    result = subprocess.run(
        command, cwd=cwd, env=merged, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise BuildError(f"{' '.join(command[:3])} ended with {result.returncode}: {result.stderr.strip()[-2000:]}")
    return result.stdout


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Large files that nobody changes need no second place on the disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
