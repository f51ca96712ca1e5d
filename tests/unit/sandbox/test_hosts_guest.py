# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a host: its files, its boot command, its network and SSH; and the count of what it was asked to run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.hosts import guest, machine, network, ssh
from sandbox.hosts.topology import ECS_OPTIMIZED, RHEL, Host

HOST = Host("lyon-1", "lyon", 1, 1, "bookworm")

SSHD_LOG = """\
Server listening on 0.0.0.0 port 22.\r
Accepted publickey for ops from 198.18.1.1 port 40864 ssh2: ED25519 SHA256:x\r
User child is on pid 56\r
Starting session: command for ops from 198.18.1.1 port 40864 id 0\r
Starting session: command for ops from 198.18.1.1 port 40864 id 1\r
Starting session: subsystem 'sftp' for ops from 198.18.1.1 port 40864 id 0\r
Starting session: shell on pts/0 for ops from 198.18.1.1 port 40866 id 0\r
Starting session: forced-command (config) 'x' for ops from 198.18.1.1 port 40866 id 0\r
Disconnected from user ops 198.18.1.1 port 40874\r
"""

PROC_NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:{port} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 45047 1
"""


def test_commands_and_subsystems_are_counted_and_shells_are_not() -> None:
    assert ssh.count_executions(SSHD_LOG) == 4
    assert ssh.count_executions("") == 0


def test_a_host_is_up_when_it_listens_on_port_22() -> None:
    assert network.listens_on_ssh(PROC_NET_TCP.format(port="0016", state="0A"))
    assert not network.listens_on_ssh(PROC_NET_TCP.format(port="0016", state="01"))  # a connection
    assert not network.listens_on_ssh(PROC_NET_TCP.format(port="1600", state="0A"))  # another port
    assert not network.listens_on_ssh("")


def test_secrets_of_a_host_are_not_readable_for_others() -> None:
    files = guest.files(HOST, "0" * 32, "PRIVATE", "PUBLIC", "PROGRAM")
    assert files["/etc/ssh/ssh_host_ed25519_key"] == guest.File("PRIVATE", 0o600)
    assert files["/home/ops/.ssh/authorized_keys"] == guest.File("PUBLIC", 0o600, guest.USER_ID)
    assert files["/etc/sudoers.d/ops"].mode == 0o440


def test_a_host_knows_its_own_name_and_asks_no_name_server() -> None:
    files = guest.files(HOST, "0" * 32, "PRIVATE", "PUBLIC", "PROGRAM")
    assert "198.18.1.11 lyon-1\n" in files["/etc/hosts"].text
    assert files["/etc/resolv.conf"].text == ""
    assert "UseDNS no\n" in files["/etc/ssh/sshd_config.d/sandbox.conf"].text


@pytest.mark.parametrize(("suite", "served"), [("trixie", "trixie"), (ECS_OPTIMIZED, "bookworm")])
def test_the_only_apt_source_is_the_sandboxs(suite: str, served: str) -> None:
    files = guest.files(Host("lyon-1", "lyon", 1, 1, suite), "0" * 32, "PRIVATE", "PUBLIC", "PROGRAM")
    source = f"deb [signed-by=/usr/share/keyrings/sandbox.asc] http://198.18.0.1:8080/debian {served} main\n"
    assert files["/etc/apt/sources.list"].text == source
    assert "/etc/yum.repos.d/sandbox.repo" not in files


def test_a_host_with_rpm_has_a_repository_for_dnf_and_no_apt() -> None:
    files = guest.files(Host("lyon-1", "lyon", 1, 1, RHEL), "0" * 32, "PRIVATE", "PUBLIC", "PROGRAM")
    repository = files["/etc/yum.repos.d/sandbox.repo"].text
    assert "baseurl=http://198.18.0.1:8080/rpm\n" in repository
    assert "gpgcheck=1\n" in repository and f"gpgkey=file://{guest.PACKAGE_KEY}\n" in repository
    assert not [path for path in files if path.startswith("/etc/apt")]


def test_the_image_is_there_before_the_agent_asks_for_tasks() -> None:
    files = guest.files(HOST, "0" * 32, "PRIVATE", "PUBLIC", "PROGRAM")
    (link, unit), *others = guest.LINKS.items()
    assert not others
    assert "docker.service.wants" in link
    assert "Before=ecs.service\n" in files[unit].text
    program = re.search(r"^ExecStart=\S+ -I (\S+) demo/web:1$", files[unit].text, re.MULTILINE)
    assert program and files[program[1]].text == "PROGRAM"


def test_a_host_reaches_neither_clock_nor_modules_of_the_machine() -> None:
    command = guest.nspawn(HOST, Path("/disks/lyon-1"), Path("/state/sshd.log"))
    assert "--drop-capability=CAP_SYS_MODULE,CAP_SYS_TIME" in command
    assert "--network-namespace-path=/run/netns/lyon-1" in command
    assert "--bind=/disks/lyon-1/docker:/var/lib/docker" in command


def test_the_cable_stays_pulled_over_a_boot() -> None:
    assert "link set s1h1 master site1 up\n" in network.host_files(HOST)[network.PLUG]
    pulled = Host("lyon-1", "lyon", 1, 1, "bookworm", link="down")
    assert "link set s1h1 master site1 down\n" in network.host_files(pulled)[network.PLUG]
    assert network.cable(pulled) == "link set s1h1 down"


def test_a_boot_first_takes_away_what_the_last_one_left() -> None:
    files = network.host_files(HOST)
    assert files[network.UNPLUG].split("\n")[:2] == ["link del s1h1", "netns del lyon-1"]
    assert files[network.INSIDE].endswith("route add default via 198.18.1.1\n")


def test_ssh_reaches_hosts_by_name_and_address_and_asks_nothing() -> None:
    config = ssh.config([HOST], Path("/run/edgefleet/demo"))
    assert "\nHost lyon-1 198.18.1.11\n" in config
    assert "\nHost lyon-1\n    HostName 198.18.1.11\n" in config
    assert "StrictHostKeyChecking yes" in config
    assert "Host none\n" in ssh.config([], Path("/run/edgefleet/demo"))
    assert ssh.known_host(HOST, "ssh-ed25519 AAAA lyon-1\n") == "lyon-1,198.18.1.11 ssh-ed25519 AAAA\n"


def test_missing_tools_are_named_by_their_packages() -> None:
    assert machine.missing_packages(which=lambda tool: tool) == []
    absent = {"systemd-nspawn", "nsenter", "unshare", "zstd"}
    missing = machine.missing_packages(which=lambda tool: tool not in absent)
    assert missing == ["systemd-container", "util-linux", "zstd"]
