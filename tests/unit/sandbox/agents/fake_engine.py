# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of the Docker engine as the stand-in agent asks for, on a Unix socket; its containers are but entries."""

from __future__ import annotations

import json
import re
import socketserver
import threading
import uuid
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, Any]


class FakeEngine:
    """Images that are there, containers with their creation bodies and states."""

    def __init__(self, path: Path, *images: str) -> None:
        self.images = set(images)
        self.containers: dict[str, dict[str, Any]] = {}
        self.removed: list[str] = []
        self.refuse_start = ""
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def address_string(self) -> str:
                return "unix"

            def log_message(self, format: str, *args: Any) -> None:
                return

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                status, reply = engine.answer(self.command, self.path, body)
                self.send_response(status)
                self.end_headers()
                if reply is not None:
                    self.wfile.write(json.dumps(reply).encode())

            do_GET = do_POST = do_DELETE = _answer

        path.parent.mkdir(parents=True, exist_ok=True)
        self._server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def answer(self, method: str, target: str, body: dict[str, Any]) -> Reply:
        url = urlsplit(target)
        path = re.sub(r"^/v1\.\d+", "", url.path)
        if path == "/version":
            return 200, {"Version": "20.10.24"}
        if path.startswith("/images/"):
            return self._image(method, path.removeprefix("/images/").removesuffix("/json"))
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        return self._container(method, path.removeprefix("/containers/"), query, body)

    def _image(self, method: str, image: str) -> Reply:
        if method == "POST":
            return 404, {"message": "pull access denied, repository does not exist"}
        return (200, {"Id": image}) if image in self.images else (404, {"message": f"No such image: {image}"})

    def _container(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
        if path == "create":
            identifier = uuid.uuid4().hex
            self.containers[identifier] = {"body": body, "name": query["name"], "running": False, "exit": 0}
            return 201, {"Id": identifier}
        if path == "json":
            label = json.loads(query["filters"])["label"][0].split("=", 1)
            labels = {one: found["body"]["Labels"] for one, found in self.containers.items()}
            mine = {one: own for one, own in labels.items() if own.get(label[0]) == label[1]}
            return 200, [{"Id": one, "Labels": own} for one, own in mine.items()]
        identifier, _slash, verb = path.partition("/")
        found = self.containers.get(identifier)
        if found is None:
            return 404, {"message": f"No such container: {identifier}"}
        return self._act(method, identifier, verb, found)

    def _act(self, method: str, identifier: str, verb: str, found: dict[str, Any]) -> Reply:
        if method == "DELETE":
            self.removed.append(identifier)
            del self.containers[identifier]
            return 204, None
        if verb == "json":
            ports = {
                port: [{"HostIp": "0.0.0.0", "HostPort": wanted[0]["HostPort"] or "32768"}]
                for port, wanted in found["body"]["HostConfig"].get("PortBindings", {}).items()
            }
            state = {"Running": found["running"], "ExitCode": found["exit"]}
            return 200, {"Id": identifier, "State": state, "NetworkSettings": {"Ports": ports}}
        if verb == "start" and self.refuse_start:
            return 500, {"message": self.refuse_start}
        found["running"] = verb == "start"
        found["exit"] = 143 if verb == "stop" else 0
        return 204, None

    def exit(self, name: str, code: int) -> None:
        """A container ends by itself."""
        container = next(one for one in self.containers.values() if name in one["name"])
        container.update(running=False, exit=code)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
