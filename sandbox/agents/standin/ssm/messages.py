# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the agent hears of commands: a control channel to the message gateway, polls of the message service without one.

Sources: agent/{messageservice,session} of the public agent, which polls until its control channel is open, and again
when it is refused. The stand-in obeys nothing of what it hears.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import uuid
from contextlib import suppress
from typing import Any

from .. import aws, websocket, wire
from ..knobs import seconds
from ..log import Log
from ..release import VERSION
from ..sigv4 import Credentials
from . import service
from .vault import Registration

SCHEMA = "1.0"
PING = 300.0
# Before the next try to open the control channel.
PAUSE = 5.0
# The message service holds a poll back for twenty seconds.
POLL_TIMEOUT = 30.0
VISIBILITY = 10


class Listener:
    """Starts with the first credentials, and takes the latest for every connection."""

    def __init__(self, registration: Registration, log: Log) -> None:
        self._node = registration.instance_id
        self._region = registration.region
        self._log = log
        self._credentials: Credentials | None = None
        self._over = threading.Event()

    def stop(self) -> None:
        """Open no other channel, and poll no more."""
        self._over.set()

    def use(self, credentials: Credentials) -> None:
        first, self._credentials = self._credentials is None, credentials
        if first:
            threading.Thread(target=self._run, daemon=True).start()

    def _client(self, name: str, target: str = "") -> aws.Client:
        def current() -> Credentials:
            assert self._credentials is not None
            return self._credentials

        address = service.message_address(name, self._region)
        return aws.Client(name, target, self._region, address, current, agent_name=service.NAME)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._listen()
            except (aws.AwsError, websocket.Refused, wire.WireError, OSError):
                self._poll()
            self._over.wait(seconds("SSM_MESSAGES_PAUSE", PAUSE) * random.uniform(0.9, 1.1))

    def _listen(self) -> None:
        """Open the control channel, and hold it until the other side ends it."""
        path = "/v1/control-channel/" + self._node
        client = self._client("ssmmessages")
        asked = {"MessageSchemaVersion": SCHEMA, "RequestId": str(uuid.uuid4())}
        reply = client.post(path, asked).body.decode("utf-8", "replace")
        token = reply.partition("<TokenValue>")[2].partition("</TokenValue>")[0]
        address = service.message_address("ssmmessages", self._region).rstrip("/") + path
        channel = client.connect(address, {"role": "subscribe", "stream": "input"})
        try:
            opening: dict[str, Any] = {**asked, "TokenValue": token, "AgentVersion": VERSION, "PlatformType": "linux"}
            channel.send(json.dumps(opening))
            self._log.info("Set up control channel successfully")
            _hold(channel)
        finally:
            channel.close()

    def _poll(self) -> None:
        """One poll; that it cannot be made is told by the pings already."""
        asked = {
            "Destination": self._node,
            "MessagesRequestId": str(uuid.uuid4()),
            "VisibilityTimeoutInSeconds": VISIBILITY,
        }
        with suppress(aws.AwsError, wire.WireError, OSError):
            self._client("ec2messages", "EC2WindowsMessageDeliveryService").call("GetMessages", asked, POLL_TIMEOUT)


def _hold(channel: websocket.WebSocket) -> None:
    while True:
        try:
            if channel.receive(seconds("SSM_CHANNEL_PING", PING)) is None:
                return
        except wire.WireError as error:
            if not isinstance(error.__cause__, socket.timeout):
                raise
            channel.ping()
