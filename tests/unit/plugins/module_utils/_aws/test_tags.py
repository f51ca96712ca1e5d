# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import InvalidInput
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.tags import TagChange, compare_tags, read_tags


def test_numbers_become_text() -> None:
    assert read_tags({"rack": 7, 8: "x"}) == {"rack": "7", "8": "x"}
    assert read_tags(None) is None


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"edge": True}, "tags.edge: True is not valid"),
        ({"edge": None}, "tags.edge"),
        ({"edge": {"a": 1}}, "tags.edge"),
        ({"aws:x": "y"}, "does not start with aws:"),
        ({"AWS:x": "y"}, "does not start with aws:"),
        ({"k" * 129: "y"}, "1 to 128"),
        ({"k": "v" * 257}, "at most 256"),
    ],
)
def test_what_aws_would_store_otherwise_or_refuse_is_refused(tags: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_tags(tags)


def test_tags_left_out_are_left_alone() -> None:
    assert not compare_tags({"a": "1"}, None, purge=True)


def test_others_tags_stay_unless_purged() -> None:
    current = {"a": "1", "b": "2", "aws:owner": "x"}
    change = compare_tags(current, {"a": "9"}, purge=False)
    assert change == TagChange(put={"a": "9"}, drop=[])
    assert change.apply_to(current) == {"a": "9", "b": "2", "aws:owner": "x"}
    purged = compare_tags(current, {"a": "1"}, purge=True)
    assert purged == TagChange(put={}, drop=["b"])
    assert purged.apply_to(current) == {"a": "1", "aws:owner": "x"}
