# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test layer found, counted."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import console, paths
from .usage import Usage

# pytest.ExitCode.NO_TESTS_COLLECTED; pytest is not there where bin/test starts.
_NO_TEST = 5


class Layer:
    """The counts of one layer; every check and every test counts once."""

    def __init__(self, name: str, env: Mapping[str, str]) -> None:
        self.name = name
        self.env = env
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.seconds = 0.0
        self.usage = Usage()
        self.files: dict[str, Usage] = {}

    def count(self, title: str, problem: str, seconds: float = 0.0) -> None:
        """One check; without a problem it passed."""
        if problem:
            self.failed += 1
            console.say(f"  FAILED  {title}\n{problem}")
        else:
            self.passed += 1
            console.say(f"  ok      {title}  ({console.duration(seconds)})")

    def check(self, title: str, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        """One check that is a command; its output shows when it fails."""
        log = self.log(title)
        start = time.monotonic()
        code = console.execute(command, log=log, env=env, cwd=cwd)
        problem = f"{console.tail(log, 200)}\nExit code {code}: {' '.join(command)}" if code else ""
        self.count(title, problem, time.monotonic() - start)

    def pytest(self, title: str, command: Sequence[str], env: Mapping[str, str], arguments: Sequence[str]) -> None:
        """One run of pytest; each of its tests counts. With arguments of the caller's its output shows as it comes,
        and a choice of theirs may leave it without a test."""
        junit = self.log(title).with_suffix(".xml")
        junit.unlink(missing_ok=True)
        log = None if arguments else self.log(title)
        code = console.execute([*command, f"--junitxml={junit}", *arguments], log=log, env=env, cwd=paths.ROOT)
        passed, failed, skipped = read_junit(junit)
        for file, usage in read_usage(junit).items():
            self.files[f"{file}  {title}"] = usage
        if code and not failed and not (code == _NO_TEST and arguments):
            failed = 1  # pytest itself went wrong, or found no test
        self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped
        if log and failed:
            console.say(console.tail(log, 400))
        shown = f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")
        console.say(f"  {'FAILED ' if failed else 'ok     '} {title}: {shown}")

    def log(self, title: str) -> Path:
        """An emptied log file for a step."""
        safe = "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in f"{self.name}-{title}")
        path = paths.logs() / f"{safe}.log"
        path.write_bytes(b"")
        return path


def read_junit(path: Path) -> tuple[int, int, int]:
    """Passed, failed and skipped tests of a JUnit file; nothing when pytest did not get as far as writing it."""
    if not path.exists():
        return 0, 0, 0
    suites = ElementTree.parse(path).getroot().iter("testsuite")
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return total - failed - skipped, failed, skipped


def read_usage(path: Path) -> dict[str, Usage]:
    """CPU of the tests of each file, as tests/conftest.py has them say it."""
    files: dict[str, Usage] = {}
    cases = ElementTree.parse(path).getroot().iter("testcase") if path.exists() else ()
    for case in cases:
        said = {entry.get("name", ""): entry.get("value", "") for entry in case.iter("property")}
        file = case.get("classname", "").rpartition(".")[2]
        files[file] = files.get(file, Usage()).plus(Usage.read(said))
    return files


def dearest(layers: Sequence[Layer]) -> str:
    """A table of the test files that use most CPU: whoever wants to make all of it faster begins there."""
    found = [(layer.name, file, usage) for layer in layers for file, usage in layer.files.items()]
    found.sort(key=lambda one: one[2].total, reverse=True)
    rows = [("layer", "test file", *_CPU)]
    rows += [(name, file, *_cpu(usage)) for name, file, usage in found[:_SHOWN]]
    return console.table(rows)


_CPU = ("CPU-s", *(f"of {name}" for name in Usage._fields))
_SHOWN = 12


def _cpu(usage: Usage) -> list[str]:
    return [f"{seconds:.0f}" if seconds else "" for seconds in (usage.total, *usage)]


def summary(layers: Sequence[Layer]) -> str:
    """A table of the layers, and the counts of all of them as the last line."""
    rows = [("layer", "passed", "failed", "skipped", "time", *_CPU)]
    rows += [
        (x.name, str(x.passed), str(x.failed), str(x.skipped), console.duration(x.seconds), *_cpu(x.usage))
        for x in layers
    ]
    counts = f"{sum(x.passed for x in layers)} passed, {sum(x.failed for x in layers)} failed"
    skipped = sum(x.skipped for x in layers)
    return f"{console.table(rows)}\n\n{counts}{f', {skipped} skipped' if skipped else ''}"
