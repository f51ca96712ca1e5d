# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent.db: what the agent remembers between starts. The real file is a bolt database; here it is JSON."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from ..files import read_json, write_atomic
from ..knobs import at
from .exits import TERMINAL, AgentExit

STATE_FILE = "/var/lib/ecs/data/agent.db"


class State(NamedTuple):
    cluster: str = ""
    container_instance_arn: str = ""


def load() -> State:
    found = read_json(at(STATE_FILE))
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
