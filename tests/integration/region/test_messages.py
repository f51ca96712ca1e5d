# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message service that SSM agents poll."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.region.context import Settings
from sandbox.region.testing import Host, Refused, RunningRegion, running_region

from .conftest import ROLE

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
