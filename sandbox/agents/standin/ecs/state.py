# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent.db: what the agent remembers between starts. The real file is a bolt database; here it is JSON."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from ..files import read_text, write_atomic
from ..knobs import at
from .exits import RETRIED, TERMINAL, AgentExit

STATE_FILE = "/var/lib/ecs/data/agent.db"


class State(NamedTuple):
    cluster: str = ""
    container_instance_arn: str = ""


def load() -> State:
    """A file that is no database ends the agent with 1, again and again: aws/amazon-ecs-agent#4119."""
    content = read_text(at(STATE_FILE))
    try:
        found = json.loads(content) if content is not None else {}
        if not isinstance(found, dict):
            raise ValueError("no object")
    except ValueError as error:
        raise AgentExit(
            RETRIED, "Error loading previously saved state: failed to load previous data from BoltDB: invalid database"
        ) from error
    return State(str(found.get("Cluster") or ""), str(found.get("ContainerInstanceArn") or ""))


def save(state: State, version: str) -> None:
    content = {"Cluster": state.cluster, "ContainerInstanceArn": state.container_instance_arn, "AgentVersion": version}
    os.makedirs(os.path.dirname(at(STATE_FILE)), exist_ok=True)
    write_atomic(at(STATE_FILE), json.dumps(content))


def check_cluster(saved: State, configured: str) -> None:
    """Compared as text, so that a name and its ARN are two clusters."""
    if saved.cluster and configured and saved.cluster != configured:
        raise AgentExit(
            TERMINAL,
            f"Data mismatch; saved cluster '{saved.cluster}' does not match configured cluster '{configured}'. "
            "Perhaps you want to delete the configured checkpoint file?",
        )
