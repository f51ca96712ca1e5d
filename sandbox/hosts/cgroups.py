# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every process of an instance lives in cgroups of that instance: this is how all of them are found and ended.

Two layouts occur. On a machine with cgroup v2 alone there is one hierarchy. On a hybrid machine the v2 hierarchy
("unified") stands beside the v1 controllers and a v1 hierarchy named "systemd"; systemd-nspawn then uses both, and
two systemds in the same cgroup of either fight. So each group exists in all hierarchies of the layout.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import SandboxError


@dataclass(frozen=True)
class Layout:
    """Where the hierarchies are mounted. `named` is the v1 hierarchy of systemd, absent on a pure v2 machine."""

    unified: Path
    named: Path | None = None

    @property
    def hierarchies(self) -> list[Path]:
        return [self.unified] + ([self.named] if self.named else [])


def detect(mountinfo: str) -> Layout:
    """The layout from the text of /proc/self/mountinfo."""
    unified = named = None
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        mount_point, kind = left.split()[4], right.split()
        if kind[0] == "cgroup2" and unified is None:
            unified = Path(mount_point)
        elif kind[0] == "cgroup" and "name=systemd" in kind[-1].split(","):
            named = Path(mount_point)
    if unified is None:
        raise SandboxError("this machine has no cgroup v2 hierarchy mounted; the sandbox cannot end hosts without one")
    return Layout(unified, named)


def current() -> Layout:
    return detect(Path("/proc/self/mountinfo").read_text())


def own_path(proc_cgroup: str) -> str:
    """The v2 path from the text of /proc/<pid>/cgroup."""
    return next((line[3:] for line in proc_cgroup.splitlines() if line.startswith("0::")), "/")


@dataclass(frozen=True)
class Group:
    """One cgroup, in every hierarchy of the layout, by its path below their roots."""

    layout: Layout
    path: str

    def child(self, name: str) -> Group:
        return Group(self.layout, f"{self.path}/{name}")

    @property
    def unified(self) -> Path:
        return self.layout.unified / self.path

    @property
    def directories(self) -> list[Path]:
        return [hierarchy / self.path for hierarchy in self.layout.hierarchies]

    @property
    def procs_files(self) -> list[str]:
        """A process joins the group by writing 0 into each of these."""
        return [str(directory / "cgroup.procs") for directory in self.directories]

    def create(self) -> Group:
        for directory in self.directories:
            directory.mkdir(parents=True, exist_ok=True)
        return self

    def delegate_controllers(self) -> None:
        """Hand the controllers on to the children (on a hybrid machine v1 has them, and there are none to hand on)."""
        for name in (self.unified / "cgroup.controllers").read_text().split():
            try:
                (self.unified / "cgroup.subtree_control").write_text(f"+{name}")
            except OSError:
                continue  # some cannot be delegated everywhere (cpuset, rt tasks): hosts do without that one

    def exists(self) -> bool:
        return any(directory.is_dir() for directory in self.directories)

    def populated(self) -> bool:
        try:
            return "populated 1" in (self.unified / "cgroup.events").read_text()
        except FileNotFoundError:
            return False

    def processes(self) -> list[int]:
        """Process ids of the group itself, not of the groups below it."""
        try:
            return [int(pid) for pid in (self.unified / "cgroup.procs").read_text().split()]
        except OSError:
            return []

    def join(self) -> None:
        for file in self.procs_files:
            Path(file).write_text("0")

    def command(self, argv: list[str]) -> list[str]:
        """`argv` started inside the group from its first instruction on."""
        script = 'while [ "$1" != -- ]; do echo 0 > "$1"; shift; done; shift; exec "$@"'
        return ["sh", "-c", script, "join", *self.procs_files, "--", *argv]

    def kill(self, timeout: float = 20) -> None:
        """End every process of the group and below it, and wait until they are gone."""
        deadline = time.monotonic() + timeout
        while self.populated():
            if time.monotonic() > deadline:
                raise SandboxError(f"processes in {self.unified} do not end: {list(self._all_processes())}")
            self._send_kill()
            time.sleep(0.02)

    def _send_kill(self) -> None:
        try:
            (self.unified / "cgroup.kill").write_text("1")
        except FileNotFoundError:  # Linux before 5.14
            for pid in self._all_processes():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue

    def _all_processes(self) -> Iterator[int]:
        for directory, _, _ in os.walk(self.unified):
            yield from Group(self.layout, str(Path(directory).relative_to(self.layout.unified))).processes()

    def remove(self, timeout: float = 5) -> None:
        """Remove the group and those below it. The kernel may take a moment after the last process has gone."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                for directory in self.directories:
                    _remove_tree(directory)
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise SandboxError(f"cannot remove cgroup {error.filename}: {error.strerror}") from error
                time.sleep(0.02)


def _remove_tree(directory: Path) -> None:
    for path, _, _ in os.walk(directory, topdown=False):
        os.rmdir(path)
