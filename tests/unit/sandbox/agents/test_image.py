# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that each host makes for its engine, over the engine's socket: no command `docker` is needed."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.agents import image


class Engine(socketserver.ThreadingUnixStreamServer):
    has_image = False
    said = '{"status":"Importing"}\n{"status":"sha256:0"}\n'

    def __init__(self, path: str) -> None:
        super().__init__(path, Handler)
        self.posts: list[tuple[str, bytes]] = []


class Handler(BaseHTTPRequestHandler):
    server: Engine

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: object) -> None:
        return

    def do_GET(self) -> None:
        self._reply(200 if self.server.has_image and self.path == "/images/demo/web:1/json" else 404, "{}")

    def do_POST(self) -> None:
        self.server.posts.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self._reply(200, self.server.said)

    def _reply(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(image, "SOCKET", str(tmp_path / "s"))
    monkeypatch.setattr(image, "archive", lambda: b"tar")
    with Engine(image.SOCKET) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


def test_a_missing_image_is_imported(engine: Engine) -> None:
    assert image.main(["demo/web:1"]) == 0
    ((target, body),) = engine.posts
    url = urlsplit(target)
    query = parse_qs(url.query)
    assert (url.path, body) == ("/images/create", b"tar")
    assert (query["repo"], query["tag"], query["fromSrc"]) == (["demo/web"], ["1"], ["-"])
    assert query["changes"] == list(image.CHANGES)


def test_an_image_that_is_there_stays(engine: Engine) -> None:
    engine.has_image = True
    assert image.main(["demo/web:1"]) == 0
    assert engine.posts == []


def test_an_error_is_told_whatever_the_status(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.said = '{"status":"Importing"}\n{"error":"no space left on device"}\n'
    assert image.main(["demo/web:1"]) == 1
    assert "no space left on device" in capsys.readouterr().err


def test_without_an_engine_it_fails_and_is_tried_again_by_its_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(image, "SOCKET", str(tmp_path / "none"))
    assert image.main(["demo/web:1"]) == 1
    assert "the engine does not answer" in capsys.readouterr().err
