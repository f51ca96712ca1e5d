# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line asks for, and the addresses that follow from it."""

from __future__ import annotations

import pytest

from sandbox.hosts.errors import SandboxError
from sandbox.hosts.topology import Topology, Wanted, parse_sites


def made(*arguments: str) -> Topology:
    topology = Topology()
    topology.add(parse_sites(arguments))
    return topology


def test_sites_and_suites_are_read_in_their_order() -> None:
    assert parse_sites(["lyon=lyon-1,lyon-2:trixie", "oslo=oslo-1:bullseye"]) == [
        Wanted("lyon", "lyon-1", "bookworm"),
        Wanted("lyon", "lyon-2", "trixie"),
        Wanted("oslo", "oslo-1", "bullseye"),
    ]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("lyon", "'lyon' is not SITE=HOST"),
        ("lyon=", "'lyon=' is not SITE=HOST"),
        ("=lyon-1", "'' cannot be the name of a site"),
        ("Lyon=lyon-1", "'Lyon' cannot be the name of a site"),
        ("lyon=lyon-1,", "'' cannot be the name of a host"),
        ("lyon=lyon_1", "'lyon_1' cannot be the name of a host"),
        ("lyon=localhost", "'localhost' cannot be the name of a host"),
        ("lyon=a" + "b" * 30, "cannot be the name of a host"),
        ("lyon=lyon-1:sid", "host lyon-1: no such suite 'sid'; there are bookworm, bullseye, trixie, "),
        ("lyon=lyon-1:", "host lyon-1: no such suite ''"),
        ("lyon=lyon-1,lyon-1", "host lyon-1 is asked for twice"),
    ],
)
def test_what_cannot_be_is_refused(argument: str, message: str) -> None:
    with pytest.raises(SandboxError) as caught:
        parse_sites([argument])
    assert message in str(caught.value)


def test_addresses_follow_the_order_of_sites_and_hosts() -> None:
    hosts = made("lyon=lyon-1,lyon-2", "oslo=oslo-1").hosts
    assert {name: (host.address, host.gateway) for name, host in hosts.items()} == {
        "lyon-1": ("198.18.1.11", "198.18.1.1"),
        "lyon-2": ("198.18.1.12", "198.18.1.1"),
        "oslo-1": ("198.18.2.11", "198.18.2.1"),
    }
    assert hosts["oslo-1"].mac == "02:00:c6:12:02:0b"


def test_a_second_up_returns_only_what_is_new_and_moves_nothing() -> None:
    topology = made("lyon=lyon-1", "oslo=oslo-1")
    new = topology.add(parse_sites(["oslo=oslo-2,oslo-1", "bonn=bonn-1", "lyon=lyon-1"]))
    assert [(host.name, host.address) for host in new] == [("oslo-2", "198.18.2.12"), ("bonn-1", "198.18.3.11")]
    assert topology.hosts["lyon-1"].address == "198.18.1.11"


@pytest.mark.parametrize("argument", ["oslo=lyon-1", "lyon=lyon-1:trixie"])
def test_an_existing_host_keeps_its_site_and_suite(argument: str) -> None:
    with pytest.raises(SandboxError, match="host lyon-1 exists already, in site lyon with bookworm"):
        made("lyon=lyon-1").add(parse_sites([argument]))


@pytest.mark.parametrize("argument", ["oslo=lyon", "lyon-1=oslo-1", "oslo=oslo"])
def test_a_name_is_either_a_site_or_a_host(argument: str) -> None:
    with pytest.raises(SandboxError, match="is the name of a site and of a host"):
        made("lyon=lyon-1").add(parse_sites([argument]))


def test_a_site_has_room_for_244_hosts() -> None:
    names = [f"h{number}" for number in range(245)]
    assert made(f"lyon={','.join(names[:244])}").hosts["h243"].address == "198.18.1.254"
    with pytest.raises(SandboxError, match="no address left for host h244"):
        made(f"lyon={','.join(names)}")


def test_interface_names_fit_the_kernel() -> None:
    hosts = made("lyon=" + ",".join(f"a-long-name-of-a-host-{number}" for number in range(244))).hosts.values()
    assert max(len(host.port) for host in hosts) <= 15
    assert len({host.port for host in hosts}) == 244


def test_state_survives_being_written() -> None:
    topology = made("lyon=lyon-1,lyon-2:trixie", "oslo=oslo-1")
    topology.hosts["lyon-2"].link = "down"
    assert Topology.from_json(topology.to_json()) == topology
