# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clock, call log, faults, pages and credentials: the parts without the API's rules."""

from __future__ import annotations

import io

import pytest

from sandbox.region import faults, identity, paging
from sandbox.region.calls import CallLog
from sandbox.region.clock import Clock
from sandbox.region.errors import ApiError

NODE = "mi-0123456789abcdef0"


def test_the_clock_moves_forward_only() -> None:
    clock = Clock()
    before = clock.now()
    clock.advance(3600)
    assert 3600 <= clock.now() - before < 3610
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)
    clock.reset()
    assert clock.now() - before < 10


def _log(sink: io.StringIO | None = None) -> CallLog:
    log = CallLog(sink)
    for service, action, caller in (
        ("ecs", "ListClusters", "op"),
        ("ssm", "CreateActivation", "op"),
        ("ecs", "X", NODE),
    ):
        log.add(time=1.5, service=service, action=action, caller=caller, status=200, error=None, page_token=False)
    return log


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [1, 2, 3]),
        ({"service": "ecs"}, [1, 3]),
        ({"service": "ecs", "caller": NODE}, [3]),
        ({"action": "CreateActivation"}, [2]),
        ({"since": 2}, [3]),
        ({"service": "iam"}, []),
    ],
)
def test_calls_are_selected_by_every_given_value(query: dict[str, str | int], numbers: list[int]) -> None:
    assert [entry.n for entry in _log().select(**query)] == numbers  # type: ignore[arg-type]


def test_numbers_go_on_after_the_log_was_cleared() -> None:
    log = _log()
    log.clear()
    log.add(time=2, service="ecs", action="Y", caller="op", status=500, error="ServerException", page_token=True)
    (entry,) = log.select()
    assert (entry.n, entry.error, entry.page_token) == (4, "ServerException", True)


def test_the_log_file_has_a_line_a_call() -> None:
    sink = io.StringIO()
    _log(sink)
    assert sink.getvalue().splitlines()[2] == f"1.500 200 ecs:X {NODE} -"


def test_a_fault_is_used_up_by_its_count_and_the_next_one_follows() -> None:
    pending = faults.Faults()
    pending.add(faults.parse({"service": "ecs", "action": "*", "kind": "throttle", "count": 2}))
    pending.add(faults.parse({"service": "ecs", "action": "ListClusters", "kind": "reset"}))
    assert pending.take("ssm", "ListClusters", "op") is None
    kinds = [fault.kind if fault else None for fault in (pending.take("ecs", "ListClusters", "op") for _ in range(4))]
    assert kinds == ["throttle", "throttle", "reset", None]
    assert pending.pending() == []


def test_a_fault_can_be_for_one_caller() -> None:
    pending = faults.Faults()
    pending.add(faults.parse({"kind": "error", "caller": NODE}))
    assert pending.take("ecs", "X", "op") is None
    assert pending.take("ecs", "X", NODE) is not None


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({}, "kind must be one of"),
        ({"kind": "explode"}, "kind must be one of"),
        ({"kind": "delay", "seconds": -1}, "seconds must be a number"),
        ({"kind": "delay", "seconds": "1"}, "seconds must be a number"),
        ({"kind": "error", "status": 404}, "status must be a number from 500 to 599"),
        ({"kind": "error", "count": 0}, "count must be"),
        ({"kind": "error", "count": True}, "count must be"),
        ({"kind": "error", "service": ""}, "service must be a name"),
        ({"kind": "error", "acton": "X"}, "unknown: acton"),
    ],
)
def test_a_wrong_fault_is_refused(order: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        faults.parse(order)


def test_pages_cover_everything_once() -> None:
    items = list(range(7))
    pages, token = [], None
    while True:
        chosen, token = paging.page(items, lambda item: item, 3, token, "scope")
        pages.append(chosen)
        if token is None:
            break
    assert pages == [[0, 1, 2], [3, 4, 5], [6]]


def test_a_removal_between_two_pages_loses_nothing() -> None:
    items = list(range(6))
    _first, token = paging.page(items, lambda item: item, 3, None, "scope")
    rest, token = paging.page([item for item in items if item > 1], lambda item: item, 3, token, "scope")
    assert (rest, token) == ([3, 4, 5], None)


@pytest.mark.parametrize("token", ["nonsense", "bm8=", "", paging.encode(2, "another scope")])
def test_a_foreign_token_is_refused(token: str) -> None:
    with pytest.raises(paging.InvalidToken):
        paging.decode(token, "scope")


def test_credentials_name_their_node_and_expire() -> None:
    credentials = identity.Credentials()
    token = credentials.issue(NODE, now=1000)
    caller = credentials.identify(token.access_key_id)
    assert caller.name == NODE
    credentials.check(caller, now=1000 + identity.TOKEN_LIFETIME - 1)
    with pytest.raises(ApiError, match="ExpiredTokenException"):
        credentials.check(caller, now=1000 + identity.TOKEN_LIFETIME)


def test_credentials_of_a_removed_node_are_unknown() -> None:
    credentials = identity.Credentials()
    kept, lost = credentials.issue("mi-1", 0), credentials.issue(NODE, 0)
    credentials.revoke(NODE)
    credentials.check(credentials.identify(kept.access_key_id), now=1)
    with pytest.raises(ApiError, match="UnrecognizedClientException"):
        credentials.check(credentials.identify(lost.access_key_id), now=1)


def test_credentials_long_dead_make_room() -> None:
    credentials = identity.Credentials()
    first = credentials.issue(NODE, now=0)
    credentials.issue(NODE, now=identity.TOKEN_LIFETIME + 1)
    with pytest.raises(ApiError, match="ExpiredTokenException"):
        credentials.check(credentials.identify(first.access_key_id), now=identity.TOKEN_LIFETIME + 1)
    credentials.issue(NODE, now=2 * identity.TOKEN_LIFETIME)
    with pytest.raises(ApiError, match="UnrecognizedClientException"):
        credentials.check(credentials.identify(first.access_key_id), now=2 * identity.TOKEN_LIFETIME)


def test_other_callers_are_named_by_their_access_key() -> None:
    credentials = identity.Credentials()
    assert credentials.identify(None).name == "anonymous"
    assert credentials.identify("AKIAOPERATOR").name == "AKIAOPERATOR"
    assert credentials.identify(NODE).node == NODE
    credentials.check(credentials.identify("AKIAOPERATOR"), now=0)
