# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ECS agent reduced to what a test says: its websockets, message by message."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from sandbox.agents.standin import sigv4, websocket, wire
from sandbox.region.testing import Host, RunningRegion

TIMEOUT = 5.0


def open_socket(region: RunningRegion, host: Host, path: str, **changes: Any) -> websocket.WebSocket:
    """ACS or TCS; `changes` are credentials or parts of the query."""
    names = ("clusterArn", "containerInstanceArn") if path == "/acs/ws" else ("cluster", "containerInstance")
    query = {names[0]: host.cluster, names[1]: host.container_instance, "agentVersion": "1.105.1", "seqNum": "1"}
    own = changes.pop("credentials", host.credentials)
    credentials = sigv4.Credentials(own.access_key, own.secret_key, own.token or "")
    canonical = sigv4.canonical_query({**query, **changes})
    host_header = wire.parse_url(region.url).netloc
    headers = sigv4.sign(
        {"Host": host_header}, path, b"", region.name, "ecs", credentials, method="GET", query=canonical
    )
    return websocket.connect(f"{region.url}{path}?{canonical}", headers, os.environ, TIMEOUT)


class Agent:
    """One websocket."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket

    def receive(self, kind: str, accept: Callable[[dict[str, Any]], bool] = lambda _message: True) -> dict[str, Any]:
        """The next message of a kind; others are passed over."""
        while True:
            text = self._socket.receive(TIMEOUT)
            assert text is not None, f"closed while waiting for {kind}"
            frame = json.loads(text)
            message: dict[str, Any] = frame["message"]
            if frame["type"] == kind and accept(message):
                return message

    def send(self, kind: str, **message: Any) -> None:
        self._socket.send(json.dumps({"type": kind, "message": message}))

    def ended(self) -> bool:
        """Read to the end; whether it was an orderly one."""
        try:
            while self._socket.receive(TIMEOUT) is not None:
                pass
        except wire.WireError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()
