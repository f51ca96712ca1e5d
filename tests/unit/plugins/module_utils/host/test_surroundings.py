# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host reaches, against servers, proxies and a metadata service on this machine."""

from __future__ import annotations

import ast
import datetime
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import surroundings
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

pytestmark = pytest.mark.one_end

PROGRAM = Path(str(surroundings.__file__))
OK = "HTTP/1.1 400 Bad Request\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n"
Server = Callable[..., "Listener"]


class Listener:
    """Answers every connection in the same way, and keeps what it was told."""

    def __init__(self, answers: list[str], context: ssl.SSLContext | None = None) -> None:
        self.told: list[str] = []
        self._answers, self._context = answers, context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                if self._context:
                    connection = self._context.wrap_socket(connection, server_side=True)
                for answer in self._answers:
                    self.told.append(connection.recv(4096).decode(errors="replace"))
                    connection.sendall(answer.format(date=formatdate(usegmt=True)).encode())
            except OSError:
                return

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    started: list[Listener] = []

    def start(*answers: str, context: ssl.SSLContext | None = None) -> Listener:
        started.append(Listener(list(answers) or [OK], context))
        return started[-1]

    yield start
    for listener in started:
        listener.close()


@pytest.fixture(autouse=True)
def no_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "METADATA", ("127.0.0.1", 1))


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server for `localhost` that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    text = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(key.private_bytes(*text) + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def seen(url: str, **proxy: Any) -> dict[str, Any]:
    answer = surroundings.look({"endpoints": {"x": url}, "proxy": proxy})
    endpoint: dict[str, Any] = answer["endpoints"]["x"]
    assert endpoint["reached"] is not bool(endpoint["failed"])
    return endpoint


def test_it_stands_alone() -> None:
    own = {node.module for node in ast.walk(ast.parse(PROGRAM.read_text())) if isinstance(node, ast.ImportFrom)}
    assert own == {"__future__", "urllib.parse", "collections.abc", "typing"}


def test_it_runs_as_text() -> None:
    question = {"endpoints": {"x": "http://127.0.0.1:1/"}}
    program = (
        "import sys,json\nscope = {'__name__': 'x'}\nexec(open(sys.argv[1]).read(), scope)\n"
        "scope['METADATA'] = ('127.0.0.1', 1)\nprint(json.dumps(scope['look'](json.loads(sys.argv[2]))))"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(PROGRAM), json.dumps(question)], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert json.loads(ran.stdout)["endpoints"]["x"]["error"] == "Connection refused"
    assert ran.stderr == ""


def test_an_endpoint_that_answers_in_any_way_is_reached(server: Server) -> None:
    listener = server()
    endpoint = seen(f"http://127.0.0.1:{listener.port}")
    assert (endpoint["reached"], endpoint["addresses"], endpoint["proxy"]) == (True, ["ipv4"], None)
    assert abs(endpoint["skew_seconds"]) < 3
    assert listener.told[0].startswith("HEAD / HTTP/1.1\r\nHost: 127.0.0.1:")


def test_one_that_accepts_and_says_nothing_is_reached(server: Server) -> None:
    endpoint = seen(f"http://127.0.0.1:{server('').port}")
    assert (endpoint["reached"], endpoint["skew_seconds"]) == (True, None)


@pytest.mark.parametrize(
    ("url", "step", "error"),
    [
        ("http://127.0.0.1:1", "connection", "Connection refused"),
        ("http://no-such-host.invalid", "name", ""),
        ("http://127.0.0.1:99999", "connection", "ValueError"),
    ],
)
def test_one_that_is_not_reached(url: str, step: str, error: str) -> None:
    endpoint = seen(url)
    assert endpoint["failed"] == step
    assert error in endpoint["error"]


def test_a_certificate_that_is_not_trusted_still_tells_the_time(server: Server, tls: ssl.SSLContext) -> None:
    endpoint = seen(f"https://localhost:{server(context=tls).port}")
    assert endpoint["failed"] == "certificate"
    assert "self" in endpoint["error"]
    assert abs(endpoint["skew_seconds"]) < 3


def test_tls_that_is_trusted(server: Server, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "create_default_context", lambda: surroundings.unverified(ssl))
    assert seen(f"https://localhost:{server(context=tls).port}")["reached"]


def test_what_is_not_tls(server: Server) -> None:
    assert seen(f"https://localhost:{server('hello').port}")["failed"] == "tls"


# --- proxies ---


def test_a_proxy_gets_the_whole_address_and_the_login(server: Server) -> None:
    proxy = server()
    endpoint = seen("http://ecs.example:8080", http=f"http://user:p%40ss@127.0.0.1:{proxy.port}")
    assert (endpoint["reached"], endpoint["proxy"]) == (True, f"127.0.0.1:{proxy.port}")
    assert proxy.told[0].startswith("HEAD http://ecs.example:8080/ HTTP/1.1\r\nHost: ecs.example:8080\r\n")
    assert "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in proxy.told[0]
    assert "p%40ss" not in str(endpoint) and "p@ss" not in str(endpoint)


@pytest.mark.parametrize(
    ("scheme", "status"),
    [
        ("http", "407 Proxy Authentication Required"),
        ("http", "502 Bad Gateway"),
        ("https", "407 Proxy Authentication Required"),
        ("https", "403 Forbidden"),
        ("https", "502 Bad Gateway"),
    ],
)
def test_a_proxy_that_refuses(server: Server, scheme: str, status: str) -> None:
    proxy = server(f"HTTP/1.1 {status}\r\n\r\n")
    endpoint = seen(f"{scheme}://ecs.example", **{scheme: f"127.0.0.1:{proxy.port}"})
    assert (endpoint["failed"], endpoint["error"]) == ("proxy", f"HTTP {status[:3]}")


def test_what_the_endpoint_refuses_behind_a_proxy_is_reached(server: Server) -> None:
    proxy = server("HTTP/1.1 403 Forbidden\r\nDate: {date}\r\n\r\n")
    assert seen("http://ecs.example", http=f"127.0.0.1:{proxy.port}")["reached"]


def test_a_refusal_by_the_service_itself_is_none_by_the_proxy(server: Server) -> None:
    proxy = server("HTTP/1.1 403 Forbidden\r\nx-amzn-RequestId: 1-2\r\n\r\n")
    assert seen("http://ecs.example", http=f"127.0.0.1:{proxy.port}")["reached"] is True


def test_in_a_tunnel_the_login_stays_with_the_proxy(server: Server) -> None:
    # What follows the tunnel's 200 is not TLS, so the way ends there; the proxy has heard enough.
    proxy = server("HTTP/1.1 200 Connection established\r\n\r\n")
    endpoint = seen("https://ecs.example", https=f"http://u:secret@127.0.0.1:{proxy.port}")
    assert endpoint["failed"] == "tls"
    assert proxy.told[0].startswith("CONNECT ecs.example:443 HTTP/1.1\r\nHost: ecs.example:443\r\n")
    assert "secret" not in str(endpoint)


def test_a_proxy_that_is_not_there() -> None:
    endpoint = seen("https://ecs.example", https="http://127.0.0.1:1")
    assert (endpoint["failed"], endpoint["proxy"]) == ("connection", "127.0.0.1:1")


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        ("https://ecs.example", "", False),
        ("https://ecs.example", "*", True),
        ("https://ecs.example", "ecs.example", True),
        ("https://ecs.example", "example", True),
        ("https://ecs.example", ".example", True),
        ("https://ecs.example", "*.example", True),
        ("https://example", ".example", False),
        ("https://ecs.example", "cs.example", False),
        ("https://ecs.example", " a, ECS.example ", True),
        ("https://ecs.example", ["a", "ecs.example"], True),
        ("https://ecs.example", "ecs.example:443", True),
        ("https://ecs.example", "ecs.example:444", False),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://11.1.2.3", "10.0.0.0/8", False),
        ("https://10.1.2.3", "10.1.2.3", True),
        ("https://10.1.2.3", "10.1.2.3/x", False),
        ("https://[fd00::1]", "fd00::/16", True),
        ("https://[fd00::1]", "10.0.0.0/8", False),
        ("https://127.0.0.9", "", True),
        ("https://localhost", "", True),
        ("http://ecs.example", "", True),  # there is a proxy for https only
    ],
)
def test_who_goes_past_the_proxy(url: str, no_proxy: Any, direct: bool) -> None:
    found = surroundings.proxy_for(urlsplit(url), {"https": "http://proxy", "no_proxy": no_proxy})
    assert (found is None) is direct


# --- time ---


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 22 Foo 2026 05:00:00 GMT"])
def test_no_date(date: str) -> None:
    assert surroundings.skew(date) is None


def test_the_middle_of_what_was_heard() -> None:
    assert surroundings.skew(formatdate(time.time() - 100, usegmt=True)) == pytest.approx(100, abs=2)
    assert surroundings.middle([]) is None
    assert surroundings.middle([5000.0, 0.1, -0.2]) == 0.1


def test_whoever_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "DEADLINE", 0.2)
    monkeypatch.setattr(surroundings, "endpoint", lambda url, proxy: time.sleep(5))
    began = time.monotonic()
    assert seen("http://ecs.example")["error"].startswith("no answer in")
    assert time.monotonic() - began < 2


# --- EC2's metadata service ---

PAGE = "HTTP/1.0 200 OK\r\n\r\n"


@pytest.mark.parametrize(
    ("answers", "role"),
    [
        ([PAGE + "token"], "token"),  # each connection gets the same answer; the second one is the role
        (["HTTP/1.0 404 Not Found\r\n\r\nnothing"], None),
        ([PAGE], None),
    ],
)
def test_metadata(server: Server, monkeypatch: pytest.MonkeyPatch, answers: list[str], role: str | None) -> None:
    listener = server(*answers)
    monkeypatch.setattr(surroundings, "METADATA", ("127.0.0.1", listener.port))
    answer = surroundings.look({"endpoints": {}})
    assert answer == {"endpoints": {}, "skew_seconds": None, "instance_metadata": {"answers": True, "role": role}}
    assert listener.told[0].startswith("PUT /latest/api/token ")
    assert ("X-aws-ec2-metadata-token: token" in listener.told[1]) is (role == "token")


def test_no_metadata() -> None:
    assert surroundings.look({"endpoints": {}})["instance_metadata"] == {"answers": False, "role": None}
