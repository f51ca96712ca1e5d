# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NoReturn

import pytest

from sandbox.tooling import console
from sandbox.tooling.aside import Aside


def test_it_says_what_it_said_when_it_has_ended(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        console.say("beside")
        os.system("echo and what it started")
        return os.getpid()

    aside = Aside("it", work, tmp_path / "log")
    console.say("before")
    assert aside.result() != os.getpid()
    aside.stop()
    assert [line for line in capfd.readouterr().out.splitlines() if line] == ["before", "beside", "and what it started"]


def test_an_error_is_no_result(tmp_path: Path) -> None:
    def work() -> NoReturn:
        raise ValueError("gone wrong")

    with pytest.raises(console.Failure, match="(?s)gone wrong.*it came to no result"):
        Aside("it", work, tmp_path / "log").result()


def test_it_is_stopped_and_tidies_up(tmp_path: Path) -> None:
    tidy = tmp_path / "tidy"

    def work() -> None:
        console.terminate_as_interrupt()
        try:
            (tmp_path / "begun").touch()
            time.sleep(60)
        finally:
            tidy.touch()

    aside = Aside("it", work, tmp_path / "log")
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    aside.stop()
    assert tidy.exists()
