# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records as files: written whole or not at all, so that whoever reads one never sees half of it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# Members whose entries get a line each: a record of thousands of hosts can be read with grep, and compared with diff.
_BY_LINE = ("waves", "batches", "hosts", "sites", "findings")


def text_of(run: Mapping[str, Any]) -> str:
    """A record as JSON.

    Ansible's own filter for readable JSON indents in Python, which takes seconds for thousands of hosts; a line an
    entry leaves the work to the C encoder.
    """
    return "{\n" + ",\n".join(f"{_json(key)}: {_member(key, value)}" for key, value in run.items()) + "\n}\n"


def _member(key: str, value: Any) -> str:
    if key not in _BY_LINE or not value:
        return _json(value)
    if isinstance(value, Mapping):
        return "{\n" + ",\n".join(f"  {_json(name)}: {_json(entry)}" for name, entry in value.items()) + "\n}"
    return "[\n" + ",\n".join(f"  {_json(entry)}" for entry in value) + "\n]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def write(path: Path, text: str) -> None:
    """Put a file in its place at once, and on the disk before that: a crash leaves the old one or the new one."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def point(link: Path, target: Path) -> None:
    """Let a link in the same folder name the newest of its kind."""
    beside = link.with_name(f".{link.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target.name)
    os.replace(beside, link)


def read(path: Path) -> dict[str, Any] | None:
    """A record, C(None) where there is none that could be read."""
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return run if isinstance(run, dict) and isinstance(run.get("hosts"), dict) else None


# A record is read and written within a fraction of this (seconds).
_PATIENCE = 5


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep others from changing a record between its reading and its writing: the run's tasks, and who ends the run.

    They are processes of one control node. A file system without locks does without, as does who waits in vain.
    """
    folder, deadline = os.open(path.parent, os.O_RDONLY), time.monotonic() + _PATIENCE
    try:
        while not _locked(folder) and time.monotonic() < deadline:
            time.sleep(0.02)
        yield
    finally:
        os.close(folder)


def _locked(folder: int) -> bool:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
