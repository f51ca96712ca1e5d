# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sites and hosts there are, and their addresses. Data only, no I/O."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field

from ..apt_sources import SUITES
from .errors import SandboxError

# 198.18.0.0/15 is set aside for tests of network equipment (RFC 2544): no real service has such an address.
REGION_ADDRESS = "198.18.0.1"
METADATA_ADDRESS = "169.254.169.254"
PREFIX_LENGTH = 24
FIRST_HOST = 11
LAST_HOST = 254
LAST_SITE = 254

DEFAULT_SUITE = "bookworm"
# Not of the command line: the root file system of EC2 instances.
ECS_OPTIMIZED = "ecs-optimized"
# The same for a host that is no EC2 instance: an engine, no agents, and half of the time until it has joined.
WITH_ENGINE = "with-engine"
# The stand-in of a host with RPM packages.
RHEL = "rhel9"
KINDS = (*SUITES, WITH_ENGINE, RHEL)

_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
_NAME_RULE = "a lower case letter, then at most 29 lower case letters, digits or hyphens"


@dataclass(frozen=True)
class Wanted:
    """A host as the command line asks for it."""

    site: str
    name: str
    suite: str
    private_address: str = ""


@dataclass
class Host:
    """A host of a running instance. `number` counts within its site, from 1."""

    name: str
    site: str
    site_number: int
    number: int
    suite: str
    link: str = "up"
    # Of an EC2 instance in its VPC: a second address, routed in the whole sandbox.
    private_address: str = ""

    @property
    def ec2(self) -> bool:
        return self.suite == ECS_OPTIMIZED

    @property
    def rpm(self) -> bool:
        """Whether its packages are RPMs."""
        return self.suite == RHEL

    @property
    def address(self) -> str:
        return f"198.18.{self.site_number}.{FIRST_HOST - 1 + self.number}"

    @property
    def gateway(self) -> str:
        return gateway(self.site_number)

    @property
    def mac(self) -> str:
        """The same after every boot, as on real hardware: else its neighbours keep talking to the old one."""
        return mac(self.site_number, FIRST_HOST - 1 + self.number)

    @property
    def port(self) -> str:
        """The bridge's end of the host's cable (at most 15 characters, so numbers and no names)."""
        return f"s{self.site_number}h{self.number}"


@dataclass
class Topology:
    """Sites (name to number, from 1) and hosts (by name) of one instance, in the order in which they were made."""

    sites: dict[str, int] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)

    def of_site(self, site: str) -> list[Host]:
        return [host for host in self.hosts.values() if host.site == site]

    def add(self, wanted: Iterable[Wanted]) -> list[Host]:
        """Take in what is asked for; return the hosts that are new. What exists keeps its address."""
        return [self._add(one) for one in wanted if not self._has(one)]

    def _has(self, wanted: Wanted) -> bool:
        host = self.hosts.get(wanted.name)
        if host is None:
            return False
        if (host.site, host.suite) != (wanted.site, wanted.suite):
            raise SandboxError(
                f"host {host.name} exists already, in site {host.site} with {host.suite}: "
                f"it cannot become one of site {wanted.site} with {wanted.suite}; remove it with `hosts down` first"
            )
        return True

    def _add(self, wanted: Wanted) -> Host:
        taken_as_site = wanted.name in self.sites or wanted.name == wanted.site
        if taken_as_site or wanted.site in self.hosts:
            clash = wanted.name if taken_as_site else wanted.site
            raise SandboxError(f"{clash} is the name of a site and of a host: `hosts link` could not tell them apart")
        site_number = self.sites.setdefault(wanted.site, len(self.sites) + 1)
        taken = {host.number for host in self.of_site(wanted.site)}
        number = next(number for number in itertools.count(1) if number not in taken)
        if site_number > LAST_SITE or FIRST_HOST - 1 + number > LAST_HOST:
            raise SandboxError(
                f"no address left for host {wanted.name}: "
                f"{LAST_SITE} sites of {LAST_HOST - FIRST_HOST + 1} hosts are the limit"
            )
        host = Host(wanted.name, wanted.site, site_number, number, wanted.suite, private_address=wanted.private_address)
        self.hosts[host.name] = host
        return host

    def to_json(self) -> str:
        return json.dumps({"sites": self.sites, "hosts": [asdict(host) for host in self.hosts.values()]}, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Topology:
        data = json.loads(text)
        hosts = [Host(**entry) for entry in data["hosts"]]
        return cls(sites=data["sites"], hosts={host.name: host for host in hosts})


def debian_suite(kind: str) -> str:
    """The release of Debian that hosts of a kind are made of."""
    return kind if kind in SUITES else DEFAULT_SUITE


def gateway(site_number: int) -> str:
    return f"198.18.{site_number}.1"


def mac(site_number: int, last: int) -> str:
    return f"02:00:c6:12:{site_number:02x}:{last:02x}"  # locally administered; then the bytes of 198.18.x.y


def bridge(site_number: int) -> str:
    return f"site{site_number}"


def check_name(kind: str, name: str) -> str:
    if not _NAME.fullmatch(name) or name == "localhost":
        raise SandboxError(f"{name!r} cannot be the name of {kind}: allowed is {_NAME_RULE}")
    return name


def parse_sites(arguments: Iterable[str]) -> list[Wanted]:
    """`SITE=HOST[:SUITE][,HOST...]` arguments, in their order."""
    wanted = [one for argument in arguments for one in _parse_site(argument)]
    seen: set[str] = set()
    for one in wanted:
        if one.name in seen:
            raise SandboxError(f"host {one.name} is asked for twice: host names are unique across all sites")
        seen.add(one.name)
    return wanted


def _parse_site(argument: str) -> Iterator[Wanted]:
    site, equals, hosts = argument.partition("=")
    if not equals or not hosts:
        raise SandboxError(f"{argument!r} is not SITE=HOST[:SUITE][,HOST...], for example lyon=lyon-1,lyon-2:trixie")
    check_name("a site", site)
    for entry in hosts.split(","):
        name, colon, suite = entry.partition(":")
        check_name("a host", name)
        if colon and suite not in KINDS:
            raise SandboxError(f"host {name}: no such suite {suite!r}; there are {', '.join(KINDS)}")
        yield Wanted(site, name, suite or DEFAULT_SUITE)
