# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import doctest
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.preflight import engine, findings

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
    (
        ("foreign", "aws_credentials"),
        ["/etc/systemd/system/ecs.service"],
        "aws_credentials",
        "error",
        "ecs.ser",
    ),
    (("selinux",), "enforcing", "selinux", "error", "enforcing"),
    (("iptables",), False, "iptables", "error", "no iptables"),
    (("ports",), [{"port": 51678, "process": "nginx"}], "port", "error", "51678 is taken by nginx"),
    (("ports",), [{"port": 51679, "process": None}], "port", "error", "51679 is taken by a process"),
    (("network",), {"instance_metadata": {"answers": True, "role": "web"}}, "ec2_role", "error", "the role web"),
    (("errors",), [{"probe": "ports", "error": "TimeoutError"}], "unread", "warning", "'ports'"),
    (("disk", "/usr", "free_mib"), 511, "disk", "warning", "511 MiB are free for /usr"),
    (("ecs_agent", "introspection", "cluster"), "other", "cluster", "error", "in cluster other"),
    (("ecs_agent", "introspection", "cluster"), "arn:aws:ecs:r:1:cluster/other", "cluster", "error", "cluster other,"),
    (("engine", "version"), "1.8.2", "versions", "error", "older than 1.9"),
    (("registration", "region"), "eu-west-3", "registration", "error", "in eu-west-3, not in us-west-2"),
    (("registration", "same_machine"), False, "registration", "error", "another machine"),
    (("vault_damage",), {"files": ["/v/Key"], "instance_id": "mi-1"}, "vault", "error", "/v/Key is empty or cut off"),
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
        (("selinux",), "permissive"),
        (("iptables",), None),
        (("ports",), None),
        (("ports",), [{"port": 51680, "process": "node_exporter"}]),  # no metrics are asked for
        (("network",), {"instance_metadata": {"answers": True, "role": None}}),
        (("network",), {"endpoints": {}, "skew_seconds": 299.0, "instance_metadata": {"answers": False, "role": None}}),
        (("disk", "/usr", "free_mib"), 512),
        (("ecs_agent", "introspection", "cluster"), "arn:aws:ecs:r:1:cluster/retail-edge"),
        (("ecs_agent", "introspection"), None),
        (("engine", "version"), "29.1.0"),
        (("sysctl", "fs.inotify.max_user_instances"), 128),  # about to be raised
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


# --- room and time ---


def test_places_of_one_file_system_are_one_finding() -> None:
    host = copy.deepcopy(BARE)
    for disk in host["disk"].values():
        disk["free_mib"] = 100
    finding = only(findings(host, DESIRED))
    assert finding["what"] == "100 MiB are free for /var/lib/docker, less than 2048 MiB."
    assert "preflight_min_disk_mib" in finding["advice"]
    host["disk"]["/usr"]["device"] = 2
    assert sorted(item["what"].split(" ")[5] for item in findings(host, DESIRED)) == ["/usr,", "/var/lib/docker,"]


def test_few_inotify_instances_where_nobody_raises_them() -> None:
    desired = {key: value for key, value in DESIRED.items() if key != "sysctl"}
    host = host_with("sysctl", "fs.inotify.max_user_instances", value=128)
    assert (only(findings(host, desired))["check"], only(findings(host, desired))["level"]) == ("inotify", "warning")
    assert findings(host_with("sysctl", "fs.inotify.max_user_instances", value=129), desired) == []


@pytest.mark.parametrize(
    ("control", "region", "level", "what"),
    [
        (0.0, 400.0, "error", "400 s ahead of the Region's"),
        (-400.0, -400.0, "error", "400 s behind the Region's"),
        (-400.0, 0.0, "warning", "but 400 s behind the control node's"),
        (-400.0, None, "error", "400 s behind the control node's"),
    ],
)
def test_the_region_s_clock_counts(control: float, region: float | None, level: str, what: str) -> None:
    host = host_with("clock", "skew_seconds", value=control)
    host["network"] = {"skew_seconds": region}
    finding = only(findings(host, DESIRED))
    assert (finding["check"], finding["level"]) == ("clock", level)
    assert what in finding["what"]


def test_a_raspberry_pi_gets_advice_of_its_own() -> None:
    host = host_with("cgroup", "memory", value=False)
    assert "cmdline.txt" not in only(findings(host, DESIRED))["advice"]
    host["board"] = "Raspberry Pi 4 Model B Rev 1.4"
    assert "/boot/firmware/cmdline.txt" in only(findings(host, DESIRED))["advice"]


# --- what is there already ---


def test_iptables_comes_with_an_engine() -> None:
    assert findings(host_with("iptables", value=False, of=BARE), DESIRED) == []


def test_the_port_of_metrics_counts_where_metrics_are_asked_for() -> None:
    host = host_with("ports", value=[{"port": 51680, "process": "node_exporter"}])
    config = {**DESIRED["ecs_config"], "ECS_ENABLE_PROMETHEUS_METRICS": True}
    asked = [item for item in findings(host, {**DESIRED, "ecs_config": config}) if item["check"] == "port"]
    assert "51680" in only(asked)["what"]


def test_a_host_may_be_in_a_cluster_that_it_is_to_leave() -> None:
    host = host_with("ecs_agent", "introspection", "cluster", value="other")
    assert "fleet_move_from: [other]" in only(findings(host, DESIRED))["advice"]
    assert findings(host, {**DESIRED, "preflight": {"move_from": ["other"]}}) == []


def test_another_account() -> None:
    arn = "arn:aws:ecs:us-west-2:111122223333:container-instance/retail-edge/1"
    host = host_with("ecs_agent", "introspection", "container_instance_arn", value=arn)
    assert only(findings(host, {**DESIRED, "preflight": {"account_id": "444455556666"}}))["check"] == "account"
    assert findings(host, {**DESIRED, "preflight": {"account_id": "111122223333"}}) == []
    assert findings(host, DESIRED) == []


# --- the engine against the agent ---


@pytest.mark.parametrize(
    ("docker", "installed", "pinned", "cgroup", "what"),
    [
        ("25.0.3", "1.80.0-1", "", "v1", "Docker 25: the first that can is 1.81.0"),
        ("27.1.1", "1.105.1-1", "1.80.0", "v1", "1.80.0 is too old for Docker 27"),
        ("25.0.3", "1.81.0-1", "", "v1", None),
        ("24.0.7", "1.80.0-1", "", "v1", None),
        ("25.0.3", None, "", "v1", None),  # the latest is to come
        ("25.0.3", "1.105.1-1", "1.80.*", "v1", "The ECS agent 1.80.* is too old"),
        ("25.0.3", "1.105.1-1", "1.*", "v1", None),
        ("25.0.3", "1.80.0-1", "1.105.1", "v1", None),  # about to be upgraded
        (None, "1.60.1-1", "", "v2", "cgroup v2: the first that can is 1.61.0"),
        (None, "1.60.1-1", "", "v1", None),
        (None, "1.61.0-1", "", "v2", None),
        (None, "1.51.0-1", "", "v1", "external instances: the first that can is 1.52.0"),
    ],
)
def test_versions(docker: str | None, installed: str | None, pinned: str, cgroup: str, what: str | None) -> None:
    host = host_with("engine", "version", value=docker)
    host["packages"]["amazon-ecs-init"] = installed
    host["cgroup"]["version"] = cgroup
    found = findings(host, {**DESIRED, "ecs_agent": {"version": pinned}})
    assert [item["check"] for item in found] == ([] if what is None else ["versions"])
    assert what is None or what in found[0]["what"]


def test_an_engine_that_is_asked_for_counts_as_if_it_were_there() -> None:
    host = host_with("packages", "amazon-ecs-init", value="1.80.0-1", of=BARE)
    desired = {
        **DESIRED,
        "ecs_agent": {},
        "engine": {"package": "docker-ce", "version": "5:27.1.1-1~debian.12~bookworm"},
    }
    assert "Docker 27" in only(findings(host, desired))["what"]


def test_numbers_of_versions() -> None:
    assert doctest.testmod(engine).failed == 0


def test_an_operator_may_overrule_an_error() -> None:
    host = host_with("selinux", value="enforcing")
    assert only(findings(host, {**DESIRED, "preflight": {"accept": ["selinux"]}}))["level"] == "warning"


def test_a_registration_that_was_cut_short_mends_the_vault_itself() -> None:
    host = host_with("registration", "backup", value=True)
    host["vault_damage"] = {"files": ["/v/Key"], "instance_id": None}
    assert findings(host, DESIRED) == []
