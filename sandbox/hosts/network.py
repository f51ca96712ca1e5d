# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of an instance, as lines for `ip -batch`. Data only, no I/O.

All of it lies in one network namespace of the instance: an interface with the address of the simulated Region and of
the package server, and a bridge for each site. Each host has a network namespace of its own, its cable (a veth pair)
plugged into the bridge. Nothing leads from there to the outside.
"""

from __future__ import annotations

from .topology import METADATA_ADDRESS, PREFIX_LENGTH, REGION_ADDRESS, Host, bridge, gateway, mac

UNPLUG, PLUG, INSIDE = "unplug.ip", "plug.ip", "inside.ip"


def backbone() -> list[str]:
    # region0 is a bridge without ports: it only has to carry an address, and not every kernel has dummy devices.
    return [
        "link set lo up",
        "link add region0 type bridge",
        f"addr add {REGION_ADDRESS}/{PREFIX_LENGTH} dev region0",
        "link set region0 up",
    ]


def site(number: int) -> list[str]:
    name = bridge(number)
    return [
        f"link add {name} address {mac(number, 1)} type bridge",
        f"addr add {gateway(number)}/{PREFIX_LENGTH} dev {name}",
        f"link set {name} up",
    ]


def no_site(number: int) -> list[str]:
    return [f"link del {bridge(number)}"]


def unplug(host: Host) -> list[str]:
    return [f"link del {host.port}", f"netns del {host.name}"]


def route(host: Host) -> list[str]:
    """The way to an EC2 instance's private address; of two VPCs with the same addresses the later one wins."""
    return [f"route replace {host.private_address}/32 dev {bridge(host.site_number)}"] if host.private_address else []


def no_route(host: Host) -> list[str]:
    way = f"{host.private_address}/32 dev {bridge(host.site_number)}"
    return [f"route del {way}"] if host.private_address else []


def metadata_service() -> list[str]:
    """The address of EC2's instance metadata service, which hosts reach by their default route."""
    return [f"addr replace {METADATA_ADDRESS}/32 dev region0"]


def host_files(host: Host) -> dict[str, str]:
    """The files by which boot-loop makes a host's network at each boot, and takes it away."""
    plug = [
        f"netns add {host.name}",
        f"link add {host.port} type veth peer name eth0 address {host.mac} netns {host.name}",
        f"link set {host.port} master {bridge(host.site_number)} {host.link}",
    ]
    inside = [
        "link set lo up",
        f"addr add {host.address}/{PREFIX_LENGTH} dev eth0",
        *([f"addr add {host.private_address}/32 dev eth0"] if host.private_address else []),
        "link set eth0 up",
        f"route add default via {host.gateway}",
    ]
    return {name: "\n".join(lines) + "\n" for name, lines in ((UNPLUG, unplug(host)), (PLUG, plug), (INSIDE, inside))}


def cable(host: Host) -> str:
    return f"link set {host.port} {host.link}"


def listens_on_ssh(proc_net_tcp: str) -> bool:
    """Whether something listens on port 22, from the text of /proc/<pid>/net/tcp."""
    rows = [line.split() for line in proc_net_tcp.splitlines()[1:]]
    return any(row[1].endswith(":0016") and row[3] == "0A" for row in rows)
