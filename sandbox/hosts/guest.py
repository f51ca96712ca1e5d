# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes one host out of the shared root file system: the files that differ, and how it is booted. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .topology import REGION_ADDRESS, Host, debian_suite

USER = "ops"
USER_ID = 1000
PACKAGE_SERVER = f"http://{REGION_ADDRESS}:8080"
PACKAGE_KEY = "/usr/share/keyrings/sandbox.asc"
SSHD_LOG = "/var/log/sshd.log"

# Without purpose in a container, or reaching for the machine's kernel, or waking up on their own during a test.
MASKED_UNITS = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "console-getty.service",
    "dev-hugepages.mount",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "getty@tty1.service",
    "modprobe@.service",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-modules-load.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-pstore.service",
    "systemd-resolved.service",
    "systemd-timesyncd.service",
)

# VERBOSE makes sshd log each session, and -E (below) makes it log them to a file that `hosts executions` counts.
# Without UseDNS no a login waits for a name server that is not there.
_SSHD_CONFIG = """\
HostKey /etc/ssh/ssh_host_ed25519_key
LogLevel VERBOSE
PasswordAuthentication no
UseDNS no
"""

# Until systemd-user-sessions has run only root may log in: sshd waits for it, so that an open port means a usable host.
_SSHD_UNIT = """\
[Unit]
After=systemd-user-sessions.service
"""

_JOURNALD = """\
[Journal]
Storage=volatile
RuntimeMaxUse=16M
RateLimitIntervalSec=0
"""

# Packages of RHEL's repositories are signed one by one, and so are these.
_YUM_REPOSITORY = f"""\
[sandbox]
name=Stand-in agents
baseurl={PACKAGE_SERVER}/rpm
enabled=1
gpgcheck=1
gpgkey=file://{PACKAGE_KEY}
"""

# There is no registry, so a host brings its tasks' image along: as soon as an engine runs, whoever has installed it,
# and before its ECS agent asks for tasks. It tries again because a new engine is often restarted by its installation.
IMAGE = "demo/web:1"
_IMAGE_PROGRAM = "/usr/lib/edgefleet/image.py"
_IMAGE_UNIT_FILE = "/etc/systemd/system/sandbox-image.service"
_IMAGE_UNIT = f"""\
[Unit]
Description=Image {IMAGE}, as the sandbox has no registry
After=docker.service
Before=ecs.service
StartLimitIntervalSec=60
StartLimitBurst=20

[Service]
Type=oneshot
ExecStart=/usr/bin/python3 -I {_IMAGE_PROGRAM} {IMAGE}
Restart=on-failure
RestartSec=500ms
"""
# containerd looks whether there is garbage fifty times as often as its last look took: every 10 ms where there is next
# to nothing, which costs more than all else that an idle host does. Now it may take a ten-thousandth of the time
# (pause_threshold in https://github.com/containerd/containerd/blob/main/docs/garbage-collection.md).
_CONTAINERD_CONFIG_FILE = "/usr/lib/edgefleet/containerd.toml"
_CONTAINERD_CONFIG = """\
version = 2

[plugins."io.containerd.gc.v1.scheduler"]
pause_threshold = 0.0001
"""
# Beside the package's own configuration, which dpkg takes for granted.
_CONTAINERD_UNIT = f"""\
[Service]
ExecStart=
ExecStart=/usr/bin/containerd --config {_CONTAINERD_CONFIG_FILE}
"""
LINKS = {"/etc/systemd/system/docker.service.wants/sandbox-image.service": _IMAGE_UNIT_FILE}


@dataclass(frozen=True)
class File:
    text: str
    mode: int = 0o644
    owner: int = 0


def files(host: Host, identity: str, host_key: str, user_key: str, image_program: str) -> dict[str, File]:
    """The files of a new host: `identity` is its machine-id, `host_key` private, `user_key` public."""
    return {
        **_package_source(host),
        "/etc/default/locale": File("LANG=C.UTF-8\n"),
        "/etc/default/ssh": File(f'SSHD_OPTS="-E {SSHD_LOG}"\n'),
        "/etc/hostname": File(f"{host.name}\n"),
        # There is no name server. sudo asks for the host's own name, and would wait for an answer for 20 seconds.
        "/etc/hosts": File(f"127.0.0.1 localhost\n::1 localhost ip6-localhost\n{host.address} {host.name}\n"),
        "/etc/machine-id": File(f"{identity}\n", 0o444),
        "/etc/resolv.conf": File(""),
        "/etc/ssh/ssh_host_ed25519_key": File(host_key, 0o600),
        "/etc/ssh/sshd_config.d/sandbox.conf": File(_SSHD_CONFIG),
        "/etc/sudoers.d/ops": File(f"{USER} ALL=(ALL) NOPASSWD: ALL\n", 0o440),
        "/etc/systemd/journald.conf.d/sandbox.conf": File(_JOURNALD),
        "/etc/systemd/system/containerd.service.d/sandbox.conf": File(_CONTAINERD_UNIT),
        "/etc/systemd/system/ssh.service.d/sandbox.conf": File(_SSHD_UNIT),
        _CONTAINERD_CONFIG_FILE: File(_CONTAINERD_CONFIG),
        _IMAGE_PROGRAM: File(image_program),
        _IMAGE_UNIT_FILE: File(_IMAGE_UNIT),
        f"/home/{USER}/.ssh/authorized_keys": File(user_key, 0o600, USER_ID),
        SSHD_LOG: File("", 0o600),
    }


def _package_source(host: Host) -> dict[str, File]:
    """The one place that the host's package manager takes packages from."""
    if host.rpm:
        return {"/etc/yum.repos.d/sandbox.repo": File(_YUM_REPOSITORY)}
    suite = debian_suite(host.suite)
    return {"/etc/apt/sources.list": File(f"deb [signed-by={PACKAGE_KEY}] {PACKAGE_SERVER}/debian {suite} main\n")}


def nspawn(host: Host, disk: Path, sshd_log: Path) -> list[str]:
    """The command that boots the host, to be run in a cgroup of its own inside the instance's namespaces."""
    environment = [
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network",  # the agents set net.ipv4.conf.*.route_localnet
        "SYSTEMD_NSPAWN_LOCK=0",
        "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1",
    ]
    return [
        "env",
        *environment,
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--register=no",
        "--keep-unit",
        f"--machine={host.name}",
        f"--directory={disk / 'root'}",
        f"--network-namespace-path=/run/netns/{host.name}",
        "--console=pipe",
        "--link-journal=no",
        "--resolv-conf=off",
        "--timezone=off",
        # A Docker engine needs nearly everything. What would reach the machine itself is left out: clock and modules.
        "--capability=all",
        "--drop-capability=CAP_SYS_MODULE,CAP_SYS_TIME",
        "--system-call-filter=add_key keyctl bpf perf_event_open",
        f"--bind={disk / 'docker'}:/var/lib/docker",  # overlay2 cannot lie on the host's own overlay
        f"--bind={sshd_log}:{SSHD_LOG}",
    ]
