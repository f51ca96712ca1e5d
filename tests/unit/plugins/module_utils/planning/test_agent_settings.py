# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the ECS agent, out of what is said of a host."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.filter.agent_settings import ecs_agent_settings
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_config import validate
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.proxy import ALWAYS_DIRECT
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import agent_settings
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.desired import validate_desired

DIRECT = list(ALWAYS_DIRECT)
LEAST: dict[str, Any] = {
    "cluster": "c", "region": "eu-west-3", "endpoint": "", "attributes": {}, "tags": {}, "gpu": False, "config": {},
    "secret_config": {}, "http_proxy": "", "https_proxy": "", "no_proxy": [],
}  # fmt: skip
REQUIRED = {"ECS_CLUSTER": "c", "ECS_EXTERNAL": True, "AWS_DEFAULT_REGION": "eu-west-3"}


def given(**values: Any) -> dict[str, Any]:
    return {**LEAST, **values}


def own(**values: Any) -> dict[str, Any]:
    """What C(values) add to the least that a host is told."""
    both = agent_settings.of(given(**values))
    assert validate({**both["config"], **both["secret_config"]}) == []
    assert {name: both["config"][name] for name in REQUIRED} == REQUIRED
    return {name: value for name, value in both["config"].items() if name not in REQUIRED}


def test_what_is_empty_is_left_out() -> None:
    assert own() == {}
    assert own(endpoint="https://ecs.example.net", gpu=True) == {
        "ECS_BACKEND_HOST": "https://ecs.example.net",
        "ECS_ENABLE_GPU_SUPPORT": True,
    }


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        ({"fleet": "shops", "host": "till-1", "site": "lyon"}, {"fleet": "shops", "host": "till-1", "site": "lyon"}),
        ({"fleet": "shops", "host": "till-1", "site": ""}, {"fleet": "shops", "host": "till-1"}),
        ({"fleet": "", "host": "till-1", "site": "lyon"}, {"site": "lyon"}),
        ({"fleet": "", "host": "till-1", "site": ""}, {}),
        ({"host": "till-1", "owner": ""}, {"host": "till-1", "owner": ""}),
        ('{"fleet":"shops"}', '{"fleet":"shops"}'),
    ],
)
def test_tags(tags: Any, kept: Any) -> None:
    assert own(tags=tags) == ({"ECS_CONTAINER_INSTANCE_TAGS": kept} if kept else {})


def test_attributes() -> None:
    assert own(attributes={"site": ""}) == {}
    assert own(attributes={"site": "lyon", "rack": "7"}) == {"ECS_INSTANCE_ATTRIBUTES": {"site": "lyon", "rack": "7"}}


def test_the_users_own_settings_win_name_by_name() -> None:
    config = {"ECS_INSTANCE_ATTRIBUTES": {"rack": "7", "site": "paris"}, "ECS_LOGLEVEL": "warn"}
    assert own(attributes={"site": "lyon", "floor": "2"}, config=config) == {
        "ECS_INSTANCE_ATTRIBUTES": {"site": "paris", "floor": "2", "rack": "7"},
        "ECS_LOGLEVEL": "warn",
    }
    as_text = {"ECS_INSTANCE_ATTRIBUTES": '{"rack":"7"}'}
    assert own(attributes={"site": "lyon"}, config=as_text) == as_text


@pytest.mark.parametrize(
    ("config", "secret", "proxies", "plain", "hidden"),
    [
        ({}, {}, ("", "", ["x"]), {}, {}),
        # The user's own word stays as it is while no proxy is asked of the fleet.
        ({"NO_PROXY": "x"}, {}, ("", "", []), {"NO_PROXY": "x"}, {}),
        (
            {},
            {},
            ("http://p:1/", "http://p:1", ["x"]),
            {"HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "http://p:1", "NO_PROXY": [*DIRECT, "x"]},
            {},
        ),
        (
            {"NO_PROXY": "mine, localhost"},
            {"S": 2},
            ("http://u:w@p:1", "", []),
            {"NO_PROXY": [*DIRECT, "mine"]},
            {"S": 2, "HTTP_PROXY": "http://u:w@p:1"},
        ),
        (
            {"HTTP_PROXY": "http://mine:1", "NO_PROXY": ["a"]},
            {},
            ("http://u:w@p:1", "", ["b"]),
            {"HTTP_PROXY": "http://mine:1", "NO_PROXY": [*DIRECT, "b", "a"]},
            {},
        ),
    ],
)
def test_a_proxy(
    config: dict[str, Any],
    secret: dict[str, Any],
    proxies: tuple[str, str, list[str]],
    plain: dict[str, Any],
    hidden: dict[str, Any],
) -> None:
    http, https, exceptions = proxies
    found = agent_settings.of(
        given(config=config, secret_config=secret, http_proxy=http, https_proxy=https, no_proxy=exceptions)
    )
    assert found == {"config": {**REQUIRED, **plain}, "secret_config": hidden}
    if http or https:
        values = {**found["config"], **found["secret_config"]}
        assert validate({name: value for name, value in values.items() if name != "S"}) == []


def test_a_desired_state_is_completed() -> None:
    desired = {"sysctl": {}, "ecs_settings": given(secret_config={"ECS_ENGINE_AUTH_TYPE": "docker"})}
    assert agent_settings.completed(desired) == {
        "sysctl": {},
        "ecs_config": {**REQUIRED, "ECS_ENGINE_AUTH_TYPE": "docker"},
    }
    assert agent_settings.completed({"sysctl": {}}) == {"sysctl": {}}
    assert agent_settings.completed(None) is None


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (
            given(config=["s3cret"]),
            "desired.ecs_settings.config: the value is not of the right kind; allowed: a mapping",
        ),
        (given(gpu="yes"), "desired.ecs_settings.gpu: the value is not of the right kind; allowed: true or false"),
        (given(no_proxy="a"), "desired.ecs_settings.no_proxy: the value is not of the right kind; allowed: a list"),
        (given(klaster="c"), "desired.ecs_settings.klaster: no such key; allowed: cluster, region, "),
        ({"cluster": "c"}, "desired.ecs_settings.attributes: the value is missing; allowed: a mapping"),
        ("x", "desired.ecs_settings: the value is a string; allowed: a mapping"),
    ],
)
def test_what_is_unsound_is_refused_and_not_shown(settings: Any, error: str) -> None:
    found = validate_desired(agent_settings.completed({"ecs_settings": settings}))
    assert any(text.startswith(error) for text in found)
    assert "s3cret" not in " ".join(found)


def test_settings_and_config_are_not_both_asked_for() -> None:
    both = {"ecs_settings": given(), "ecs_config": dict(REQUIRED)}
    assert validate_desired(agent_settings.completed(both)) == [
        "desired.ecs_settings: there is desired.ecs_config, too; allowed: one of both"
    ]


def test_the_filter_says_what_is_wrong() -> None:
    assert ecs_agent_settings(given()) == {"config": REQUIRED, "secret_config": {}}
    with pytest.raises(AnsibleFilterError, match="config: the value is not of the right kind"):
        ecs_agent_settings(given(config=""))
