# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import engine_images
from ansible_collections.edgefleet.ecs.plugins.modules.engine_images import Engine, ImageError, ensure_images

ID = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64
LOGINS = {"example.net": {"username": "shop", "password": "hunter2"}}


class Server(socketserver.ThreadingUnixStreamServer):
    """An engine: its images by name, what a pull or a load brings, and what was asked of it."""

    def __init__(self, path: str) -> None:
        super().__init__(path, Handler)
        self.images: dict[str, str] = {}
        self.brings: dict[str, str] = {}
        self.error = ""
        self.asked: list[tuple[str, str]] = []
        self.logins: list[Any] = []
        self.bodies: list[bytes] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_arguments: Any) -> None:
        pass

    def address_string(self) -> str:
        return ""

    def do_GET(self) -> None:
        name = unquote(self.path.removeprefix("/images/").removesuffix("/json"))
        self.server.asked.append(("GET", name))
        known = self.server.images.get(name)
        self._say(200 if known else 404, [{"Id": known} if known else {"message": f"No such image: {name}"}])

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.server.asked.append((url.path, query.get("fromImage", "") + " " + query.get("tag", "")))
        login = self.headers.get("X-Registry-Auth")
        self.server.logins.append(json.loads(base64.urlsafe_b64decode(login)) if login else None)
        self.server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        if self.server.error.startswith("at once"):
            self._say(500, [{"message": self.server.error}])
            return
        self.server.images.update(self.server.brings)
        self._say(200, [{"status": "Pulling"}, {"error": self.server.error} if self.server.error else {"status": "ok"}])

    def _say(self, status: int, lines: list[dict[str, Any]]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"".join(json.dumps(line).encode() + b"\r\n" for line in lines))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(str(tmp_path / "sock")) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def engine(server: Server, tmp_path: Path) -> Engine:
    return Engine(5, str(tmp_path / "sock"))


def test_what_is_there_is_not_brought(server: Server, engine: Engine) -> None:
    server.images = {"example.net/till:1": ID}
    result = ensure_images(engine, [{"image": "example.net/till:1"}], {}, check_mode=False, remove=False)
    assert (result["changed"], result["images"]) == (False, {"example.net/till:1": ID})
    assert server.asked == [("GET", "example.net/till:1")]


def test_a_pull_with_a_login_of_its_registry_alone(server: Server, engine: Engine) -> None:
    server.brings = {"example.net/till:1": ID, "demo/web:1": OTHER}
    wanted = [{"image": "example.net/till:1"}, {"image": "demo/web:1", "id": OTHER}]
    result = ensure_images(engine, wanted, LOGINS, check_mode=False, remove=False)
    assert result["pulled"] == ["example.net/till:1", "demo/web:1"]
    assert result["images"] == server.brings
    assert [asked for asked in server.asked if asked[0] != "GET"] == [
        ("/images/create", "example.net/till 1"), ("/images/create", "demo/web 1"),
    ]  # fmt: skip
    assert server.logins == [{**LOGINS["example.net"], "serveraddress": "example.net"}, None]


def test_docker_hub_has_an_old_name_for_logins() -> None:
    login = engine_images.encoded({"username": "u", "password": "p"}, "docker.io")
    assert json.loads(base64.urlsafe_b64decode(login))["serveraddress"] == "https://index.docker.io/v1/"


def test_a_digest_takes_the_place_of_the_tag(server: Server, engine: Engine) -> None:
    name = f"example.net/till:1@{ID}"
    server.brings = {name: ID}
    ensure_images(engine, [{"image": name}], {}, check_mode=False, remove=False)
    assert ("/images/create", f"example.net/till {ID}") in server.asked


def test_check_mode_only_looks(server: Server, engine: Engine) -> None:
    wanted = [{"image": "a:1"}, {"image": "b:1", "archive": "/none"}]
    result = ensure_images(engine, wanted, {}, check_mode=True, remove=True)
    assert (result["changed"], result["pulled"], result["loaded"]) == (True, ["a:1"], ["b:1"])
    assert {method for method, _name in server.asked} == {"GET"}


def test_a_load_from_an_archive(server: Server, engine: Engine, tmp_path: Path) -> None:
    archive = tmp_path / "till.tar"
    archive.write_bytes(b"layers" * 1000)
    checksum = "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest()
    server.brings = {"shop/till:1": ID}
    item = {"image": "shop/till:1", "archive": str(archive), "checksum": checksum, "id": ID}
    result = ensure_images(engine, [item], {}, check_mode=False, remove=True)
    assert result["loaded"] == ["shop/till:1"]
    assert server.bodies == [b"layers" * 1000]
    assert not archive.exists()


def test_two_images_of_one_archive_are_loaded_once(server: Server, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "both.tar").write_bytes(b"x")
    server.brings = {"a:1": ID, "b:1": OTHER}
    items = [{"image": name, "archive": "files/both.tar"} for name in ("a:1", "b:1")]
    wanted = engine_images.placed([*items, {"image": "c:1"}], str(tmp_path))
    assert wanted[2] == {"image": "c:1"}
    result = ensure_images(engine, wanted[:2], {}, check_mode=False, remove=True)
    assert result["images"] == server.brings
    assert server.bodies == [b"x"]
    assert not (tmp_path / "both.tar").exists()


@pytest.mark.parametrize(
    ("error", "item", "message"),
    [
        ("manifest unknown", {"image": "a:1"}, "a:1: manifest unknown"),
        ("at once: no space left on device", {"image": "a:1"}, "a:1: the engine says 500: at once: no space left"),
        ("", {"image": "a:1"}, "a:1: what was pulled does not hold an image of this name"),
        ("", {"image": "b:1", "id": OTHER}, f"b:1: the image has the id {ID}, not {OTHER}"),
        ("", {"image": "a:1", "archive": "/none"}, "a:1: the host has no file /none"),
    ],
)
def test_what_went_wrong_is_told(
    server: Server, engine: Engine, error: str, item: dict[str, str], message: str
) -> None:
    server.error, server.brings = error, {"b:1": ID}
    with pytest.raises(ImageError) as raised:
        ensure_images(engine, [item], {}, check_mode=False, remove=False)
    assert message in str(raised.value)


def test_an_archive_with_another_checksum_never_reaches_the_engine(
    server: Server, engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "x.tar").write_bytes(b"x")
    item = {"image": "a:1", "archive": str(tmp_path / "x.tar"), "checksum": ID}
    with pytest.raises(ImageError, match="has the checksum"):
        ensure_images(engine, [item], {}, check_mode=False, remove=True)
    assert server.bodies == []
    assert (tmp_path / "x.tar").exists()


def test_no_engine(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="does not answer"):
        Engine(1, str(tmp_path / "none")).image_id("a:1")


def test_logins_are_checked_without_being_shown() -> None:
    errors = engine_images.login_errors({**LOGINS, "x": "hunter2", "y": {"username": "u"}, "z": {"username": 1}})
    assert len(errors) == 3
    assert "hunter2" not in " ".join(errors)
