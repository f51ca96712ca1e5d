# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance metadata service, asked over the loopback."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from sandbox.agents.standin.ecs import metadata as agent
from sandbox.hosts import metadata

DOCUMENT = '{"instanceId": "i-1", "region": "us-west-2"}'
ROLE = '{"Code": "Success", "AccessKeyId": "ASIA", "SecretAccessKey": "secret", "Token": "token"}'
PAGES = {
    "user-data": "#!/bin/sh\n",
    "dynamic/instance-identity/document": DOCUMENT,
    "dynamic/instance-identity/signature": "signed",
    "meta-data/instance-id": "i-1",
    "meta-data/mac": "02:00",
    "meta-data/network/interfaces/macs/02:00/vpc-id": "vpc-1",
    "meta-data/iam/security-credentials/Depot": ROLE,
}


KNOWN: dict[str, metadata.Pages | None] = {}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = metadata.start(lambda address: KNOWN.get(address), ("127.0.0.1", 0))
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def pages() -> dict[str, metadata.Pages | None]:
    KNOWN.clear()
    KNOWN["127.0.0.1"] = PAGES
    return KNOWN


def ask(port: int, method: str, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    named = {f"X-aws-ec2-metadata-token{name}": value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def token(port: int) -> str:
    status, text = ask(port, "PUT", "/latest/api/token", **{"-ttl-seconds": "60"})
    assert status == 200
    return text


def test_a_page_takes_a_token(port: int) -> None:
    assert ask(port, "GET", "/latest/meta-data/instance-id") == (401, "")
    assert ask(port, "GET", "/latest/meta-data/instance-id", **{"": "made-up"}) == (401, "")
    assert ask(port, "GET", "/latest/meta-data/instance-id", **{"": token(port)}) == (200, "i-1")


@pytest.mark.parametrize("lifetime", ["", "0", "21601", "-1", "long"])
def test_a_token_has_a_lifetime(port: int, lifetime: str) -> None:
    assert ask(port, "PUT", "/latest/api/token", **{"-ttl-seconds": lifetime}) == (400, "")


def test_a_token_ends_and_is_no_other_instances() -> None:
    now = [0.0]
    tokens = metadata.Tokens(lambda: now[0])
    made = tokens.make("198.18.1.11", "60") or ""
    assert tokens.valid("198.18.1.11", made)
    assert not tokens.valid("198.18.1.12", made)
    now[0] = 61
    assert not tokens.valid("198.18.1.11", made)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/user-data", "#!/bin/sh\n"),
        ("/", "dynamic/\nmeta-data/\nuser-data"),
        ("/meta-data/", "iam/\ninstance-id\nmac\nnetwork/"),
        ("/meta-data/iam/security-credentials/", "Depot"),
        ("/meta-data/instance", None),
    ],
)
def test_pages_and_folders(path: str, expected: str | None) -> None:
    assert metadata.look_up(PAGES, path) == expected


def test_whoever_is_no_instance_finds_a_closed_door(port: int, pages: dict[str, metadata.Pages | None]) -> None:
    pages.clear()
    for method in ("PUT", "GET"):
        with pytest.raises(OSError):
            ask(port, method, "/latest/api/token")


def test_the_agent_finds_itself(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEFLEET_STANDIN_METADATA", f"127.0.0.1:{port}")
    found = agent.identity()
    assert found == agent.Identity(DOCUMENT, "signed", "us-west-2", "vpc-1", "", "")
    assert found.attributes == {"ecs.vpc-id": "vpc-1"}
    assert agent.RoleCredentials()() == ("ASIA", "secret", "token")


def test_the_agent_finds_nobody(port: int, pages: dict[str, metadata.Pages | None], monkeypatch) -> None:
    pages.clear()
    monkeypatch.setenv("EDGEFLEET_STANDIN_METADATA", f"127.0.0.1:{port}")
    assert agent.identity() is None


def test_a_role_that_may_not_be_assumed(port: int, pages: dict[str, metadata.Pages | None], monkeypatch) -> None:
    monkeypatch.setenv("EDGEFLEET_STANDIN_METADATA", f"127.0.0.1:{port}")
    refused = {"meta-data/iam/security-credentials/Depot": '{"Code": "AssumeRoleUnauthorizedAccess"}'}
    pages["127.0.0.1"] = {**PAGES, **refused}
    with pytest.raises(agent.AgentExit, match="AssumeRoleUnauthorizedAccess"):
        agent.RoleCredentials()()
