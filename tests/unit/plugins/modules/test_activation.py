# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import activation

Run = Callable[..., dict[str, Any]]
ID = "5743558d-563b-4457-8682-d16c3a0e4a51"
CODE = "c0de" * 5
ROLE = {"role": "the-role"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({**ROLE, "limit": 1001}, "Option limit: 1001 is not valid: it is 1 to 1000"),
        ({**ROLE, "expires_in": 31 * 24}, "Option expires_in: 744 is not valid: it is 1 to 720 hours (30 days)"),
        ({"role": "arn:aws:iam::111122223333:role/x"}, "not its ARN"),
        ({**ROLE, "activation_ids": [ID]}, "no meaning with state: present"),
        ({"state": "absent", "activation_ids": ["x"]}, "UUID"),
        ({"state": "absent", "name": ""}, "Option name"),
    ],
)
def test_bad_input_fails_before_any_call(run: Run, params: dict[str, Any], message: str) -> None:
    result = run(activation, params)
    assert result["failed"]
    assert message in result["msg"]


def test_the_code_is_in_the_result_and_nowhere_else(run: Run, client: Any) -> None:
    fake = client(create_activation={"ActivationId": ID, "ActivationCode": CODE})
    result = run(activation, {**ROLE, "name": "retail-lyon"}, fake)
    assert result.pop("activation")["activation_code"] == CODE
    assert result["changed"]
    assert result["diff"]["after"]["name"] == "retail-lyon"
    assert CODE not in str(result)


def test_check_mode_creates_nothing(run: Run, client: Any) -> None:
    result = run(activation, ROLE, client(), check_mode=True)
    assert result["changed"]
    assert (result["activation"]["activation_id"], result["activation"]["activation_code"]) == (None, None)


def found() -> dict[str, Any]:
    return {"ActivationList": [{"ActivationId": ID, "DefaultInstanceName": "retail-lyon", "Tags": []}]}


@pytest.mark.parametrize("selection", [{"activation_ids": [ID]}, {"name": "retail-lyon"}])
@pytest.mark.parametrize("check_mode", [True, False])
def test_absent(run: Run, client: Any, selection: dict[str, Any], check_mode: bool) -> None:
    fake = client(describe_activations=found(), delete_activation={})
    result = run(activation, {"state": "absent", **selection}, fake, check_mode)
    assert result["changed"]
    assert [item["activation_id"] for item in result["activations"]] == [ID]
    assert ("delete_activation" in fake.methods()) is not check_mode


def test_absent_again(run: Run, client: Any) -> None:
    for selection in ({"activation_ids": [ID]}, {"name": "retail-lyon"}):
        result = run(activation, {"state": "absent", **selection}, client(describe_activations={}))
        assert (result["changed"], result["activations"]) == (False, [])
    assert not run(activation, {"state": "absent", "activation_ids": []}, client())["changed"]
