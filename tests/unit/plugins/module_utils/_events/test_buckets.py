# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._events import buckets

QUEUE = {"QueueConfigurations": [{"QueueArn": "arn:aws:sqs:us-west-2:111122223333:files", "Events": ["s3:*"]}]}


@pytest.mark.parametrize("before", [{}, QUEUE, {**QUEUE, "EventBridgeConfiguration": {}}])
@pytest.mark.parametrize("on", [True, False])
def test_other_notifications_stay(before: dict[str, object], on: bool) -> None:
    after = buckets.switched(before, on)
    assert buckets.is_on(after) is on
    assert {name: value for name, value in after.items() if name != "EventBridgeConfiguration"} == {
        name: value for name, value in before.items() if name != "EventBridgeConfiguration"
    }
