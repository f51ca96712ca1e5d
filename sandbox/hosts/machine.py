# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces that instances leave on the machine outside of their namespaces, and how they are shared and taken back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .errors import SandboxError

STATES = Path("/run/edgefleet")  # a directory for each instance
DISKS = Path("/var/lib/edgefleet")  # the same for what the hosts write: /run is memory on most machines

# systemd alone takes a handful of inotify instances; the kernel's default of 128 a user stops about the 24th host.
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_NEEDED = 8192

# Mount points that `ip netns` and systemd-nspawn insist on; each instance mounts its own tmpfs there.
RUNTIME_DIRECTORIES = (Path("/run/netns"), Path("/run/systemd/nspawn"))

# What the first instance has changed on the machine and the last one has to change back.
_CHANGES = STATES / "machine.json"

_TOOLS = {
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "mount": "mount",
    "nsenter": "util-linux",
    "ssh-keygen": "openssh-client",
    "systemd-nspawn": "systemd-container",
    "tar": "tar",
    "unshare": "util-linux",
    "zstd": "zstd",
}


def missing_packages(which: Callable[[str], object] = shutil.which) -> list[str]:
    return sorted({package for tool, package in _TOOLS.items() if not which(tool)})


def check() -> None:
    if os.geteuid() != 0:
        raise SandboxError("this tool makes namespaces and mounts: run it as root")
    missing = missing_packages()
    if missing:
        raise SandboxError(f"Debian packages are missing on this machine: apt-get install {' '.join(missing)}")


def enter(instance: str) -> None:
    """Make the instance's directories; the first instance also prepares the machine."""
    with locked(STATES):
        for directory in (STATES / instance / "logs", DISKS / instance):
            directory.mkdir(parents=True, exist_ok=True)
        DISKS.chmod(0o700)
        if not _CHANGES.exists():
            _CHANGES.write_text(json.dumps(_changes()))
        for directory in RUNTIME_DIRECTORIES:
            directory.mkdir(parents=True, exist_ok=True)
        if int(_INOTIFY.read_text()) < _INOTIFY_NEEDED:
            _set_inotify(str(_INOTIFY_NEEDED))


def _changes() -> dict[str, Any]:
    return {
        "inotify_before": _INOTIFY.read_text().strip(),
        "new_directories": [str(directory) for directory in RUNTIME_DIRECTORIES if not directory.exists()],
    }


def leave(instance: str) -> None:
    """Remove the instance's directories; the last instance also puts the machine back. Its processes must be gone."""
    with locked(STATES):
        for directory in (DISKS / instance, STATES / instance):
            if directory.exists():
                shutil.rmtree(directory)
        # Not before the last one is gone: removing a directory takes away what is mounted on it in other namespaces.
        if not any(path.is_dir() for path in STATES.iterdir()):
            _put_back()
        for directory in (STATES, DISKS):
            _remove_if_empty(directory)


def _put_back() -> None:
    if not _CHANGES.exists():
        return
    changes = json.loads(_CHANGES.read_text())
    if _INOTIFY.read_text().strip() == str(_INOTIFY_NEEDED):  # else somebody has set it since
        _set_inotify(changes["inotify_before"])
    for directory in changes["new_directories"]:
        _remove_if_empty(Path(directory))
    _CHANGES.unlink()


def _set_inotify(value: str) -> None:
    with contextlib.suppress(OSError):  # read-only inside a container: fewer hosts fit then
        _INOTIFY.write_text(value)


def _remove_if_empty(directory: Path) -> None:
    with contextlib.suppress(OSError):
        directory.rmdir()


@contextlib.contextmanager
def locked(directory: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """One process at a time. The lock is on the directory, which another one may have removed while we waited."""
    while True:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _lock(descriptor, on_wait)
            if directory.exists() and os.path.samestat(os.fstat(descriptor), directory.stat()):
                yield
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, on_wait: Callable[[], None]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
