# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import managed_node_info

Run = Callable[..., dict[str, Any]]
MACHINES = [f"mi-{number:017x}" for number in range(3)]


def test_managed_nodes(run: Run, client: Any) -> None:
    found = [{"InstanceId": machine} for machine in reversed(MACHINES)]
    result = run(managed_node_info, {}, client(describe_instance_information={"InstanceInformationList": found}))
    assert [node["instance_id"] for node in result["managed_nodes"]] == MACHINES
    assert not result["changed"]


@pytest.mark.parametrize("option", ["instance_ids", "activation_ids"])
def test_an_empty_list_asks_for_nobody(run: Run, client: Any, option: str) -> None:
    assert run(managed_node_info, {option: []}, client())["managed_nodes"] == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"instance_ids": ["x"]}, "instance_ids"),
        ({"activation_ids": ["x"]}, "activation_ids"),
        ({"tags": {"a": True}}, "tags.a"),
    ],
)
def test_bad_input_fails_before_any_call(run: Run, params: dict[str, Any], message: str) -> None:
    result = run(managed_node_info, params)
    assert result["failed"]
    assert message in result["msg"]
