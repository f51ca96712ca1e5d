# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two readers of ecs.config, which disagree.

systemd (EnvironmentFile= of ecs.service) sets the environment of ecs-init, and ecs-init reads the same file itself to
set the environment of the agent container.
"""

from __future__ import annotations

import re
import typing as t

# What Go's strings.TrimSpace takes off; Python's strip() would also take \x1c to \x1f.
_GO_SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

_SYSTEMD_SPACE = " \t\n\r"
_SYSTEMD_NEWLINE = "\n\r"
_SYSTEMD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse_agent(text: str) -> dict[str, str]:
    """Variables as ecs-init hands them to the agent: split at the first `=`, nothing else is looked at.

    Source: getEnvVars in ecs-init/docker/docker.go of amazon-ecs-agent.
    """
    values: dict[str, str] = {}
    for line in text.strip(_GO_SPACE).split("\n"):
        key, equals, value = line.strip(_GO_SPACE).partition("=")
        if equals:
            values[key] = value
    return values


class _SystemdReader:
    """The states of systemd's reader of environment files (src/basic/env-file.c); each takes one character."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.key = ""
        self.value = ""
        self.solid = 0  # length of the value up to its last character that is not to be trimmed
        self.state: t.Callable[[str], None] = self.before_key

    def feed(self, text: str) -> dict[str, str]:
        for character in text.split("\0", 1)[0]:
            self.state(character)
        if self.state not in (self.before_key, self.in_key, self.in_comment, self.in_comment_escape):
            self.push()
        return self.values

    def push(self) -> None:
        value = self.value[: self.solid] if self.state == self.in_value else self.value
        key = self.key.rstrip(_SYSTEMD_SPACE)
        if _SYSTEMD_NAME.fullmatch(key):  # anything else is logged and dropped
            self.values[key] = value
        self.key = self.value = ""
        self.solid = 0
        self.state = self.before_key

    def add(self, text: str) -> None:
        self.value += text
        self.solid = len(self.value)

    def before_key(self, character: str) -> None:
        if character in "#;":
            self.state = self.in_comment
        elif character not in _SYSTEMD_SPACE:
            self.key = character
            self.state = self.in_key

    def in_key(self, character: str) -> None:
        if character in _SYSTEMD_NEWLINE:
            self.key = ""
            self.state = self.before_key
        elif character == "=":
            self.state = self.before_value
        else:
            self.key += character

    def before_value(self, character: str) -> None:
        if character in _SYSTEMD_NEWLINE:
            self.push()
        elif character == "'":
            self.state = self.in_single_quotes
        elif character == '"':
            self.state = self.in_double_quotes
        elif character == "\\":
            self.state = self.in_value_escape
        elif character not in _SYSTEMD_SPACE:
            self.add(character)
            self.state = self.in_value

    def in_value(self, character: str) -> None:
        if character in _SYSTEMD_NEWLINE:
            self.push()
        elif character == "\\":
            self.solid = len(self.value)
            self.state = self.in_value_escape
        elif character in _SYSTEMD_SPACE:
            self.value += character
        else:
            self.add(character)

    def in_value_escape(self, character: str) -> None:
        if character not in _SYSTEMD_NEWLINE:
            self.add(character)
        self.state = self.in_value

    def in_single_quotes(self, character: str) -> None:
        if character == "'":
            self.state = self.before_value
        else:
            self.add(character)

    def in_double_quotes(self, character: str) -> None:
        if character == '"':
            self.state = self.before_value
        elif character == "\\":
            self.state = self.in_double_quotes_escape
        else:
            self.add(character)

    def in_double_quotes_escape(self, character: str) -> None:
        if character in '"\\`$':
            self.add(character)
        elif character != "\n":
            self.add("\\" + character)
        self.state = self.in_double_quotes

    def in_comment(self, character: str) -> None:
        if character == "\\":
            self.state = self.in_comment_escape
        elif character in _SYSTEMD_NEWLINE:
            self.state = self.before_key

    def in_comment_escape(self, character: str) -> None:
        self.state = self.before_key if character in _SYSTEMD_NEWLINE else self.in_comment


def parse_systemd(text: str) -> dict[str, str]:
    """Variables as systemd puts them into the environment of ecs-init."""
    return _SystemdReader().feed(text)
