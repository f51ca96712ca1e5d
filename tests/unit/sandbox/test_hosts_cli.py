# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of sandbox/hosts, as far as it goes without root."""

from __future__ import annotations

import pytest

from sandbox.hosts import cli, machine
from sandbox.hosts.errors import SandboxError


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "check", lambda: None)


def test_commands_keep_their_own_options() -> None:
    arguments = cli.parser().parse_args(["ssh", "lyon-1", "ls", "-l", "--instance"])
    assert (arguments.name, arguments.argv) == ("lyon-1", ["ls", "-l", "--instance"])
    arguments = cli.parser().parse_args(["run", "--detach", "--log", "x.log", "--", "server", "--log", "y"])
    assert (arguments.detach, str(arguments.log), arguments.argv[-3:]) == (True, "x.log", ["server", "--log", "y"])


def test_the_instance_is_an_option_or_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEFLEET_INSTANCE", raising=False)
    assert cli.parser().parse_args(["down"]).instance == "demo"
    monkeypatch.setenv("EDGEFLEET_INSTANCE", "test")
    assert cli.parser().parse_args(["down"]).instance == "test"
    assert cli.parser().parse_args(["--instance", "other", "down"]).instance == "other"


def test_every_command_has_an_implementation() -> None:
    subparsers = next(action for action in cli.parser()._actions if action.dest == "command")
    assert set(subparsers.choices or ()) == {*cli._COMMANDS, "prepare"}


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--instance", "../x", "down"], "'../x' cannot be the name of an instance"),
        (["up", "lyon"], "'lyon' is not SITE=HOST"),
        (["up", "--packages", "/nonexistent", "lyon=a"], "there is no /nonexistent/keys/sandbox.asc"),
        (["prepare", "sid"], "no such suite: sid"),
        (["--instance", "nobody", "run", "--"], "run what?"),
        (["--instance", "nobody", "ssh", "lyon-1"], "instance nobody has no host lyon-1"),
        (["--instance", "nobody", "power", "off", "lyon-1"], "instance nobody has no host lyon-1"),
        (["--instance", "nobody", "link", "down", "lyon"], "sandbox instance nobody does not run; `hosts up` makes it"),
    ],
)
def test_errors_are_one_line_for_the_user(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == 1
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("as_root")
def test_down_of_nothing_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--instance", "nobody", "down"]) == 0
    assert "there is no instance nobody" in capsys.readouterr().err


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        raise SandboxError("run it as root")

    monkeypatch.setattr(machine, "check", refuse)
    assert cli.main(["list"]) == 1
    assert capsys.readouterr().err == "hosts: run it as root\n"
