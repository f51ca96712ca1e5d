# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ecs.config as ecs-init's own reader takes it, and what the agent makes of the values."""

from __future__ import annotations

import pytest

from sandbox.agents.standin.ecs import environment, settings
from sandbox.agents.standin.ecs.exits import RETRIED, TERMINAL, AgentExit

BASE = {"AWS_DEFAULT_REGION": "us-west-2", "ECS_EXTERNAL": "true"}


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("ECS_CLUSTER=edge", "ECS_CLUSTER", "edge"),
        ('ECS_CLUSTER="x"', "ECS_CLUSTER", '"x"'),
        ('A=\'{"site":"oslo"}\'', "A", '\'{"site":"oslo"}\''),
        ("# managed by Ansible: a=b", "# managed by Ansible: a", "b"),
        ("  KEY = v", "KEY ", " v"),
        ("export A=1", "export A", "1"),
        ('P={"p":"a\\\\b"}', "P", '{"p":"a\\\\b"}'),
        ("A=1=2", "A", "1=2"),
        ("A=1 # why", "A", "1 # why"),
    ],
)
def test_a_line(line: str, key: str, value: str) -> None:
    assert environment.parse(line) == {key: value}


def test_lines_without_an_equals_sign_and_repeated_keys() -> None:
    assert environment.parse("# a comment\n\nA=1\nA=2\n") == {"A": "2"}


def test_the_user_file_wins(host, monkeypatch) -> None:
    monkeypatch.setenv("EDGEFLEET_STANDIN_ROOT", str(host.root))
    host.write("/var/lib/ecs/ecs.config", "A=instance\nB=instance\nECS_UPDATES_ENABLED=false\n")
    host.write("/etc/ecs/ecs.config", "A=user\n")
    merged = environment.agent_environment()
    assert (merged["A"], merged["B"], merged["ECS_UPDATES_ENABLED"]) == ("user", "instance", "false")
    assert merged["ECS_ENABLE_TASK_IAM_ROLE"] == "true", "preset"


def read(**values: str) -> tuple[settings.Settings, list[str]]:
    warnings: list[str] = []
    return settings.read({**BASE, **values}, warnings.append), warnings


def end(**values: str) -> int:
    with pytest.raises(AgentExit) as caught:
        settings.read({**BASE, **values}, lambda _text: None)
    return caught.value.code


@pytest.mark.parametrize("name", ["ECS_INSTANCE_ATTRIBUTES", "ECS_CONTAINER_INSTANCE_TAGS"])
@pytest.mark.parametrize(
    "text",
    ['\'{"site":"oslo"}\'', "{“site”:“oslo”}", "{'site': 'oslo'}", '{"rack": 4}', '{"a": true}', '["a"]', '"a"', "{"],
)
def test_maps_that_end_the_agent_for_ever(name: str, text: str) -> None:
    assert end(**{name: text}) == RETRIED


def test_maps() -> None:
    chosen, warnings = read(ECS_INSTANCE_ATTRIBUTES='{"site":"oslo"}', ECS_CONTAINER_INSTANCE_TAGS="")
    assert (chosen.attributes, chosen.tags, warnings) == ({"site": "oslo"}, {}, [])


def test_region_and_external_mode() -> None:
    assert end(AWS_DEFAULT_REGION="") == RETRIED
    assert end(ECS_EXTERNAL="") == TERMINAL
    assert end(ECS_EXTERNAL="yes") == TERMINAL
    assert end(ECS_EXTERNAL='"true"') == TERMINAL
    assert read(ECS_EXTERNAL="True")[0].external, "the agent alone would take it; ecs-init does not"


def test_logging_drivers() -> None:
    assert end(ECS_AVAILABLE_LOGGING_DRIVERS='["json-file","nope"]') == RETRIED
    chosen, warnings = read(ECS_AVAILABLE_LOGGING_DRIVERS="json-file")
    assert chosen.logging_drivers == ["json-file", "none"] and len(warnings) == 1


def test_local_routes() -> None:
    assert end(ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES="10.0.0.0/8") == RETRIED


@pytest.mark.parametrize("text", ["22,80", '["22"]', "[70000]", "[true]", "{}"])
def test_bad_ports_only_warn(text: str) -> None:
    chosen, warnings = read(ECS_RESERVED_PORTS=text)
    assert chosen.reserved_ports == list(settings.DEFAULT_PORTS) and len(warnings) == 1


def test_ports_replace_the_default() -> None:
    assert read(ECS_RESERVED_PORTS="[22]")[0].reserved_ports == [22]


def test_reserved_memory(monkeypatch) -> None:
    monkeypatch.setattr(settings, "host_memory_mib", lambda: 1000)
    assert read(ECS_RESERVED_MEMORY="100")[0].memory == 900
    assert read(ECS_RESERVED_MEMORY="70000")[0].memory == 1000
    assert read(ECS_RESERVED_MEMORY="64MiB")[0].memory == 1000
    assert end(ECS_RESERVED_MEMORY="1001") == RETRIED
