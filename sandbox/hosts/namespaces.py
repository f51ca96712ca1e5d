# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mount and network namespace of an instance, and how to act inside them.

A supervisor process holds them open and does nothing else. It is found by its cgroup, never by a remembered process id.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from . import cgroups, network
from .errors import SandboxError

# Runs inside the new namespaces, with the network's first lines on stdin; "ready" tells that it is done.
_SUPERVISOR = """
set -e
for directory in "$@"; do mount -t tmpfs -o mode=755 tmpfs "$directory"; done
echo 1 > /proc/sys/net/ipv4/ip_forward
ip -batch -
echo ready
exec sleep infinity > /dev/null
"""


class Namespaces:
    def __init__(self, group: cgroups.Group) -> None:
        self.group = group

    @property
    def pid(self) -> int | None:
        """Process id of the supervisor, None when there is none."""
        return next(iter(self.group.processes()), None)

    def start(self, own_mounts: Iterable[Path], log: Path) -> None:
        """Make the namespaces. On each of `own_mounts` they have a tmpfs of their own."""
        self.group.create()
        command = ["unshare", "--mount", "--net", "--propagation=private"]
        command += ["sh", "-c", _SUPERVISOR, "supervisor", *map(str, own_mounts)]
        with log.open("w") as errors:
            process = subprocess.Popen(
                self.group.command(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                cwd="/",
            )
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("\n".join(network.backbone()) + "\n")
        process.stdin.close()
        if process.stdout.readline() != "ready\n":
            raise SandboxError(f"cannot make the sandbox's namespaces: {log.read_text().strip()}")

    def command(self, argv: list[str], mount: bool = True) -> list[str]:
        """`argv` inside the namespaces. Without `mount` it sees the machine's own file system."""
        return ["nsenter", f"--target={self.pid}", "--net", *(["--mount"] if mount else []), "--", *argv]

    def run(self, argv: list[str], lines: Iterable[str]) -> None:
        """Run a command that reads `lines`, and have it succeed."""
        text = "".join(f"{line}\n" for line in lines)
        result = subprocess.run(self.command(argv), input=text, capture_output=True, text=True)
        if result.returncode != 0:
            raise SandboxError(f"{' '.join(argv)} failed: {result.stderr.strip()}\non\n{text}")

    def ip(self, lines: Iterable[str]) -> None:
        self.run(["ip", "-batch", "-"], lines)

    def try_ip(self, lines: Iterable[str]) -> None:
        """For what may not be there (any more)."""
        text = "".join(f"{line}\n" for line in lines)
        subprocess.run(self.command(["ip", "-force", "-batch", "-"]), input=text, capture_output=True, text=True)

    def path(self, path: Path) -> Path:
        """A path of the mount namespace, as it can be opened from outside."""
        return Path(f"/proc/{self.pid}/root", *path.parts[1:])
