# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sandbox.hosts.cgroups import Group, Layout
from sandbox.tooling import usage
from sandbox.tooling.results import Layer, dearest, read_usage
from sandbox.tooling.usage import Usage

BUSY = "import time\nwhile time.process_time() < 0.3: pass"


def test_what_was_waited_for_is_counted() -> None:
    before = usage.used()
    subprocess.run([sys.executable, "-S", "-c", BUSY], check=True)
    assert 0.3 <= usage.used().since(before).control < 5


def test_a_process_that_nobody_waits_for_is_read() -> None:
    assert usage.process_seconds(os.getpid()) > 0
    assert usage.process_seconds(2**22 + 1) == 0


def test_a_sandbox_has_also_what_its_removed_hosts_have_used(tmp_path: Path) -> None:
    group = Group(Layout(tmp_path), "edgefleet-x")
    for folder, microseconds in ((group.unified, 9_000_000), (group.child("run").unified, 4_000_000)):
        folder.mkdir()
        (folder / "cpu.stat").write_text(f"usage_usec {microseconds}\nuser_usec 1\n")
    assert usage.of_sandbox(group) == Usage(0.0, 5.0, 0.0)
    assert usage.of_sandbox(Group(Layout(tmp_path), "none")) == Usage()


def test_files_say_what_their_tests_have_used(tmp_path: Path) -> None:
    def case(folder: str, *seconds: float) -> str:
        said = "".join(f'<property name="{name}" value="{value}"/>' for name, value in Usage(*seconds).properties())
        return f'<testcase classname="tests.{folder}"><properties>{said}</properties></testcase>'

    file = tmp_path / "junit.xml"
    cases = [case("fleet.test_a", 1, 20), case("fleet.test_a", 2, 0, 4), case("fleet.test_b", 8)]
    file.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    assert read_usage(file) == {"test_a": Usage(3, 20, 4), "test_b": Usage(8)}
    layer = Layer("fleet", {})
    layer.files = read_usage(file)
    first, second = dearest([layer]).splitlines()[2:]
    assert first.split() == ["fleet", "test_a", "27", "3", "20", "4"]
    assert second.split() == ["fleet", "test_b", "8", "8"]
