# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value of each type: the text it becomes, or why it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_settings import SETTINGS
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_values import Refused, allowed, seconds, to_text

NO_PROXY = "169.254.169.254,169.254.170.2,/var/run/docker.sock"

GOOD: list[tuple[str, Any, str]] = [
    ("ECS_CLUSTER", "Retail_edge-1", "Retail_edge-1"),
    ("ECS_POLL_METRICS", True, "true"),
    ("ECS_POLL_METRICS", False, "false"),
    ("ECS_POLL_METRICS", "true", "true"),
    ("ECS_POLL_METRICS", "false", "false"),
    ("ECS_ENABLE_GPU_SUPPORT", True, "true"),
    ("AWS_DEFAULT_REGION", "us-gov-west-1", "us-gov-west-1"),
    ("AWS_DEFAULT_REGION", "eusc-de-east-1", "eusc-de-east-1"),
    ("ECS_RESERVED_MEMORY", 256, "256"),
    ("ECS_RESERVED_MEMORY", "256", "256"),
    ("ECS_LOG_MAX_FILE_SIZE_MB", 2.5, "2.5"),
    ("ECS_CONTAINER_STOP_TIMEOUT", "1h30m", "1h30m"),
    ("ECS_TASK_METADATA_RPS_LIMIT", "40,60", "40,60"),
    ("ECS_DYNAMIC_HOST_PORT_RANGE", "32768-60999", "32768-60999"),
    ("ECS_RESERVED_PORTS", [22, 2375, 2376, 51678, 51679, 9100], "[22,2375,2376,51678,51679,9100]"),
    ("ECS_RESERVED_PORTS", "[22, 2375, 2376, 51678, 51679]", "[22,2375,2376,51678,51679]"),
    ("ECS_RESERVED_PORTS_UDP", [], "[]"),
    ("ECS_AVAILABLE_LOGGING_DRIVERS", ["json-file", "none"], '["json-file","none"]'),
    ("ECS_INSTANCE_ATTRIBUTES", {"site": "lyon", "a.b/c": "x y:@"}, '{"a.b/c":"x y:@","site":"lyon"}'),
    ("ECS_INSTANCE_ATTRIBUTES", '{"site": "lyon"}', '{"site":"lyon"}'),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"z": "1", "a": ""}, '{"a":"","z":"1"}'),
    ("NO_PROXY", NO_PROXY, NO_PROXY),
    ("NO_PROXY", NO_PROXY.split(","), NO_PROXY),
    ("ECS_IMAGE_PULL_BEHAVIOR", "prefer-cached", "prefer-cached"),
    ("ECS_LOG_OPTS", {"max-size": "10m"}, '{"max-size":"10m"}'),
]


@pytest.mark.parametrize(("name", "value", "text"), GOOD)
def test_good_value(name: str, value: Any, text: str) -> None:
    assert to_text(SETTINGS[name], value) == text


def test_as_many_keys_as_are_allowed() -> None:
    tags = {f"t{n}": "v" for n in range(50)}
    assert to_text(SETTINGS["ECS_CONTAINER_INSTANCE_TAGS"], tags).count(":") == 50


BAD: list[tuple[str, Any, str]] = [
    # booleans
    ("ECS_POLL_METRICS", "True", "boolean in lower case"),
    ("ECS_POLL_METRICS", "yes", "boolean in lower case"),
    ("ECS_POLL_METRICS", "on", "boolean in lower case"),
    ("ECS_POLL_METRICS", 1, "boolean in lower case"),
    ("ECS_EXTERNAL", "True", "boolean in lower case"),
    ("ECS_EXTERNAL", False, "not one of the choices"),
    # text
    ("ECS_CLUSTER", "retail edge", "letters, digits, hyphens and underscores"),
    ("ECS_CLUSTER", "x" * 256, "1 to 255"),
    ("ECS_CLUSTER", "edge\n", "line break"),
    ("ECS_CLUSTER", '"edge"', "begins with a quote"),
    ("ECS_CLUSTER", "'edge'", "begins with a quote"),
    ("ECS_CLUSTER", " edge", "begins or ends with a space"),
    ("ECS_CLUSTER", "edge ", "begins or ends with a space"),
    ("ECS_CLUSTER", "", "is empty"),
    ("ECS_CLUSTER", None, "is null"),
    ("ECS_CLUSTER", 5, "a number, not a string"),
    ("ECS_CLUSTER", ["a"], "a list, not a string"),
    ("ECS_NVIDIA_RUNTIME", "a\\b", "backslash"),
    ("ECS_NVIDIA_RUNTIME", "a\tb", "control character"),
    ("ECS_NVIDIA_RUNTIME", "a\0b", "control character"),
    ("ECS_NVIDIA_RUNTIME", "a\x7fb", "control character"),
    ("ECS_NVIDIA_RUNTIME", "caf\u00e9", "outside ASCII"),
    ("ECS_NVIDIA_RUNTIME", "\u201cnvidia\u201d", "typographic quotes"),
    ("ECS_AUDIT_LOGFILE", "log/audit.log", "absolute path"),
    ("AWS_DEFAULT_REGION", "Paris", "code of a Region"),
    ("ECS_IMAGE_PULL_BEHAVIOR", "prefer_cached", "default, always, once, prefer-cached"),
    # numbers
    ("ECS_RESERVED_MEMORY", 65536, "from 0 to 65535 MiB"),
    ("ECS_RESERVED_MEMORY", -1, "too small"),
    ("ECS_RESERVED_MEMORY", "256MiB", "not an integer"),
    ("ECS_RESERVED_MEMORY", 2.5, "not an integer"),
    ("ECS_RESERVED_MEMORY", True, "a boolean, not an integer"),
    ("ECS_LOG_MAX_FILE_SIZE_MB", "big", "not a number"),
    ("ECS_LOG_MAX_FILE_SIZE_MB", float("nan"), "not a number"),
    ("ECS_LOG_MAX_FILE_SIZE_MB", -1, "too small"),
    ("ECS_TASK_PIDS_LIMIT", 4194305, "too large"),
    # durations
    ("ECS_CONTAINER_STOP_TIMEOUT", 30, "no unit"),
    ("ECS_CONTAINER_STOP_TIMEOUT", "30", "no unit"),
    ("ECS_CONTAINER_STOP_TIMEOUT", "30 s", "not a duration"),
    ("ECS_CONTAINER_STOP_TIMEOUT", "-30s", "not a duration"),
    ("ECS_CONTAINER_STOP_TIMEOUT", "1d", "not a duration"),
    ("ECS_CONTAINER_STOP_TIMEOUT", "500ms", "too short"),
    ("ECS_CGROUP_CPU_PERIOD", "1s", "from 8ms to 100ms"),
    ("ECS_TASK_METADATA_RPS_LIMIT", "40", "two positive integers"),
    ("ECS_TASK_METADATA_RPS_LIMIT", "0,60", "two positive integers"),
    ("ECS_DYNAMIC_HOST_PORT_RANGE", "60999-32768", "range of ports"),
    ("ECS_DYNAMIC_HOST_PORT_RANGE", "1-70000", "range of ports"),
    # JSON
    ("ECS_RESERVED_PORTS", [22, 9100], "lacks 2375, 2376, 51678, 51679"),
    ("ECS_RESERVED_PORTS", [22, 2375, 2376, 51678, 51679, 65536], "too large"),
    ("ECS_RESERVED_PORTS", ["22"], "a string in the list"),
    ("ECS_RESERVED_PORTS", "22,2375", "not JSON"),
    ("ECS_RESERVED_PORTS", {"22": 1}, "a mapping, not a list"),
    ("ECS_AVAILABLE_LOGGING_DRIVERS", ["json-file", "loki"], "not one of the choices"),
    ("ECS_AVAILABLE_LOGGING_DRIVERS", ["none", 1], "a number in the list"),
    ("ECS_CONTAINER_INSTANCE_TAGS", "{\u201csite\u201d: \u201clyon\u201d}", "typographic quotes"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"site": "\u201clyon\u201d"}, "typographic quotes"),
    ("ECS_CONTAINER_INSTANCE_TAGS", "{'site': 'lyon'}", "looks like Python"),
    ("ECS_CONTAINER_INSTANCE_TAGS", '{"site": "lyon"', "not JSON"),
    ("ECS_CONTAINER_INSTANCE_TAGS", '{"a": "1", "a": "2"}', "a key twice"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"floor": 3}, "a number as the value of 'floor'"),
    ("ECS_CONTAINER_INSTANCE_TAGS", '{"floor": 3}', "a number as the value of 'floor'"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"edge": True}, "a boolean as the value of 'edge'"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"edge": None}, "null as the value of 'edge'"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"edge": {"a": "b"}}, "a mapping as the value of 'edge'"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {3: "floor"}, "a key that is a number"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"aws:site": "x"}, "reserved"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"AWS:site": "x"}, "reserved"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"k" * 129: "x"}, "128 are the limit"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"k": "x" * 257}, "256 are the limit"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {f"t{n}": "v" for n in range(51)}, "50 are the limit"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"path": "a\\b"}, "backslash"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"town": "Orl\u00e9ans"}, "outside ASCII"),
    ("ECS_CONTAINER_INSTANCE_TAGS", '{"town": "Orl\\u00e9ans"}', "backslash"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"": "x"}, "not made of"),
    ("ECS_CONTAINER_INSTANCE_TAGS", ["a"], "a list, not a mapping"),
    ("ECS_INSTANCE_ATTRIBUTES", {"ecs.os": "x"}, "reserved"),
    ("ECS_INSTANCE_ATTRIBUTES", {"my site": "x"}, "not made of letters"),
    ("ECS_INSTANCE_ATTRIBUTES", {"site": " x"}, "not made of letters"),
    ("ECS_INSTANCE_ATTRIBUTES", {"site": ""}, "not made of letters"),
    ("ECS_INSTANCE_ATTRIBUTES", {f"a{n}": "v" for n in range(11)}, "10 are the limit"),
    ("ECS_LOG_OPTS", {"tag": 'a"b'}, "double quote inside a string"),
    # lists of text
    ("NO_PROXY", "localhost", "lacks 169.254.169.254"),
    ("NO_PROXY", NO_PROXY + ", localhost", "begins or ends with a space"),
    ("NO_PROXY", [NO_PROXY], "comma"),
    ("NO_PROXY", 5, "a number, not a list"),
]


@pytest.mark.parametrize(("name", "value", "part"), BAD)
def test_bad_value(name: str, value: Any, part: str) -> None:
    with pytest.raises(Refused) as caught:
        to_text(SETTINGS[name], value)
    words = f"{caught.value.rule}; {allowed(SETTINGS[name])}; {caught.value.advice}"
    assert part in words
    assert words.isascii() and "\n" not in words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ECS_CLUSTER", "1 to 255 letters, digits, hyphens and underscores"),
        ("ECS_EXTERNAL", "true"),
        ("ECS_POLL_METRICS", "true or false"),
        ("ECS_RESERVED_MEMORY", "an integer from 0 to 65535 MiB"),
        ("ECS_IMAGE_PULL_BEHAVIOR", "one of default, always, once, prefer-cached"),
    ],
)
def test_allowed(name: str, words: str) -> None:
    assert allowed(SETTINGS[name]) == words


def test_seconds() -> None:
    assert seconds("1h30m") == 5400
    assert seconds("1.5s500ms") == 2
