# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook in forks of a process that has imported ansible-core.

Half a second of each run is the import, which also reads all settings. So there is a server for each set of them: the
first client that comes with a new one has it made. What follows the import happens in the fork, as it would anywhere.

    python -m sandbox.tooling.warm.playbook FOLDER
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import os
import pickle
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import forks

PROGRAM = Path(__file__).with_name("ansible-playbook")
VARIABLE = "EDGEFLEET_WARM_PLAYBOOKS"
_SERVERS = "servers"
# Of what ansible-core imports, what no setting changes.
_PLAIN = ("cryptography", "jinja2.nativetypes", "multiprocessing.queues", "packaging.version", "yaml")

_COLLECTIONS = ("amazon/aws", "edgefleet/ecs")


@contextlib.contextmanager
def serving(folder: Path, python: str = sys.executable) -> Iterator[dict[str, str]]:
    """A server that ends with the caller, and the environment in which PROGRAM finds it."""
    command = [python, "-m", "sandbox.tooling.warm.playbook", str(folder)]
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, text=True) as server:
        assert server.stdout and server.stdout.readline() == "ready\n"
        yield {VARIABLE: str(folder)}


def path(path: str) -> str:
    """A search path on which PROGRAM comes first."""
    return f"{PROGRAM.parent}{os.pathsep}{path}"


def become_server(connection: socket.socket) -> None:
    """In a fork: the server of its client's settings; or nothing, if another client was faster."""
    call, streams = forks.heard(connection)
    for stream in streams:
        os.close(stream)
    try:
        listener = forks.listen(Path(call["argv"][0]))
    except OSError:
        connection.send(b"\0")
        return
    forks.surround(call)
    importlib.import_module("ansible.cli.playbook")
    remember_routing()
    gc.freeze()
    connection.send(b"\0")
    connection.close()
    try:
        forks.serve(listener, functools.partial(forks.answer, perform=play))
    finally:
        shutil.rmtree(_constants().DEFAULT_LOCAL_TMP, ignore_errors=True)


def play(argv: list[str]) -> None:
    """What bin/ansible-playbook does, after what importing would have made anew in each process."""
    path, variables = (importlib.import_module(f"ansible.utils.{name}") for name in ("path", "vars"))
    constants = _constants()
    atexit.unregister(path.cleanup_tmp_file)  # of the server's folder
    constants.DEFAULT_LOCAL_TMP = constants.config.get_config_value("DEFAULT_LOCAL_TMP")
    variables.random_int = f"{secrets.randbits(32):08x}"  # type: ignore[attr-defined]
    sys.argv = [os.path.join(os.path.dirname(sys.executable), PROGRAM.name), *argv[1:]]
    sys.path[0] = os.path.dirname(sys.executable)
    try:
        importlib.import_module("ansible.cli.playbook").main()
    finally:
        atexit._run_exitfuncs()


def remember_routing() -> None:
    """Where plugins have gone and which group they are of is a third of a second of YAML; ansible-core foresees that
    tools cache it."""
    finder: Any = importlib.import_module("ansible.utils.collection_loader._collection_finder")
    plain = finder._meta_yml_to_dict
    texts = [path.read_bytes() for path in _routing()]
    known = {text: pickle.dumps(plain(text, None)) for text in texts}

    def remembered(data: bytes | str, content: Any) -> Any:
        found = known.get(data.encode() if isinstance(data, str) else data)
        return pickle.loads(found) if found else plain(data, content)

    finder._meta_yml_to_dict = remembered


def _routing() -> Iterator[Path]:
    yield Path(importlib.import_module("ansible.config").__path__[0]) / "ansible_builtin_runtime.yml"
    for root in [*_constants().COLLECTIONS_PATHS, *sys.path]:
        for collection in _COLLECTIONS:
            yield from Path(root, "ansible_collections", collection).glob("meta/runtime.yml")


def _constants() -> Any:
    return importlib.import_module("ansible.constants")


def main(folder: Path) -> None:
    for name in _PLAIN:
        importlib.import_module(name)
    folder.mkdir(parents=True, exist_ok=True)
    listener = forks.listen(folder / _SERVERS)
    print("ready", flush=True)
    forks.serve(listener, become_server)
    # The others hear of it, too. What they have used is then on this one's account.
    with contextlib.suppress(ChildProcessError):
        while os.wait():
            pass


if __name__ == "__main__":
    main(Path(sys.argv[1]))
