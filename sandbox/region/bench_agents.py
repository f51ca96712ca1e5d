# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many agents at once, for bench.py: registered hosts, each with its websockets to ACS and TCS, in one event loop."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from sandbox.agents.standin import sigv4, websocket

from .testing import Host

_TEXT, _CLOSE = 1, 8
_MASK = b"\0\0\0\0"
# What an agent answers, by what it is told.
_ANSWERS = {"HeartbeatMessage": "HeartbeatAckRequest", "PayloadMessage": "AckRequest"}
_PATHS = {"/acs/ws": ("clusterArn", "containerInstanceArn"), "/tcs/ws": ("cluster", "containerInstance")}
# Handshakes under way at the same time, as of a fleet whose link has just come back.
_AT_ONCE = 100


def _request(url: str, region: str, host: Host, path: str) -> bytes:
    """The signed handshake."""
    cluster, instance = _PATHS[path]
    query = {cluster: host.cluster, instance: host.container_instance, "agentVersion": "1.105.1", "seqNum": "1"}
    canonical = sigv4.canonical_query(query)
    own, netloc = host.credentials, urlsplit(url).netloc
    credentials = sigv4.Credentials(own.access_key, own.secret_key, own.token or "")
    headers = sigv4.sign({"Host": netloc}, path, b"", region, "ecs", credentials, method="GET", query=canonical)
    headers.update(
        {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        }
    )
    lines = [f"GET {path}?{canonical} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, length = await reader.readexactly(2)
    if length > 125:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
    return first & 0x0F, await reader.readexactly(length)


class Agents:
    """Agents that hold their websockets, acknowledge what they are told and count it."""

    def __init__(self, url: str, region: str, hosts: Sequence[Host]) -> None:
        self._url = url
        self._region = region
        self._hosts = hosts
        self._loop = asyncio.new_event_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self.open = 0
        self.told: dict[str, int] = {}

    def connect(self, path: str) -> None:
        """Open one websocket a host, so many at a time."""
        self._loop.run_until_complete(self._connect(path))

    def wait(self, kind: str, count: int, timeout: float = 120.0) -> None:
        """Until so many messages of a kind have come."""
        deadline = time.monotonic() + timeout
        while self.told.get(kind, 0) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.told.get(kind, 0)} of {count} {kind}")
            self._loop.run_until_complete(asyncio.sleep(0.02))

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()

    async def _connect(self, path: str) -> None:
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(host: Host) -> None:
            async with limit:
                reader, writer = await self._handshake(_request(self._url, self._region, host, path))
            self._tasks.append(self._loop.create_task(self._live(reader, writer, host)))

        await asyncio.gather(*(one(host) for host in self._hosts))

    async def _handshake(self, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = urlsplit(self._url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise RuntimeError(head.decode("latin-1"))
        self.open += 1
        return reader, writer

    async def _live(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: Host) -> None:
        try:
            while True:
                opcode, payload = await _frame(reader)
                if opcode == _CLOSE:
                    return
                if opcode == _TEXT:
                    self._hear(json.loads(payload), writer, host)
        except asyncio.IncompleteReadError:
            return
        finally:
            self.open -= 1
            writer.close()

    def _hear(self, frame: dict[str, Any], writer: asyncio.StreamWriter, host: Host) -> None:
        kind = frame["type"]
        self.told[kind] = self.told.get(kind, 0) + 1
        if kind in _ANSWERS:
            about = {"cluster": host.cluster, "containerInstance": host.container_instance}
            message = {**about, "messageId": frame["message"].get("messageId")}
            text = json.dumps({"type": _ANSWERS[kind], "message": message})
            writer.write(websocket.encode(_TEXT, text.encode(), _MASK))


def joined(hosts: Iterable[Host], cluster: str) -> None:
    """Register hosts with ECS as agents of their own, which the Region does not play."""
    for host in hosts:
        host.register(
            cluster,
            versionInfo={"agentVersion": "1.105.1"},
            totalResources=[
                {"name": "CPU", "type": "INTEGER", "integerValue": 2048},
                {"name": "MEMORY", "type": "INTEGER", "integerValue": 3904},
            ],
        )
        host.close()
