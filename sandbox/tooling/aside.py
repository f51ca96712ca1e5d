# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in a process of its own beside this one; what it says is kept until it has ended."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, TypeVar

from . import console

T = TypeVar("T")

# Processes that it starts share its memory until they write, so that nothing has to be handed over.
_FORK = multiprocessing.get_context("fork")


class Aside(Generic[T]):
    """A function that runs beside; its value must be one that can be pickled."""

    def __init__(self, title: str, function: Callable[[], T], log: Path) -> None:
        self._title, self._log = title, log
        log.write_bytes(b"")
        self._values, giving = _FORK.Pipe(duplex=False)
        self._process = _FORK.Process(target=_perform, args=(function, giving, log))
        self._process.start()
        giving.close()

    def result(self) -> T:
        """Wait for its end, show all that it said, and return what it returned."""
        start = time.monotonic()
        while not self._values.poll(console.HEARTBEAT):
            console.say(f"      … {self._title}, {int(time.monotonic() - start)} s  {console.last_line(self._log)}")
        try:
            value: T = self._values.recv()
        except EOFError:
            raise console.Failure(f"{self._log.read_text(errors='replace')}\n{self._title} came to no result") from None
        finally:
            self._process.join()
        console.say(self._log.read_text(errors="replace"))
        return value

    def stop(self) -> None:
        """End it, if it has not ended; it stops what it has started."""
        if self._process.is_alive():
            self._process.terminate()
        self._process.join()


def _perform(function: Callable[[], Any], giving: Connection, log: Path) -> None:
    with log.open("a") as stream:
        # What it says itself, and what the programs say that it starts.
        sys.stdout = sys.stderr = stream
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
        try:
            giving.send(function())
        except Exception:
            traceback.print_exc()
