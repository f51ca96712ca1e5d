# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control node's part of host_package: files of a folder go to the host, if it needs any."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import packages
from ansible_collections.edgefleet.ecs.plugins.modules.host_package import ARGUMENTS, TOGETHER

# The ends of file names, as the distributions' archives have them.
ENDINGS = {
    ("deb", "x86_64"): ("_amd64.deb", "_all.deb"),
    ("deb", "aarch64"): ("_arm64.deb", "_all.deb"),
    ("rpm", "x86_64"): (".x86_64.rpm", ".noarch.rpm"),
    ("rpm", "aarch64"): (".aarch64.rpm", ".noarch.rpm"),
}


def chosen(folder: Path, system: Mapping[str, str], checksums: Mapping[str, str]) -> list[Path]:
    """The files of a folder that are for a host, each with the checksum that it must have."""
    place = folder / system["folder"] if (folder / system["folder"]).is_dir() else folder
    ends = ENDINGS[system["format"], system["arch"]]
    found = sorted(path for path in place.iterdir() if path.name.endswith(ends))
    if not found:
        raise packages.PackageError(f"{place} holds no file that ends in {' or '.join(ends)}.")
    for path in found if checksums else []:
        if path.name not in checksums:
            raise packages.PackageError(f"Checksum refused: none is given for {path}.")
        packages.check_digest(str(path), checksums[path.name], str(path))
    return found


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
        if not params["src"]:
            return self._module(task_vars)
        files = chosen(self._folder(params["src"]), params["system"], params["checksums"])
        # Tens of megabytes do not go over a thin link to a host that has the package.
        asked = self._module(task_vars, only_ask=True)
        if asked.get("failed") or not asked.get("changed") or self._task.check_mode:
            return asked
        folder = self._make_tmp_path()
        there = [self._connection._shell.join_path(folder, path.name) for path in files]
        for path, target in zip(files, there):
            self._transfer_file(str(path), target)
        self._fixup_perms2([folder, *there], execute=False)
        return self._module(task_vars, files=there)

    def _folder(self, path: str) -> Path:
        try:
            found = Path(self._find_needle("files", path))
        except AnsibleError as error:
            raise packages.PackageError(f"There is no folder {path}.") from error
        if not found.is_dir():
            raise packages.PackageError(f"{path} is no folder.")
        return found

    def _module(
        self, task_vars: dict[str, Any], only_ask: bool = False, files: list[str] | None = None
    ) -> dict[str, Any]:
        before = self._task.check_mode
        self._task.check_mode = before or only_ask
        try:
            answer: dict[str, Any] = self._execute_module(
                module_name="edgefleet.ecs.host_package",
                module_args={**self._task.args, **({"files": files} if files else {})},
                task_vars=task_vars,
            )
        finally:
            self._task.check_mode = before
        return answer
