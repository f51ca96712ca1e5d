# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bin/bench: figures of what this repository promises about size and speed."""

from __future__ import annotations

from collections.abc import Sequence

from . import console, paths
from .python import environment, newest_end

USAGE = """\
usage: bin/bench region [--instances N] [--services N]
                      the simulated Region with 3,000 container instances and 200 services, then with 3,000 agents
                      that hold their websockets: seconds, growth, memory"""

MODULES = {"region": "sandbox.region.bench"}
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
    return console.execute(command, cwd=paths.ROOT)
