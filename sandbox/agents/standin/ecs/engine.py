# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker engine, asked over its socket: the stand-in starts no agent container, yet the engine must answer."""

from __future__ import annotations

import json
import socket

from ..knobs import at

SOCKET = "/var/run/docker.sock"


class EngineError(Exception):
    """The engine does not answer."""


def version(path: str = SOCKET, timeout: float = 10.0) -> str:
    """The engine's version, from `GET /version`."""
    data = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
            stream.settimeout(timeout)
            stream.connect(at(path))
            stream.sendall(b"GET /version HTTP/1.0\r\nHost: docker\r\n\r\n")
            for chunk in iter(lambda: stream.recv(65536), b""):
                data += chunk
        return str(json.loads(data.partition(b"\r\n\r\n")[2])["Version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(f"Cannot connect to the Docker daemon at unix://{path}: {error}") from error
