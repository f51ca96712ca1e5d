# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root file system that all hosts of a Debian suite share, read-only, built once and cached.

Mirrors and keys are those of the machine: what its own apt sources say, with the suite's name exchanged.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import SandboxError
from .topology import DEFAULT_SUITE, ECS_OPTIMIZED, WITH_ENGINE

# What a plain Debian server has. Neither a container engine nor the agents: bringing those is the collection's job.
PACKAGES = (
    "busybox-static",
    "ca-certificates",
    "curl",
    "dbus",
    "gnupg",
    "iproute2",
    "iptables",
    "kmod",
    "libpam-systemd",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd",
    "systemd-sysv",
)

# What AWS's ECS-optimized image has, as far as it is Debian's: an engine, and what reads user data.
# The agent is put on top when a host is made, so that a new one of it needs no new root file system.
ECS_OPTIMIZED_PACKAGES = ("docker.io", "python3-yaml")

# Documentation is half of the files and none of the use.
DPKG_OPTIONS = (
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/man/*",
)
APT_OPTIONS = (
    'Acquire::Languages "none"',
    'Acquire::Check-Valid-Until "false"',  # the machine may use an archive snapshot
    'APT::Install-Recommends "false"',
)

# Run by mmdebstrap at the end, $1 is the new root. The options above were for the build alone: a host keeps Debian's.
CUSTOMIZE = (
    'chroot "$1" useradd --create-home --shell /bin/bash --uid 1000 ops',
    'rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/ssh/ssh_host_*',
    'rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*',
    'rm -f "$1"/etc/resolv.conf "$1"/etc/hostname "$1"/var/lib/dbus/machine-id',
    'rm -rf "$1"/var/cache/apt/*.bin "$1"/var/lib/apt/lists/* "$1"/var/log/*.log "$1"/var/log/apt "$1"/var/log/journal',
)


@dataclass(frozen=True)
class Source:
    """One entry of the machine's apt sources."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""

    def line(self, suite: str) -> str:
        options = f"[signed-by={self.signed_by}] " if self.signed_by else ""
        return f"deb {options}{self.uri} {suite} main"


def parse_deb822(text: str) -> Iterator[Source]:
    """The sources of a `.sources` file."""
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields[key] = f"{fields.get(key, '')}\n{line.strip()}"
            else:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.strip()
        yield from _from_fields(fields)


def _from_fields(fields: dict[str, str]) -> Iterator[Source]:
    if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false"):
        return
    # A key may also stand in the file itself; apt's trusted keys are tried then.
    signed_by = fields.get("signed-by", "")
    signed_by = signed_by if signed_by.startswith("/") else ""
    for uri in fields.get("uris", "").split():
        for suite in fields.get("suites", "").split():
            yield Source(uri, suite, tuple(fields.get("components", "").split()), signed_by)


def parse_one_line(text: str) -> Iterator[Source]:
    """The sources of a `sources.list` file."""
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<rest>[^#]+)", line)
        words = match["rest"].split() if match else []
        if match and len(words) >= 3:
            signed_by = re.search(r"signed-by=(\S+)", match["options"] or "", re.IGNORECASE)
            yield Source(words[0], words[1], tuple(words[2:]), signed_by[1] if signed_by else "")


def machine_sources(apt: Path = Path("/etc/apt")) -> list[Source]:
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    sources: list[Source] = []
    for file in files:
        if file.suffix == ".list" and file.is_file():
            sources += parse_one_line(file.read_text())
        elif file.suffix == ".sources":
            sources += parse_deb822(file.read_text())
    return sources


def lines_for(sources: Iterable[Source], codename: str, suite: str) -> list[str]:
    """Source lines for `suite`, made of the machine's sources for its own release (`codename`) and nothing else."""
    own = [codename, f"{codename}-updates", f"{codename}-security"]
    found = [source for source in sources if source.suite in own and "main" in source.components]
    if codename not in [source.suite for source in found]:
        raise SandboxError(
            f"the machine's apt sources have no entry for {codename} main: the root file systems of the hosts are made "
            "from the Debian mirror that the machine itself uses; add it to /etc/apt/sources.list.d"
        )
    lines = [source.line(suite + source.suite[len(codename) :]) for source in found]
    return list(dict.fromkeys(lines))


def codename(os_release: str) -> str:
    match = re.search(r'^VERSION_CODENAME="?([a-z]+)"?$', os_release, re.MULTILINE)
    if not match:
        raise SandboxError("/etc/os-release names no VERSION_CODENAME: this tool needs a Debian machine")
    return match[1]


def cache_directory() -> Path:
    base = os.environ.get("EDGEFLEET_CACHE")
    if base:
        return Path(base)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgefleet"


def debian_suite(suite: str) -> str:
    """The release of Debian that a root file system is made of."""
    return DEFAULT_SUITE if suite == ECS_OPTIMIZED else suite


def packages(suite: str) -> tuple[str, ...]:
    return PACKAGES + (ECS_OPTIMIZED_PACKAGES if suite == ECS_OPTIMIZED else ())


def recipe_hash(suite: str) -> str:
    recipe = [debian_suite(suite), packages(suite), DPKG_OPTIONS, APT_OPTIONS, CUSTOMIZE]
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:12]


def path(suite: str) -> Path:
    return cache_directory() / f"rootfs-{suite}-{recipe_hash(suite)}"


def prepare(suite: str, say: Callable[[str], None]) -> Path:
    """The root file system of a suite as a directory, built or unpacked when it is not there yet."""
    suite = ECS_OPTIMIZED if suite == WITH_ENGINE else suite
    directory = path(suite)
    if directory.is_dir():
        return directory
    cache_directory().mkdir(parents=True, exist_ok=True)
    with _locked(cache_directory() / f"rootfs-{suite}.lock", lambda: say(f"{suite}: waiting for another build of it")):
        if not directory.is_dir():
            archive = directory.with_name(directory.name + ".tar.zst")
            if not archive.is_file():
                _build(suite, archive, say)
            _unpack(archive, directory, suite, say)
    return directory


@contextmanager
def _locked(file: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def mmdebstrap_command(suite: str, sources: Iterable[str], target: str) -> list[str]:
    command = ["mmdebstrap", "--mode=root", "--variant=apt", f"--include={','.join(packages(suite))}"]
    command += [f"--aptopt={option}" for option in APT_OPTIONS]
    command += [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
    command += [f"--customize-hook={hook}" for hook in CUSTOMIZE]
    return [*command, debian_suite(suite), target, *sources]


def _build(suite: str, archive: Path, say: Callable[[str], None]) -> None:
    say(f"{suite}: building the root file system (once, about a minute)")
    sources = lines_for(machine_sources(), codename(Path("/etc/os-release").read_text()), debian_suite(suite))
    partial = archive.with_name(archive.name + ".partial.tar.zst")
    partial.unlink(missing_ok=True)
    command = mmdebstrap_command(suite, sources, str(partial))
    seen: list[str] = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            seen.append(line.rstrip())
            if line.startswith("I: ") and line.rstrip().endswith("..."):
                say(f"{suite}: {line[3:].strip().rstrip('.')}")
    if process.returncode != 0:
        partial.unlink(missing_ok=True)
        raise SandboxError(f"mmdebstrap could not build {suite}:\n  " + "\n  ".join(seen[-15:]))
    partial.rename(archive)


def _unpack(archive: Path, directory: Path, suite: str, say: Callable[[str], None]) -> None:
    say(f"{suite}: unpacking the root file system")
    partial = directory.with_name(directory.name + ".partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir()
    command = ["tar", "--extract", "--zstd", "--xattrs", "--numeric-owner", "--same-permissions"]
    result = subprocess.run([*command, f"--file={archive}", f"--directory={partial}"], capture_output=True, text=True)
    if result.returncode != 0:
        raise SandboxError(f"cannot unpack {archive} (remove it to have it built again): {result.stderr.strip()}")
    partial.rename(directory)
