# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's root in a directory, a service that answers from a script, an engine on a socket."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parents[4]
INSTANCE = "mi-0123456789abcdef0"
ARN = "arn:aws:ecs:us-west-2:111122223333:container-instance/edge/0123456789abcdef0123456789abcdef"

Reply = tuple[int, dict[str, Any]]


class Call(NamedTuple):
    action: str
    headers: dict[str, str]
    body: dict[str, Any]
    target: str


def wait_for(condition: Callable[[], Any], what: str, timeout: float = 60.0) -> Any:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {timeout} s: {what}")


class Service:
    """Answers each action from its list of replies; the last one is repeated."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.replies: dict[str, list[Reply | Callable[[dict[str, Any]], Reply]]] = {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.handle(self)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        # Services with paths name no target.
        action = (request.headers["X-Amz-Target"] or request.path).rpartition(".")[2]
        self.calls.append(
            Call(action, {key.lower(): value for key, value in request.headers.items()}, body, request.path)
        )
        script = self.replies.get(action) or [(501, {"__type": "NotScripted"})]
        reply = script.pop(0) if len(script) > 1 else script[0]
        status, answer = reply(body) if callable(reply) else reply
        content = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def actions(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.action == name]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Host:
    """A host's file system, and the agents run against it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {"PATH": f"{root}/bin:{os.environ['PATH']}", "EDGEFLEET_STANDIN_ROOT": str(root)}
        self._processes: list[subprocess.Popen[str]] = []

    def path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def write(self, name: str, content: str) -> None:
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(content, encoding="utf-8")

    def json(self, name: str) -> Any:
        return json.loads(self.path(name).read_text(encoding="utf-8"))

    def knob(self, **values: object) -> None:
        self.environment.update({f"EDGEFLEET_STANDIN_{name}": str(value) for name, value in values.items()})

    def _command(self, module: str, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", f"sandbox.agents.standin.{module}", *arguments]

    def run(self, module: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(module, arguments),
            cwd=REPOSITORY,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def ssm(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self.run("ssm.cli", *arguments, stdin=stdin)

    def start(self, module: str, *arguments: str) -> subprocess.Popen[str]:
        output = open(self.root / f"{module}.out", "w", encoding="utf-8")  # noqa: SIM115
        with output:
            process = subprocess.Popen(
                self._command(module, arguments),
                cwd=REPOSITORY,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self._processes.append(process)
        return process

    def output(self, module: str) -> str:
        return (self.root / f"{module}.out").read_text(encoding="utf-8")

    def stop(self, process: subprocess.Popen[str]) -> None:
        process.terminate()
        process.wait(10)

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait(10)


@pytest.fixture(scope="session")
def quick_openssl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An openssl whose new keys are all the same one: making a key takes half a second."""
    directory = tmp_path_factory.mktemp("openssl")
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(directory / "key")],
        capture_output=True,
        check=True,
    )
    program = directory / "openssl"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = genpkey ] && exec cat {directory}/key\nexec {shutil.which("openssl")} "$@"\n'
    )
    program.chmod(0o755)
    return program


@pytest.fixture
def host(quick_openssl: Path) -> Iterator[Host]:
    # Not tmp_path: the engine's socket lies below, and the name of a socket has 107 characters at most.
    root = Path(tempfile.mkdtemp(prefix="host-"))
    made = Host(root)
    made.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    made.path("bin").mkdir()
    made.path("bin/openssl").symlink_to(quick_openssl)
    made.knob(REGISTER_DELAY_SCALE=0.01, SSM_BACKOFF_SCALE=0.05, ECS_HEARTBEAT=0.1, ECS_PAUSE_SCALE=0.1)
    yield made
    made.close()
    shutil.rmtree(root)


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


@pytest.fixture
def ssm_host(host: Host, service: Service) -> Host:
    """A host whose SSM agent talks to the service, which takes every activation."""
    host.write("/etc/amazon/ssm/amazon-ssm-agent.json", json.dumps({"Ssm": {"Endpoint": service.url}}))
    service.replies["RegisterManagedInstance"] = [(200, {"InstanceId": INSTANCE})]
    return host


class Engine:
    """`GET /version` on a Unix socket."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                stream, _peer = self._socket.accept()
            except OSError:
                return
            with stream:
                stream.recv(4096)
                stream.sendall(b'HTTP/1.0 200 OK\r\n\r\n{"Version": "20.10.24"}')

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def engine(host: Host) -> Iterator[Engine]:
    made = Engine(host.path("/var/run/docker.sock"))
    yield made
    made.close()


def free_port() -> int:
    """Below the ports that the kernel gives to connections, of which one could take it before its owner does."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port among a hundred")


@pytest.fixture
def ecs_host(host: Host, service: Service, engine: Engine) -> Host:
    """A host with rotated credentials, an engine and a good ecs.config; the service echoes what is registered."""

    def register(body: dict[str, Any]) -> Reply:
        return 200, {"containerInstance": {"containerInstanceArn": ARN, "attributes": body["attributes"]}}

    service.replies["RegisterContainerInstance"] = [register]
    service.replies["DiscoverPollEndpoint"] = [(200, {"endpoint": service.url, "telemetryEndpoint": service.url})]
    host.write("/root/.aws/credentials", "[default]\naws_access_key_id = ASIAROTATED\naws_secret_access_key = s\n")
    host.write(
        "/var/lib/ecs/ecs.config", f"AWS_DEFAULT_REGION=us-west-2\nECS_EXTERNAL=true\nECS_BACKEND_HOST={service.url}\n"
    )
    host.write("/etc/ecs/ecs.config", "ECS_CLUSTER=edge\n")
    # What systemd's EnvironmentFile= would have put there.
    host.environment["ECS_EXTERNAL"] = "true"
    host.knob(INTROSPECTION_PORT=free_port(), CREDENTIALS_PORT=free_port())
    return host
