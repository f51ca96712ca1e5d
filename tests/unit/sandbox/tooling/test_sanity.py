# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sanity run that looked at nothing must not count as passed."""

from __future__ import annotations

from sandbox.tooling.sanity import NEVER_IDLE, Output, parse, shortfall

GOOD = """\
Running sanity test "compile" on Python 3.13
Running sanity test "pslint"
No tests applicable.
Running sanity test "pylint"
Checking 4 file(s) in context 'collection' (controller) with config: x.cfg
Checking 3 file(s) in context 'modules' (target) with config: x.cfg
"""


def test_output_is_counted() -> None:
    assert parse(GOOD) == Output(["compile", "pslint", "pylint"], ["pslint"], 7)


def test_a_full_run_falls_short_of_nothing() -> None:
    assert shortfall(parse(GOOD), ["compile", "pslint", "pylint"], 7) == ""


def test_a_test_that_did_not_run_is_named() -> None:
    assert "did not run: import" in shortfall(parse(GOOD), ["compile", "import"], 7)


def test_no_list_of_tests_is_a_shortfall() -> None:
    assert shortfall(parse(GOOD), [], 7)


def test_files_left_out_are_a_shortfall() -> None:
    assert "pylint saw 7 files of 8" in shortfall(parse(GOOD), ["pylint"], 8)
    assert shortfall(parse(""), ["pylint"], 0)


def test_an_idle_test_that_always_has_work_is_a_shortfall() -> None:
    for name in NEVER_IDLE:
        assert name in shortfall(Output([name], [name], 7), [name], 7)
