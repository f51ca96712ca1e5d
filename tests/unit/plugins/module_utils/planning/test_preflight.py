# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.preflight import findings

from tests.unit.plugins.module_utils.planning.state import BARE, DESIRED, HOST, place


def host_with(*path: str, value: Any, of: dict[str, Any] = HOST) -> dict[str, Any]:
    state = copy.deepcopy(of)
    place(state, list(path), value)
    return state


def only(found: list[dict[str, str]]) -> dict[str, str]:
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("host", [HOST, BARE])
def test_nothing_speaks_against_a_good_host(host: dict[str, Any]) -> None:
    assert findings(host, DESIRED) == []


ROWS: list[tuple[tuple[str, ...], Any, str, str, str]] = [
    (("root",), False, "privileges", "error", "root"),
    (("errors",), [{"probe": "units", "error": "TimeoutError"}], "observation", "error", "'units'"),
    (("python",), "3.6.8", "python", "error", "3.6.8"),
    (("python",), "3.8.19", "python", "error", "3.8.19"),
    (("machine_id",), "", "machine_id", "error", "machine-id"),
    (("machine_id",), "uninitialized", "machine_id", "error", "machine-id"),
    (("arch",), "armv7l", "arch", "error", "armv7l"),
    (("systemd", "pid1"), False, "systemd", "error", "systemd"),
    (("cgroup", "memory"), False, "cgroup", "warning", "memory controller"),
    (("units", "ecs", "load"), "masked", "unit", "error", "ecs is masked"),
    (("disk", "/var/lib/docker", "free_mib"), 2047, "disk", "warning", "2047 MiB"),
    (("memory_mib",), 255, "memory", "error", "255 MiB"),
    (("clock", "skew_seconds"), 300.5, "clock", "error", "ahead of"),
    (("clock", "skew_seconds"), -4000.0, "clock", "error", "4000 s behind"),
    (("clock", "synchronized"), False, "clock", "warning", "not synchronized"),
    (("snap_ssm_agent",), True, "snap", "error", "snap"),
    (("foreign", "aws_credentials"), ["/root/.aws/credentials"], "aws_credentials", "error", "/root/.aws/credentials"),
    (("registration", "region"), "eu-west-3", "registration", "error", "in eu-west-3, not in us-west-2"),
    (("registration", "same_machine"), False, "registration", "error", "another machine"),
]


@pytest.mark.parametrize(("path", "value", "check", "level", "what"), ROWS)
def test_one_finding(path: tuple[str, ...], value: Any, check: str, level: str, what: str) -> None:
    finding = only(findings(host_with(*path, value=value), DESIRED))
    assert (finding["check"], finding["level"]) == (check, level)
    assert what in finding["what"]
    assert set(finding) == {"check", "level", "what", "why", "advice"}
    assert all(finding[part].endswith(".") for part in ("what", "why", "advice"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("errors",), None),
        (("python",), "3.13.0"),
        (("arch",), "aarch64"),
        (("clock", "skew_seconds"), -300.0),
        (("clock", "skew_seconds"), None),
        (("clock", "synchronized"), None),
        (("clock",), None),
        (("disk", "/var/lib/docker", "free_mib"), 2048),
        (("disk",), None),
        (("units",), None),
        (("os",), None),
        (("engine",), None),
        (("registration", "same_machine"), None),
        (("ecs_config", "user", "problems"), ["line 1: x"]),  # about to be written anew
    ],
)
def test_no_finding(path: tuple[str, ...], value: Any) -> None:
    assert findings(host_with(*path, value=value), DESIRED) == []


def test_little_room_is_an_error_where_an_engine_is_still_to_come() -> None:
    finding = only(findings(host_with("disk", "/var/lib/docker", "free_mib", value=100, of=BARE), DESIRED))
    assert finding["level"] == "error"


def test_not_being_root_is_said_once() -> None:
    host = host_with("root", value=False)
    host["errors"] = [{"probe": "registration", "error": "PermissionError"}]
    assert only(findings(host, DESIRED))["check"] == "privileges"


def test_limits_can_be_changed() -> None:
    host = host_with("memory_mib", value=128)
    host["disk"]["/var/lib/docker"]["free_mib"] = 10
    host["clock"]["skew_seconds"] = 1000.0
    limits = {"min_memory_mib": 128, "min_disk_mib": 10, "max_clock_skew": 1000}
    assert findings(host, {**DESIRED, "preflight": limits}) == []


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("debian", "10"), ("debian", "12"), ("ubuntu", "18.04"), ("ubuntu", "24.04"), ("amzn", "2"), ("amzn", "2023"),
        ("rhel", "9.4"), ("centos", "9"), ("fedora", "40"), ("sles", "15.5"), ("opensuse-tumbleweed", "20260101"),
    ],
)  # fmt: skip
def test_supported_systems(name: str, version: str) -> None:
    assert findings(host_with("os", value={"id": name, "version": version, "like": [], "name": "X"}), DESIRED) == []


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("debian", "9"), ("debian", "13"), ("debian", ""), ("ubuntu", "16.04"), ("ubuntu", "26.04"), ("rhel", "10.0"),
        ("centos", "8"), ("fedora", "39"), ("rocky", "9.3"), ("almalinux", "9"), ("alpine", "3.19"), ("raspbian", "12"),
    ],
)  # fmt: skip
def test_unsupported_systems(name: str, version: str) -> None:
    host = host_with("os", value={"id": name, "version": version, "like": ["debian"], "name": "X"})
    finding = only(findings(host, DESIRED))
    assert "it is taken for" in finding["why"]
    assert (finding["check"], finding["level"]) == ("os", "error")
    assert "allow_unsupported_os" in finding["advice"]
    allowed = only(findings(host, {**DESIRED, "preflight": {"allow_unsupported_os": True}}))
    assert allowed["level"] == "warning"


def test_a_system_like_no_other_is_not_let_through() -> None:
    host = host_with("os", value={"id": "alpine", "version": "3.19", "like": [], "name": "Alpine"})
    finding = only(findings(host, {**DESIRED, "preflight": {"allow_unsupported_os": True}}))
    assert finding["level"] == "error" and "allow_unsupported_os" not in finding["advice"]


def test_where_a_newer_python_is_to_be_had() -> None:
    host = host_with("os", value={"id": "rhel", "version": "8.10", "like": ["fedora"], "name": "RHEL"})
    host["python"] = "3.6.8"
    assert "dnf install python3.11" in only(findings(host, DESIRED))["advice"]


def test_an_engine_that_nobody_is_to_start() -> None:
    desired = {**DESIRED, "engine": {"package": "", "version": ""}}
    assert only(findings(BARE, desired))["check"] == "engine"
    assert findings(HOST, desired) == []


@pytest.mark.parametrize(
    ("name", "version", "source", "why", "advice"),
    [
        ("rhel", "9.4", "repository", "Its repositories", "a repository of yours"),
        ("rhel", "9.4", "vendor", "Docker's own repository", "a repository of yours"),
        ("centos", "9", "repository", "Its repositories", "container_engine_source: vendor"),
        ("fedora", "40", "repository", "Its repositories", "container_engine_source: vendor"),
        ("amzn", "2023", "vendor", "Docker's own repository", "a repository of yours"),
    ],
)
def test_some_systems_need_their_engine_before(name: str, version: str, source: str, why: str, advice: str) -> None:
    host = host_with("os", value={"id": name, "version": version, "like": ["fedora"], "name": name}, of=BARE)
    host["packages"]["amazon-ssm-agent"] = "3.3.987.0-1"  # an agent is no engine
    desired = {**DESIRED, "engine": {"package": "auto", "version": "", "source": source}}
    finding = only(findings(host, desired))
    assert finding["check"] == "engine" and why in finding["why"] and advice in finding["advice"]
    named = {**desired, "engine": {"package": "docker-ce", "version": "", "source": "repository"}}
    assert findings(host, named) == []
    assert findings(host, {key: value for key, value in desired.items() if key != "engine"}) == []
    host["packages"]["docker-ce"] = "24.0.7-1.el9"
    assert findings(host, desired) == []


def test_a_clone_from_elsewhere_has_both_findings() -> None:
    host = host_with("registration", "same_machine", value=False)
    host["registration"]["region"] = "eu-west-3"
    assert [finding["check"] for finding in findings(host, DESIRED)] == ["registration", "registration"]
    assert len(findings(host, {})) == 1  # no Region is asked for; a clone stays a clone


def test_problems_of_a_file_that_stays() -> None:
    host = host_with("ecs_config", "user", "problems", value=["line 1: a", "line 2: b"])
    found = findings(host, {key: value for key, value in DESIRED.items() if key != "ecs_config"})
    assert [finding["level"] for finding in found] == ["warning", "warning"]
    assert "line 1: a" in found[0]["what"]


def test_errors_come_first() -> None:
    host = host_with("cgroup", "memory", value=False)
    host["snap_ssm_agent"] = True
    assert [finding["level"] for finding in findings(host, DESIRED)] == ["error", "warning"]
