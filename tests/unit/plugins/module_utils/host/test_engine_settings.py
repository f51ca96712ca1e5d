# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import engine_settings
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.engine_settings import changes, merged, validate

GOOD: list[dict[str, Any]] = [
    {},
    {"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}},
    {"live-restore": True, "registry-mirrors": ["https://mirror.example.net"], "mtu": 1400},
    {"default-shm-size": "64M", "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 65536, "Soft": 65536}}},
    {"default-address-pools": [{"base": "10.200.0.0/16", "size": 24}], "log-level": "warn"},
    {"runtimes": {"nvidia": {"path": "nvidia-container-runtime", "runtimeArgs": []}}, "features": {"cdi": True}},
    {"a-key-of-tomorrow": {"any": ["thing"]}},
]
BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({"log-opts": {"max-file": 3}}, ["log-opts", "'max-file': 3", "texts as values"]),
    ({"live-restore": "true"}, ["live-restore", "'true'", "true or false"]),
    ({"mtu": "1400"}, ["mtu", "'1400'", "a number"]),
    ({"mtu": True}, ["mtu", "True"]),
    ({"registry-mirrors": "https://mirror.example.net"}, ["registry-mirrors", "a list of URLs"]),
    ({"registry-mirrors": ["https://mirror.example.net/path"]}, ["registry-mirrors", "without a path"]),
    ({"log-level": "verbose"}, ["log-level", "debug, info, warn, error, fatal"]),
    ({"default-shm-size": "lots"}, ["default-shm-size", "64m"]),
    ({"default-runtime": ""}, ["default-runtime", "a text"]),
    ({"labels": ["site=oslo", 1]}, ["labels", "a list of texts"]),
    ({"runtimes": {"nvidia": "path"}}, ["runtimes", "each a mapping"]),
    ({"hosts": ["tcp://0.0.0.0"]}, ["hosts", "would not start"]),
    ({"pidfile": "/x"}, ["pidfile"]),
    ({"log_driver": "json-file"}, ["log_driver", "no such key", "hyphens"]),
    ({"log-driver": None}, ["log-driver", "null"]),
    ({"debug": True, "icc": 1, "ipv6": 0}, ["icc", "ipv6"]),
]


@pytest.mark.parametrize("settings", GOOD)
def test_good_settings(settings: dict[str, Any]) -> None:
    assert validate(settings) == []


@pytest.mark.parametrize(("settings", "named"), BAD)
def test_bad_settings_are_named(settings: dict[str, Any], named: list[str]) -> None:
    errors = " | ".join(validate(settings))
    assert all(text in errors for text in named), errors


@pytest.mark.parametrize(
    "settings",
    [
        {"proxies": {"http-proxy": "http://shop:hunter2@proxy:3128"}},
        {"registry-mirrors": ["https://hunter2@mirror"]},
        {"a-key-of-tomorrow": [{"x": "//hunter2@y"}]},
    ],
)
def test_a_login_is_refused_and_not_shown(settings: dict[str, Any]) -> None:
    errors = validate(settings)
    assert len(errors) == 1 and "password" in errors[0]
    assert "hunter2" not in errors[0]


@pytest.mark.parametrize(
    ("have", "want", "result"),
    [
        ({}, {"debug": True}, {"debug": True}),
        ({"debug": True, "ipv6": True}, {"debug": False}, {"debug": False, "ipv6": True}),
        # Somebody else's runtime stays; options of a log driver do not.
        ({"runtimes": {"a": {"path": "x"}}}, {"runtimes": {"b": {"path": "y"}}},
         {"runtimes": {"a": {"path": "x"}, "b": {"path": "y"}}}),
        ({"log-opts": {"max-size": "1m"}}, {"log-opts": {"tag": "x"}}, {"log-opts": {"tag": "x"}}),
        ({"dns": ["a"]}, {"dns": ["b"]}, {"dns": ["b"]}),
        ({"features": True}, {"features": {"cdi": True}}, {"features": {"cdi": True}}),
    ],
)  # fmt: skip
def test_merged(have: dict[str, Any], want: dict[str, Any], result: dict[str, Any]) -> None:
    assert merged(have, want) == result
    assert changes(result, want) == {}


def test_changes_have_before_and_after() -> None:
    have = {"debug": True, "runtimes": {"a": {}}, "ipv6": True}
    want = {"debug": True, "runtimes": {"b": {}}, "live-restore": True}
    assert changes(have, want) == {"runtimes": ({"a": {}}, {"a": {}, "b": {}}), "live-restore": (None, True)}


def test_what_a_change_takes() -> None:
    assert engine_settings.needs_restart(["live-restore", "registry-mirrors", "labels"]) == []
    assert engine_settings.needs_restart(["live-restore", "log-opts", "a-key-of-tomorrow"]) == [
        "a-key-of-tomorrow", "log-opts",
    ]  # fmt: skip
    assert engine_settings.outlived(["log-opts", "live-restore"])
    assert not engine_settings.outlived(["log-opts", "bip"])
    assert not engine_settings.outlived(["a-key-of-tomorrow"])


def test_what_is_read_again_is_known() -> None:
    assert set(engine_settings.KINDS) >= engine_settings.RELOADED | engine_settings.FOR_NEW_CONTAINERS


@pytest.mark.parametrize(
    ("have", "want", "moves"),
    [
        ({}, {"debug": True}, False),
        ({}, {"data-root": "/var/lib/docker"}, False),
        ({}, {"data-root": "/data"}, True),
        ({"data-root": "/data"}, {"data-root": "/data"}, False),
        ({"data-root": "/data"}, {"data-root": "/var/lib/docker"}, True),
    ],
)
def test_moving_the_data(have: dict[str, Any], want: dict[str, Any], moves: bool) -> None:
    assert engine_settings.moves_data(have, want) is moves
