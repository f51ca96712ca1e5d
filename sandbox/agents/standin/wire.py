# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A very small HTTP client: http.client and urllib would double the memory of an idle agent."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import NamedTuple


class WireError(Exception):
    """The other side could not be reached or broke the connection."""


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Url(NamedTuple):
    scheme: str
    host: str
    port: int
    path: str
    login: str = ""

    @property
    def netloc(self) -> str:
        standard = {"http": 80, "https": 443}.get(self.scheme)
        return self.host if self.port == standard else f"{self.host}:{self.port}"


def parse_url(text: str) -> Url:
    """Scheme https where none is given, as both agents assume."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "https", text
    authority, _slash, path = rest.partition("/")
    login, _at, place = authority.rpartition("@")
    host, _colon, port = place.partition(":")
    return Url(scheme, host, int(port) if port else {"http": 80}.get(scheme, 443), "/" + path, login)


def _in_network(host: str, network: str) -> bool:
    import ipaddress  # only where an exception names a network

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _excepted(host: str, exceptions: str) -> bool:
    for entry in (part.strip().lower() for part in exceptions.split(",")):
        if not entry:
            continue
        if entry == "*" or host == entry.lstrip(".") or host.endswith("." + entry.lstrip(".")):
            return True
        if "/" in entry and _in_network(host, entry):
            return True
    return False


def proxy_for(url: Url, environ: Mapping[str, str]) -> Url | None:
    """The proxy that Go's net/http would take from this environment."""
    for name in (f"{url.scheme.upper()}_PROXY", f"{url.scheme}_proxy"):
        if environ.get(name):
            if _excepted(url.host.lower(), environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
                return None
            value = environ[name]
            return parse_url(value if "://" in value else "http://" + value)
    return None


def _receive(stream: socket.socket, until: bytes) -> tuple[bytes, bytes]:
    data = b""
    while until not in data:
        chunk = stream.recv(65536)
        if not chunk:
            raise WireError("EOF")
        data += chunk
    head, _separator, rest = data.partition(until)
    return head, rest


def _drain(stream: socket.socket, data: bytes, length: int | None) -> bytes:
    while length is None or len(data) < length:
        chunk = stream.recv(65536)
        if not chunk:
            if length is not None:
                raise WireError("unexpected EOF")
            break
        data += chunk
    return data


def _unchunk(data: bytes) -> bytes:
    body = b""
    while data:
        size, _separator, data = data.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if not length:
            break
        body, data = body + data[:length], data[length + 2 :]
    return body


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines[1:])
    return int(lines[0].split()[1]), {name.strip().lower(): value.strip() for name, _colon, value in fields}


def _proxy_login(proxy: Url) -> list[str]:
    """As Go does: the login of the proxy's URL, decoded, in the request or before the tunnel."""
    if not proxy.login:
        return []
    import base64  # only where a proxy wants a login
    from urllib.parse import unquote_to_bytes

    return ["Proxy-Authorization: Basic " + base64.b64encode(unquote_to_bytes(proxy.login)).decode()]


def _tunnel(stream: socket.socket, url: Url, proxy: Url) -> None:
    lines = [f"CONNECT {url.host}:{url.port} HTTP/1.1", f"Host: {url.host}:{url.port}", *_proxy_login(proxy)]
    stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    status, _headers = _parse_head(_receive(stream, b"\r\n\r\n")[0])
    if status != 200:
        raise WireError(f"proxyconnect tcp: status {status}")


def _secure(stream: socket.socket, host: str) -> socket.socket:
    import ssl  # 3 MiB: only hosts that talk to real endpoints pay for it

    return ssl.create_default_context().wrap_socket(stream, server_hostname=host)


def _open(url: Url, proxy: Url | None, timeout: float, tunnel: bool = False) -> socket.socket:
    target = proxy or url
    stream = socket.create_connection((target.host, target.port), timeout=timeout)
    secure = url.scheme == "https"
    if proxy and (secure or tunnel):
        _tunnel(stream, url, proxy)
    return _secure(stream, url.host) if secure else stream


def _exchange(stream: socket.socket, request: bytes) -> Response:
    stream.sendall(request)
    head, rest = _receive(stream, b"\r\n\r\n")
    status, headers = _parse_head(head)
    length = headers.get("content-length")
    body = _drain(stream, rest, int(length) if length else None)
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _unchunk(body)
    return Response(status, headers, body)


def upgrade(
    address: str, headers: Mapping[str, str], environ: Mapping[str, str], timeout: float
) -> tuple[socket.socket, Response, bytes]:
    """GET with an offer of another protocol: the open connection, the answer and what came after it.

    A proxy gets a tunnel, for http, too: it would not pass an upgrade on.
    """
    url = parse_url(address)
    proxy = proxy_for(url, environ)
    lines = [f"GET {url.path} HTTP/1.1", "Host: " + url.netloc]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "host"]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    try:
        stream = _open(url, proxy, timeout, tunnel=True)
        try:
            return (stream, *_offered(stream, request))
        except BaseException:
            stream.close()
            raise
    except (OSError, ValueError, IndexError) as error:
        raise WireError(f"Get {url.scheme}://{url.netloc}{url.path.partition('?')[0]}: {error}") from error


def _offered(stream: socket.socket, request: bytes) -> tuple[Response, bytes]:
    stream.sendall(request)
    head, rest = _receive(stream, b"\r\n\r\n")
    status, headers = _parse_head(head)
    if status == 101:
        return Response(status, headers, b""), rest
    length = headers.get("content-length")
    return Response(status, headers, _drain(stream, rest, int(length) if length else None)), b""


def post(
    address: str, headers: Mapping[str, str], body: bytes, environ: Mapping[str, str], timeout: float = 10.0
) -> Response:
    """One POST on a connection of its own."""
    url = parse_url(address)
    proxy = proxy_for(url, environ)
    target = f"http://{url.netloc}{url.path}" if proxy and url.scheme == "http" else url.path
    lines = [f"POST {target} HTTP/1.1", "Host: " + url.netloc, "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "host"]
    lines += _proxy_login(proxy) if proxy and url.scheme == "http" else []
    request = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
    try:
        with _open(url, proxy, timeout) as stream:
            return _exchange(stream, request)
    except (OSError, ValueError, IndexError) as error:
        raise WireError(f"Post {url.scheme}://{url.netloc}{url.path}: {error}") from error
