# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sandbox.tooling.results import Layer, read_junit, summary


def layer(name: str, passed: int, failed: int, skipped: int = 0) -> Layer:
    made = Layer(name, {})
    made.passed, made.failed, made.skipped = passed, failed, skipped
    return made


def test_the_last_line_adds_up_all_layers() -> None:
    assert summary([layer("lint", 3, 0), layer("unit", 10, 2)]).splitlines()[-1] == "13 passed, 2 failed"


def test_skipped_tests_are_told() -> None:
    assert summary([layer("unit", 1, 0, 4)]).splitlines()[-1] == "1 passed, 0 failed, 4 skipped"


def test_junit_counts(tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    file.write_text('<testsuites><testsuite tests="9" failures="2" errors="1" skipped="3"/></testsuites>')
    assert read_junit(file) == (3, 3, 3)


def test_no_junit_file_counts_nothing(tmp_path: Path) -> None:
    assert read_junit(tmp_path / "none.xml") == (0, 0, 0)


@pytest.mark.parametrize(
    ("source", "passed", "failed"),
    [
        ("def test_a(): pass\ndef test_b(): assert False\n", 1, 1),
        ("def helper(): pass\n", 0, 1),
        ("import nothing_of_this_name\n", 0, 1),
    ],
    ids=["one of two", "no test at all", "does not import"],
)
def test_a_run_of_pytest_is_counted(tmp_path: Path, source: str, passed: int, failed: int) -> None:
    (tmp_path / "test_it.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "-p", "no:cacheprovider", str(tmp_path)]
    made = Layer("unit", {})
    made.pytest("it", command, {}, [])
    assert (made.passed, made.failed) == (passed, failed)


def test_a_choice_of_the_callers_may_leave_one_of_several_runs_without_a_test(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_a(): pass\n")
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "-p", "no:cacheprovider", str(tmp_path)]
    made = Layer("unit", {})
    made.pytest("it", command, {}, ["-k", "nothing"])
    assert (made.passed, made.failed) == (0, 0)


@pytest.mark.parametrize(("code", "counts"), [(0, (1, 0)), (3, (0, 1))])
def test_a_check_is_judged_by_its_exit_code(code: int, counts: tuple[int, int], tmp_path: Path) -> None:
    made = Layer("lint", {})
    made.check("it", [sys.executable, "-c", f"raise SystemExit({code})"], {}, tmp_path)
    assert (made.passed, made.failed) == counts
