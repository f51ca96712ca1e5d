# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bin/bench rollout: the collection against three other ways to the same effect, and against ever more hosts.

All measured runs of a scenario are taken in turn, so that a change of the machine's mood hits everybody; what is
compared are ratios within one run of this program. How it is done, and what came of it: docs/performance.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ..tooling import console, paths
from ..tooling.python import Environment
from . import contenders, simulated, table
from .contenders import PULLS, Task
from .sandboxed import Bench, Cost, bench

INSTANCE = "bench"
OURS, CONVENTIONAL, SHELL, PYINFRA = "edgefleet.ecs", "task by task", "shell", "pyinfra"
SITES = {OURS: "ours", CONVENTIONAL: "conv", SHELL: "shell", PYINFRA: "pyinfra"}
PATIENCE = 60.0
FIRST, NOTHING, CHANGE, PLAN = "first convergence", "no drift", "configuration change", "plan alone"

Way = Callable[[Task], list[str]]
Costs = dict[str, dict[str, list[Cost]]]


class Race:
    def __init__(self, made: Bench, ways: dict[str, Way], hosts: int) -> None:
        self.bench = made
        self.ways = ways
        self.hosts = hosts
        self.activations: dict[str, dict[str, str]] = {}
        self.costs: Costs = {}

    def run(self, rounds: int) -> Costs:
        for number in range(rounds):
            if number:
                self.bench.make_bare()
            # The baselines are given one; the collection makes its own.
            self.activations = {name: self.bench.region("prepare", str(self.hosts)) for name in SITES}
            before, after = PULLS
            self._turn(FIRST, before, number)
            for again in range(2):
                self._turn(NOTHING, before, number + again)
            self._one(PLAN, OURS, lambda task: contenders.ours(task, "plan"), before)
            self._turn(CHANGE, after, number)
        return self.costs

    def _turn(self, scenario: str, pull: str, number: int) -> None:
        """Everybody once, another one first each time."""
        names = list(self.ways)
        first = number % len(names)
        for name in names[first:] + names[:first]:
            self._one(scenario, name, self.ways[name], pull)
            self._check(name)

    def _one(self, scenario: str, name: str, way: Way, pull: str) -> None:
        task = Task(self.bench, SITES[name], self.activations[name], pull, self.hosts)
        command = way(task)
        log = paths.logs() / f"{SITES[name]}-{scenario.replace(' ', '-')}.log"
        cost = self.bench.cost(SITES[name], command, self.bench.sandbox.env, log)
        self.costs.setdefault(scenario, {}).setdefault(name, []).append(cost)
        console.say(
            f"      {scenario:22} {name:14} {cost.wall:6.1f} s   CPU: control {cost.control:6.1f} s, "
            f"hosts {cost.hosts:6.1f} s   {cost.executions} executions"
        )

    def _check(self, name: str) -> None:
        """The same for all of them, and on nobody's bill."""
        deadline = time.monotonic() + PATIENCE
        while (seen := self.bench.region("connected", SITES[name])) != self.hosts:
            if time.monotonic() > deadline:
                raise console.Failure(f"{name}: the Region sees {seen} of {self.hosts} agents connected")
            time.sleep(1)


def medians(costs: Costs) -> dict[str, dict[str, Cost]]:
    return {
        scenario: {
            name: Cost(
                statistics.median(cost.wall for cost in runs),
                statistics.median(cost.control for cost in runs),
                statistics.median(cost.hosts for cost in runs),
                runs[-1].executions,
            )
            for name, runs in by_name.items()
        }
        for scenario, by_name in costs.items()
    }


def race(hosts: int, rounds: int, pyinfra: Path) -> list[str]:
    ways: dict[str, Way] = {
        OURS: contenders.ours,
        CONVENTIONAL: contenders.conventional,
        SHELL: contenders.shell,
        PYINFRA: partial(contenders.pyinfra, tool=pyinfra),
    }
    sites = {site: tuple(f"{site}-{number + 1}" for number in range(hosts)) for site in SITES.values()}
    ready = Environment("this", "this", Path(sys.prefix))
    with bench(ready, INSTANCE, sites) as made:
        found = medians(Race(made, ways, hosts).run(rounds))
    return [*table.race(found, hosts), "", *table.targets(found)]


def large(sizes: Sequence[int]) -> list[str]:
    """Plans of hosts that only answer, and that all have to change."""
    rows = []
    for size in sizes:
        with (
            tempfile.TemporaryDirectory(prefix="edgefleet-bench-") as folder,
            simulated.fleet(Path(folder), size) as fleet,
        ):
            run = fleet.play("plan", extra={"ecs_agent_config": {"ECS_IMAGE_PULL_BEHAVIOR": PULLS[1]}})
        if run.code:
            raise console.Failure(run.output[-3000:])
        rows.append((size, "plan, all to change", run))
        console.say(f"      {size} simulated hosts: {run.wall:.1f} s, CPU {run.cpu:.1f} s, {run.mib} MiB")
    return [*table.large(rows), "", *table.planning(rows)]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bin/bench rollout", description="Measure rollouts.")
    parser.add_argument("--hosts", type=int, default=6, help="hosts of each of the four (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="from bare hosts to the change (default: %(default)s)")
    parser.add_argument(
        "--simulated", type=int, nargs="*", default=[1000, 3000], metavar="N", help="sizes (default: 1000 3000)"
    )
    parser.add_argument("--pyinfra", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    sys.path.insert(0, str(paths.collections()))  # what simulated hosts answer is rendered by the collection's own code
    try:
        lines = race(arguments.hosts, arguments.rounds, arguments.pyinfra) if arguments.hosts else []
        if arguments.simulated:
            lines += ["", *large(arguments.simulated)]
    except console.Failure as error:
        return console.fail(error)
    except KeyboardInterrupt:
        return 130
    console.say("\n" + "\n".join(lines))
    return 0


if __name__ == "__main__":
    console.terminate_as_interrupt()
    sys.exit(main())
