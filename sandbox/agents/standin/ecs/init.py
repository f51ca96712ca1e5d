# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of /usr/libexec/amazon-ecs-init: the actions that ecs.service calls."""

from __future__ import annotations

import os
import random
import sys
import time

from ..knobs import seconds
from ..log import Log
from . import engine, nat
from .exits import RETRIED, STOPPED, TERMINAL

LOG_FILE = "/var/log/ecs/ecs-init.log"
# Backoff between lives of the agent: doubled up to the longest.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0


def running_external() -> bool:
    """Compared as text with systemd's reading of ecs.config: `True` is not external for ecs-init."""
    return os.environ.get("ECS_EXTERNAL") == "true"


def pre_start(log: Log) -> int:
    log.info("pre-start")
    try:
        nat.enable()
        engine.version()
    except (nat.NatError, engine.EngineError) as error:
        log.error(str(error))
        return RETRIED
    return STOPPED


def start(log: Log) -> int:
    """The agent starts again after every exit but 0 and 5; the unit looks active all the while."""
    from . import agent

    pause = FIRST_PAUSE
    while True:
        log.info("Starting Amazon Elastic Container Service Agent")
        begun = time.monotonic()
        code = agent.run(running_external())
        log.info(f"Agent exited with code {code}")
        if code == STOPPED:
            return STOPPED
        if code == TERMINAL:
            log.error("agent exited with terminal exit code")
            return TERMINAL
        if time.monotonic() - begun > 60:
            pause = FIRST_PAUSE
        time.sleep(pause * seconds("ECS_PAUSE_SCALE", 1.0) * random.uniform(0.9, 1.1))
        pause = min(pause * 2, LONGEST_PAUSE)


def stop(log: Log) -> int:
    """Nothing to do here: systemd ends the process, and the state on disk is always whole."""
    log.info("stop")
    return STOPPED


def post_stop(log: Log) -> int:
    log.info("post-stop")
    nat.disable()
    return STOPPED


ACTIONS = {"pre-start": pre_start, "start": start, "stop": stop, "pre-stop": stop, "post-stop": post_stop}


def main(arguments: list[str]) -> int:
    action = ACTIONS.get(arguments[0]) if arguments else None
    if action is None:
        print("Usage: amazon-ecs-init ACTION\n\n Available actions:\n  " + "\n  ".join(sorted(ACTIONS)))
        return 1
    return action(Log("ecs-init", LOG_FILE))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
