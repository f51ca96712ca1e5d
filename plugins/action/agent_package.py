# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control node's part of agent_package: files that it has, or downloads once for all hosts, go to the host."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ansible.errors import AnsibleError
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import packages
from ansible_collections.edgefleet.ecs.plugins.modules.agent_package import ARGUMENTS, TOGETHER
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.pushing import PushingAction


def run(command: list[str]) -> tuple[int, str, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    return done.returncode, done.stdout, done.stderr


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hosts are changed at the same time, by processes of their own, and other runs may share the folder."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Kept(NamedTuple):
    """A package on the control node, with all that a host needs to verify it."""

    file: Path
    signature: Path
    key: str


def downloaded(params: dict[str, Any]) -> Kept:
    """The package in the control node's folder. What is there was verified before it got there.

    The file's URL is its identity: two mirrors are two files, and so are two platforms and two versions.
    """
    url = params["url"]
    place = Path(params["download_to"]) / hashlib.sha256(url.encode()).hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    file, signature, key = (place / (url.rpartition("/")[2] + more) for more in ("", ".signature", ".key"))
    with locked(place / ".lock"):
        # The file comes last.
        if not file.exists():
            _download(params, place, {"signature": signature, "key": key, "file": file})
    return Kept(file, signature, params["key"] or key.read_text())


def _download(params: dict[str, Any], place: Path, kept: dict[str, Path]) -> None:
    pinned = packages.normalized(params["fingerprints"])
    with tempfile.TemporaryDirectory(prefix=".new-", dir=place) as folder:
        there = {name: Path(folder) / name for name in kept}
        if params["key"]:
            there["key"].write_text(params["key"])
        else:
            packages.fetch(params["key_url"], str(there["key"]), params["timeout"])
        packages.fetch(params["signature_url"], str(there["signature"]), params["timeout"])
        packages.fetch(params["url"], str(there["file"]), params["timeout"])
        packages.check_digest(str(there["file"]), params["checksum"], params["url"])
        packages.verify(run, shutil.which("gpg"), folder, str(there["file"]), pinned)
        for name, path in kept.items():
            there[name].replace(path)


class ActionModule(PushingAction):
    MODULE, ARGUMENTS, TOGETHER = "agent_package", ARGUMENTS, TOGETHER

    def _pusher(self, params: dict[str, Any]) -> Callable[[], dict[str, Any]] | None:
        if not params["src"] and not params["download_to"]:
            return None
        given = self._given(params)
        return lambda: self._arguments(given or downloaded(params))

    def _given(self, params: dict[str, Any]) -> Kept | None:
        """The files of the control node, or None where they are to be downloaded."""
        if params["src"]:
            found = [self._find(params["name"], params[name]) for name in ("src", "signature_src")]
            return Kept(found[0], found[1], params["key"])
        if not params["version"]:
            raise packages.PackageError(f"{params['name']}: download_to needs a version; what is kept must have one.")
        params["download_to"] = self._loader.path_dwim(params["download_to"])
        return None

    def _find(self, package: str, path: str) -> Path:
        try:
            return Path(self._find_needle("files", path))
        except AnsibleError as error:
            raise packages.PackageError(f"{package}: there is no file {path}.") from error

    def _arguments(self, kept: Kept) -> dict[str, Any]:
        there = self._pushed({"src": kept.file, "signature_src": kept.signature})
        return {**there, "key": kept.key, "url": None, "signature_url": None, "key_url": None, "download_to": None}
