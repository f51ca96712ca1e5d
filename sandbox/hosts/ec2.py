# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EC2 behind the simulated Region: boots a host for each instance, and does to it what is done to the instance.

One process of an instance of the sandbox, in its cgroup `run`, so that `hosts down` ends it like everything else. It
asks the Region for orders (sandbox/region/ec2/hosts.py) and compares them with what it has carried out. A Region that
does not answer gives no orders: hosts stay as they are.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import ec2_guest, metadata, network
from .errors import SandboxError
from .instance import Instance
from .topology import ECS_OPTIMIZED, Host, Wanted

PAUSE = 0.5
# systemd's signals for an orderly end (systemd(1)): reboot.target, poweroff.target.
_REBOOT = signal.SIGINT
_POWER_OFF = signal.SIGRTMIN + 4
# A host that takes longer to shut down is cut off; EC2 waits for minutes.
_PATIENCE = 20.0
_USER_DATA = Path(__file__).resolve().parent / "user-data"
_AGENT = "amazon-ecs-agent-*/amazon-ecs-init-latest.*.deb"


@dataclass(frozen=True)
class Order:
    """What the Region wants of one host. `boots` counts launches, starts and reboots."""

    id: str
    site: str
    running: bool
    boots: int
    private_address: str = ""
    # What the Region has been told.
    address: str = ""


def steps(wanted: Iterable[Order], hosts: Mapping[str, Host], done: Mapping[str, Order]) -> list[tuple[str, str]]:
    """(verb, id) for each difference, removals first: their addresses may be needed."""
    orders = {order.id: order for order in wanted}
    found = [("remove", name) for name in hosts if name not in orders]
    for name, order in orders.items():
        verb = _step(order, name in hosts, done.get(name))
        if verb:
            found.append((verb, name))
    return found


def _step(order: Order, exists: bool, before: Order | None) -> str | None:
    if not exists:
        return "make" if order.running else None
    # What has been done to a host from outside since (`hosts power off`) stays, until the Region wants something new.
    if before is None or (before.running, before.boots) == (order.running, order.boots):
        return None
    if not order.running:
        return "stop"
    return "reboot" if before.running else "start"


class Region:
    """The control API of the simulated Region."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _ask(self, path: str, order: Mapping[str, Any] | None = None) -> Any:
        body = json.dumps(order).encode() if order is not None else None
        request = urllib.request.Request(f"{self.url}/_sandbox/ec2/hosts{path}", body)
        with self._opener.open(request, timeout=10) as answer:
            return json.load(answer)

    def orders(self) -> list[Order] | None:
        """None while the Region does not answer, or plays the agents itself."""
        try:
            told = self._ask("")
        except (OSError, ValueError):
            return None
        return [Order(**item) for item in told["hosts"]] if told["enabled"] else None

    def report(self, host: Host) -> None:
        self._ask(f"/{host.name}", {"address": host.address})

    def pages(self, name: str) -> metadata.Pages | None:
        try:
            pages: dict[str, str] = self._ask(f"/{name}/metadata")
            return pages
        except (OSError, ValueError):
            return None


class Ec2:
    def __init__(self, instance: Instance, url: str, packages: Path) -> None:
        self.instance = instance
        self.region = Region(url)
        found = sorted(packages.glob(_AGENT))
        if not found:
            raise SandboxError(f"--packages {packages}: there is no {_AGENT}")
        self._agent = found[0]
        key = (packages / "keys" / "sandbox.asc").read_text()
        self._files = ec2_guest.files(url, key, _USER_DATA.read_text())
        self._done: dict[str, Order] = {}
        # When a host that is shutting down will be cut off.
        self._deadlines: dict[str, float] = {}
        self._verbs: dict[str, Callable[[Order], bool]] = {
            "make": self._make,
            "start": self._start,
            "stop": self._stop,
            "reboot": self._reboot,
        }

    def run(self) -> None:
        """For as long as the sandbox stands."""
        with (self.instance.state / "ec2.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.instance.say("another process boots the hosts of instances already")
                return
            self.instance.namespaces.ip(network.metadata_service())
            metadata.start(self._pages)
            self.instance.say(f"booting hosts for the instances of {self.region.url}")
            while self.instance.runs():
                try:
                    self.turn()
                except Exception:
                    # The hosts that stand keep their metadata; what is wrong is to be seen all the same.
                    traceback.print_exc()
                time.sleep(PAUSE)

    def turn(self) -> None:
        """Compare once, and do what is to be done."""
        wanted = self.region.orders()
        if wanted is None:
            return
        orders = {order.id: order for order in wanted}
        self._take_stock(orders)
        for verb, name in steps(wanted, self._hosts(), self._done):
            self._try(verb, name, orders)

    def _take_stock(self, orders: Mapping[str, Order]) -> None:
        """Hosts of a process before this one are as ordered, if it came to the end of making them."""
        for name, host in self._hosts().items():
            if not self.instance.is_made(host):
                self._try("remove", name, orders)
            elif name in orders:
                self._done.setdefault(name, orders[name])
                self._report(host, orders[name])

    def _report(self, host: Host, order: Order) -> None:
        if order.address != host.address:
            try:
                self.region.report(host)
            except OSError as error:
                self.instance.say(f"report {host.name}: {error}")

    def _try(self, verb: str, name: str, orders: Mapping[str, Order]) -> None:
        try:
            self._carry_out(verb, name, orders)
        except (SandboxError, OSError) as error:
            self.instance.say(f"{verb} {name}: {error}")

    def _hosts(self) -> dict[str, Host]:
        return {name: host for name, host in self.instance.topology().hosts.items() if host.ec2}

    def _carry_out(self, verb: str, name: str, orders: Mapping[str, Order]) -> None:
        if verb == "remove":
            self.instance.remove(self.instance.host(name))
            self._done.pop(name, None)
            self.instance.say(f"{name} is gone")
        elif self._verbs[verb](orders[name]):
            self._done[name] = orders[name]
            self.instance.say(f"{name}: {verb}")

    def _make(self, order: Order) -> bool:
        topology = self.instance.topology()
        # An Outpost with the name of a host: links must be told apart.
        site = order.site if order.site not in topology.hosts else f"{order.site}-site"
        wanted = Wanted(site, order.id, ECS_OPTIMIZED, order.private_address)
        self._report(self.instance.make(wanted, self._files, ec2_guest.LINKS, self._agent), order)
        return True

    def _start(self, order: Order) -> bool:
        host = self.instance.host(order.id)
        if self._is_off(host):
            self.instance.start(host)
            return True
        return False

    def _stop(self, order: Order) -> bool:
        return self._is_off(self.instance.host(order.id))

    def _reboot(self, order: Order) -> bool:
        host = self.instance.host(order.id)
        if not self.instance.signal(host, _REBOOT):
            self.instance.start(host)
        return True

    def _is_off(self, host: Host) -> bool:
        """Shut a host down in order, and cut it off when that takes too long; False while it goes on."""
        now = time.monotonic()
        if self.instance.host_state(host) == "off":
            self._deadlines.pop(host.name, None)
            return True
        if host.name not in self._deadlines:
            self._deadlines[host.name] = now + _PATIENCE
            self.instance.signal(host, _POWER_OFF)
        elif now > self._deadlines[host.name]:
            self.instance.power(host, "off")
        return False

    def _pages(self, address: str) -> metadata.Pages | None:
        found = (host for host in self._hosts().values() if address in (host.address, host.private_address))
        host = next(found, None)
        return self.region.pages(host.name) if host is not None else None


def check(packages: Path) -> None:
    """What must be there, before the process is on its own."""
    if not os.access(packages / "keys" / "sandbox.asc", os.R_OK):
        raise SandboxError(f"--packages {packages}: there is no keys/sandbox.asc")
