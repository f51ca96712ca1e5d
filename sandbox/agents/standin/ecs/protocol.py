# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a registered agent stays in touch with the control plane.

The real agent calls DiscoverPollEndpoint and then holds two websockets (ACS and TCS). Until the simulated Region speaks
these, the stand-in repeats DiscoverPollEndpoint as its heartbeat. Nothing outside this module knows that: a client of
the websockets replaces `run`.
"""

from __future__ import annotations

import random
import time

from .. import aws, wire
from ..knobs import seconds
from ..log import Log
from .state import State

HEARTBEAT = 5.0
# After "you are not registered" the real agent stays up and asks again once an hour.
INACTIVE_PAUSE = 3600.0


def _beat(client: aws.Client, state: State) -> tuple[str, bool]:
    """(error text or empty, whether the service says that this instance is gone)."""
    try:
        client.call(
            "DiscoverPollEndpoint",
            {"containerInstance": state.container_instance_arn, "cluster": state.cluster},
            timeout=5.0,
        )
    except aws.AwsError as error:
        gone = (
            "not registered" in error.message
            or "INACTIVE" in error.message
            or error.code == "InactiveInstanceException"
        )
        return str(error), gone
    except wire.WireError as error:
        return str(error), False
    return "", False


def run(client: aws.Client, state: State, log: Log) -> None:
    """Never returns; speaks up only when the link changes."""
    connected = None
    while True:
        problem, gone = _beat(client, state)
        if connected is not (not problem):
            connected = not problem
            if connected:
                log.info("Connected to the control plane")
            else:
                log.warn("Disconnected from the control plane: " + problem)
        if gone:
            time.sleep(seconds("ECS_INACTIVE_PAUSE", INACTIVE_PAUSE))
        else:
            # A little disorder, or a fleet that booted together would call together for ever.
            time.sleep(seconds("ECS_HEARTBEAT", HEARTBEAT) * random.uniform(0.9, 1.1))
