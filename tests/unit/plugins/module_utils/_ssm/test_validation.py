# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import InvalidInput
from ansible_collections.edgefleet.ecs.plugins.module_utils._ssm import validation

UUID = "5743558d-563b-4457-8682-d16c3a0e4a51"


@pytest.mark.parametrize("limit", [1, 1000])
def test_limits(limit: int) -> None:
    assert validation.check_limit(limit) == limit


@pytest.mark.parametrize("limit", [-1, 0, 1001])
def test_bad_limits(limit: int) -> None:
    with pytest.raises(InvalidInput, match=f"Option limit: {limit} is not valid: it is 1 to 1000"):
        validation.check_limit(limit)


@pytest.mark.parametrize("hours", [0, 721, 31 * 24])
def test_bad_expiry(hours: int) -> None:
    with pytest.raises(InvalidInput, match=f"Option expires_in: {hours} is not valid: it is 1 to 720 hours"):
        validation.check_hours(hours)
    assert validation.check_hours(720) == 720


@pytest.mark.parametrize(
    "role", ["retail-external-instance", "service-role/AmazonEC2RunCommandRoleForManagedInstances"]
)
def test_roles(role: str) -> None:
    assert validation.check_role(role) == role


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (validation.check_role, "arn:aws:iam::111122223333:role/x", "not its ARN"),
        (validation.check_role, "x" * 65, "at most 64"),
        (validation.check_role, "", "IAM role"),
        (validation.check_name, "", "1 to 256"),
        (validation.check_name, "x" * 257, "1 to 256"),
        (validation.check_name, "caf\N{RIGHT DOUBLE QUOTATION MARK}", "1 to 256"),
        (validation.check_description, "x" * 257, "at most 256"),
        (validation.check_activation_ids, [UUID.upper()], "UUID in lower case"),
        (validation.check_activation_ids, ["lyon"], "UUID"),
        (validation.check_node_ids, ["mi-1"], "managed node"),
        (validation.check_node_ids, ["lyon-01"], "managed node"),
    ],
)
def test_bad_input(check: Callable[[Any], Any], value: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check(value)


def test_what_was_left_out_is_fine_and_doubles_go() -> None:
    assert validation.check_name(None) is None
    assert validation.check_description(None) is None
    assert validation.check_activation_ids([UUID, UUID]) == [UUID]
    assert validation.check_node_ids(["mi-0123456789abcdef0", "i-01234567"]) == ["mi-0123456789abcdef0", "i-01234567"]
