# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._ssm.node_plan import (
    WantedNode,
    compare,
    difference,
    predict,
)

NODE: dict[str, Any] = {"instance_id": "mi-1", "name": "lyon", "iam_role": "EdgeHosts", "tags": {"fleet": "retail"}}


@pytest.mark.parametrize(
    "wanted",
    [
        WantedNode(),
        WantedNode(iam_role="EdgeHosts"),
        WantedNode(iam_role="service-role/EdgeHosts"),
        WantedNode(tags={}, purge_tags=False),
        WantedNode(tags={"fleet": "retail"}, purge_tags=True),
    ],
)
def test_what_is_there_already_is_no_change(wanted: WantedNode) -> None:
    assert not compare(NODE, wanted)
    assert predict(NODE, compare(NODE, wanted)) == NODE


def test_a_node_whose_tags_were_not_read_keeps_them() -> None:
    unread = {key: value for key, value in NODE.items() if key != "tags"}
    change = compare(unread, WantedNode(iam_role="Narrow", tags={"owner": "ops"}, purge_tags=True))
    assert not change.tags
    assert predict(unread, change) == {**unread, "iam_role": "Narrow"}
    assert difference([unread]) == {"mi-1": {"name": "lyon", "iam_role": "EdgeHosts"}}


def test_prediction_equals_what_a_second_comparison_calls_unchanged() -> None:
    wanted = WantedNode("Narrow", {"owner": "ops"}, purge_tags=True)
    change = compare(NODE, wanted)
    assert (change.tags.put, change.tags.drop) == ({"owner": "ops"}, ["fleet"])
    after = predict(NODE, change)
    assert (after["iam_role"], after["tags"]) == ("Narrow", {"owner": "ops"})
    assert not compare(after, wanted)
