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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import packages
from ansible_collections.edgefleet.ecs.plugins.modules.agent_package import ARGUMENTS, TOGETHER


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


class ActionModule(ActionBase):
    TRANSFERS_FILES = False  # a folder on the host is made when there is a file to push
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, params = self.validate_argument_spec(ARGUMENTS, **TOGETHER)
        try:
            result.update(self._installed(params, task_vars or {}))
        except packages.PackageError as error:
            raise AnsibleActionFail(f"{error} (on the control node)") from error
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _installed(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if not params["src"] and not params["download_to"]:
            return self._module(task_vars, {})
        given = self._given(params)
        # Tens of megabytes do not go over a thin link to a host that has the package.
        asked = self._module(task_vars, {}, only_ask=True)
        if asked.get("failed") or not asked.get("changed") or self._task.check_mode:
            return asked
        return self._module(task_vars, self._pushed(given or downloaded(params)))

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

    def _pushed(self, kept: Kept) -> dict[str, Any]:
        """The module's arguments for files that are on the host."""
        folder = self._make_tmp_path()
        there = {name: self._connection._shell.join_path(folder, name) for name in ("src", "signature_src")}
        self._transfer_file(str(kept.file), there["src"])
        self._transfer_file(str(kept.signature), there["signature_src"])
        self._fixup_perms2([folder, *there.values()], execute=False)
        return {**there, "key": kept.key, "url": None, "signature_url": None, "key_url": None, "download_to": None}

    def _module(self, task_vars: dict[str, Any], changes: dict[str, Any], only_ask: bool = False) -> dict[str, Any]:
        arguments = {name: value for name, value in {**self._task.args, **changes}.items() if value is not None}
        before = self._task.check_mode
        self._task.check_mode = before or only_ask
        try:
            answer: dict[str, Any] = self._execute_module(
                module_name="edgefleet.ecs.agent_package", module_args=arguments, task_vars=task_vars
            )
        finally:
            self._task.check_mode = before
        return answer
