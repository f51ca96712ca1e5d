# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python and the ansible-playbook of the tests behave as ones that were started for each run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.tooling.warm.playbook import PROGRAM
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


def run_playbook(program: str, folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "ANSIBLE_LOCAL_TEMP": str(folder / "local"), **environment}
    return subprocess.run([program, *arguments], env=env, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def both(warm_playbooks: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ansible-playbook as it comes and without its start; they have to say the same."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        cold = run_playbook(str(Path(sys.executable).with_name(PROGRAM.name)), tmp_path, *arguments, **environment)
        warm = run_playbook(str(PROGRAM), tmp_path, *arguments, **{**environment, **warm_playbooks})
        assert (warm.stdout, warm.stderr, warm.returncode) == (cold.stdout, cold.stderr, cold.returncode)
        return warm

    return run


def test_settings_are_those_of_the_caller(
    both: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    assert "config file = None" in both("--version").stdout
    (tmp_path / "mine.cfg").write_text("[defaults]\n")
    assert f"config file = {tmp_path}/mine.cfg" in both("--version", ANSIBLE_CONFIG="mine.cfg").stdout
    assert "config file = None" in both("--version").stdout


def test_a_play_s_output_its_status_and_its_variables(
    both: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    greet = "{{ lookup('ansible.builtin.env', 'GREETING') }}"
    tasks = [{"ansible.builtin.debug": {"msg": greet}}, {"ansible.builtin.assert": {"that": "colour | length > 4"}}]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    assert '"msg": "hello"' in both("play.yml", "-e", "colour=green", GREETING="hello").stdout
    failed = both("play.yml", "-e", "colour=red", GREETING="bye", ANSIBLE_FORCE_COLOR="true")
    assert failed.returncode == 2
    assert "\x1b[" in failed.stdout
    assert both("none.yml").returncode != 0


def test_nothing_is_left_in_the_local_temporary_folder(warm_playbooks: dict[str, str], tmp_path: Path) -> None:
    # The first one makes the server, which has a folder of its own, wherever that one's are.
    for folder in (tmp_path, tmp_path, tmp_path / "second"):
        folder.mkdir(exist_ok=True)
        local = str(folder / "local")
        done = run_playbook(str(PROGRAM), tmp_path, "--version", **{**warm_playbooks, "ANSIBLE_LOCAL_TEMP": local})
        assert done.returncode == 0
    assert list((tmp_path / "second" / "local").iterdir()) == []
    assert len(list((tmp_path / "local").iterdir())) == 1
