# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""http://127.0.0.1:51678 says who this agent is: up only after registration, and happy even without a control plane.

A server of the same kind on port 51679 gives tasks the credentials of their roles.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import Any

from ..knobs import seconds
from ..log import Log
from .exits import RETRIED, AgentExit

PORT = 51678
CREDENTIALS_PORT = 51679


def pages(cluster: str, arn: str, version: str) -> dict[str, Any]:
    return {
        "/": {"AvailableCommands": ["/v1/metadata", "/v1/tasks", "/license"]},
        "/v1/metadata": {
            "Cluster": cluster,
            "ContainerInstanceArn": arn,
            "Version": f"Amazon ECS Agent - v{version} (sandbox)",
        },
        "/v1/tasks": {"Tasks": []},
    }


def answer(request: bytes, documents: dict[str, Any]) -> bytes:
    words = request.split(b"\r\n", 1)[0].decode("latin-1").split()
    path = words[1].partition("?")[0] if len(words) > 1 else ""
    found = documents.get(path)
    status = "200 OK" if found is not None else "404 Not Found"
    body = json.dumps(found if found is not None else documents.get("/", {"code": "NotFound"})).encode()
    head = "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    return (head % (status, len(body))).encode() + body


class Server:
    """A thread that waits in accept(): no cost while nobody asks."""

    def __init__(self, documents: dict[str, Any], log: Log, name: str = "introspection", port: int = PORT) -> None:
        self._documents = documents
        port = int(seconds(f"{name.upper()}_PORT", port))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", port))
            self._socket.listen(16)
        except OSError as error:
            self._socket.close()
            raise AgentExit(RETRIED, f"Error running {name} server on port {port}: {error}") from error
        log.info(f"{name.capitalize()} server on 127.0.0.1:{port}")
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                stream, _peer = self._socket.accept()
            except OSError:
                return
            try:
                with stream:
                    stream.settimeout(5)
                    stream.sendall(answer(self._read(stream), self._documents))
            except OSError:
                continue

    @staticmethod
    def _read(stream: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data and len(data) < 8192:
            chunk = stream.recv(4096)
            if not chunk:
                break
            data += chunk
        return data

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
