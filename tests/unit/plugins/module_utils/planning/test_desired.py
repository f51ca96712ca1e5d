# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import desired as desired_module
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.desired import validate_desired

from tests.unit.plugins.module_utils.planning.state import DESIRED, place

KEY = {"fingerprint": "1C5B395CBE5E74E2F1CA21592784DBF388D19D46"}


def asked(*path: str, value: Any) -> dict[str, Any]:
    state = copy.deepcopy(DESIRED)
    state.setdefault(path[0], {})
    place(state, list(path), value)
    return state


@pytest.mark.parametrize(
    "state",
    [
        DESIRED,
        {},
        {"preflight": {}},
        asked("engine", value={"package": "", "version": ""}),
        asked("engine", "version", value="5:24.*"),
        asked("ssm_agent", "endpoint", value="http://198.18.0.1:4566"),
        asked("ssm_agent", "endpoint", value="https://vpce-1.ssm.eu-west-3.vpce.amazonaws.com/x"),
        asked(
            "preflight",
            value={"allow_unsupported_os": True, "min_disk_mib": 0, "min_memory_mib": 1, "max_clock_skew": 1},
        ),
        asked("sysctl", value={}),
        asked("proxy", value={"http": "", "https": "", "no_proxy": [], "engine": True}),
        asked(
            "proxy", value={"http": "http://proxy.example:3128", "no_proxy": [".lan", "10.0.0.0/8", "fd00::/8", "*"]}
        ),
        asked("proxy", value={"https": "http://ed%40ge:p%3Aw_x@[fd00::1]:3128/"}),
        asked("ssm_agent", "endpoints", value={"s3": "", "ssmmessages": "https://vpce-1.example"}),
        {"ssm_agent": {"dual_stack": True, "version": ""}},
        {"ssm_agent": {"dual_stack": True, "version": "3.3.*"}},
        {"ssm_agent": {"dual_stack": True, "version": "3.3.3270.0"}},
        {"ssm_agent": {"dual_stack": False, "version": "3.3.987.0"}},
    ],
)
def test_what_can_be_asked(state: dict[str, Any]) -> None:
    assert validate_desired(state) == []


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        (("engine", "package"), "docker.oi", ["desired.engine.package", "'docker.oi'", "docker.io, docker-ce"]),
        (("engine", "version"), 20.1, ["desired.engine.version", "20.1", "in quotes"]),
        (("engine", "version"), "1 2", ["'1 2'"]),
        (("ssm_agent", "version"), None, ["desired.ssm_agent.version", "None"]),
        (("ssm_agent", "endpoint"), "ssm.example", ["desired.ssm_agent.endpoint", "https://ssm.example.net"]),
        (("ssm_agent", "endpont"), "x", ["no such key", "did you mean endpoint?"]),
        (("ssm_agent", "source"), "url", ["desired.ssm_agent.source", "'url'", "vendor, repository, mirror, files"]),
        (("engine", "source"), "docker", ["desired.engine.source", "vendor, repository, mirror, files"]),
        (("ecs_agent", "signing_keys"), [{"fingerprint": "BCE9D9A4"}], ["desired.ecs_agent.signing_keys", "BCE9D9A4"]),
        (("ecs_agent", "signing_keys"), [], ["40 hexadecimal"]),
        (("ecs_agent", "signing_keys"), [KEY, {"fingerprnt": "A" * 40}], ["40 hexadecimal"]),
        (("ecs_agent", "signing_keys"), [{**KEY, "expires": "2027-13-01"}], ["2027-11-25 or left out"]),
        (
            ("ssm_agent", "mirror"),
            "http://u:secret@mirror/x",
            ["desired.ssm_agent.mirror", "(hidden)", "without a login"],
        ),
        (("ssm_agent", "mirror"), "mirror/x", ["desired.ssm_agent.mirror", "https://mirror.example.net"]),
        (("ssm_agent", "files"), None, ["desired.ssm_agent.files", "a path"]),
        (("proxy", "http"), "proxy:3128", ["desired.proxy.http", "'proxy:3128'", "http://[USER:PASSWORD@]HOST:PORT"]),
        (("proxy", "http"), "http://proxy", ["'http://proxy'"]),
        (("proxy", "https"), "https://proxy:3128", ["desired.proxy.https", "'https://proxy:3128'"]),
        (("proxy", "http"), "http://u:p@ss@proxy:3128", ["the value (hidden) is not allowed", "%40"]),
        (("proxy", "http"), "u:secret@proxy:3128", ["the value (hidden) is not allowed"]),
        (("proxy", "http"), 'http://u:se"cret@proxy:3128', ["the value (hidden) is not allowed"]),
        (("proxy", "http"), None, ["desired.proxy.http", "None"]),
        (("proxy", "no_proxy"), "localhost", ["desired.proxy.no_proxy", "a list of hosts"]),
        (("proxy", "no_proxy"), ["a b"], ["a list of hosts"]),
        (("proxy", "engine"), "yes", ["desired.proxy.engine", "true or false"]),
        (("proxy", "htp"), "", ["desired.proxy.htp", "did you mean http?"]),
        (("ssm_agent", "endpoints"), {"sts": "https://x"}, ["ec2messages, ssmmessages, s3, kms"]),
        (("ssm_agent", "endpoints"), {"s3": "x"}, ["desired.ssm_agent.endpoints"]),
        (("ssm_agent", "dual_stack"), True, ["3.3.987.0", "too old for dual_stack", "3.3.3270 or later"]),
        (("registration", "region"), "oslo", ["desired.registration.region", "'oslo'", "eu-west-3"]),
        (("registration", "region"), "us-west-2a", ["'us-west-2a'"]),
        (("ecs_agent", "version"), "latest", ["desired.ecs_agent.version", "'latest'"]),
        (("sysctl", "fs.inotify.max_user_instances"), "8192", ["'8192'", "a positive integer"]),
        (("sysctl", "fs.inotify.max_user_instances"), 0, ["a positive integer"]),
        (("sysctl", "fs.inotify.max_user_instances"), True, ["a positive integer"]),
        (
            ("sysctl", "vm.swappiness"),
            1,
            ["desired.sysctl.vm.swappiness", "no such key", "fs.inotify.max_user_watches"],
        ),
        (("preflight", "min_disk_mib"), -1, ["desired.preflight.min_disk_mib", "-1"]),
        (("preflight", "allow_unsupported_os"), "yes", ["'yes'", "true or false"]),
        (("preflight", "max_clock_skew"), 0, ["at least 1"]),
        (("ecs_agnt",), {}, ["desired.ecs_agnt", "did you mean ecs_agent?"]),
        (("zzz",), {}, ["desired.zzz", "allowed: engine"]),
        (("engine",), "docker.io", ["desired.engine", "a string", "a mapping"]),
        (("sysctl",), None, ["desired.sysctl", "null"]),
        (("ecs_config",), ["x"], ["desired.ecs_config", "a list"]),
        (("ecs_config", "ECS_NO_SUCH"), "x", ["desired.ecs_config: 'ECS_NO_SUCH'", "no such variable"]),
        (("ecs_config", "ECS_EXTERNAL"), "True", ["ECS_EXTERNAL", "'True'", "lower case"]),
        (
            ("ecs_config", "ECS_INSTANCE_ATTRIBUTES"),
            '{"site": \u201coslo\u201d}',
            ["ECS_INSTANCE_ATTRIBUTES", "typographic quotes"],
        ),
    ],
)
def test_what_can_not_be_asked(path: tuple[str, ...], value: Any, parts: list[str]) -> None:
    state = asked(*path, value=value)
    if path[0] == "registration":
        del state["ecs_config"]  # whose Region would contradict
    errors = validate_desired(state)
    assert len(errors) == 1, errors
    for part in parts:
        assert part in errors[0]


def test_a_cluster_with_a_space_is_named_at_both_places() -> None:
    state = asked("ecs_agent", "cluster", value="retail edge")
    state["ecs_config"]["ECS_CLUSTER"] = "retail edge"
    errors = validate_desired(state)
    assert [error.split(":")[0] for error in errors] == ["desired.ecs_agent.cluster", "desired.ecs_config"]


@pytest.mark.parametrize(
    ("section", "name", "value", "variable"),
    [("ecs_agent", "cluster", "other", "ECS_CLUSTER"), ("registration", "region", "eu-west-3", "AWS_DEFAULT_REGION")],
)
def test_one_fact_in_two_places_must_be_one(section: str, name: str, value: str, variable: str) -> None:
    (error,) = validate_desired(asked(section, name, value=value))
    assert variable in error and f"desired.{section}.{name}" in error and repr(value) in error


@pytest.mark.parametrize(
    ("section", "origin", "path"),
    [
        ("engine", {"source": "mirror", "mirror": ""}, "engine.mirror"),
        ("engine", {"source": "files"}, "engine.files"),
        ("ssm_agent", {"source": "mirror"}, "ssm_agent.mirror"),
        ("ecs_agent", {"source": "files", "files": ""}, "ecs_agent.files"),
        ("ecs_agent", {"source": "vendor", "version": "1.105.*"}, "ecs_agent.version"),
        ("ecs_agent", {"source": "files", "files": "x", "version": "1.105.*"}, "ecs_agent.version"),
        ("ssm_agent", {"source": "vendor", "version": "", "download_to": "/x"}, "ssm_agent.version"),
        (
            "ssm_agent",
            {"source": "mirror", "mirror": "http://m", "version": "", "download_to": "/x"},
            "ssm_agent.version",
        ),
    ],
)
def test_a_source_that_lacks_something(section: str, origin: dict[str, str], path: str) -> None:
    (error,) = validate_desired(asked(section, value={**DESIRED[section], **origin}))
    assert error.startswith(f"desired.{path}:") and "allowed:" in error


@pytest.mark.parametrize(
    ("section", "origin"),
    [
        ("engine", {"source": "vendor", "version": "5:27.*"}),
        ("engine", {"source": "files", "files": "packages", "version": "27.*"}),
        ("ssm_agent", {"source": "repository", "version": "3.3.*", "download_to": "/x"}),
        ("ssm_agent", {"source": "files", "files": "packages", "version": "", "download_to": "/x"}),
        ("ecs_agent", {"source": "mirror", "mirror": "http://m:8080/x", "version": "1.105.1", "download_to": "/x"}),
        (
            "ecs_agent",
            {"signing_keys": [KEY, {**KEY, "expires": "2027-11-25"}, {**KEY, "expires": date(2027, 11, 25)}]},
        ),
    ],
)
def test_sources_that_have_all_they_need(section: str, origin: dict[str, Any]) -> None:
    assert validate_desired(asked(section, value={**DESIRED[section], **origin})) == []


def test_a_version_of_no_engine() -> None:
    (error,) = validate_desired(asked("engine", value={"package": "", "version": "20.10"}))
    assert error.startswith("desired.engine.version")


@pytest.mark.parametrize("state", [None, [], "x", 1])
def test_not_even_a_mapping(state: Any) -> None:
    (error,) = validate_desired(state)
    assert "desired" in error and "a mapping of engine" in error


def test_all_errors_come_at_once() -> None:
    state = asked("engine", "version", value=1)
    state["registration"]["region"] = "x"
    state["zzz"] = {}
    assert len(validate_desired(state)) == 4  # the Region contradicts AWS_DEFAULT_REGION as well


def test_no_login_is_shown() -> None:
    errors = validate_desired(asked("ssm_agent", "endpoint", value="http://user:hunter2@host"))
    assert len(errors) == 1 and "hunter2" not in errors[0]


def test_a_long_value_is_cut() -> None:
    (error,) = validate_desired(asked("ssm_agent", "endpoint", value="x" * 5000))
    assert len(error) < 300


@pytest.mark.parametrize(
    "region", ["us-west-2", "cn-north-1", "us-gov-east-1", "eusc-de-east-1", "ap-southeast-4", "us-iso-east-1"]
)
def test_regions_of_all_partitions(region: str) -> None:
    assert desired_module.RULES["registration"]["region"].holds(region)


@pytest.mark.parametrize(("version", "errors"), [("1.99.0", 1), ("1.99.1", 0), ("1.*", 0), ("1.98.*", 1), ("", 0)])
def test_an_agent_that_does_not_know_ipv6(version: str, errors: int) -> None:
    state = asked("ecs_config", "ECS_INSTANCE_IP_COMPATIBILITY", value="ipv6")
    state["ecs_agent"]["version"] = version
    assert len(validate_desired(state)) == errors
