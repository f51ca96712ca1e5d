# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bin/bench: figures of what this repository promises about size and speed."""

from __future__ import annotations

from collections.abc import Sequence

from . import console, machine, paths, variables
from .python import environment, newest_end, plain_environment

USAGE = """\
usage: bin/bench region [--instances N] [--services N]
                      the simulated Region with 3,000 container instances and 200 services, then with 3,000 agents
                      that hold their websockets: seconds, growth, memory
       bin/bench rollout [--hosts N] [--rounds N] [--simulated N...]
                      a rollout on real hosts against a conventional playbook, a shell script and pyinfra, and plans
                      of 1,000 and 3,000 simulated hosts: seconds, CPU, remote executions. Needs root"""

MODULES = {"region": "sandbox.region.bench", "rollout": "sandbox.bench.rollout"}
REQUIREMENT_SETS = ("sandbox",)


def main(arguments: Sequence[str]) -> int:
    console.terminate_as_interrupt()
    try:
        return dispatch(list(arguments))
    except console.Failure as error:
        return console.fail(error)
    except KeyboardInterrupt:
        return 130


def dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in MODULES:
        console.say(USAGE)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    end, python = newest_end()
    ready = environment(end, python, REQUIREMENT_SETS)
    command = [str(ready.bin / "python"), "-m", MODULES[arguments[0]], *arguments[1:]]
    env = variables.isolated(ready)
    if arguments[0] == "rollout" and not {"-h", "--help"} & set(arguments):
        machine.require_root("bin/bench rollout")
        machine.install_packages(machine.SANDBOX_PACKAGES)
        machine.prepare_hosts(["bookworm"])
        command += ["--pyinfra", str(plain_environment(python, ["bench"]) / "bin" / "pyinfra")]
    return console.execute(command, env=env, cwd=paths.ROOT)
