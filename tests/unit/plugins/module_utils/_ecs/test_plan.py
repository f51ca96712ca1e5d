# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import NotPossible
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.tags import TagChange
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs.plan import (
    InstanceChange,
    WantedInstance,
    compare,
    compare_all,
    difference,
    predict,
    predict_all,
)


def instance(**changes: Any) -> dict[str, Any]:
    return {
        "container_instance_arn": "arn/1",
        "ec2_instance_id": "mi-1",
        "status": "ACTIVE",
        "attributes": {"ecs.os-type": "linux", "site": "lyon"},
        "tags": {"fleet": "retail"},
        **changes,
    }


def test_as_wanted_is_no_change() -> None:
    assert not compare(instance(), WantedInstance())
    assert not compare(instance(), WantedInstance("ACTIVE", {"site": "lyon"}, tags={"fleet": "retail"}))


def test_status() -> None:
    assert compare(instance(), WantedInstance("DRAINING")) == InstanceChange(status="DRAINING")
    assert compare(instance(status="DRAINING"), WantedInstance("ACTIVE")).status == "ACTIVE"


@pytest.mark.parametrize("status", ["REGISTERING", "DEREGISTERING", "REGISTRATION_FAILED"])
def test_only_a_settled_instance_changes_its_status(status: str) -> None:
    with pytest.raises(NotPossible, match=f"mi-1 is {status}"):
        compare(instance(status=status), WantedInstance("DRAINING"))
    assert not compare(instance(status=status), WantedInstance())


def test_purging_attributes_spares_those_of_ecs() -> None:
    change = compare(instance(), WantedInstance(attributes={"rack": "7"}, purge_attributes=True))
    assert (change.put_attributes, change.drop_attributes) == ({"rack": "7"}, ["site"])


def test_purging_without_attributes_does_nothing() -> None:
    assert not compare(instance(), WantedInstance(purge_attributes=True))


def test_dropping_names_what_goes() -> None:
    assert compare(instance(), WantedInstance(drop_attributes=["site", "other"])).drop_attributes == ["site"]


def test_the_eleventh_attribute_is_refused_before_the_call() -> None:
    full = instance(attributes={f"a{number}": "x" for number in range(10)} | {"ecs.os-type": "linux"})
    with pytest.raises(NotPossible, match="mi-1 would have 11 custom attributes"):
        compare(full, WantedInstance(attributes={"b": "x"}))
    assert compare(full, WantedInstance(attributes={"b": "x"}, drop_attributes=["a0"])).put_attributes == {"b": "x"}
    assert compare(full, WantedInstance(attributes={"a0": "y"})).put_attributes == {"a0": "y"}


def test_attributes_of_one_instance_go_over_those_of_all() -> None:
    wanted = WantedInstance(attributes={"site": "lyon", "rack": "0"}, attributes_of={"mi-1": {"rack": "7"}})
    two = instance(container_instance_arn="arn/2", ec2_instance_id="mi-2")
    seen = {"mi-1": instance(), "arn/1": instance(), "mi-2": two, "mi-3": None}
    changes = {item["ec2_instance_id"]: change.put_attributes for item, change in compare_all(seen, wanted)}
    assert changes == {"mi-1": {"rack": "7"}, "mi-2": {"rack": "0"}}


def test_prediction_is_what_a_second_comparison_calls_unchanged() -> None:
    wanted = WantedInstance("DRAINING", {"rack": "7"}, {}, ["site"], tags={"a": "1"}, purge_tags=True)
    change = compare(instance(), wanted)
    assert change.tags == TagChange(put={"a": "1"}, drop=["fleet"])
    after = predict(instance(), change)
    assert after["attributes"] == {"ecs.os-type": "linux", "rack": "7"}
    assert not compare(after, wanted)
    assert predict_all({"x": instance(), "y": None}, [(instance(), change)]) == {"x": after, "y": None}


def test_the_difference_shows_what_the_module_manages() -> None:
    assert difference([instance(agent_connected=True)]) == {
        "mi-1": {"status": "ACTIVE", "attributes": {"site": "lyon"}, "tags": {"fleet": "retail"}}
    }


def test_single_instances_have_labels_of_their_own() -> None:
    wanted = WantedInstance(
        attributes={"fleet": "retail"},
        drop_attributes_of={"mi-1": ["site", "none"]},
        tags_of={"mi-1": {"site": "lyon"}},
        drop_tags_of={"mi-1": ["fleet", "none"]},
    )
    other = instance(container_instance_arn="arn/2", ec2_instance_id="mi-2")
    (_first, change), (_second, rest) = compare_all({"mi-1": instance(), "mi-2": other}, wanted)
    assert (change.put_attributes, change.drop_attributes) == ({"fleet": "retail"}, ["site"])
    assert change.tags == TagChange(put={"site": "lyon"}, drop=["fleet"])
    assert (rest.drop_attributes, rest.tags) == ([], TagChange())
