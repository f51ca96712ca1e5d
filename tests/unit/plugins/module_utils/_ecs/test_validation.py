# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import InvalidInput
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs import validation

ARN = "arn:aws:ecs:us-west-2:111122223333"
HEX = "0f9de17a6465404e8b1b2356dc13c2f8"


@pytest.mark.parametrize("name", ["retail-edge", "a", "A_1", "x" * 255])
def test_cluster_names(name: str) -> None:
    assert validation.check_cluster_name(name) == name


@pytest.mark.parametrize("name", ["", "retail edge", "retail/edge", "x" * 256, "é", "name\n", f"{ARN}:cluster/x"])
def test_bad_cluster_names(name: str) -> None:
    with pytest.raises(InvalidInput, match="Option name"):
        validation.check_cluster_name(name)


def test_a_cluster_is_given_by_name_or_arn() -> None:
    for reference in ("retail-edge", f"{ARN}:cluster/retail-edge", "arn:aws-cn:ecs:cn-north-1:111122223333:cluster/x"):
        assert validation.check_cluster(reference) == reference
    with pytest.raises(InvalidInput, match="Option cluster: 'a b'"):
        validation.check_cluster("a b")


@pytest.mark.parametrize(
    "reference",
    [
        "mi-0123456789abcdef0",
        "i-01234567",
        "i-0123456789abcdef0",
        HEX,
        "0f9de17a-6465-404e-8b1b-2356dc13c2f8",
        f"{ARN}:container-instance/retail-edge/{HEX}",
        f"{ARN}:container-instance/{HEX}",
    ],
)
def test_container_instances(reference: str) -> None:
    assert validation.check_container_instances([reference, reference]) == [reference]


@pytest.mark.parametrize(
    "reference", ["", "mi-1", "lyon-01", "mi-0123456789ABCDEF0", f"{ARN}:cluster/x", "mi-0123456789abcdef0 "]
)
def test_bad_container_instances(reference: str) -> None:
    with pytest.raises(InvalidInput, match="managed node"):
        validation.check_container_instances([reference])


def test_settings() -> None:
    assert validation.read_settings(None) is None
    assert validation.read_settings({"containerInsights": "enhanced"}) == {"containerInsights": "enhanced"}
    with pytest.raises(InvalidInput, match="settings.containerInsights: True .* disabled, enabled, enhanced"):
        validation.read_settings({"containerInsights": True})
    with pytest.raises(InvalidInput, match="container_insights"):
        validation.read_settings({"container_insights": "enabled"})


def test_attributes() -> None:
    given = {"site": "lyon", "rack": 7, "gpu": "", "path": "a/b c:d@e\\f"}
    assert validation.read_attributes(given) == {**given, "rack": "7"}
    assert validation.read_attributes(None) is None


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"ecs.os-type": "linux"}, "belong to ECS"),
        ({"com.amazonaws.ecs.x": "y"}, "belong to ECS"),
        ({"a b": "x"}, "a name has"),
        ({"x" * 129: "x"}, "a name has"),
        ({"site": " lyon"}, "attributes.site: ' lyon'"),
        ({"site": "lyon\N{RIGHT DOUBLE QUOTATION MARK}"}, "a value has"),
        ({"edge": True}, "text or a number"),
    ],
)
def test_bad_attributes(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        validation.read_attributes(attributes)


def test_attributes_by_instance_belong_to_given_instances() -> None:
    assert validation.read_attributes_of({"a": {"rack": 1}}, ["a", "b"]) == {"a": {"rack": "1"}}
    with pytest.raises(InvalidInput, match="'c'.*not one of container_instances"):
        validation.read_attributes_of({"c": {}}, ["a"])
    with pytest.raises(InvalidInput, match="attributes_by_instance.a"):
        validation.read_attributes_of({"a": "rack"}, ["a"])
    with pytest.raises(InvalidInput, match=r"attributes_by_instance\.a.*belong to ECS"):
        validation.read_attributes_of({"a": {"ecs.x": "y"}}, ["a"])


def test_what_is_set_is_not_dropped() -> None:
    assert validation.check_drop(["old"], {"new": "1"}) == ["old"]
    with pytest.raises(InvalidInput, match="also to be set"):
        validation.check_drop(["new"], {"new": "1"})
    with pytest.raises(InvalidInput, match="belong to ECS"):
        validation.check_drop(["ecs.os-type"], None)


def test_what_is_dropped_of_single_instances() -> None:
    def read(given: object, kept: dict[str, str] | None = None) -> dict[str, list[str]]:
        return validation.read_drop_of(given, ["mi-1"], "drop_tags_by_instance", kept, {"mi-1": {"site": "x"}})  # type: ignore[arg-type]

    assert read({"mi-1": ["rack"]}) == {"mi-1": ["rack"]}
    assert read(None) == {}
    for wrong, said in (
        ({"mi-2": ["rack"]}, "not one of container_instances"),
        ({"mi-1": "rack"}, "list of names"),
        ({"mi-1": ["site"]}, "also to be set"),
        ({"mi-1": ["ecs.os-type"]}, "belong to ECS"),
    ):
        with pytest.raises(InvalidInput, match=said):
            read(wrong)
