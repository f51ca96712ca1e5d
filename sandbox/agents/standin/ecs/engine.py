# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker engine, asked over its socket: the stand-in starts no agent container, yet the engine must answer."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

from ..knobs import at

SOCKET = "/var/run/docker.sock"
# What every engine since 19.03 understands, and the newest ones still do.
API = "/v1.40"


class EngineError(Exception):
    """The engine does not answer, or refuses."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def _exchange(path: str, request: bytes, timeout: float) -> tuple[int, bytes]:
    data = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
            stream.settimeout(timeout)
            stream.connect(at(path))
            stream.sendall(request)
            for chunk in iter(lambda: stream.recv(65536), b""):
                data += chunk
        head, _separator, body = data.partition(b"\r\n\r\n")
        return int(head.split()[1]), body
    except (OSError, ValueError, IndexError) as error:
        raise EngineError(f"Cannot connect to the Docker daemon at unix://{path}: {error}") from error


def call(method: str, path: str, body: Mapping[str, Any] | None = None, timeout: float = 60.0) -> Any:
    """The decoded reply of the engine; EngineError with its message and status when it refuses.

    HTTP/1.0, so that the engine closes the connection at the end and nothing is in chunks.
    """
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {API}{path} HTTP/1.0\r\nHost: docker\r\n"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    status, reply = _exchange(SOCKET, head.encode() + b"\r\n" + content, timeout)
    try:
        decoded = json.loads(reply) if reply.strip() else {}
    except ValueError:
        decoded = {"message": reply.decode("utf-8", "replace").strip()}
    if status >= 400:
        message = decoded.get("message") if isinstance(decoded, dict) else None
        raise EngineError(str(message or f"status {status}"), status)
    return decoded


def version(path: str = SOCKET, timeout: float = 10.0) -> str:
    """The engine's version, from `GET /version`."""
    _status, body = _exchange(path, b"GET /version HTTP/1.0\r\nHost: docker\r\n\r\n", timeout)
    try:
        return str(json.loads(body)["Version"])
    except (ValueError, KeyError, TypeError) as error:
        raise EngineError(f"Cannot connect to the Docker daemon at unix://{path}: {error}") from error
