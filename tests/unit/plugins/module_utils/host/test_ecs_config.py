# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ecs.config: what is refused and why, what is written, and how the two readers understand it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_config import (
    digest,
    fingerprint,
    is_secret,
    lint,
    mask,
    parse_agent,
    parse_systemd,
    render,
    same,
    to_texts,
    validate,
)
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


GOOD: list[tuple[str, Any, str | None]] = [
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
    ("ECS_CONTAINER_INSTANCE_TAGS", {f"t{n}": "v" for n in range(50)}, None),
    ("NO_PROXY", NO_PROXY, NO_PROXY),
    ("NO_PROXY", NO_PROXY.split(","), NO_PROXY),
    ("ECS_ENABLE_TASK_ENI", False, "false"),
    ("ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM", "none", "none"),
    ("ECS_IMAGE_PULL_BEHAVIOR", "prefer-cached", "prefer-cached"),
    ("ECS_LOG_OPTS", {"max-size": "10m"}, '{"max-size":"10m"}'),
]


@pytest.mark.parametrize(("name", "value", "text"), GOOD)
def test_good_value(name: str, value: Any, text: str | None) -> None:
    config = {**BASE, name: value}
    assert validate(config) == []
    texts = {**to_texts(config)["user"], **to_texts(config)["instance"]}
    if text is not None:
        assert texts[name] == text


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


def test_no_proxy_password_in_an_error() -> None:
    for proxy in ("http://joe:hunter2@proxy:3128\\", "joe:hunter2@proxy:3128 "):
        message = only(HTTP_PROXY=proxy, NO_PROXY=NO_PROXY)
        assert "hunter2" not in message


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("ECS_ENGINE_AUTH_DATA", json.dumps(AUTH), "(hidden)"),
        ("HTTP_PROXY", "http://joe:hunter2@proxy:3128", "http://(hidden)@proxy:3128"),
        ("HTTP_PROXY", "http://joe:hunt@er2@proxy:3128", "http://(hidden)@proxy:3128"),
        ("HTTPS_PROXY", "joe:hunter2@proxy:3128", "(hidden)@proxy:3128"),
        ("ECS_LOG_OPTS", '{"splunk-token":"hunter2","tag":"x"}', '{"splunk-token":"(hidden)","tag":"x"}'),
        ("AWS_SECRET_ACCESS_KEY", "hunter2", "(hidden)"),
        ("my_password", "hunter2", "(hidden)"),
    ],
)
def test_mask(name: str, value: str, shown: str) -> None:
    assert mask({name: value}) == {name: shown}
    assert is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ECS_CLUSTER", "retail-edge"),
        ("HTTP_PROXY", "http://proxy:3128"),
        ("ECS_CONTAINER_INSTANCE_TAGS", '{"mail":"joe:x@example.net"}'),
        ("ECS_EXCLUDE_UNTRACKED_IMAGE", "registry:5000/app@sha256:00"),
        ("CREDENTIALS_FETCHER_HOST", "unix:///x"),
        ("ECS_LOG_OPTS", '{"tag":"x"}'),
        ("ECS_LOG_OPTS", "{broken"),
    ],
)
def test_mask_leaves_the_rest(name: str, value: str) -> None:
    assert mask({name: value}) == {name: value}
    assert not is_secret(name, value)


def test_digests_are_salted() -> None:
    assert fingerprint("m1", "text") != fingerprint("m2", "text")
    # sha256 of "m1\ntext": other programs compute it, too, so it must not change
    assert fingerprint("m1", "text") == "9c57523e8fd81eb7df141ffe2f5be1fea6299506c0f1e638c8141f61827704ae"
    assert digest("m1", "x").startswith("sha256:") and digest("m1", "x") != digest("m2", "x")
    assert same("m1", "x", "x") and same("m1", digest("m1", "x"), "x")
    assert not same("m1", digest("m2", "x"), "x") and not same("m1", "y", "x")


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


def test_what_is_written_has_no_problems() -> None:
    for text in render({**BASE, "ECS_INSTANCE_ATTRIBUTES": {"site": "lyon"}}).values():
        assert lint(text) == []


# The two readers: each line of the table in the notes on ecs.config ---------------------------------------------------


@pytest.mark.parametrize(
    ("text", "systemd", "agent"),
    [
        ("ECS_CLUSTER=x\n", {"ECS_CLUSTER": "x"}, {"ECS_CLUSTER": "x"}),
        ('ECS_CLUSTER="x"\n', {"ECS_CLUSTER": "x"}, {"ECS_CLUSTER": '"x"'}),
        ('A=\'{"site":"oslo"}\'\n', {"A": '{"site":"oslo"}'}, {"A": '\'{"site":"oslo"}\''}),
        ("# managed by Ansible: a=b\n", {}, {"# managed by Ansible: a": "b"}),
        ("; a=b\n", {}, {"; a": "b"}),
        ("  KEY = v\n", {"KEY": "v"}, {"KEY ": " v"}),
        ("export A=1\n", {}, {"export A": "1"}),
        ('A={"p":"a\\\\b"}\n', {"A": '{"p":"a\\b"}'}, {"A": '{"p":"a\\\\b"}'}),
        ("A=1 # one\n", {"A": "1 # one"}, {"A": "1 # one"}),
        ("A=1\nA=2\n", {"A": "2"}, {"A": "2"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}, {"A": "1", "B": "2"}),
        ("A=one\\\ntwo\n", {"A": "onetwo"}, {"A": "one\\"}),
        ("A=\n", {"A": ""}, {"A": ""}),
        ("A=1", {"A": "1"}, {"A": "1"}),
        ("A\n=1\nB=2", {"B": "2"}, {"A": None, "": "1", "B": "2"}),
        ('A="x y"z \n', {"A": "x yz"}, {"A": '"x y"z'}),
        ('A="a\\"b\\n$\\$"\n', {"A": 'a"b\\n$$'}, {"A": '"a\\"b\\n$\\$"'}),
        ("A='a\\b'\n", {"A": "a\\b"}, {"A": "'a\\b'"}),
        ("A=b=c\n", {"A": "b=c"}, {"A": "b=c"}),
        ("1A=b\n", {}, {"1A": "b"}),
        ("# comment \\\nA=1\n", {"A": "1"}, {"A": "1"}),
        ("A=a\\ \n", {"A": "a "}, {"A": "a\\"}),
        ("A='open\nB=2\n", {"A": "open\nB=2\n"}, {"A": "'open", "B": "2"}),
    ],
)
def test_readers(text: str, systemd: dict[str, str], agent: dict[str, Any]) -> None:
    assert parse_systemd(text) == systemd
    assert parse_agent(text) == {key: value for key, value in agent.items() if value is not None}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('ECS_CLUSTER="x"', "begins with a quote"),
        ('ECS_INSTANCE_ATTRIBUTES=\'{"site":"oslo"}\'', "begins with a quote"),
        ("# managed by Ansible: a=b", "comment"),
        ("ECS_CLUSTER = v", "spaces round"),
        ("export ECS_CLUSTER=1", "export"),
        ('ECS_LOG_OPTS={"p":"a\\\\b"}', "backslash"),
        ("ECS_EXTERNAL=True", "lower case"),
        ("ECS_IMAGE_PULL_BEHAVIOR=sometimes", "not one of the choices"),
        ("ECS_CONTAINER_STOP_TIMEOUT=30", "no unit"),
        ("ECS_POLL_METRICS=yes", "lower case"),
        ("ECS_RESERVED_PORTS=22,80", "not JSON"),
        ("ECS_RESERVED_PORTS=[22]", "lacks"),
        ("ECS_CONTAINER_INSTANCE_TAGS={\u201ca\u201d:\u201cb\u201d}", "typographic"),
        ("ECS_CONTAINER_INSTANCE_TAGS={'a':'b'}", "looks like Python"),
        ('ECS_CONTAINER_INSTANCE_TAGS={"a":1}', "a number"),
        ("AWS_ACCESS_KEY_ID=AKIA", "identity"),
        ("ECS_CLUSTR=x", "did you mean ECS_CLUSTER?"),
        ("nonsense", "no `=`"),
        ("ECS_CLUSTER=a\nECS_CLUSTER=b", "line 2: ECS_CLUSTER: given twice"),
        ("\ufeffECS_CLUSTER=a", "byte order mark"),
        ("ECS_CLUSTER=a\r\n", "CR LF"),
    ],
)
def test_lint(text: str, part: str) -> None:
    assert any(part in problem for problem in lint(text + "\n")), lint(text)


def test_lint_hides_secrets() -> None:
    text = "AWS_SECRET_ACCESS_KEY=hunter2\nECS_ENGINE_AUTH_DATA='hunter2'\nHTTP_PROXY='http://a:hunter2@p'\n"
    assert len(lint(text)) == 3
    assert "hunter2" not in "".join(lint(text))


def test_lint_of_an_empty_file() -> None:
    assert lint("") == [] and lint("\n# comment\n\n") == []
