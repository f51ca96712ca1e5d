# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ecs.config as a whole: what is refused and in which words, what is written, and what is wrong in others' files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_config import render, to_texts, validate
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_readers import parse_agent
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_settings import CREDENTIAL_VARIABLES

BASE: dict[str, Any] = {"ECS_CLUSTER": "retail-edge", "ECS_EXTERNAL": True, "AWS_DEFAULT_REGION": "eu-west-3"}
NO_PROXY = "169.254.169.254,169.254.170.2,/var/run/docker.sock"


def errors(**more: Any) -> list[str]:
    return validate({**BASE, **more})


def only(**more: Any) -> str:
    found = errors(**more)
    assert len(found) == 1, found
    return found[0]


def test_base_is_valid() -> None:
    assert errors() == []


def test_what_an_external_instance_may_say() -> None:
    assert errors(ECS_ENABLE_TASK_ENI=False, ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM="none") == []


# The types have their own tests; here is one refusal of each kind, and what could spoil the line it is written in.
BAD: list[tuple[str, Any, str]] = [
    ("ECS_EXTERNAL", "True", "boolean in lower case"),
    ("ECS_CLUSTER", "retail edge", "letters, digits, hyphens and underscores"),
    ("ECS_CLUSTER", "x" * 256, "1 to 255"),
    ("ECS_CLUSTER", "edge\n", "line break"),
    ("ECS_CLUSTER", None, "is null"),
    ("ECS_NVIDIA_RUNTIME", "a\0b", "control character"),
    ("ECS_NVIDIA_RUNTIME", "\u201cnvidia\u201d", "typographic quotes"),
    ("ECS_RESERVED_MEMORY", 65536, "from 0 to 65535 MiB"),
    ("ECS_RESERVED_PORTS", [22, 9100], "lacks 2375, 2376, 51678, 51679"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"town": "Orl\u00e9ans"}, "outside ASCII"),
    ("ECS_CONTAINER_INSTANCE_TAGS", "{'site': 'lyon'}", "looks like Python"),
    ("ECS_INSTANCE_ATTRIBUTES", {f"a{n}": "v" for n in range(11)}, "10 are the limit"),
    # what an external instance can't have
    ("ECS_ENABLE_TASK_ENI", True, "only EC2 instances have"),
    ("ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM", "ec2_instance", "only EC2 instances have"),
    ("ECS_ENABLE_SPOT_INSTANCE_DRAINING", "true", "only EC2 instances have"),
    ("ECS_WARM_POOLS_CHECK", True, "only EC2 instances have"),
    ("ECS_AWSVPC_BLOCK_IMDS", True, "no effect on an external instance"),
    ("ECS_DATADIR", "/data", "ecs-init sets this variable itself"),
]


@pytest.mark.parametrize(("name", "value", "part"), BAD)
def test_bad_value_is_named(name: str, value: Any, part: str) -> None:
    message = only(**{name: value})
    assert message.startswith(name + ": the value ")
    assert part in message
    assert "allowed: " in message
    assert message.isascii() and "\n" not in message


def test_message_has_variable_value_rule_and_allowed_values() -> None:
    assert only(ECS_IMAGE_PULL_BEHAVIOR="sometimes") == (
        "ECS_IMAGE_PULL_BEHAVIOR: the value 'sometimes' is not one of the choices; "
        "allowed: one of default, always, once, prefer-cached"
    )


def test_unknown_variable_with_suggestion() -> None:
    assert only(ECS_IMAGE_PULL_BEHAVIOUR="once") == (
        "'ECS_IMAGE_PULL_BEHAVIOUR': no such variable of ecs.config; did you mean ECS_IMAGE_PULL_BEHAVIOR?"
    )
    assert "did you mean ECS_LOGLEVEL?" in only(ecs_loglevel="info")
    assert "knows 106 variables" in only(FOO="bar")


@pytest.mark.parametrize("name", CREDENTIAL_VARIABLES)
def test_credentials_are_refused_without_their_value(name: str) -> None:
    message = only(**{name: "AKIAEXAMPLE"})
    assert name in message and "identity that SSM gives" in message
    assert "AKIAEXAMPLE" not in message


def test_every_error_is_reported_in_a_fixed_order() -> None:
    found = errors(ECS_POLL_METRICS="True", ECS_CLUSTER="a b", FOO="x")
    assert [message.split(":")[0] for message in found] == ["ECS_CLUSTER", "ECS_POLL_METRICS", "'FOO'"]


@pytest.mark.parametrize("name", ["ECS_EXTERNAL", "AWS_DEFAULT_REGION"])
def test_external_instance_needs(name: str) -> None:
    config = {key: value for key, value in BASE.items() if key != name}
    (message,) = validate(config)
    assert message.startswith(name + ": is missing")


def test_without_external() -> None:
    assert validate({"ECS_CLUSTER": "x"}, external=False) == []
    assert validate({"ECS_ENABLE_TASK_ENI": True, "ECS_AWSVPC_BLOCK_IMDS": True}, external=False) == []
    assert "not one" in validate({"ECS_EXTERNAL": True}, external=False)[0]


@pytest.mark.parametrize(
    ("config", "part"),
    [
        ({"ECS_POLLING_METRICS_WAIT_DURATION": "15s"}, "needs ECS_POLL_METRICS=true, which is missing"),
        (
            {"ECS_POLLING_METRICS_WAIT_DURATION": "15s", "ECS_POLL_METRICS": False},
            "needs ECS_POLL_METRICS=true, which is false",
        ),
        ({"NON_ECS_IMAGE_MINIMUM_CLEANUP_AGE": "1h"}, "needs ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP=true"),
        ({"ECS_EXCLUDE_UNTRACKED_IMAGE": "a:1"}, "needs ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP=true"),
        ({"ECS_ENGINE_AUTH_DATA": {"r": {"auth": "eA"}}}, "needs ECS_ENGINE_AUTH_TYPE, which is missing"),
        ({"HTTP_PROXY": "http://proxy:3128"}, "needs NO_PROXY, which is missing"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "needs NO_PROXY, which is missing"),
        ({"CREDENTIALS_FETCHER_HOST": "unix:///x"}, "needs ECS_GMSA_SUPPORTED=true"),
    ],
)
def test_variables_that_need_another(config: dict[str, Any], part: str) -> None:
    assert part in only(**config)


def test_requirement_met() -> None:
    assert errors(HTTP_PROXY="http://proxy:3128", NO_PROXY=NO_PROXY) == []
    assert errors(ECS_POLLING_METRICS_WAIT_DURATION="15s", ECS_POLL_METRICS="true") == []


# Secrets --------------------------------------------------------------------------------------------------------------

AUTH = {"https://index.docker.io/v1/": {"username": "shop", "password": "hunter2", "email": "a@b"}}


def test_registry_logins() -> None:
    config = {**BASE, "ECS_ENGINE_AUTH_TYPE": "docker", "ECS_ENGINE_AUTH_DATA": AUTH}
    assert validate(config) == []
    assert json.loads(to_texts(config)["user"]["ECS_ENGINE_AUTH_DATA"]) == AUTH
    assert to_texts({**config, "ECS_ENGINE_AUTH_DATA": json.dumps(AUTH)}) == to_texts(config)


@pytest.mark.parametrize(
    "value",
    [
        "hunter2",
        ["hunter2"],
        {"r": "hunter2"},
        {"r": {"password": "hunter2\\"}},
        {"r": {"password": 'hunter2"'}},
        42,
        {},
    ],
)
def test_no_secret_in_an_error(value: Any) -> None:
    message = only(ECS_ENGINE_AUTH_TYPE="docker", ECS_ENGINE_AUTH_DATA=value)
    assert "(hidden)" in message and "hunter2" not in message and "42" not in message


def test_no_member_of_broken_json_in_an_error() -> None:
    message = only(ECS_LOG_OPTS='{"splunk-token":"hunter2"')
    assert "(hidden)" in message and "hunter2" not in message


def test_no_proxy_password_in_an_error() -> None:
    for proxy in ("http://joe:hunter2@proxy:3128\\", "joe:hunter2@proxy:3128 "):
        message = only(HTTP_PROXY=proxy, NO_PROXY=NO_PROXY)
        assert "hunter2" not in message


# The files ------------------------------------------------------------------------------------------------------------


def test_render() -> None:
    assert render(
        {**BASE, "ECS_BACKEND_HOST": "http://198.18.0.1:4566", "ECS_CONTAINER_INSTANCE_TAGS": {"b": "2", "a": "1"}}
    ) == {
        "user": "# Written by Ansible, collection edgefleet.ecs. Edits made here will be lost.\n"
        'ECS_CLUSTER=retail-edge\nECS_CONTAINER_INSTANCE_TAGS={"a":"1","b":"2"}\n',
        "instance": "# Written by Ansible, collection edgefleet.ecs. Edits made here will be lost.\n"
        "AWS_DEFAULT_REGION=eu-west-3\nECS_BACKEND_HOST=http://198.18.0.1:4566\nECS_EXTERNAL=true\n",
    }


def test_header_is_no_variable() -> None:
    for text in render(BASE).values():
        assert "=" not in text.splitlines()[0]
        assert all(not name.startswith("#") for name in parse_agent(text))


def test_order_does_not_depend_on_the_input() -> None:
    assert render(dict(reversed(list(BASE.items())))) == render(BASE)
