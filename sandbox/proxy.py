# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A forward proxy for hosts that have no other way out: python -m sandbox.proxy.

CONNECT makes a tunnel; a request with an absolute URI is passed on, one a connection. Everything that was asked for
goes to the log, one JSON object a line, and nothing of the login.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hmac
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

HEAD_LIMIT = 1 << 16
PATIENCE = 30.0
HOP_BY_HOP = ("proxy-authorization", "proxy-connection", "connection", "keep-alive")


class Refused(Exception):
    """What the client is told instead of what it asked for."""

    def __init__(self, status: int, reason: str, *headers: str) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers


@dataclass
class Request:
    method: str
    target: str
    headers: list[tuple[str, str]]

    def header(self, wanted: str) -> str:
        return next((value for name, value in self.headers if name.lower() == wanted), "")


def parse(head: bytes) -> Request:
    first, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3:
        raise Refused(400, "Bad Request")
    pairs = (line.partition(":") for line in rest)
    return Request(words[0], words[1], [(name.strip(), value.strip()) for name, _colon, value in pairs])


def destination(request: Request) -> tuple[str, int, str]:
    """Host and port to connect to, and the path that is asked for there (none of a tunnel)."""
    tunnel = request.method == "CONNECT"
    try:
        url = urlsplit(f"//{request.target}" if tunnel else request.target)
        host, port = url.hostname, url.port or 80
    except ValueError:
        raise Refused(400, "Bad Request") from None
    if not host or (not tunnel and url.scheme != "http"):
        raise Refused(400, "Bad Request")
    return host, port, "" if tunnel else (url.path or "/") + (f"?{url.query}" if url.query else "")


def passed_on(request: Request, path: str) -> bytes:
    """The request as its destination gets it; the connection ends with the answer."""
    kept = [f"{name}: {value}" for name, value in request.headers if name.lower() not in HOP_BY_HOP]
    return "\r\n".join([f"{request.method} {path} HTTP/1.1", *kept, "Connection: close", "", ""]).encode("latin-1")


class Proxy:
    def __init__(self, login: str = "", log: IO[str] = sys.stdout) -> None:
        self._wanted = "Basic " + base64.b64encode(login.encode()).decode() if login else ""
        self._log = log

    def _check(self, request: Request) -> None:
        given = request.header("proxy-authorization")
        if self._wanted and not hmac.compare_digest(given.encode(), self._wanted.encode()):
            raise Refused(407, "Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="edgefleet"')

    def _note(self, client: str, request: Request | None, status: int) -> None:
        asked = {"method": request.method, "target": request.target} if request else {}
        print(json.dumps({"time": round(time.time(), 3), "client": client, **asked, "status": status}), file=self._log)
        self._log.flush()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, request = writer.get_extra_info("peername")[0], None
        try:
            request = parse(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE))
            self._check(request)
            await self._pass(client, request, reader, writer)
        except Refused as refusal:
            self._note(client, request, refusal.status)
            await _refuse(writer, refusal)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # whoever went away needs no answer
        finally:
            await _close(writer)

    async def _pass(
        self, client: str, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        host, port, path = destination(request)
        try:
            there = await asyncio.wait_for(asyncio.open_connection(host, port), PATIENCE)
        except (OSError, TimeoutError):
            raise Refused(502, "Bad Gateway") from None
        self._note(client, request, 200)
        if path:
            there[1].write(passed_on(request, path))
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await _both_ways(reader, writer, *there)
        finally:
            await _close(there[1])


async def _refuse(writer: asyncio.StreamWriter, refusal: Refused) -> None:
    lines = [f"HTTP/1.1 {refusal.status} {refusal.reason}", *refusal.headers, "Content-Length: 0", "Connection: close"]
    with contextlib.suppress(OSError):
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(HEAD_LIMIT):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def _both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    from_there: asyncio.StreamReader,
    to_there: asyncio.StreamWriter,
) -> None:
    """Until the answer has ended. A client that has said all it had to say may still wait for it."""
    sending = asyncio.ensure_future(_pump(reader, to_there))
    try:
        await _pump(from_there, writer)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def run(address: str, port: int, login: str, log: IO[str]) -> None:
    server = await asyncio.start_server(Proxy(login, log).serve, address, port, limit=HEAD_LIMIT)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.proxy", description=__doc__.splitlines()[0])
    parser.add_argument("--listen", default="198.18.0.1:3128", metavar="ADDRESS:PORT")
    parser.add_argument("--login-file", type=Path, help="file with USER:PASSWORD that clients must give")
    parser.add_argument("--log", type=Path, help="file for what went through, instead of standard output")
    chosen = parser.parse_args()
    address, _colon, port = chosen.listen.rpartition(":")
    login = chosen.login_file.read_text().strip() if chosen.login_file else ""
    log = chosen.log.open("a") if chosen.log else sys.stdout
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(address, int(port), login, log))


if __name__ == "__main__":
    main()
