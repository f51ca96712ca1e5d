# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root file system that all hosts of a kind share, read-only, built once and cached.

A kind is a release of Debian, or something made of one: an image of EC2 instances, the stand-in of a RHEL host.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from .. import apt_sources
from . import rhel
from .errors import SandboxError
from .topology import ECS_OPTIMIZED, RHEL, WITH_ENGINE, debian_suite

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

# Another checkout, or another branch, may ask for an older root file system again.
KEPT_UNUSED = 24 * 3600

Say = Callable[[str], None]


def cache_directory() -> Path:
    base = os.environ.get("EDGEFLEET_CACHE")
    if base:
        return Path(base)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgefleet"


def packages(kind: str) -> tuple[str, ...]:
    if kind == RHEL:
        return (*(name for name in PACKAGES if name not in rhel.WITHOUT), *rhel.PACKAGES)
    return PACKAGES + (ECS_OPTIMIZED_PACKAGES if kind == ECS_OPTIMIZED else ())


def customize(kind: str) -> tuple[str, ...]:
    return CUSTOMIZE + (rhel.CUSTOMIZE if kind == RHEL else ())


def removed(kind: str) -> tuple[str, ...]:
    """What goes when all is done; patterns below the root. mmdebstrap itself needs it to the end."""
    return rhel.REMOVED if kind == RHEL else ()


def recipe_hash(kind: str) -> str:
    recipe = [debian_suite(kind), packages(kind), DPKG_OPTIONS, APT_OPTIONS, customize(kind), *removed(kind)]
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:12]


def path(kind: str) -> Path:
    return cache_directory() / f"rootfs-{kind}-{recipe_hash(kind)}"


def prepare_all(kinds: Iterable[str], say: Say) -> dict[str, Path]:
    """The root file systems of several kinds. What is missing is built side by side."""
    wanted = sorted(set(kinds))
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return dict(zip(wanted, pool.map(lambda kind: prepare(kind, say), wanted)))


def prepare(kind: str, say: Say) -> Path:
    """The root file system of a kind as a directory, built when it is not there yet."""
    kind = ECS_OPTIMIZED if kind == WITH_ENGINE else kind
    directory = path(kind)
    cache_directory().mkdir(parents=True, exist_ok=True)
    if not directory.is_dir():
        lock = cache_directory() / f"rootfs-{kind}.lock"
        with _locked(lock, lambda: say(f"{kind}: waiting for another build of it")):
            if not directory.is_dir():
                _build(kind, directory, say)
                drop_superseded(kind, say)
    _stamp(directory).touch()
    return directory


def _stamp(directory: Path) -> Path:
    """Its time is when the directory was last asked for."""
    return directory.with_name(directory.name + ".used")


@contextmanager
def _locked(file: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def mmdebstrap_command(kind: str, sources: Iterable[str], target: str) -> list[str]:
    command = ["mmdebstrap", "--mode=root", "--variant=apt", "--format=directory"]
    command += [f"--include={','.join(packages(kind))}"]
    command += [f"--aptopt={option}" for option in APT_OPTIONS]
    command += [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
    command += [f"--customize-hook={hook}" for hook in customize(kind)]
    return [*command, debian_suite(kind), target, *sources]


def _build(kind: str, directory: Path, say: Say) -> None:
    say(f"{kind}: building the root file system (once, about a minute)")
    started = time.monotonic()
    partial = directory.with_name(directory.name + ".partial")
    if partial.exists():  # of a build that was cut off
        shutil.rmtree(partial)
    command = mmdebstrap_command(kind, apt_sources.machine_lines(debian_suite(kind)), str(partial))
    seen: list[str] = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            seen.append(line.rstrip())
            if line.startswith("I: ") and line.rstrip().endswith("..."):
                say(f"{kind}: {line[3:].strip().rstrip('.')}")
    if process.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise SandboxError(f"mmdebstrap could not build {kind}:\n  " + "\n  ".join(seen[-15:]))
    for place in (place for pattern in removed(kind) for place in partial.glob(pattern)):
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()
    partial.rename(directory)
    say(f"{kind}: built in {time.monotonic() - started:.0f} s")


def drop_superseded(kind: str, say: Say) -> None:
    """Remove other versions of a kind that no host runs from, and that nobody has asked for lately."""
    current = path(kind)
    name = re.compile(rf"rootfs-{kind}-[0-9a-f]{{12}}")
    for directory in cache_directory().glob(f"rootfs-{kind}-*"):
        if not name.fullmatch(directory.name) or directory == current or not directory.is_dir():
            continue
        if time.time() - _last_used(directory) > KEPT_UNUSED and not is_mounted(directory):
            say(f"{kind}: removing an older root file system, {directory.name}")
            shutil.rmtree(directory)
            # An archive was kept beside it once.
            for companion in (_stamp(directory), directory.with_name(directory.name + ".tar.zst")):
                companion.unlink(missing_ok=True)


def _last_used(directory: Path) -> float:
    stamp = _stamp(directory)
    return stamp.stat().st_mtime if stamp.exists() else directory.stat().st_ctime


def is_mounted(directory: Path, processes: Path = Path("/proc")) -> bool:
    """Whether it is below the disk of a host, of whatever instance: each has its mounts to itself."""
    mark = f"lowerdir={directory},"
    for mounts in processes.glob("[0-9]*/mountinfo"):
        try:
            if mark in mounts.read_text(errors="replace"):
                return True
        except OSError:
            continue  # it has ended in this moment
    return False
