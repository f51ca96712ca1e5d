# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import outpost_info

Run = Callable[..., dict[str, Any]]
TOLD = {
    "OutpostId": "op-0123456789abcdef0",
    "OutpostArn": "arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0",
    "Name": "plant",
    "LifeCycleStatus": "ACTIVE",
}


@pytest.mark.parametrize(
    ("params", "message"),
    [({"outposts": ["op-1"]}, "Option outposts: 'op-1'"), ({"sites": ["oslo"]}, "Option sites: 'oslo'")],
)
def test_bad_input_fails_before_any_call(run: Run, params: dict[str, Any], message: str) -> None:
    assert message in run(outpost_info, params)["msg"]


def test_an_empty_list_asks_for_nothing(run: Run, client: Any) -> None:
    fake = client()
    assert run(outpost_info, {"outposts": []}, fake)["outposts"] == []
    assert fake.calls == []


def test_only_what_was_asked_for_is_read(run: Run, client: Any) -> None:
    types = {"InstanceTypes": [{"InstanceType": "c5.large", "VCPUs": 2}]}
    replies = {
        "list_outposts": {"Outposts": [TOLD, {**TOLD, "OutpostId": "op-0", "OutpostArn": "arn", "Name": "shop"}]},
        "list_assets": {"Assets": []},
        "list_asset_instances": {"AssetInstances": []},
        "get_outpost_instance_types": types,
        "get_outpost_supported_instance_types": types,
    }
    fake = client(**replies)
    bare = run(outpost_info, {"include_capacity": False}, fake)
    assert fake.methods() == ["list_outposts"]
    assert [one["name"] for one in bare["outposts"]] == ["shop", "plant"]
    assert "capacity" not in bare["outposts"][0]
    fake = client(**replies)
    whole = {"include_configured_instance_types": True, "include_supported_instance_types": True}
    (found,) = run(outpost_info, {"outposts": ["plant"], **whole}, fake)["outposts"]
    assert fake.methods() == list(replies)
    assert found["configured_instance_types"] == found["supported_instance_types"]
    assert found["supported_instance_types"] == [{"instance_type": "c5.large", "vcpus": 2}]
