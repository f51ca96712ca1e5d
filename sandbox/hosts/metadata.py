# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's instance metadata service, version 2 alone, for all hosts that are instances.

It stands outside of the hosts, as AWS's does: who asks is known by his address. Whoever is no instance finds a closed
door. Paths and headers: "Use the Instance Metadata Service" in the EC2 User Guide.
"""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .topology import METADATA_ADDRESS

_TOKEN = "X-aws-ec2-metadata-token"  # noqa: S105 - the name of a header
_LONGEST = 21600

Pages = Mapping[str, str]


def listing(pages: Pages, folder: str) -> str | None:
    """What lies in a folder, folders with a slash at their end; None where there is no such folder."""
    start = f"{folder}/" if folder else ""
    names = {path[len(start) :] for path in pages if path.startswith(start)}
    found = {name.partition("/")[0] + ("/" if "/" in name else "") for name in names}
    return "\n".join(sorted(found)) if found else None


def look_up(pages: Pages, path: str) -> str | None:
    """A page, or the listing of a folder."""
    name = path.strip("/")
    return pages[name] if name in pages else listing(pages, name)


class Tokens:
    """Tokens of sessions: each is good for the instance that asked for it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._ends: dict[tuple[str, str], float] = {}

    def make(self, address: str, lifetime: str) -> str | None:
        """None when the lifetime is not one."""
        if not lifetime.isdigit() or not 1 <= int(lifetime) <= _LONGEST:
            return None
        now = self._now()
        self._ends = {key: end for key, end in self._ends.items() if end > now}
        token = secrets.token_urlsafe(32)
        self._ends[(address, token)] = now + int(lifetime)
        return token

    def valid(self, address: str, token: str) -> bool:
        return self._ends.get((address, token), 0.0) > self._now()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    server: _Server

    def do_PUT(self) -> None:  # noqa: N802 - http.server's name
        if self.server.pages_of(self._address) is None:
            self._hang_up()
        elif self.path != "/latest/api/token":
            self._answer(404, "")
        else:
            token = self.server.tokens.make(self._address, self.headers.get(f"{_TOKEN}-ttl-seconds", ""))
            self._answer(200 if token else 400, token or "")

    def do_GET(self) -> None:  # noqa: N802
        pages = self.server.pages_of(self._address)
        if pages is None:
            self._hang_up()
        elif not self.server.tokens.valid(self._address, self.headers.get(_TOKEN, "")):
            self._answer(401, "")
        else:
            start, latest, path = self.path.partition("?")[0].partition("/latest")
            text = look_up(pages, path) if latest and not start else None
            self._answer(404 if text is None else 200, text or "")

    @property
    def _address(self) -> str:
        return str(self.client_address[0])

    def _answer(self, status: int, text: str) -> None:
        body = text.encode("latin-1", "replace")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:
        return


class _Server(ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], pages_of: Callable[[str], Pages | None]) -> None:
        self.pages_of = pages_of
        self.tokens = Tokens()
        super().__init__(address, _Handler)


def start(pages_of: Callable[[str], Pages | None], address: tuple[str, int] = (METADATA_ADDRESS, 80)) -> _Server:
    """Serve in a thread. `pages_of` gives the pages of the instance at an address, None where no instance is."""
    server = _Server(address, pages_of)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
