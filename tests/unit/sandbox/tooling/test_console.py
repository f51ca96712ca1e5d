# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from sandbox.tooling import console, paths


def test_a_long_quiet_step_shows_signs_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "HEARTBEAT", 0.2)
    program = "import time; print('unpacking', flush=True); time.sleep(0.9)"
    assert console.execute([sys.executable, "-c", program], log=tmp_path / "log") == 0
    assert "unpacking" in capsys.readouterr().out


def test_a_failure_shows_the_end_of_the_output_and_the_advice(tmp_path: Path) -> None:
    with pytest.raises(console.Failure) as caught:
        console.run(["sh", "-c", "echo no space left; exit 7"], log=tmp_path / "log", advice="Make room.")
    assert "no space left" in str(caught.value)
    assert "Exit code 7" in str(caught.value)
    assert str(caught.value).endswith("Make room.")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_was_started_ends_with_the_command(number: int, tmp_path: Path) -> None:
    program = f"""
        import sys
        sys.path.insert(0, {str(paths.ROOT)!r})
        from pathlib import Path
        from sandbox.tooling import console
        console.terminate_as_interrupt()
        try:
            console.execute(["sh", "-c", "echo $$ > {tmp_path}/pid; sleep 600"])
        except KeyboardInterrupt:
            sys.exit(130)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    pid = tmp_path / "pid"
    deadline = time.monotonic() + 20
    while not (pid.exists() and pid.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.send_signal(number)
    assert parent.wait(20) == 130
    with pytest.raises(ProcessLookupError):
        os.killpg(int(pid.read_text()), 0)


def test_columns_are_as_wide_as_their_cells() -> None:
    assert console.table([("a", "b"), ("long", "x")]) == "a     b\n----  -\nlong  x"


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (245.0, "4 min 05 s")])
def test_durations(seconds: float, text: str) -> None:
    assert console.duration(seconds) == text
