# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import botocore.session
import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import InvalidInput
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs.definition_compare import (
    comparable,
    lay_over,
    read,
)
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs.definition_members import (
    CONTAINER as CONTAINER_SHAPE,
)
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs.definition_members import (
    DEFINITION,
    FLAG,
    NUMBER,
    SIZE,
    TEXT,
    TEXTS_BY_NAME,
    Choice,
    Many,
    Shape,
    Struct,
)
from hypothesis import given, settings
from hypothesis import strategies as st

Data = dict[str, Any]

CONTAINER: Data = {
    "name": "web",
    "image": "nginx:1",
    "memory": 64,
    "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    "secrets": [{"name": "S", "valueFrom": "arn:1"}],
    "command": ["serve", "--fast"],
    "portMappings": [{"containerPort": 80, "hostPort": 8080}],
    "healthCheck": {"command": ["CMD", "true"]},
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "a"}},
    "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}],
}
GIVEN: Data = {"family": "web", "containerDefinitions": [CONTAINER, {"name": "b", "image": "b", "memory": 8}]}


def described(definition: Data) -> Data:
    """As AWS describes it: with what it fills in, and lists in an order of its own."""
    mode = definition.get("networkMode", "bridge")
    lists = ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls")
    containers = []
    for container in copy.deepcopy(definition["containerDefinitions"]):
        filled = {"cpu": 0, "essential": True, **{name: [] for name in lists}, **container}
        filled["environment"] = filled["environment"][::-1]
        for mapping in filled["portMappings"]:
            mapping.setdefault("protocol", "tcp")
            mapping.setdefault("hostPort", 0 if mode == "bridge" else mapping["containerPort"])
        if "healthCheck" in filled:
            filled["healthCheck"] = {"interval": 30, "timeout": 5, "retries": 3, **filled["healthCheck"]}
        containers.append(filled)
    return {
        "volumes": [],
        "placementConstraints": [],
        "networkMode": mode,
        **definition,
        "containerDefinitions": containers[::-1],
        "taskDefinitionArn": "arn",
        "revision": 3,
        "status": "ACTIVE",
        "compatibilities": ["EXTERNAL", "EC2"],
        "requiresAttributes": [{"name": "a"}],
    }


def changed(wanted: Data, current: Data, purge: bool = False) -> bool:
    return comparable(lay_over(current, wanted, purge)) != comparable(current)


def with_container(**changes: Any) -> Data:
    return {**GIVEN, "containerDefinitions": [{**CONTAINER, **changes}, GIVEN["containerDefinitions"][1]]}


# --- the table of members ---


def differences(shape: Shape, model: Any, path: str = "") -> list[str]:
    if isinstance(shape, Struct):
        if model.type_name != "structure":
            return [f"{path} is a {model.type_name}"]
        names = {*shape.members, *model.members}
        found = [f"{path}.{name}" for name in names if name not in shape.members or name not in model.members]
        found += [f"{path}.{name} required" for name in model.required_members if name not in shape.required]
        both = [name for name in names if name in shape.members and name in model.members]
        return found + [
            line for name in both for line in differences(shape.members[name], model.members[name], f"{path}.{name}")
        ]
    if isinstance(shape, Many):
        if model.type_name != "list":
            return [f"{path} is a {model.type_name}"]
        return differences(shape.item, model.member, f"{path}[]")
    if isinstance(shape, Choice):
        return [f"{path} {value}" for value in set(model.enum) - set(shape.values)]
    types = {TEXT: "string", SIZE: "string", NUMBER: "integer", FLAG: "boolean", TEXTS_BY_NAME: "map"}
    return [] if types[shape] == model.type_name else [f"{path} is a {model.type_name}"]


def test_the_table_is_the_api() -> None:
    model = botocore.session.get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition")
    # Tags are an option of their own.
    assert [line for line in differences(DEFINITION, model.input_shape) if line != ".tags"] == []


def every_default(shape: Shape, path: str = "") -> list[str]:
    if isinstance(shape, Many):
        return every_default(shape.item, path)
    if not isinstance(shape, Struct):
        return []
    unknown = [f"{path}.{name}" for name in shape.defaults if name not in shape.members]
    return unknown + [line for name, item in shape.members.items() for line in every_default(item, f"{path}.{name}")]


def test_defaults_are_those_of_members() -> None:
    assert every_default(DEFINITION) == []


# --- what the user gave ---


@pytest.mark.parametrize(
    ("containers", "message"),
    [
        ([{"name": "a", "image": "b", "container_port": 1}], "[0].container_port is not known to ECS"),
        ([{"name": "a", "image": "b", "port_mappings": []}], "Did you mean portMappings?"),
        ([{"name": "a", "image": "b", "portMappings": [{"ContainerPort": 1}]}], "Did you mean containerPort?"),
        ([{"name": "a", "image": "b", "logConfiguration": {"x": "y"}}], "It has logDriver, options"),
        ([{"name": "a"}], "container_definitions[0].image is missing"),
        ([{"name": "a", "image": "b", "portMappings": [{"hostPort": "http"}]}], "portMappings[0].hostPort: 'http'"),
        ([{"name": "a", "image": "b", "memory": 1.5}], "memory: 1.5 is not valid: it is a whole number"),
        ([{"name": "a", "image": "b", "memory": True}], "memory: True"),
        ([{"name": "a", "image": "b", "environment": [{"name": "A", "value": True}]}], "environment[0].value: True"),
        (
            [{"name": "a", "image": "b", "environment": {"A": "b"}}],
            "environment: {'A': 'b'} is not valid: it is a list",
        ),
        ([{"name": "a", "image": "b", "essential": "perhaps"}], "essential: 'perhaps'"),
        ([{"name": "a", "image": "b", "dockerLabels": ["a"]}], "dockerLabels: ['a']"),
        ([{"name": "a", "image": "b", "portMappings": [{"protocol": "TCP"}]}], "it is one of tcp, udp"),
        (["web"], "container_definitions[0]: 'web' is not valid: it is a dictionary"),
    ],
)
def test_what_the_api_does_not_know_is_refused_by_its_path(containers: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(containers, DEFINITION.members["containerDefinitions"], "container_definitions")
    assert message in refused.value.message


def test_sizes_are_checked() -> None:
    assert read(" 0.5 vCPU", SIZE, "cpu") == "0.5 vCPU"
    assert read("512", SIZE, "cpu") == "512"
    with pytest.raises(InvalidInput, match="0.5 vCPU"):
        read("half", SIZE, "cpu")


def test_templates_make_text_and_the_types_of_the_api_come_back() -> None:
    container = {
        "name": 7,
        "image": "b",
        "memory": "64",
        "essential": "False",
        "user": None,
        "environment": [{"name": "A", "value": 8080}],
        "dockerLabels": {"rack": 7},
    }
    assert read([container], DEFINITION.members["containerDefinitions"], "c") == [
        {
            "name": "7",
            "image": "b",
            "memory": 64,
            "essential": False,
            "environment": [{"name": "A", "value": "8080"}],
            "dockerLabels": {"rack": "7"},
        }
    ]


# --- the comparison ---


def test_what_aws_fills_in_is_no_difference() -> None:
    assert not changed(GIVEN, described(GIVEN))
    assert not changed(GIVEN, described(GIVEN), purge=True)


@pytest.mark.parametrize("mode", ["bridge", "host", "awsvpc"])
def test_a_port_that_the_mode_implies_is_no_difference(mode: str) -> None:
    wanted = {**with_container(portMappings=[{"containerPort": 80}]), "networkMode": mode}
    assert not changed(wanted, described(wanted))
    implied = {**with_container(portMappings=[{"containerPort": 80, "hostPort": 80}]), "networkMode": mode}
    assert changed(implied, described(wanted)) is (mode == "bridge")


# The first four are those that community.aws.ecs_taskdefinition does not notice.
@pytest.mark.parametrize(
    "change",
    [
        {"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}]},
        {"command": ["--fast", "serve"]},
        {"secrets": [{"name": "S", "valueFrom": "arn:2"}]},
        {"portMappings": [{"containerPort": 80, "hostPort": 8081}]},
        {"environment": [{"name": "A", "value": "1"}]},
        {"environment": []},
        {"secrets": None},
        {"essential": False},
        {"cpu": 1},
        {"memory": 65},
        {"image": "nginx:2"},
        {"portMappings": [{"containerPort": 80, "hostPort": 8080, "protocol": "udp"}]},
        {"healthCheck": {"command": ["CMD", "true"], "interval": 10}},
        {"healthCheck": {"command": ["true", "CMD"]}},
        {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "b"}}},
        {"privileged": True},
        {"ulimits": [{"name": "nofile", "softLimit": 0, "hardLimit": 2}]},
        {"linuxParameters": {"swappiness": 0}},
        {"versionConsistency": "disabled"},
    ],
)
def test_every_real_change_is_one(change: Data) -> None:
    read_change = {name: value for name, value in with_container(**change)["containerDefinitions"][0].items() if value}
    wanted = {**GIVEN, "containerDefinitions": [{**read_change, **{k: v for k, v in change.items() if v is not None}}]}
    wanted["containerDefinitions"].append(GIVEN["containerDefinitions"][1])
    assert changed(wanted, described(GIVEN))
    assert not changed(wanted, described(wanted))


@pytest.mark.parametrize(
    "change",
    [
        {"environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]},
        {"cpu": 0, "essential": True, "privileged": False, "mountPoints": [], "versionConsistency": "enabled"},
        {"portMappings": [{"protocol": "tcp", "hostPort": 8080, "containerPort": 80}]},
        {"healthCheck": {"command": ["CMD", "true"], "interval": 30, "startPeriod": 0}},
        {"linuxParameters": {"initProcessEnabled": False, "capabilities": {"add": []}}},
    ],
)
def test_another_way_to_say_the_same_is_no_difference(change: Data) -> None:
    assert not changed(with_container(**change), described(GIVEN))
    assert not changed(GIVEN, described(with_container(**change)))


def test_a_container_that_is_no_longer_named_is_a_difference() -> None:
    assert changed({**GIVEN, "containerDefinitions": [CONTAINER]}, described(GIVEN))


def test_units_of_cpu_and_memory_are_compared_as_numbers() -> None:
    current = described({**GIVEN, "cpu": "512", "memory": "2048"})
    assert not changed({**GIVEN, "cpu": ".5 vCPU", "memory": "2 GB"}, current)
    assert changed({**GIVEN, "cpu": "1 vCPU"}, current)


def test_an_option_left_out_stays_and_an_empty_one_goes() -> None:
    current = described(
        {**GIVEN, "executionRoleArn": "role", "volumes": [{"name": "a", "host": {}}], "enableFaultInjection": False}
    )
    assert not changed(GIVEN, current)
    kept = lay_over(current, with_container(cpu=9), purge=False)
    assert (kept["executionRoleArn"], kept["volumes"]) == ("role", [{"name": "a", "host": {}}])
    assert not {"taskDefinitionArn", "revision", "status", "compatibilities", "requiresAttributes"} & set(kept)
    assert changed({**GIVEN, "executionRoleArn": ""}, current)
    assert "executionRoleArn" not in lay_over(current, {**GIVEN, "executionRoleArn": ""}, purge=False)
    assert changed({**GIVEN, "volumes": []}, current)
    assert changed(GIVEN, current, purge=True)
    assert set(lay_over(current, GIVEN, purge=True)) == {"family", "containerDefinitions"}


def test_nothing_is_added_to_what_is_registered() -> None:
    assert lay_over(None, GIVEN, purge=False) == GIVEN


def test_the_platform_is_compared_by_what_is_named_of_it() -> None:
    arm = {"cpuArchitecture": "ARM64"}
    current = described({**GIVEN, "runtimePlatform": {**arm, "operatingSystemFamily": "LINUX"}})
    assert not changed({**GIVEN, "runtimePlatform": arm}, current)
    assert changed({**GIVEN, "runtimePlatform": {"cpuArchitecture": "X86_64"}}, current)
    assert not changed(GIVEN, current)
    # Without one, any architecture will do, which is not the same as x86.
    assert changed({**GIVEN, "runtimePlatform": {"cpuArchitecture": "X86_64"}}, described(GIVEN))


def test_members_that_are_not_known_yet_are_no_difference() -> None:
    current = described(GIVEN)
    current["containerDefinitions"][0]["fromTheFuture"] = {"a": 1}
    assert not changed(GIVEN, {**current, "alsoNew": True})


# --- of any definition ---

_texts = st.text("abc/=-", min_size=1, max_size=4)


def values(shape: Shape) -> st.SearchStrategy[Any]:
    if isinstance(shape, Struct):
        strategies = {name: values(item) for name, item in shape.members.items()}
        required = {name: strategies[name] for name in shape.required}
        optional = {name: item for name, item in strategies.items() if name not in shape.required}
        return st.fixed_dictionaries(required, optional=optional)
    if isinstance(shape, Many):
        return st.lists(values(shape.item), max_size=2)
    if isinstance(shape, Choice):
        return st.sampled_from(shape.values)
    simple: dict[str, st.SearchStrategy[Any]] = {
        NUMBER: st.integers(0, 3),
        FLAG: st.booleans(),
        SIZE: st.sampled_from(["256", "1024", "1 vCPU"]),
        TEXTS_BY_NAME: st.dictionaries(_texts, _texts, max_size=2),
    }
    return simple.get(shape, _texts)


# Few members, so that drawing them takes no time; among them those with defaults and with order.
_DRAWN = Struct(
    {
        name: CONTAINER_SHAPE.members[name]
        for name in ("name", "image", "cpu", "essential", "command", "environment", "healthCheck", "portMappings")
    },
    ("name", "image"),
)
_DEFINITIONS = st.fixed_dictionaries(
    {"family": st.just("a"), "containerDefinitions": st.lists(values(_DRAWN), min_size=1, max_size=2)},
    optional={name: values(DEFINITION.members[name]) for name in ("volumes", "networkMode", "cpu", "runtimePlatform")},
).map(lambda definition: with_ports(definition))
_FEW = settings(max_examples=30, deadline=None)


def with_ports(definition: Data) -> Data:
    for container in definition["containerDefinitions"]:
        container["portMappings"] = [one for one in container.get("portMappings", []) if "containerPort" in one]
    return definition


@_FEW
@given(definition=_DEFINITIONS)
def test_any_definition_equals_itself_as_described_and_read_again(definition: Data) -> None:
    assert not changed(definition, described(definition))
    assert comparable(comparable(definition)) == comparable(definition)
    again = {name: read(value, DEFINITION.members[name], name) for name, value in definition.items()}
    assert again == definition


@_FEW
@given(definition=_DEFINITIONS, other=_DEFINITIONS)
def test_after_registration_nothing_is_left_to_change(definition: Data, other: Data) -> None:
    registered = described(lay_over(described(other), definition, purge=False))
    assert not changed(definition, registered)
