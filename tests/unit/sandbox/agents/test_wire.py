# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature, proxies and reading of replies."""

from __future__ import annotations

import calendar
import socket
import threading
import time

import pytest

from sandbox.agents.standin import aws, sigv4, wire


def test_signature_against_the_published_vector() -> None:
    """`post-vanilla` of the AWS Signature Version 4 test suite."""
    now = calendar.timegm(time.strptime("20150830T123600Z", "%Y%m%dT%H%M%SZ"))
    credentials = sigv4.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    signed = sigv4.sign({"Host": "example.amazonaws.com"}, "/", b"", "us-east-1", "service", credentials, now)
    assert signed["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://198.18.0.1:4566", wire.Url("http", "198.18.0.1", 4566, "/")),
        ("ecs.us-west-2.amazonaws.com", wire.Url("https", "ecs.us-west-2.amazonaws.com", 443, "/")),
        ("http://user:pass@proxy/x", wire.Url("http", "proxy", 80, "/x", "user:pass")),
    ],
)
def test_urls(text: str, expected: wire.Url) -> None:
    assert wire.parse_url(text) == expected


@pytest.mark.parametrize(
    ("environment", "proxied"),
    [
        ({}, False),
        ({"HTTPS_PROXY": "proxy:3128"}, False),
        ({"HTTP_PROXY": "proxy:3128"}, True),
        ({"http_proxy": "http://proxy:3128"}, True),
        ({"HTTP_PROXY": "proxy:3128", "NO_PROXY": "169.254.169.254, 198.18.0.0/15"}, False),
        ({"HTTP_PROXY": "proxy:3128", "NO_PROXY": "198.18.0.1"}, False),
        ({"HTTP_PROXY": "proxy:3128", "no_proxy": "*"}, False),
        ({"HTTP_PROXY": "proxy:3128", "NO_PROXY": ".0.1,10.0.0.0/8"}, False),
        ({"HTTP_PROXY": "proxy:3128", "NO_PROXY": "10.0.0.0/8"}, True),
    ],
)
def test_proxy_choice(environment: dict[str, str], proxied: bool) -> None:
    proxy = wire.proxy_for(wire.parse_url("http://198.18.0.1:4566"), environment)
    assert (proxy is not None) == proxied
    if proxy:
        assert (proxy.host, proxy.port) == ("proxy", 3128)


def serve_once(reply: bytes) -> str:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()

    def serve() -> None:
        stream, _peer = listener.accept()
        with stream, listener:
            stream.recv(65536)
            stream.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    "reply",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a": 12}',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n5;x=y\r\n: 12}\r\n0\r\n\r\n',
        b'HTTP/1.0 200 OK\r\n\r\n{"a": 12}',
    ],
)
def test_bodies(reply: bytes) -> None:
    assert wire.post(serve_once(reply), {}, b"", {}).body == b'{"a": 12}'


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
def test_broken_replies(reply: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.post(serve_once(reply), {}, b"", {})


@pytest.mark.parametrize(
    ("region", "override", "expected"),
    [
        ("us-west-2", "", "https://ssm.us-west-2.amazonaws.com"),
        ("cn-north-1", "", "https://ssm.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "", "https://ssm.eusc-de-east-1.amazonaws.eu"),
        ("us-west-2", "endpoint.example", "https://endpoint.example"),
        ("us-west-2", "http://198.18.0.1:4566", "http://198.18.0.1:4566"),
    ],
)
def test_endpoints(region: str, override: str, expected: str) -> None:
    assert aws.endpoint("ssm", region, override) == expected
