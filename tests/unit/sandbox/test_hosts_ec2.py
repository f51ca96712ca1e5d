# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders for the hosts of EC2 instances, and what makes a host one."""

from __future__ import annotations

import pytest

from sandbox.hosts import ec2_guest, network, rootfs, ssh
from sandbox.hosts.ec2 import Order, steps
from sandbox.hosts.topology import ECS_OPTIMIZED, Topology, Wanted, parse_sites


def order(running: bool = True, boots: int = 1) -> Order:
    return Order("i-1", "depot", running, boots)


def topology(*names: str) -> Topology:
    made = Topology()
    made.add(Wanted("depot", name, ECS_OPTIMIZED, f"10.1.1.{number}") for number, name in enumerate(names, start=4))
    return made


@pytest.mark.parametrize(
    ("wanted", "exists", "done", "expected"),
    [
        ([order()], False, None, [("make", "i-1")]),
        ([order(running=False)], False, None, []),
        ([order()], True, order(), []),
        ([order(running=False)], True, order(), [("stop", "i-1")]),
        ([order(running=False)], True, order(running=False), []),
        ([order(boots=2)], True, order(running=False), [("start", "i-1")]),
        ([order(boots=2)], True, order(), [("reboot", "i-1")]),
        # Stopped and started between two looks.
        ([order(boots=3)], True, order(), [("reboot", "i-1")]),
        ([], True, order(), [("remove", "i-1")]),
    ],
)
def test_steps(wanted: list[Order], exists: bool, done: Order | None, expected: list[tuple[str, str]]) -> None:
    hosts = topology("i-1").hosts if exists else {}
    assert steps(wanted, hosts, {"i-1": done} if done else {}) == expected


def test_removals_come_first() -> None:
    assert steps([order()], topology("i-2").hosts, {}) == [("remove", "i-2"), ("make", "i-1")]


def test_an_address_that_is_free_again_is_taken_again() -> None:
    made = topology("i-1", "i-2", "i-3")
    del made.hosts["i-2"]
    (new,) = made.add([Wanted("depot", "i-4", ECS_OPTIMIZED)])
    assert new.address == "198.18.1.12"
    assert Topology.from_json(made.to_json()) == made


def test_the_private_address_is_one_of_the_host_and_routed() -> None:
    host = topology("i-1").hosts["i-1"]
    assert host.ec2
    assert "addr add 10.1.1.4/32 dev eth0" in network.host_files(host)[network.INSIDE]
    assert network.route(host) == ["route replace 10.1.1.4/32 dev site1"]
    assert network.no_route(host) == ["route del 10.1.1.4/32 dev site1"]


def test_other_hosts_have_one_address() -> None:
    made = Topology()
    (host,) = made.add(parse_sites(["lyon=lyon-1"]))
    assert not host.ec2
    assert network.host_files(host)[network.INSIDE].count("addr add") == 1
    assert network.route(host) == network.no_route(host) == []


def test_a_host_that_is_gone_is_not_known() -> None:
    first, second = topology("i-1", "i-11").hosts.values()
    known = ssh.known_host(first, "ssh-ed25519 AAAA") + ssh.known_host(second, "ssh-ed25519 BBBB")
    assert ssh.without(known, first) == ssh.known_host(second, "ssh-ed25519 BBBB")


def test_the_root_file_system_is_the_default_one_with_an_engine() -> None:
    command = rootfs.mmdebstrap_command(ECS_OPTIMIZED, ["deb http://mirror bookworm main"], "out.tar.zst")
    assert command[-3:] == ["bookworm", "out.tar.zst", "deb http://mirror bookworm main"]
    (include,) = [word for word in command if word.startswith("--include=")]
    assert {"docker.io", "python3-yaml", "sudo"} <= set(include.partition("=")[2].split(","))
    assert "docker.io" not in ",".join(rootfs.packages("bookworm"))


def test_the_agent_starts_after_user_data() -> None:
    files = ec2_guest.files("http://198.18.0.1:4566", "a key", "#!/usr/bin/python3\n")
    assert files["/var/lib/ecs/ecs.config"].text == "ECS_BACKEND_HOST=http://198.18.0.1:4566\n"
    assert "After=cloud-final.service" in files["/etc/systemd/system/ecs.service.d/image.conf"].text
    assert {link.rpartition("/")[2] for link in ec2_guest.LINKS} == {"cloud-final.service", "ecs.service"}
    program = next(path for path, file in files.items() if file.mode == 0o755)
    assert f"ExecStart={program}\n" in files["/etc/systemd/system/cloud-final.service"].text
