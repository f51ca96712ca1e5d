# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.modules import activation_info

Run = Callable[..., dict[str, Any]]
RAW = [
    {"ActivationId": "b", "CreatedDate": "2026-11-21", "Expired": True, "Tags": [{"Key": "site", "Value": "lyon"}]},
    {"ActivationId": "a", "CreatedDate": "2026-11-22", "Expired": False},
]


def test_bad_input_fails_before_any_call(run: Run) -> None:
    assert "'lyon'" in run(activation_info, {"activation_ids": ["lyon"]})["msg"]
    assert "Option role" in run(activation_info, {"role": "arn:aws:iam::1:role/x"})["msg"]


def test_all_options_select_and_the_oldest_comes_first(run: Run, client: Any) -> None:
    def ids(**params: Any) -> list[str]:
        found = run(activation_info, params, client(describe_activations={"ActivationList": RAW}))
        return [item["activation_id"] for item in found["activations"]]

    assert ids() == ["b", "a"]
    assert ids(expired=True) == ["b"]
    assert ids(expired=False) == ["a"]
    assert ids(tags={"site": "lyon"}) == ["b"]
    assert ids(tags={"site": "lyon"}, expired=False) == []
