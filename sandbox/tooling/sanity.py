# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity over the installed collection, with nothing but a package index, and its work counted."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from . import collection, console, paths
from .python import Environment, locked
from .results import Layer

# Tests that have something to look at in every collection with plugins; one of them idle means a tree not seen.
NEVER_IDLE = ("ansible-doc", "compile", "import", "pep8", "pylint", "runtime-metadata", "validate-modules", "yamllint")

# ansible-test wants to download this script; pip's wheel can do the same by itself.
BOOTSTRAP = """\
import os
import runpy
import sys

here = os.path.dirname(os.path.abspath(__file__))
wheel = os.path.join(here, "pip-{version}-py3-none-any.whl")
sys.path.insert(0, wheel)
wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.argv[1:] = ["install", "--find-links", here, *wanted]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


class Output(NamedTuple):
    """What ansible-test says it did."""

    ran: list[str]
    idle: list[str]
    pylint_files: int


def parse(text: str) -> Output:
    """Read the verbose output of ansible-test sanity."""
    ran: list[str] = []
    idle: list[str] = []
    files = 0
    for line in text.splitlines():
        begun = re.match(r'Running sanity test "([^"]+)"', line)
        checking = re.match(r"Checking (\d+) file\(s\) in context", line)
        if begun:
            ran.append(begun.group(1))
        elif line.startswith("No tests applicable") and ran:
            idle.append(ran[-1])
        elif checking:
            files += int(checking.group(1))
    return Output(ran, idle, files)


def shortfall(output: Output, expected_tests: list[str], expected_files: int) -> str:
    """Why the run cannot be believed; empty when it did all its work."""
    problems = []
    missing = sorted(set(expected_tests) - set(output.ran))
    if missing or not expected_tests:
        problems.append(f"sanity tests that did not run: {', '.join(missing) or 'none is known'}")
    idle = sorted(set(output.idle) & set(NEVER_IDLE))
    if idle:
        problems.append(f"sanity tests that saw no file: {', '.join(idle)}")
    if output.pylint_files != expected_files or not expected_files:
        problems.append(f"pylint saw {output.pylint_files} files of {expected_files}")
    return "\n".join(problems)


def home(environment: Environment) -> Path:
    """A home for ansible-test, so that it neither reads nor fills the user's own."""
    path = paths.cache() / "ansible-test-home"
    cache = path / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    pip = str(environment.bin / "python"), "-m", "pip"
    version = _pip_version(environment)
    if not list(cache.glob(f"pip-{version}-*.whl")):
        command = [*pip, "download", "--quiet", "--no-deps", "--dest", str(cache), f"pip=={version}"]
        console.run(command, log=paths.logs() / "sanity-pip.log", advice="pip needs a package index.")
    (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(BOOTSTRAP.format(version=version))
    return path


def _pip_version(environment: Environment) -> str:
    """The pip that this ansible-test installs in its virtual environments."""
    (source,) = environment.path.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py")
    found = re.search(r"pip='([\d.]+)'", source.read_text())
    if not found:
        raise console.Failure("ansible-test no longer says which pip it wants; see sandbox/tooling/sanity.py")
    return found.group(1)


def list_tests(environment: Environment, env: Mapping[str, str], collection: Path) -> list[str]:
    command = [str(environment.bin / "ansible-test"), "sanity", "--list-tests"]
    answer = subprocess.run(command, cwd=collection, env=dict(env), capture_output=True, text=True, check=False)
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


def run(layer: Layer, environment: Environment) -> None:
    """The layer: every sanity test is one check, and so is the count of what they looked at."""
    env = {**layer.env, "HOME": str(home(environment))}
    with tempfile.TemporaryDirectory(prefix="edgefleet-sanity-") as workspace:
        log = layer.log("collection")
        installed = collection.install(Path(workspace), environment.bin / "ansible-galaxy", layer.env, log)
        _link_dependencies(environment, installed)
        expected = list_tests(environment, env, installed)
        log = layer.log(f"ansible-test {environment.end}")
        command = [str(environment.bin / "ansible-test"), "sanity", "--local", "--python", environment.python]
        start = time.monotonic()
        with locked(paths.cache() / "ansible-test.lock"):
            code = console.execute([*command, "--color", "no", "-v"], log=log, env=env, cwd=installed)
        text = log.read_text(errors="replace")
        _count(layer, text, code, time.monotonic() - start)
        problem = shortfall(parse(text), expected, len(list(installed.glob("plugins/**/*.py"))))
        layer.count(f"ansible-test looked at everything: {len(expected)} tests", problem)


def _link_dependencies(environment: Environment, installed: Path) -> None:
    (amazon,) = environment.path.glob("lib/python*/site-packages/ansible_collections/amazon")
    (installed.parents[1] / "amazon").symlink_to(amazon)


def _count(layer: Layer, text: str, code: int, seconds: float) -> None:
    failed = re.search(r"The (\d+) sanity test\(s\) listed below \(out of \d+\) failed", text)
    bad = int(failed.group(1)) if failed else int(bool(code))
    good = len(parse(text).ran) - bad
    if bad:
        errors = [line for line in text.splitlines() if line.startswith(("ERROR", "FATAL"))]
        console.say("\n".join(errors) or text[-4000:])
    layer.failed += bad
    layer.passed += good
    shown = f"{good} passed, {bad} failed  ({console.duration(seconds)})"
    console.say(f"  {'FAILED ' if bad else 'ok     '} ansible-test sanity: {shown}")
