# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees: numbered steps with their time, a sign of life in long ones, and errors that say what to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

HEARTBEAT = 15.0
GRACE = 30.0


class Failure(Exception):
    """An expected way to fail; the message is all that a person needs."""


def say(text: str = "") -> None:
    print(text, flush=True)


def duration(seconds: float) -> str:
    """12.3 s, 4 min 05 s."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


class Steps:
    """Numbered steps: a line when one begins, a line when it ended."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.number = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.number += 1
        say(f"[{self.number}/{self.total}] {title}")
        start = time.monotonic()
        yield
        say(f"      done in {duration(time.monotonic() - start)}")


def terminate_as_interrupt() -> None:
    """Let SIGTERM and SIGHUP unwind like Ctrl-C, so that whatever was started is stopped."""

    def interrupt(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    # A shell starts background jobs with SIGINT ignored, and what they start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process group, kindly first: pytest and molecule tidy up on SIGINT."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE)
            return
        except ProcessLookupError:
            process.wait()
            return
        except subprocess.TimeoutExpired:
            continue


def last_line(log: Path) -> str:
    """The last line with something on it, to show beside a sign of life."""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 4096))
        lines = stream.read().decode(errors="replace").replace("\r", "\n").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:100]


def tail(log: Path, lines: int = 40) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def execute(
    command: Sequence[str],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> int:
    """Run a command in a process group of its own and return its exit code.

    With a log its output goes there and a sign of life shows every so often; without one it writes to the terminal.
    Whatever ends this function ends the command, too.
    """
    output = log.open("ab") if log else None
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT if output else None,
            env=env, cwd=cwd, start_new_session=True,
        )  # fmt: skip
    finally:
        if output:
            output.close()
    try:
        return _wait(process, log)
    except BaseException:
        stop(process)
        raise


def _wait(process: subprocess.Popen[bytes], log: Path | None) -> int:
    start = time.monotonic()
    while True:
        try:
            return process.wait(HEARTBEAT)
        except subprocess.TimeoutExpired:
            if log:
                say(f"      … {int(time.monotonic() - start)} s  {last_line(log)}")


def run(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    advice: str = "",
) -> None:
    """Run a command quietly; when it fails, show the end of its output and what to do about it."""
    log.write_bytes(b"")
    code = execute(command, log=log, env=env, cwd=cwd)
    if code:
        lines = [tail(log), "", f"Exit code {code}: {' '.join(command)}", f"Whole output: {log}"]
        raise Failure("\n".join([*lines, advice] if advice else lines))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def fail(error: Failure) -> int:
    print(f"\n{error}", file=sys.stderr, flush=True)
    return 1
