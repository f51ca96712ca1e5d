# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bin/test: the layers, from the quickest to the dearest."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence

from ..hosts.topology import KINDS
from . import console, lint, machine, paths, sanity, usage, variables
from .aside import Aside
from .python import ENDS, Environment, Python, chosen_ends, environment, locked
from .results import Layer, dearest, summary

USAGE = """\
usage: bin/test [LAYER...] [ARGUMENTS FOR PYTEST...]

layers, in the order they run; all of them when none is named:
  lint         linters, types, documentation, and the collection built, installed and documented
  sanity       ansible-test sanity
  unit         tests/unit, on every end of the supported ansible-core range
  integration  tests/integration, modules against the simulated Region, on every end
  molecule     the molecule scenarios, on real SSH hosts (as root)
  fleet        tests/fleet, on real SSH hosts (as root); beside the others, as it waits more than it works

example: bin/test unit -k drift
The layers unit and integration use all CPUs. For a debugger, or output as it comes: bin/test unit -k drift -n 0 -s
EDGEFLEET_ENDS names the ends to test, as in EDGEFLEET_ENDS=2.19; default: all of them ({ends}).
EDGEFLEET_TEST_INSTANCE names the sandbox of the layer fleet, for two such runs on one machine; default: test."""

# One process of pytest for each CPU. Tests move to whichever is idle, as a few of them take longer than all others.
SPREAD = ("--numprocesses=auto", "--dist=worksteal")
# Hosts are waited for more than worked on: two sandboxes at a time, each with files that belong together.
SANDBOXES = ("--numprocesses=2", "--dist=loadscope", "--no-loadscope-reorder")
# The sandboxes of tests/fleet and of the molecule scenarios. With a name of its own, the layer waits for nobody else's.
OWN = os.environ.get("EDGEFLEET_TEST_INSTANCE")
TESTS, MOLECULE = (OWN, f"{OWN}-molecule") if OWN else ("test", "molecule")


class Session:
    """What the layers of one run share."""

    def __init__(self, pythons: Mapping[str, Python], arguments: Sequence[str]) -> None:
        self.pythons = pythons
        self.arguments = arguments
        self.newest = max(pythons, key=list(ENDS).index)

    def environment(self, end: str) -> Environment:
        sets = ["sandbox", "test", "lint"] if end == self.newest else ["sandbox", "test"]
        return environment(end, self.pythons[end], sets)

    def pytest(
        self, layer: Layer, end: str, folder: str, env: Mapping[str, str], spread: Sequence[str] = SPREAD
    ) -> None:
        command = [
            str(self.environment(end).bin / "python"),
            "-m",
            "pytest",
            "-q",
            "-o",
            "cache_dir=.cache/pytest",
            *spread,
            folder,
        ]
        layer.pytest(f"{folder} on ansible-core {end}", command, env, self.arguments)


def run_lint(session: Session, layer: Layer) -> None:
    lint.run(layer, session.environment(session.newest))


def run_sanity(session: Session, layer: Layer) -> None:
    sanity.run(layer, session.environment(session.newest))


def run_unit(session: Session, layer: Layer) -> None:
    """The sandbox has nothing to do with ansible-core: once is enough. Its agents meet every Python on their hosts."""
    for end in session.pythons:
        without = () if end == session.newest else ("--ignore=tests/unit/sandbox",)
        session.pytest(layer, end, "tests/unit", variables.isolated(session.environment(end)), [*SPREAD, *without])


def run_integration(session: Session, layer: Layer) -> None:
    """The Region's own contract, and tests that are marked so, have nothing to do with ansible-core: once is enough."""
    for end in session.pythons:
        env = variables.isolated(session.environment(end))
        newest = end == session.newest
        if newest:
            # Not spread: its last test looks back at all others.
            session.pytest(layer, end, "tests/integration/region", env, ())
        session.pytest(
            layer, end, "tests/integration/modules", env, SPREAD if newest else [*SPREAD, "-m", "not one_end"]
        )


def run_molecule(session: Session, layer: Layer) -> None:
    ready = session.environment(session.newest)
    with locked(paths.cache() / f"fleet-{MOLECULE}.lock"):
        try:
            scenarios = [str(ready.bin / "molecule"), "test", "--all"]
            layer.check("molecule test --all", scenarios, _fleet_env(session, MOLECULE), paths.ROOT)
        finally:
            machine.remove(MOLECULE)


def run_fleet(session: Session, layer: Layer) -> None:
    with locked(paths.cache() / f"fleet-{TESTS}.lock"):
        try:
            session.pytest(layer, session.newest, "tests/fleet", _fleet_env(session, TESTS), SANDBOXES)
        finally:
            for instance in [TESTS, *paths.instances(f"{TESTS}gw*")]:
                machine.remove(instance)


def _fleet_env(session: Session, instance: str) -> dict[str, str]:
    packages = {"EDGEFLEET_PACKAGES": str(machine.agent_packages_folder())}
    return {**variables.sandboxed(session.environment(session.newest), instance), **packages}


LAYERS: dict[str, Callable[[Session, Layer], None]] = {
    "lint": run_lint,
    "sanity": run_sanity,
    "unit": run_unit,
    "integration": run_integration,
    "molecule": run_molecule,
    "fleet": run_fleet,
}
ON_HOSTS = {"molecule", "fleet"}


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Leading words that name layers, and the rest, which is pytest's."""
    count = next((index for index, word in enumerate(arguments) if word not in LAYERS), len(arguments))
    return list(arguments[:count]) or list(LAYERS), list(arguments[count:])


def main(arguments: Sequence[str]) -> int:
    if set(arguments) & {"-h", "--help"}:
        console.say(USAGE.format(ends=", ".join(ENDS)))
        return 0
    names, rest = split(arguments)
    if rest and not rest[0].startswith("-"):
        console.say(f"{rest[0]} is no layer\n\n{USAGE.format(ends=', '.join(ENDS))}")
        return 2
    console.terminate_as_interrupt()
    done: list[Layer] = []
    try:
        run_layers(prepare(names, rest), names, done)
    except console.Failure as error:
        return console.fail(error)
    except KeyboardInterrupt:
        console.say("\ninterrupted")
        return 130
    finally:
        if done:
            console.say(f"\n{dearest(done)}\n\n{summary(done)}")
    return int(any(layer.failed for layer in done))


def prepare(names: Sequence[str], rest: Sequence[str]) -> Session:
    """Find the Pythons and build the virtual environments, before anything is tested."""
    console.say("environments")
    start, before = time.monotonic(), usage.used()
    pythons = chosen_ends()
    on_hosts = sorted(ON_HOSTS & set(names))
    if on_hosts:
        machine.require_root(f"The layer {' or '.join(on_hosts)}")
    machine.install_venv_support(pythons.values())
    # As somebody else, the tests that need gpg or the build's tools show as skipped.
    if os.geteuid() == 0 and {"unit", *ON_HOSTS} & set(names):
        machine.install_packages(machine.SANDBOX_PACKAGES)
    if "integration" in names:
        machine.install_java()
    session = Session(pythons, rest)
    several = {"unit", "integration"} & set(names)
    # pip keeps one CPU busy, and no root file system needs what it installs.
    hosts = Aside("hosts", prepare_hosts, paths.logs() / "hosts.log") if on_hosts else None
    try:
        for end in pythons if several else [session.newest]:
            session.environment(end)
        if hosts:
            hosts.result()
    finally:
        if hosts:
            hosts.stop()
    spent = usage.used().since(before).total
    console.say(f"environments: ready in {console.duration(time.monotonic() - start)}, with {spent:.0f} s of CPU")
    return session


def prepare_hosts() -> None:
    machine.prepare_hosts(KINDS)
    machine.agent_packages()


def run_layers(session: Session, names: Sequence[str], done: list[Layer]) -> None:
    """One after the other, but for the fleet, which is beside the others. It comes last, and so does what it says."""
    fleet = None
    if "fleet" in names and len(names) > 1 and not session.arguments:
        console.say("\nfleet, beside what follows")
        fleet = Aside("fleet", lambda: run_layer(session, "fleet"), paths.logs() / "fleet.log")
    try:
        for name in names:
            if name != "fleet" or not fleet:
                done.append(run_layer(session, name))
        if fleet:
            done.append(fleet.result())
    finally:
        if fleet:
            fleet.stop()


def run_layer(session: Session, name: str) -> Layer:
    console.say(f"\n{name}")
    layer = Layer(name, variables.isolated(session.environment(session.newest)))
    start, before = time.monotonic(), usage.used()
    try:
        LAYERS[name](session, layer)
    except console.Failure as error:
        layer.count("the layer itself", str(error))
    if not layer.passed + layer.failed + layer.skipped:
        layer.count("the layer itself", "no test of it was chosen")
    layer.seconds = time.monotonic() - start
    layer.usage = usage.used().since(before)
    for spent in layer.files.values():
        # Tests remove their sandboxes in processes of their own; what they waited for has been waited for here, too.
        layer.usage = layer.usage.plus(spent._replace(control=0.0))
    console.say(f"{name}: {layer.passed} passed, {layer.failed} failed in {console.duration(layer.seconds)}")
    return layer
