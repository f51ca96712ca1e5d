# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import labels, plan

TAGS = {"fleet": "retail", "host": "lyon-1", "site": "lyon"}


def observed(attributes: Any, tags: Any = None, **more: Any) -> dict[str, Any]:
    """A host whose ecs.config says this, and of which TAGS are asked."""
    values = {labels.ATTRIBUTES: attributes, labels.TAGS: TAGS if tags is None else tags}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return {"host": {"ecs_config": {"user": {"values": texts}}}, "tags": TAGS, **more}


def instance(attributes: Any, tags: Any = None) -> dict[str, Any]:
    return {"attributes": attributes, "tags": TAGS if tags is None else tags}


# ecs.config on the host, what the instance bears, what is asked: what goes.
@pytest.mark.parametrize(
    ("before", "has", "wanted", "dropped"),
    [
        ({"site": "lyon", "rack": "7"}, {"site": "lyon", "rack": "7"}, {"site": "lyon"}, ["rack"]),
        # Somebody has changed it since: it is theirs.
        ({"rack": "7"}, {"rack": "8"}, {}, []),
        # Somebody else's from the beginning.
        ({}, {"gpu": "yes"}, {}, []),
        ({"rack": "7"}, {"rack": "7"}, {"rack": "9"}, []),
        ({"rack": "7"}, {}, {}, []),
        ({"ecs.os-type": "linux"}, {"ecs.os-type": "linux"}, {}, []),
        # The rollout's own, by its name.
        ({}, {"fleet_release": "2026.11"}, {}, ["fleet_release"]),
        ({}, {"fleet_release": "2026.11"}, {"fleet_release": "2026.12"}, []),
        # A broken line, and one whose value was hidden because a part of it is called like a secret.
        ("{“rack”: 7}", {"rack": "7"}, {}, []),
        ("sha256:abc", {"rack": "7"}, {}, []),
        ("[1]", {"rack": "7"}, {}, []),
    ],
)
def test_attributes_that_are_asked_for_no_more(before: Any, has: Any, wanted: Any, dropped: list[str]) -> None:
    assert labels.of(observed(before), instance(has), wanted, "retail")["drop_attributes"] == dropped


@pytest.mark.parametrize(
    ("before", "asked", "dropped"),
    [
        ({**TAGS, "rack": "7"}, TAGS, ["rack"]),
        ({**TAGS, "rack": "8"}, TAGS, []),
        ({"rack": "7"}, TAGS, []),  # not this fleet's file
        ({**TAGS, "fleet": "wholesale", "rack": "7"}, TAGS, []),
        ({**TAGS, "rack": "7"}, {}, []),  # nothing is said about tags
    ],
)
def test_tags_that_are_asked_for_no_more(before: Any, asked: Any, dropped: list[str]) -> None:
    seen = {**observed({}, before), "tags": asked}
    assert labels.of(seen, instance({}, {**TAGS, "rack": "7"}), {}, "retail")["drop_tags"] == dropped


def test_a_file_that_is_not_the_fleets_says_nothing_of_what_the_fleet_has_set() -> None:
    seen = observed({"rack": "7"}, {"fleet": "wholesale"})
    assert labels.of(seen, instance({"rack": "7"}), {}, "retail")["drop_attributes"] == []


def test_a_host_may_go_to_another_site() -> None:
    assert not labels.of(observed({}), instance({}), {}, "retail")["resited"]
    assert labels.of(observed({}), instance({}, {**TAGS, "site": "oslo"}), {}, "retail")["resited"]
    # An instance that has told none yet is nobody else's.
    assert not labels.of(observed({}), instance({}, {}), {}, "retail")["resited"]


def made(observation: dict[str, Any], **more: Any) -> dict[str, Any]:
    identity = {"registration": {"registered": True, "instance_id": "mi-1"}, "packages": {}, "ecs_agent": {}}
    observation["host"].update(identity)
    record = {
        "ec2_instance_id": "mi-1", "container_instance_arn": "arn:1", "status": "ACTIVE", "agent_connected": True,
        "attributes": {"site": "lyon", "rack": "7"}, "tags": TAGS, **more,
    }  # fmt: skip
    options = {"started": "2026-11-22T06:00:00Z", "fleet": "retail", "cluster": "edge", "region": "r", "release": ""}
    seen = {"drift": [], "findings": [], "attributes": {"site": "lyon"}, **observation}
    planned: dict[str, Any] = plan.build({"lyon-1": "lyon"}, {"lyon-1": seen}, {"instances": [record]}, options)
    return planned


def test_the_plan_takes_them_away_before_the_hosts_change() -> None:
    planned = made(observed({"site": "lyon", "rack": "7"}))
    assert planned["hosts"]["lyon-1"]["drift"] == [
        {
            "component": "attributes", "before": {"rack": "7"}, "after": {"rack": None}, "disruptive": False,
            "reason": "ECS attributes differ",
        }
    ]  # fmt: skip
    assert planned["batches"][0]["obsolete"] == {"drop_attributes": {"arn:1": ["rack"]}, "drop_tags": {}}


def test_the_plan_sets_tags_that_differ() -> None:
    planned = made(observed({"site": "lyon"}), tags={**TAGS, "site": "oslo"}, attributes={"site": "lyon"})
    entry = planned["hosts"]["lyon-1"]["drift"][0]
    assert (entry["component"], entry["before"], entry["after"]) == ("tags", {"site": "oslo"}, {"site": "lyon"})
    assert planned["hosts"]["lyon-1"]["resited"]


def test_without_drift_nothing_is_said() -> None:
    planned = made(observed({"site": "lyon"}), attributes={"site": "lyon", "gpu": "somebody's"})
    assert (planned["hosts"]["lyon-1"]["action"], planned["batches"]) == ("unchanged", [])


@pytest.mark.parametrize("value", [{"rack": "7"}, '{"rack":"7"}'])
def test_what_is_asked_may_stand_as_json(value: Any) -> None:
    assert labels.asked({"ecs_config": {labels.TAGS: value}}, labels.TAGS) == {"rack": "7"}
    assert labels.asked({}, labels.TAGS) == {}
