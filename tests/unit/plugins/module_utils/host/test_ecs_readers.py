# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two readers of ecs.config: each line of the table in the notes on the file."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_readers import parse_agent, parse_systemd


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
