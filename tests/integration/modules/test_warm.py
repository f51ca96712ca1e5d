# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python that runs modules in the tests behaves as one that was started for each of them."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.warm.server import INTERPRETER, VARIABLE

pytestmark = pytest.mark.one_end


def start(warm_python: str, program: Path, text: str) -> subprocess.Popen[str]:
    program.write_text(text)
    env = {**os.environ, VARIABLE: warm_python}
    return subprocess.Popen([str(INTERPRETER), str(program)], env=env, stdout=subprocess.PIPE, text=True)


def test_a_program_ends_with_who_waits_for_it(warm_python: str, tmp_path: Path) -> None:
    endless = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)"
    client = start(warm_python, tmp_path / "program.py", endless)
    assert client.stdout
    pid = int(client.stdout.readline())
    client.kill()
    client.wait()
    deadline = time.monotonic() + 20
    while runs(pid):
        assert time.monotonic() < deadline, "it goes on although nobody waits for it any more"
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether it does; one that has ended may wait for its burial."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_its_output_and_its_status_are_the_program_s(warm_python: str, tmp_path: Path) -> None:
    client = start(warm_python, tmp_path / "program.py", "print('said')\nraise SystemExit(7)")
    assert client.communicate()[0] == "said\n"
    assert client.returncode == 7
