# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from sandbox.tooling import console, python
from sandbox.tooling.python import Python

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose PATH and pyenv are empty folders."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.delenv("EDGEFLEET_ENDS", raising=False)
    return tmp_path


def test_a_python_on_the_path_is_found(machine: Path) -> None:
    program(machine / "python3.12", 'echo "3.12 /opt/python3.12"')
    assert python.find(["3.13", "3.12"]) == Python("3.12", Path("/opt/python3.12"))


def test_a_shim_for_a_version_that_is_not_there_is_passed_over(machine: Path) -> None:
    program(machine / "python3.13", "exit 127")
    real = machine / "pyenv/versions/3.13.2/bin"
    real.mkdir(parents=True)
    program(real / "python3.13", 'echo "3.13 /pyenv/python3.13"')
    assert python.find(["3.13"]) == Python("3.13", Path("/pyenv/python3.13"))


def test_a_name_that_lies_about_its_version_is_passed_over(machine: Path) -> None:
    program(machine / "python3.13", 'echo "3.9 /usr/bin/python3.9"')
    assert python.find(["3.13"]) is None


def test_an_end_without_a_python_is_an_error(machine: Path) -> None:
    program(machine / "python3.11", 'echo "3.11 /usr/bin/python3.11"')
    with pytest.raises(console.Failure, match=r"2\.21 needs Python 3\.13"):
        python.chosen_ends()


def test_an_end_left_out_by_name_is_none(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(machine / "python3.11", 'echo "3.11 /usr/bin/python3.11"')
    monkeypatch.setenv("EDGEFLEET_ENDS", "2.19")
    assert list(python.chosen_ends()) == ["2.19"]


def test_an_unknown_end_is_an_error(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEFLEET_ENDS", "2.16")
    with pytest.raises(console.Failure, match=r"2\.16"):
        python.chosen_ends()


def test_an_environment_is_built_once_and_again_after_an_interrupted_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Path] = []

    def build(path: Path, *_: object) -> None:
        path.mkdir(parents=True, exist_ok=True)
        built.append(path)
        if len(built) == 1:
            raise KeyboardInterrupt

    monkeypatch.setenv("EDGEFLEET_CACHE", str(tmp_path))
    monkeypatch.setattr(python, "_build", build)
    this = Python(HERE, Path(sys.executable))
    with pytest.raises(KeyboardInterrupt):
        python.environment("2.21", this, ["test"])
    first = python.environment("2.21", this, ["test"])
    assert python.environment("2.21", this, ["test"]) == first
    assert built == [first.path, first.path]


def test_other_requirements_get_another_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEFLEET_CACHE", str(tmp_path))
    monkeypatch.setattr(python, "_build", lambda path, *_: path.mkdir(parents=True))
    this = Python(HERE, Path(sys.executable))
    assert python.environment("2.21", this, ["test"]).path != python.environment("2.21", this, ["sandbox"]).path


def test_environments_that_nobody_asked_for_in_a_while_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEFLEET_CACHE", str(tmp_path))
    monkeypatch.setattr(python, "_build", lambda path, *_: path.mkdir(parents=True))
    for name, age in (("venv-2.19-old", python.UNUSED_SECONDS + 60), ("venv-2.19-young", 60)):
        ready = tmp_path / name / ".complete"
        ready.parent.mkdir()
        ready.touch()
        os.utime(ready, (time.time() - age,) * 2)
    python.environment("2.21", Python(HERE, Path(sys.executable)), ["test"])
    kept = {path.name for path in tmp_path.glob("venv-*") if path.is_dir()}
    assert "venv-2.19-young" in kept
    assert "venv-2.19-old" not in kept
