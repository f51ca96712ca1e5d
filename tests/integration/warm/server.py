# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible modules in forks of a process that has imported boto3.

Four fifths of what a module costs on this side of AWS is the import of boto3 and the reading of its descriptions of the
services. Here both happen once. What runs is the module as Ansible has packed it, in a process of its own.

    python -m tests.integration.warm.server SOCKET
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

INTERPRETER = Path(__file__).with_name("python")
VARIABLE = "EDGEFLEET_WARM_PYTHON"
# Extra variables with which a playbook runs its modules for AWS here, and those for hosts where it always does.
_LOCAL = "ansible_connection | default('') == 'local'"
FOR_PLAYBOOKS = {"ansible_python_interpreter": f"{{{{ '{INTERPRETER}' if {_LOCAL} else '/usr/bin/python3' }}}}"}
COLLECTIONS = ("edgefleet/ecs", "amazon/aws")
SERVICES = ("cloudwatch", "ec2", "ecs", "events", "iam", "logs", "outposts", "s3", "ssm", "sts")


@contextlib.contextmanager
def serving(path: Path, around: Callable[..., list[str]] = lambda *command: [*command]) -> Iterator[dict[str, str]]:
    """A server that ends with the caller, and the environment in which INTERPRETER finds it.

    C(around) may start it elsewhere: programs see the network where it runs, and their files and variables from here.
    """
    command = around(sys.executable, "-m", "tests.integration.warm.server", str(path))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stdout.readline() == "ready\n"
        yield {VARIABLE: str(path)}


def warm_up(services: Iterable[str]) -> None:
    """Import what modules import, and remember what each of them would read or compile anew."""
    import boto3
    from botocore.loaders import JSONFileLoader, Loader

    JSONFileLoader.load_file = by_arguments(JSONFileLoader.load_file)
    Loader.list_available_services = by_arguments(Loader.list_available_services)
    for service in services:
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        boto3.Session(region_name="us-west-2").client(service, endpoint_url="http://127.0.0.1:1", **keys)
    importlib.import_module("ansible.module_utils.basic")
    remember_compiled(importlib.import_module("zipimport"))


def by_arguments(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method with a memory over all its objects, which here all read the same files."""
    known: dict[Any, Any] = {}

    def remembered(self: Any, *arguments: Any) -> Any:
        if arguments not in known:
            known[arguments] = method(self, *arguments)
        return known[arguments]

    return remembered


def remember_compiled(zipimport: Any) -> None:
    """Ansible packs sources; those of the collections' module_utils are the same in every package."""
    plain = zipimport._compile_source
    known = {}
    for root in collection_roots():
        for collection in COLLECTIONS:
            for path in (root / collection / "plugins" / "module_utils").rglob("*.py"):
                source = path.read_bytes()
                known[source] = plain(str(path), source)
    zipimport._compile_source = lambda path, source: known.get(source) or plain(path, source)


def collection_roots() -> list[Path]:
    paths = [*os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep), *sys.path]
    return [Path(path) / "ansible_collections" for path in paths if path]


def run(program: str, arguments: list[str]) -> int:
    """As Python runs a file: its exit status."""
    sys.argv = [program, *arguments]
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def answer(connection: socket.socket) -> None:
    """In the fork: become the process that the client stands for."""
    _byte, ancillary, _flags, _address = connection.recvmsg(1, socket.CMSG_SPACE(3 * 4))
    streams = array.array("i", ancillary[0][2])
    call: dict[str, Any] = json.loads(b"".join(iter(lambda: connection.recv(1 << 16), b"")))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    threading.Thread(target=end_with, args=(connection,), daemon=True).start()
    os.chdir(call["cwd"])
    os.environ.clear()
    os.environ.update(call["env"])
    program, *arguments = call["argv"]
    status = run(program, arguments)
    for output in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            output.flush()
    connection.send(bytes([status & 255]))


def end_with(client: socket.socket) -> None:
    """Who kills the client has killed the program. It says nothing after its call, but stays to hear the status."""
    hangup = select.poll()
    hangup.register(client, 0)
    hangup.poll()
    os._exit(137)


def bury() -> None:
    """Forks that have ended: each has answered its client itself, and what they have used is on this one's account."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def serve(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(64)
        print("ready", flush=True)
        # Standard input is a pipe of whoever started this; it ends with him, however he ends.
        while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:
            connection, _address = server.accept()
            bury()
            if os.fork() == 0:
                server.close()
                try:
                    answer(connection)
                finally:
                    os._exit(0)
            connection.close()
        bury()


if __name__ == "__main__":
    warm_up(SERVICES)
    gc.freeze()
    serve(sys.argv[1])
