# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small websocket client (RFC 6455): the handshake, text messages, pings and the close."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import threading
from collections.abc import Mapping

from . import wire

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
LARGEST = 16 * 2**20


class Refused(Exception):
    """The other side answered the handshake with something else than a websocket."""

    def __init__(self, response: wire.Response) -> None:
        super().__init__(f"status {response.status}: {response.body.decode('utf-8', 'replace')}")
        self.response = response


def encode(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """One final frame, masked as those of clients must be."""
    length = len(payload)
    head = bytes((0x80 | opcode,))
    if length < 126:
        head += bytes((0x80 | length,))
    elif length < 65536:
        head += b"\xfe" + length.to_bytes(2, "big")
    else:
        head += b"\xff" + length.to_bytes(8, "big")
    return head + mask + apply_mask(payload, mask)


def apply_mask(payload: bytes, mask: bytes) -> bytes:
    length = len(payload)
    stream = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(length, "big")


class WebSocket:
    """An open connection; `receive` is for one thread, `send` for any."""

    def __init__(self, stream: socket.socket, early: bytes) -> None:
        self._stream = stream
        self._data = early
        self._lock = threading.Lock()

    def _take(self, count: int) -> bytes:
        while len(self._data) < count:
            chunk = self._stream.recv(65536)
            if not chunk:
                raise wire.WireError("EOF")
            self._data += chunk
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def _frame(self) -> tuple[int, bool, bytes]:
        first, second = self._take(2)
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(self._take(2 if length == 126 else 8), "big")
        if length > LARGEST:
            raise wire.WireError(f"a frame of {length} bytes")
        mask = self._take(4) if second & 0x80 else b""
        payload = self._take(length)
        return first & 0x0F, bool(first & 0x80), apply_mask(payload, mask) if mask else payload

    def _write(self, opcode: int, payload: bytes) -> None:
        with self._lock:
            self._stream.sendall(encode(opcode, payload, os.urandom(4)))

    def send(self, text: str) -> None:
        try:
            self._write(_TEXT, text.encode())
        except OSError as error:
            raise wire.WireError(str(error)) from error

    def ping(self) -> None:
        try:
            self._write(_PING, b"keepalive")
        except OSError as error:
            raise wire.WireError(str(error)) from error

    def receive(self, timeout: float) -> str | None:
        """The next message; None when the other side has closed in order. WireError for any other end."""
        try:
            self._stream.settimeout(timeout)
            return self._receive()
        except OSError as error:
            raise wire.WireError(str(error)) from error

    def _receive(self) -> str | None:
        message = b""
        while True:
            opcode, final, payload = self._frame()
            if opcode == _PING:
                self._write(_PONG, payload)
            elif opcode == _CLOSE:
                self._write(_CLOSE, payload[:2])
                return None
            elif opcode != _PONG:
                message += payload
                if final:
                    return message.decode("utf-8", "replace")

    def close(self) -> None:
        try:
            self._write(_CLOSE, (1000).to_bytes(2, "big"))
            self._stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._stream.close()


def connect(address: str, headers: Mapping[str, str], environ: Mapping[str, str], timeout: float = 30.0) -> WebSocket:
    """Open a websocket at http(s)://...; WireError when nobody answers, Refused for an answer that is no websocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = {
        **headers,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }
    stream, response, early = wire.upgrade(address, upgrade, environ, timeout)
    expected = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()
    if response.status != 101 or response.headers.get("sec-websocket-accept") != expected:
        stream.close()
        raise Refused(response)
    return WebSocket(stream, early)
