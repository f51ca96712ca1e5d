# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Go's flag package, as far as the agent's command line shows it: -x, --x, -x=v, -x v; an unknown flag ends with 2."""

from __future__ import annotations

from typing import NamedTuple

BOOLEANS = ("register", "clear", "fingerprint", "y", "version", "disableSimilarityCheck")
STRINGS = ("code", "id", "region")
INTEGERS = {"similarityThreshold": 40}
TRUE = ("1", "t", "T", "TRUE", "true", "True")
FALSE = ("0", "f", "F", "FALSE", "false", "False")

USAGE = """

Command-line Usage:
\t-register\tregister managed instance
\t\t-id    \tSSM activation ID    \t(REQUIRED)
\t\t-code  \tSSM activation code  \t(REQUIRED)
\t\t-region\tSSM region           \t(REQUIRED)

\t\t-clear\tClears the previously saved SSM registration

\t-fingerprint\tWhether to update the machine fingerprint similarity threshold\t(OPTIONAL)
\t\t-similarityThreshold\tThe new similarity threshold for the machine fingerprint

\t-y\tAnswer yes for all questions
\t-version\tShow the version of the agent
"""


class BadFlag(Exception):
    """The command line cannot be read: exit code 2."""


class HelpAsked(Exception):
    """-h or -help: exit code 0."""


class Flags(NamedTuple):
    given: frozenset[str]
    booleans: dict[str, bool]
    strings: dict[str, str]
    integers: dict[str, int]


def _boolean(name: str, value: str) -> bool:
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise BadFlag(f'invalid boolean value "{value}" for -{name}: parse error')


def _integer(name: str, value: str) -> int:
    try:
        return int(value, 0)
    except ValueError:
        raise BadFlag(f'invalid value "{value}" for flag -{name}: parse error') from None


def _split(argument: str) -> tuple[str, bool, str]:
    name, separator, value = argument.lstrip("-").partition("=")
    if not name or name.startswith("-") or argument.startswith("---"):
        raise BadFlag("bad flag syntax: " + argument)
    if name in ("h", "help"):
        raise HelpAsked()
    if name not in BOOLEANS and name not in STRINGS and name not in INTEGERS:
        raise BadFlag("flag provided but not defined: -" + name)
    return name, bool(separator), value


def parse(arguments: list[str]) -> Flags:
    flags = Flags(frozenset(), dict.fromkeys(BOOLEANS, False), dict.fromkeys(STRINGS, ""), dict(INTEGERS))
    given = set()
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] not in ("-", "--"):
        name, has_value, value = _split(rest.pop(0))
        given.add(name)
        if name in BOOLEANS:
            flags.booleans[name] = _boolean(name, value) if has_value else True
            continue
        if not has_value:
            if not rest:
                raise BadFlag("flag needs an argument: -" + name)
            value = rest.pop(0)
        if name in STRINGS:
            flags.strings[name] = value
        else:
            flags.integers[name] = _integer(name, value)
    return flags._replace(given=frozenset(given))
