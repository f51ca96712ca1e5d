# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that forks for each client, and a fork that becomes what its client stands for."""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = dict[str, Any]
"""What a client says of itself: argv, cwd, env."""


def serve(listener: socket.socket, become: Callable[[socket.socket], None]) -> None:
    """Until whoever started this is gone: standard input is a pipe of his, and ends with him, however he ends."""
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _address = listener.accept()
        bury()
        if os.fork() == 0:
            listener.close()
            try:
                become(connection)
            finally:
                os._exit(0)
        connection.close()
    bury()


def listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    return listener


def bury() -> None:
    """Forks that have ended: each has answered its client itself, and what they have used is on this one's account."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def heard(connection: socket.socket) -> tuple[Call, array.array[int]]:
    """A client's call, and its three streams."""
    _byte, ancillary, _flags, _address = connection.recvmsg(1, socket.CMSG_SPACE(3 * 4))
    streams = array.array("i", ancillary[0][2])
    call: Call = json.loads(b"".join(iter(lambda: connection.recv(1 << 16), b"")))
    return call, streams


def surround(call: Call) -> None:
    os.chdir(call["cwd"])
    os.environ.clear()
    os.environ.update(call["env"])


def answer(connection: socket.socket, perform: Callable[[list[str]], object]) -> None:
    """In the fork: be the process that the client stands for, and tell it the status."""
    call, streams = heard(connection)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    threading.Thread(target=end_with, args=(connection,), daemon=True).start()
    surround(call)
    status = status_of(lambda: perform(call["argv"]))
    for output in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            output.flush()
    connection.send(bytes([status & 255]))


def status_of(program: Callable[[], Any]) -> int:
    """As Python ends when its program does."""
    try:
        program()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def end_with(client: socket.socket) -> None:
    """Who kills the client has killed the program. It says nothing after its call, but stays to hear the status."""
    hangup = select.poll()
    hangup.register(client, 0)
    hangup.poll()
    os._exit(137)
