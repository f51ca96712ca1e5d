# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The copy of what a run replaces on a host, so that it can be put back.

The modules that write configuration keep it themselves, in the execution in which they write: a backup costs no
execution of its own. It is one file, because one file can be replaced at once; root alone can read it, since it holds
what the files hold.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

from . import files

PATH = "/var/lib/edgefleet/backup.json"
MODE = 0o600

# The units that read a file at their start, in the order in which they are restarted.
UNITS = ("docker", "amazon-ssm-agent", "ecs")
ENGINE_FILE = "/etc/docker/daemon.json"
READERS = {
    "/etc/ecs/ecs.config": ("ecs",),
    "/var/lib/ecs/ecs.config": ("ecs",),
    "/etc/amazon/ssm/amazon-ssm-agent.json": ("amazon-ssm-agent",),
    ENGINE_FILE: ("docker",),
}

Writes = t.Mapping[str, t.Optional[str]]


class CopyError(Exception):
    """An expected way to fail; the text is for the operator."""


class Copy:
    """What files were before a run, and what the run has made of them."""

    def __init__(self, run: str) -> None:
        self.run = run
        # Whether what the run has written has been seen at work on this host.
        self.proved = False
        self.files: dict[str, files.FileState] = {}
        self.after: dict[str, str | None] = {}

    def stands(self, root: str) -> bool:
        """Whether the files are as the run has left them."""
        return bool(self.after) and all(digest(files.read(root + path)) == after for path, after in self.after.items())


def digest(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def load(root: str = "") -> Copy | None:
    """The copy that is there. One that cannot be read, because somebody has written to it, is none."""
    try:
        told = json.loads(files.read(root + PATH) or "null")
        if not told:
            return None
        found = Copy(str(told["run"]))
        found.proved, found.after = bool(told["proved"]), dict(told["after"])
        found.files = {
            path: files.FileState(item["text"], item["mode"], tuple(item["owner"]) if item["owner"] else None)
            for path, item in told["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return found


def save(copy: Copy, root: str = "", owner: tuple[int, int] = files.ROOT) -> None:
    told = {
        "run": copy.run,
        "proved": copy.proved,
        "files": {path: item._asdict() for path, item in copy.files.items()},
        "after": copy.after,
    }
    files.write(root + PATH, json.dumps(told), MODE, owner)


def take(run: str, writes: Writes, root: str = "", owner: tuple[int, int] = files.ROOT) -> None:
    """Keep what the files are, before they are written with these texts (None: removed). Without a run, nothing.

    The first copy of a run counts. What a run has left that was cut off before it was seen at work is nothing to go
    back to: then the copy of that run is kept on.
    """
    if not run or not writes:
        return
    copy = load(root)
    if copy and copy.run != run and not copy.proved and copy.stands(root):
        copy.run = run
    if copy is None or copy.run != run:
        copy = Copy(run)
    for path, text in writes.items():
        copy.files.setdefault(path, files.state(root + path))
        copy.after[path] = digest(text)
    copy.proved = False
    save(copy, root, owner)


def prove(root: str = "", owner: tuple[int, int] = files.ROOT) -> None:
    """What was written works."""
    copy = load(root)
    if copy and not copy.proved:
        copy.proved = True
        save(copy, root, owner)


def differing(copy: Copy, root: str = "") -> list[str]:
    """The files that are not what they were."""
    return [path for path, before in copy.files.items() if files.state(root + path) != before]


def restore(copy: Copy, root: str = "") -> list[str]:
    """Put the files back; returns which were not what they had been."""
    changed = differing(copy, root)
    for path in changed:
        before = copy.files[path]
        if before.text is None:
            files.remove(root + path)
        else:
            files.write(root + path, before.text, before.mode or MODE, before.owner or files.ROOT)
    return changed


def readers(paths: t.Iterable[str]) -> list[str]:
    """The units that have to be restarted to see these files; a drop-in tells its unit by its folder."""
    found: set[str] = set()
    for path in paths:
        found.update(READERS.get(path, ()))
        found.update(unit for unit in UNITS if f"/{unit}.service.d/" in path)
    return [unit for unit in UNITS if unit in found]
