# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forward proxy between a server and the clients that the agents and Python have."""

from __future__ import annotations

import asyncio
import http.server
import io
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import proxy
from sandbox.agents.standin import wire

pytestmark = pytest.mark.one_end

LOGIN = "edge:p@ss"
ENCODED = "edge:p%40ss"


class Handler(http.server.BaseHTTPRequestHandler):
    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = json.dumps({"path": self.path, "body": body.decode(), "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = _answer

    def log_message(self, *_arguments: Any) -> None:
        pass


class Standing:
    """A proxy and a server behind it."""

    def __init__(self, login: str) -> None:
        self.log = io.StringIO()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.loop = asyncio.new_event_loop()
        start = asyncio.start_server(proxy.Proxy(login, self.log).serve, "127.0.0.1", 0, limit=proxy.HEAD_LIMIT)
        self.proxy = self.loop.run_until_complete(start)
        self.address = f"127.0.0.1:{self.proxy.sockets[0].getsockname()[1]}"
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.threads = [
            threading.Thread(target=run, daemon=True) for run in (self.loop.run_forever, self.server.serve_forever)
        ]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        for thread in self.threads:
            thread.join()
        self.proxy.close()
        self.loop.close()

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@pytest.fixture(params=["", LOGIN])
def standing(request: pytest.FixtureRequest) -> Iterator[Standing]:
    one = Standing(request.param)
    yield one
    one.end()


def environment(standing: Standing, login: str = ENCODED) -> dict[str, str]:
    return {"HTTP_PROXY": f"http://{login}@{standing.address}"}


def test_the_agents_requests_go_through(standing: Standing) -> None:
    answer = wire.post(standing.url + "/x?y=1", {"X-Mine": "1"}, b"hello", environment(standing))
    said = json.loads(answer.body)
    assert (answer.status, said["path"], said["body"], said["headers"]["X-Mine"]) == (200, "/x?y=1", "hello", "1")
    assert "Proxy-Authorization" not in said["headers"]
    assert [(entry["method"], entry["status"]) for entry in standing.entries] == [("POST", 200)]


def test_the_agents_websockets_get_a_tunnel(standing: Standing) -> None:
    stream, answer, _rest = wire.upgrade(standing.url + "/ws", {"Upgrade": "websocket"}, environment(standing), 5)
    stream.close()
    assert (answer.status, json.loads(answer.body)["path"]) == (200, "/ws")
    assert standing.entries[0]["method"] == "CONNECT"
    assert "p@ss" not in standing.log.getvalue()


def test_python_goes_through(standing: Standing) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": f"http://{ENCODED}@{standing.address}"}))
    with opener.open(standing.url + "/file") as answer:
        assert json.loads(answer.read())["path"] == "/file"


def test_without_the_login_nothing_goes_through() -> None:
    one = Standing(LOGIN)
    try:
        answer = wire.post(one.url, {}, b"", environment(one, "edge:wrong"))
        assert answer.status == 407
        with pytest.raises(wire.WireError, match="status 407"):
            wire.upgrade(one.url, {}, {"HTTP_PROXY": f"http://{one.address}"}, 5)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": f"http://{one.address}"}))
        with pytest.raises(urllib.error.HTTPError, match="407"):
            opener.open(one.url)
        assert {entry["status"] for entry in one.entries} == {407}
    finally:
        one.end()


def test_what_is_not_there_and_what_makes_no_sense(standing: Standing) -> None:
    assert wire.post("http://127.0.0.1:1/", {}, b"", environment(standing)).status == 502
    for head in (b"GET /path HTTP/1.1\r\n\r\n", b"GET ftp://x/ HTTP/1.1\r\n\r\n", b"CONNECT :x HTTP/1.1\r\n\r\n"):
        with pytest.raises(proxy.Refused, match="Bad Request"):
            proxy.destination(proxy.parse(head))
    with pytest.raises(proxy.Refused):
        proxy.parse(b"nonsense\r\n\r\n")
