# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and client configuration of an instance, and the count of what its hosts were asked to run."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .guest import USER
from .topology import Host

# sshd writes one such line for each channel that starts something. Counted are "command" (ssh HOST COMMAND, and each
# task of Ansible, also over a shared connection) and "subsystem" (sftp, and scp which uses it). Not counted are
# interactive shells and connections that start nothing.
_EXECUTION = re.compile(r"^Starting session: (?:command|forced-command|subsystem) ", re.MULTILINE)


def count_executions(sshd_log: str) -> int:
    return len(_EXECUTION.findall(sshd_log))


def make_key(comment: str) -> tuple[str, str]:
    """A new key pair: private, public."""
    with tempfile.TemporaryDirectory(prefix="edgefleet-") as directory:
        file = Path(directory, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(file)], check=True)
        return file.read_text(), Path(f"{file}.pub").read_text()


def known_host(host: Host, public_key: str) -> str:
    kind, key = public_key.split()[:2]
    return f"{host.name},{host.address} {kind} {key}\n"


def without(known_hosts: str, host: Host) -> str:
    """A file of known hosts without one of them: its address will be another's."""
    start = f"{host.name},{host.address} "
    return "".join(line for line in known_hosts.splitlines(keepends=True) if not line.startswith(start))


def config(hosts: Iterable[Host], state: Path) -> str:
    """A client configuration under which `ssh NAME` and `ssh ADDRESS` reach the hosts and nothing is asked."""
    hosts = list(hosts)
    common = [
        "# Written by sandbox/hosts; use it inside the sandbox's network: hosts run -- ssh -F THIS_FILE NAME",
        f"Host {' '.join(f'{host.name} {host.address}' for host in hosts) or 'none'}",
        f"    User {USER}",
        f"    IdentityFile {state / 'ssh_key'}",
        "    IdentitiesOnly yes",
        f"    UserKnownHostsFile {state / 'known_hosts'}",
        "    GlobalKnownHostsFile none",
        "    StrictHostKeyChecking yes",
        "    ConnectTimeout 10",
    ]
    entries = [line for host in hosts for line in (f"Host {host.name}", f"    HostName {host.address}")]
    return "\n".join([*common, *entries]) + "\n"
