# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import container_instance_watch

ONE = "mi-00000000000000001"
GIVEN: dict[str, Any] = {"cluster": "edge", "container_instances": [ONE], "duration": 60}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"duration": -1}, "duration"),
        ({"interval": 0}, "interval"),
        ({"tolerance": -1}, "tolerance"),
        ({"allowed": -1}, "allowed"),
        ({"container_instances": ["lab-1"]}, "lab-1"),
    ],
)
def test_bad_input_is_refused_before_a_call(run: Any, changes: dict[str, Any], named: str) -> None:
    result = run(container_instance_watch, {**GIVEN, **changes})
    assert result["failed"] and named in result["msg"]


def test_it_tells_what_it_has_seen_and_changes_nothing(run: Any, client: Any) -> None:
    found = {"containerInstanceArn": "arn/1", "ec2InstanceId": ONE, "status": "ACTIVE", "agentConnected": False}
    replies = {
        "list_container_instances": {"containerInstanceArns": ["arn/1"]},
        "describe_container_instances": {"containerInstances": [found]},
    }
    result = run(container_instance_watch, {**GIVEN, "duration": 0, "tolerance": 0}, client(**replies))
    assert result["unhealthy"] == {ONE: "ACTIVE, agent not connected for 0 s"}
    assert (result["changed"], result["services"], result["looks"]) == (False, {}, 1)
