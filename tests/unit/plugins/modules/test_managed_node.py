# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import managed_node

Run = Callable[..., dict[str, Any]]
ONE = f"mi-{1:017x}"
NODE = {"InstanceId": ONE, "ResourceType": "ManagedInstance", "IamRole": "EdgeHosts", "Name": "lyon"}
FOUND = {"InstanceInformationList": [NODE]}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"instance_ids": ["i-0123456789abcdef0"]}, "only machines outside of AWS (mi-...) can be changed"),
        ({"instance_ids": ["lyon-01"]}, "Option instance_ids: 'lyon-01'"),
        ({"activation_ids": ["lyon"]}, "Option activation_ids: 'lyon'"),
        ({"instance_ids": [ONE], "iam_role": "arn:aws:iam::1:role/x"}, "Option iam_role:"),
        ({"required_tags": {"a": True}}, "required_tags.a"),
        ({"required_tags": {"aws:a": "b"}}, "Option required_tags: 'aws:a'"),
    ],
)
def test_bad_input_fails_before_any_call(run: Run, params: dict[str, Any], message: str) -> None:
    result = run(managed_node, params)
    assert result["failed"]
    assert message in result["msg"]


@pytest.mark.parametrize("params", [{"instance_ids": []}, {"activation_ids": []}, {"required_tags": {}}])
def test_nobody_is_not_everybody(run: Run, client: Any, params: dict[str, Any]) -> None:
    fake = client()
    assert not run(managed_node, {**params, "state": "absent"}, fake)["changed"]
    assert fake.calls == []


def test_check_mode_changes_nothing_and_predicts(run: Run, client: Any) -> None:
    fake = client(describe_instance_information=FOUND)
    result = run(managed_node, {"instance_ids": [ONE], "iam_role": "Narrow"}, fake, check_mode=True)
    assert result["changed"]
    assert result["diff"]["before"] == {ONE: {"name": "lyon", "iam_role": "EdgeHosts"}}
    assert result["diff"]["after"] == {ONE: {"name": "lyon", "iam_role": "Narrow"}}
    result = run(managed_node, {"instance_ids": [ONE], "state": "absent"}, fake, check_mode=True)
    assert result["changed"]
    assert result["managed_nodes"] == []
    assert set(fake.methods()) == {"describe_instance_information"}


def test_who_is_unknown_is_missing(run: Run, client: Any) -> None:
    fake = client(describe_instance_information={"InstanceInformationList": []})
    result = run(managed_node, {"instance_ids": [ONE], "iam_role": "Narrow"}, fake)
    assert result["failed"]
    assert result["missing"] == [ONE]
    result = run(managed_node, {"instance_ids": [ONE], "state": "absent"}, fake)
    assert not result["changed"]
    assert result["missing"] == [ONE]
