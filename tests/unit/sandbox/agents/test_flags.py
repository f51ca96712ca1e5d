# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the SSM agent, as Go's flag package reads it."""

from __future__ import annotations

import pytest

from sandbox.agents.standin.ssm import flags


@pytest.mark.parametrize(
    "arguments",
    [
        ["-register", "-code", "c", "-id", "i", "-region", "r", "-y"],
        ["--register", "--code=c", "-id=i", "-region", "r", "-y=true"],
    ],
)
def test_forms_of_a_flag(arguments: list[str]) -> None:
    parsed = flags.parse(arguments)
    assert parsed.strings == {"code": "c", "id": "i", "region": "r"}
    assert parsed.booleans["register"] and parsed.booleans["y"] and not parsed.booleans["clear"]


def test_a_boolean_takes_no_separate_value() -> None:
    """`-y false` is -y and the end of the flags, not a refusal."""
    assert flags.parse(["-y", "false", "-register"]).given == frozenset({"y"})


@pytest.mark.parametrize("arguments", [["-nope"], ["-code"], ["-y=perhaps"], ["-similarityThreshold", "x"], ["---y"]])
def test_bad_flags(arguments: list[str]) -> None:
    with pytest.raises(flags.BadFlag):
        flags.parse(arguments)


def test_exit_codes(host) -> None:
    assert host.ssm("-nope").returncode == 2
    assert "flag provided but not defined: -nope" in host.ssm("-nope").stderr
    assert host.ssm("-h").returncode == 0
    assert host.ssm("-y").returncode == 1
    assert host.ssm("-register", "-code", "c", "-id", "i").returncode == 1
    version = host.ssm("-version")
    assert (version.returncode, version.stdout) == (0, "SSM Agent version: 0.0.0.0\n")
