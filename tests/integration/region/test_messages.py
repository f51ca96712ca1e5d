# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How SSM agents wait for messages: the control channel, and the message service that is polled without one."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from sandbox.agents.standin import aws, sigv4, websocket, wire
from sandbox.agents.standin.log import Log
from sandbox.agents.standin.ssm import messages, vault
from sandbox.region import shapes
from sandbox.region.context import Settings
from sandbox.region.ssm import channels
from sandbox.region.testing import Host, Refused, RunningRegion, running_region

from .conftest import ROLE, check_shape

POLL = 0.2


@pytest.fixture(scope="module")
def polled() -> Iterator[RunningRegion]:
    with running_region(Settings(message_poll=POLL)) as region:
        region.reset()
        region.create_role(ROLE)
        yield region


@pytest.fixture
def host(polled: RunningRegion) -> Host:
    return polled.host(polled.activate(ROLE))


def ask(host: Host, destination: str) -> dict[str, Any]:
    params = {"Destination": destination, "MessagesRequestId": "r", "VisibilityTimeoutInSeconds": 10}
    return host.call("ec2messages", "GetMessages", **params)


def test_a_poll_runs_empty_after_a_while(polled: RunningRegion, host: Host) -> None:
    begun = time.monotonic()
    assert ask(host, host.id) == {"Destination": host.id, "Messages": [], "MessagesRequestId": "r"}
    assert time.monotonic() - begun >= POLL
    assert polled.calls(service="ec2messages")[0]["caller"] == host.id


def test_a_poll_for_another_node_is_refused_at_once(host: Host) -> None:
    with pytest.raises(Refused) as caught:
        ask(host, "mi-0123456789abcdef0")
    assert caught.value.code == "AccessDeniedException"


def test_what_is_not_modelled(host: Host) -> None:
    with pytest.raises(Refused) as caught:
        host.call("ec2messages", "SendReply")
    assert caught.value.status == 501


def create(host: Host, channel: str) -> tuple[int, str]:
    """CreateControlChannel as the agent makes it; status and body."""
    body = json.dumps({"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4())}).encode()
    url = f"{host._wire._url}{channels.PATH}{channel}"
    request = AWSRequest("POST", url, data=body, headers={"content-type": "application/json"})
    SigV4Auth(host.credentials, channels.SERVICE, "us-west-2").add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("POST", urlsplit(url).path, body, dict(request.headers))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def open_channel(region: RunningRegion, host: Host, token: str, channel: str = "") -> websocket.WebSocket:
    own = host.credentials
    client = aws.Client(
        channels.SERVICE,
        "",
        region.name,
        region.url,
        lambda: sigv4.Credentials(own.access_key, own.secret_key, own.token),
    )
    socket = client.connect(
        f"{region.url}{channels.PATH}{channel or host.id}", {"role": "subscribe", "stream": "input"}
    )
    socket.send(json.dumps({"MessageSchemaVersion": "1.0", "RequestId": "r" * 16, "TokenValue": token}))
    return socket


def test_a_control_channel_stays_open_and_answers_pings(polled: RunningRegion, host: Host) -> None:
    status, body = create(host, host.id)
    assert status == 201
    reply = {member.tag: member.text or "" for member in ElementTree.fromstring(body)}
    output = shapes.model(channels.SERVICE).operation_model("CreateControlChannel").output_shape
    check_shape(channels.SERVICE, "CreateControlChannel", reply, output)
    token = reply["TokenValue"]
    socket = open_channel(polled, host, token)
    socket.ping()
    with pytest.raises(wire.WireError, match="timed out"):
        socket.receive(0.2)
    assert {one.node for one in polled.state.sessions} == {host.id}
    assert polled.calls(service="ssmmessages", caller=host.id)[0]["action"] == "CreateControlChannel"
    socket.close()


def test_a_channel_of_another_node_is_refused_in_xml(polled: RunningRegion, host: Host) -> None:
    status, body = create(host, "mi-0123456789abcdef0")
    assert status == 403
    assert body.startswith("<AccessDeniedException><Message>")
    with pytest.raises(websocket.Refused, match="AccessDeniedException"):
        open_channel(polled, host, "any", "mi-0123456789abcdef0")


def test_a_wrong_token_ends_the_channel(polled: RunningRegion, host: Host) -> None:
    create(host, host.id)
    assert open_channel(polled, host, "another").receive(5) is None


def test_the_stand_in_keeps_a_channel_and_outlives_an_outage(
    polled: RunningRegion, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEFLEET_STANDIN_ROOT", str(tmp_path))
    monkeypatch.setenv("EDGEFLEET_STANDIN_SSM_MESSAGES_PAUSE", "0.05")
    file = tmp_path / "etc/amazon/ssm/amazon-ssm-agent.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"Ssm": {"Endpoint": polled.url}}))
    listener = messages.Listener(vault.Registration(host.id, polled.name), Log("test"))
    own = host.credentials
    listener.use(sigv4.Credentials(own.access_key, own.secret_key, own.token or ""))

    def channels_of_host() -> list[Any]:
        return [one for one in polled.state.sessions if one.node == host.id]

    def wait(until: bool) -> None:
        deadline = time.monotonic() + 5
        while bool(channels_of_host()) is not until:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    wait(True)
    polled.control("POST", "outages", {"nodes": [host.id]})
    wait(False)
    polled.control("DELETE", "outages")
    wait(True)
    listener.stop()
    channels_of_host()[0].hang_up()
    wait(False)
