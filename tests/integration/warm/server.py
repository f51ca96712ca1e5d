# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible modules in forks of a process that has imported boto3.

Four fifths of what a module costs on this side of AWS is the import of boto3 and the reading of its descriptions of the
services. Here both happen once. What runs is the module as Ansible has packed it, in a process of its own.

    python -m tests.integration.warm.server SOCKET
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from sandbox.tooling.warm import forks

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


def run(argv: list[str]) -> None:
    """As Python runs a file."""
    sys.argv = argv
    runpy.run_path(argv[0], run_name="__main__")


if __name__ == "__main__":
    warm_up(SERVICES)
    gc.freeze()
    found = forks.listen(Path(sys.argv[1]))
    print("ready", flush=True)
    forks.serve(found, functools.partial(forks.answer, perform=run))
