# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import proxy
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.package_version import matches
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.drift import compare

from tests.unit.plugins.module_utils.planning.state import (
    BARE,
    DESIRED,
    HOST,
    IDENTITY,
    config_files,
    place,
    proxy_state,
)

ROAD = ["sysctl", "engine", "ssm_agent", "registration", "ecs_config", "ecs_agent"]


def host_with(*path: str, value: Any) -> dict[str, Any]:
    state = copy.deepcopy(HOST)
    place(state, list(path), value)
    return state


def only(drift: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(drift) == 1, drift
    return drift[0]


def test_a_host_as_asked_has_no_drift() -> None:
    assert compare(HOST, DESIRED) == []


def test_a_bare_host_differs_in_all_and_loses_nothing() -> None:
    drift = compare(BARE, DESIRED)
    assert [entry["component"] for entry in drift] == ROAD
    assert not any(entry["disruptive"] for entry in drift)
    assert all(set(entry) == {"component", "before", "after", "disruptive", "reason"} for entry in drift)
    assert all(entry["before"].keys() == entry["after"].keys() for entry in drift)


def test_what_is_not_asked_is_not_compared() -> None:
    for component in ROAD:
        assert [entry["component"] for entry in compare(BARE, {component: DESIRED[component]})] == [component]
    assert compare(BARE, {}) == []
    assert compare(BARE, {"preflight": {}}) == []


@pytest.mark.parametrize(
    "part",
    [
        "packages", "units", "engine", "registration", "credentials", "ecs_config", "ecs_agent", "ssm_config", "nat",
        "sysctl",
    ],
)  # fmt: skip
def test_what_could_not_be_read_is_not_called_different(part: str) -> None:
    value = dict.fromkeys(HOST["registration"]) if part == "registration" else None
    host = host_with(part, value=value)
    host["errors"] = [{"probe": part, "error": "PermissionError"}]
    assert compare(host, DESIRED) == []


# Each row: what is other than asked, and the entry that it gives: component, name, before, after, disruptive, reason.
ROWS: list[tuple[tuple[str, ...], Any, str, str, Any, Any, bool, str]] = [
    (
        ("sysctl", "fs.inotify.max_user_instances"),
        128,
        "sysctl",
        "fs.inotify.max_user_instances",
        128,
        8192,
        False,
        "less",
    ),
    # engine
    (("packages", "docker.io"), None, "engine", "package", None, "any version", True, "docker.io is not installed"),
    (("units", "docker", "enabled"), False, "engine", "enabled", False, True, False, "boot"),
    (("units", "docker", "active"), "failed", "engine", "active", "failed", "active", False, "docker is failed"),
    (("engine", "version"), None, "engine", "answers", False, True, False, "does not answer"),
    # SSM agent
    (("packages", "amazon-ssm-agent"), None, "ssm_agent", "package", None, "3.3.987.0", False, "not installed"),
    (
        ("packages", "amazon-ssm-agent"),
        "3.3.859.0",
        "ssm_agent",
        "package",
        "3.3.859.0",
        "3.3.987.0",
        False,
        "is 3.3.859.0",
    ),
    (
        ("units", "amazon-ssm-agent", "active"),
        "inactive",
        "ssm_agent",
        "active",
        "inactive",
        "active",
        False,
        "inactive",
    ),
    (("units", "amazon-ssm-agent", "enabled"), False, "ssm_agent", "enabled", False, True, False, "boot"),
    (("credentials",), None, "ssm_agent", "credentials", None, "restart", False, "no credentials"),
    (
        ("credentials", "fresh"),
        False,
        "ssm_agent",
        "credentials",
        "expired 2026-11-21T23:45:00Z",
        "restart",
        False,
        "expired",
    ),
    (
        ("credentials", "instance_id"),
        "mi-1",
        "ssm_agent",
        "credentials",
        "mi-1",
        "restart",
        False,
        "still works as mi-1",
    ),
    # registration
    (("registration", "same_machine"), False, "registration", "instance_id", IDENTITY, "a new one", True, "clone"),
    (("registration", "region"), "eu-west-3", "registration", "region", "eu-west-3", "us-west-2", True, "eu-west-3"),
    (("registration", "backup"), True, "registration", "backup", True, False, False, "interrupted"),
    # ecs.config
    (
        ("ecs_config", "user", "mode"),
        "0644",
        "ecs_config",
        "mode of /etc/ecs/ecs.config",
        "0644",
        "0600",
        False,
        "has mode 0644",
    ),
    (
        ("ecs_config", "instance", "present"),
        False,
        "ecs_config",
        "/var/lib/ecs/ecs.config",
        "absent",
        "present",
        False,
        "is missing",
    ),
    (
        ("ecs_config", "user", "sha256"),
        "0" * 64,
        "ecs_config",
        "/etc/ecs/ecs.config",
        "other text",
        "text as rendered",
        False,
        "comments",
    ),
    # ECS agent
    (("packages", "amazon-ecs-init"), None, "ecs_agent", "package", None, "1.105.1", False, "not installed"),
    (
        ("packages", "amazon-ecs-init"),
        "1.104.0-1",
        "ecs_agent",
        "package",
        "1.104.0-1",
        "1.105.1",
        False,
        "is 1.104.0-1",
    ),
    (
        ("units", "ecs", "active"),
        "activating",
        "ecs_agent",
        "active",
        "activating",
        "active",
        False,
        "ecs is activating",
    ),
    (("units", "ecs", "enabled"), False, "ecs_agent", "enabled", False, True, False, "boot"),
    (("ecs_agent", "config_read"), False, "ecs_agent", "config_read", False, True, False, "not read its ecs.config"),
    (("ecs_agent", "restart_guard"), False, "ecs_agent", "restart_guard", False, True, False, "exit 5"),
    (
        ("ecs_agent", "introspection"),
        None,
        "ecs_agent",
        "introspection",
        "no answer",
        "answers",
        False,
        "not registered",
    ),
    (
        ("ecs_agent", "introspection", "cluster"),
        "arn:aws:ecs:us-west-2:1:cluster/other",
        "ecs_agent",
        "cluster",
        "other",
        "retail-edge",
        True,
        "in cluster other",
    ),
    (
        ("ecs_agent", "introspection", "version"),
        "1.104.0",
        "ecs_agent",
        "running_version",
        "1.104.0",
        "1.105.1",
        False,
        "running ECS agent is 1.104.0",
    ),
    (("nat", "route_localnet"), False, "ecs_agent", "route_localnet", False, True, False, "route_localnet"),
    (("nat", "credential_rules"), False, "ecs_agent", "credential_rules", False, True, False, "NAT rules"),
]


@pytest.mark.parametrize(("path", "value", "component", "name", "before", "after", "disruptive", "reason"), ROWS)
def test_one_difference(
    path: tuple[str, ...], value: Any, component: str, name: str, before: Any, after: Any, disruptive: bool, reason: str
) -> None:
    host = host_with(*path, value=value)
    if path[-1] == "present":
        host["ecs_config"][path[1]]["sha256"] = None
    entry = only(compare(host, DESIRED))
    assert entry["component"] == component
    assert entry["before"] == {name: before}
    assert entry["after"] == {name: after}
    assert entry["disruptive"] is disruptive
    assert reason in entry["reason"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("sysctl", "fs.inotify.max_user_instances"), 65536),  # more than asked is not taken away
        (("sysctl",), {}),  # the kernel has no such limit
        (("packages", "docker-ce"), "24"),
        (("registration", "same_machine"), None),
        (("ecs_agent", "introspection", "cluster"), "arn:aws:ecs:us-west-2:111122223333:cluster/retail-edge"),
        (("nat", "credential_rules"), None),
        (("units", "docker", "load"), "masked"),  # preflight's
        (("ssm_config", "endpoint"), "https://own.example"),  # asked for none: left as it is
        (("units", "ecs", "restarts"), 7),
    ],
)
def test_no_difference(path: tuple[str, ...], value: Any) -> None:
    assert compare(host_with(*path, value=value), DESIRED) == []


def test_one_component_with_many_differences_is_one_entry() -> None:
    host = host_with("packages", "amazon-ssm-agent", value="3.3.859.0")
    host["units"] = {**host["units"], "amazon-ssm-agent": {**host["units"]["ecs"], "active": "failed"}}
    entry = only(compare(host, DESIRED))
    assert entry["before"] == {"package": "3.3.859.0", "active": "failed"}
    assert entry["reason"].count("; ") == 1


def test_an_engine_of_another_version_is_disruptive_only_while_it_runs() -> None:
    desired = {"engine": {"package": "docker.io", "version": "24.*"}}
    assert only(compare(HOST, desired))["disruptive"] is True
    assert only(compare(host_with("engine", "version", value=None), desired))["disruptive"] is False


def test_somebody_elses_engine_is_left_alone() -> None:
    assert compare(BARE, {"engine": {"package": "", "version": ""}}) == []


def test_ssm_endpoint() -> None:
    desired = {"ssm_agent": {"version": "", "endpoint": "http://198.18.0.1:4566"}}
    entry = only(compare(HOST, desired))
    assert entry["before"] == {"endpoint": None} and entry["after"] == {"endpoint": "http://198.18.0.1:4566"}
    assert compare(host_with("ssm_config", "endpoint", value="http://198.18.0.1:4566"), desired) == []


def test_an_unregistered_host_needs_no_credentials() -> None:
    host = host_with("registration", value=BARE["registration"])
    host["credentials"] = None
    entry = only(compare(host, DESIRED))
    assert entry["component"] == "registration" and entry["disruptive"] is False


def test_a_stopped_agent_is_not_asked_for_more() -> None:
    host = host_with("units", "ecs", "active", value="inactive")
    host["ecs_agent"]["introspection"] = None
    host["nat"] = {"route_localnet": False, "credential_rules": None}
    assert list(only(compare(host, DESIRED))["before"]) == ["active"]


# --- ecs.config ---


def config_drift(before: dict[str, Any], **host_changes: Any) -> dict[str, Any]:
    """The entry of a host whose files were written for `before`."""
    host = {**copy.deepcopy(HOST), "ecs_config": config_files({**DESIRED["ecs_config"], **before}), **host_changes}
    return only(compare(host, {"ecs_config": DESIRED["ecs_config"]}))


def test_config_shows_only_the_variables_that_differ() -> None:
    entry = config_drift({"ECS_RESERVED_MEMORY": 128, "ECS_INSTANCE_ATTRIBUTES": {"site": "lyon"}})
    assert entry["before"] == {"ECS_INSTANCE_ATTRIBUTES": '{"site":"lyon"}', "ECS_RESERVED_MEMORY": "128"}
    assert entry["after"] == {"ECS_INSTANCE_ATTRIBUTES": '{"site":"oslo"}', "ECS_RESERVED_MEMORY": None}
    assert entry["disruptive"] is False  # PutAttributes serves a registered host
    assert "ECS_RESERVED_MEMORY differs" in entry["reason"]


def test_another_cluster_needs_a_drain_once_the_host_is_in_one() -> None:
    assert config_drift({"ECS_CLUSTER": "old"})["disruptive"] is True
    assert config_drift({"ECS_CLUSTER": "old"}, ecs_agent=BARE["ecs_agent"])["disruptive"] is False


def test_another_secret_is_seen_but_not_shown() -> None:
    before = {"registry.example": {"username": "u", "password": "correct-horse", "email": "e"}}
    entry = config_drift({"ECS_ENGINE_AUTH_DATA": before})
    assert entry["before"] == {"ECS_ENGINE_AUTH_DATA": "(hidden)"}
    assert entry["after"] == {"ECS_ENGINE_AUTH_DATA": "(hidden)"}
    assert "hunter2" not in json.dumps(entry) and "correct-horse" not in json.dumps(entry)


def test_a_digest_is_not_shown_either() -> None:
    entry = config_drift({"HTTPS_PROXY": "http://user:hunter2@proxy:3128"})
    assert entry["before"] == {"HTTPS_PROXY": "(hidden)"} and entry["after"] == {"HTTPS_PROXY": None}


def test_the_same_secret_beside_another_change_is_no_difference() -> None:
    assert list(config_drift({"ECS_RESERVED_MEMORY": 128})["before"]) == ["ECS_RESERVED_MEMORY"]


def test_a_variable_in_the_wrong_file_is_told_apart() -> None:
    host = copy.deepcopy(HOST)
    host["ecs_config"]["user"]["values"]["AWS_DEFAULT_REGION"] = "eu-west-3"
    host["ecs_config"]["user"]["sha256"] = "0" * 64
    assert only(compare(host, DESIRED))["before"] == {"AWS_DEFAULT_REGION in /etc/ecs/ecs.config": "eu-west-3"}


def test_lines_that_are_no_variables_are_shown_and_go() -> None:
    host = copy.deepcopy(HOST)
    host["ecs_config"]["user"]["values"]["# a"] = "b"
    host["ecs_config"]["user"]["sha256"] = "0" * 64
    entry = only(compare(host, DESIRED))
    assert entry["before"] == {"# a": "b"} and entry["after"] == {"# a": None}


# --- versions ---


@pytest.mark.parametrize(
    ("installed", "wanted", "same"),
    [
        ("1.105.1-1", "1.105.1-1", True),
        ("1.105.1-1", "1.105.1", True),
        ("1.105.1-1", "1.105.*", True),
        ("1.105.1-1", "1.105.1-2", False),
        ("1.105.10-1", "1.105.1", False),
        ("5:24.0.7-1~debian.12~bookworm", "24.0.7", True),
        ("5:24.0.7-1~debian.12~bookworm", "5:24.0.7", True),
        ("5:24.0.7-1~debian.12~bookworm", "24.*", True),
        ("5:24.0.7-1~debian.12~bookworm", "24", False),
        ("3.3.987.0", "3.3.987.0", True),
        ("3.3.987.0", "3.3.987", False),
        ("20.10.24+dfsg1-1+b3", "20.10.24+dfsg1", True),
    ],
)
def test_matches(installed: str, wanted: str, same: bool) -> None:
    assert matches(installed, wanted) is same


@pytest.mark.parametrize("pinned", ["1.105.1", "1.105.1-1", "1.105.*", ""])
def test_the_running_agent_is_of_the_pinned_package(pinned: str) -> None:
    assert compare(HOST, {"ecs_agent": {"version": pinned, "cluster": "retail-edge"}}) == []


PROXIED = proxy.Proxy("http://edge:hunter2@proxy:3128", "http://edge:hunter2@proxy:3128")
SECTION = {"proxy": {"http": PROXIED.http, "https": PROXIED.https, "no_proxy": [], "engine": True}}


@pytest.mark.parametrize(
    ("written", "running", "disruptive", "reason"),
    [
        (proxy.Proxy(), {}, False, "/etc/edgefleet/proxy.env has no proxy"),
        (proxy.Proxy(), {"docker": proxy.Proxy()}, True, "docker runs with another proxy than asked"),
        (PROXIED, {"docker": proxy.Proxy()}, True, "docker runs with another proxy than asked"),
        (PROXIED, {"docker": PROXIED, "ecs": proxy.Proxy()}, False, "ecs runs with another proxy than asked"),
        (PROXIED._replace(http="http://edge:old@proxy:3128"), {}, False, "proxy.env has another proxy than asked"),
        (PROXIED._replace(engine=False), {}, False, "docker.service.d/zz-edgefleet-proxy.conf has no proxy"),
    ],
)
def test_a_proxy_that_is_not_everywhere(
    written: proxy.Proxy, running: dict[str, proxy.Proxy], disruptive: bool, reason: str
) -> None:
    entry = only(compare(host_with("proxy", value=proxy_state(written, running)), SECTION))
    assert entry["component"] == "proxy"
    assert entry["disruptive"] is disruptive
    assert reason in entry["reason"]
    assert "hunter2" not in json.dumps(entry)


def test_a_proxy_that_is_everywhere_or_nowhere() -> None:
    everywhere = proxy_state(PROXIED, dict.fromkeys(proxy.UNITS, PROXIED))
    assert compare(host_with("proxy", value=everywhere), SECTION) == []
    assert compare(HOST, {"proxy": {"http": "", "https": ""}}) == []
    # Of others, and not ours to take away.
    of_others = proxy_state(proxy.Proxy(), dict.fromkeys(proxy.UNITS, PROXIED))
    assert compare(host_with("proxy", value=of_others), {"proxy": {"http": "", "https": ""}}) == []
    assert compare(host_with("proxy", value=None), SECTION) == []


def test_tasks_may_outlive_the_restart_of_the_engine() -> None:
    host = host_with("proxy", value=proxy_state(proxy.Proxy(), {"docker": proxy.Proxy()}))
    host["engine"]["live_restore"] = True
    trusting = {**SECTION, "engine": {"trust_live_restore": True, "package": ""}}
    assert [entry["disruptive"] for entry in compare(host, SECTION)] == [True]
    assert [entry["disruptive"] for entry in compare(host, trusting)] == [False]


def test_a_proxy_that_is_to_go() -> None:
    everywhere = proxy_state(PROXIED, dict.fromkeys(proxy.UNITS, PROXIED))
    entry = only(compare(host_with("proxy", value=everywhere), {"proxy": {"http": "", "https": ""}}))
    assert entry["disruptive"] is True
    assert entry["after"]["environment of docker"] == "no proxy"
    assert entry["after"]["/etc/edgefleet/proxy.env"] == "absent"
    stopped = proxy_state(PROXIED, {})
    assert only(compare(host_with("proxy", value=stopped), {"proxy": {}}))["disruptive"] is False


def test_a_file_with_a_password_that_others_can_read() -> None:
    state = proxy_state(PROXIED, {})
    state["files"][proxy.APT_FILE]["mode"] = "0644"
    entry = only(compare(host_with("proxy", value=state), SECTION))
    assert entry["after"] == {f"mode of {proxy.APT_FILE}": "0600"}


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        ({"endpoints": {"s3": "https://x", "kms": ""}}, {"endpoint of s3": "https://x"}),
        ({"dual_stack": True}, {"dual_stack": True}),
        ({"endpoints": {}, "dual_stack": False}, None),
    ],
)
def test_the_network_of_the_ssm_agent(wanted: dict[str, Any], what: dict[str, Any] | None) -> None:
    drift = compare(HOST, {"ssm_agent": wanted})
    assert [entry["after"] for entry in drift] == ([what] if what else [])
