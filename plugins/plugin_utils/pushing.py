# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For agent_package and host_package: a host is asked whether it needs files of the control node, then gets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import packages


class PushingAction(ActionBase):
    """Runs a module of the same name on the host, with files of the control node if the host has a use for them."""

    TRANSFERS_FILES = False  # a folder on the host is made when there is a file to push
    _supports_check_mode = True
    _supports_async = False

    MODULE: ClassVar[str]
    ARGUMENTS: ClassVar[dict[str, Any]]
    TOGETHER: ClassVar[dict[str, Any]]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, params = self.validate_argument_spec(self.ARGUMENTS, **self.TOGETHER)
        try:
            result.update(self._installed(params, task_vars or {}))
        except packages.PackageError as error:
            raise AnsibleActionFail(f"{error} (on the control node)") from error
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _installed(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        push = self._pusher(params)
        if push is None:
            return self._module(task_vars, {})
        # Tens of megabytes do not go over a thin link to a host that has the package.
        asked = self._module(task_vars, {}, only_ask=True)
        if asked.get("failed") or not asked.get("changed") or self._task.check_mode:
            return asked
        return self._module(task_vars, push())

    def _pusher(self, params: dict[str, Any]) -> Callable[[], dict[str, Any]] | None:
        """What puts the files on the host, and returns the arguments that name them. None: there is nothing to push."""
        raise NotImplementedError

    def _pushed(self, files: Mapping[str, Path]) -> dict[str, str]:
        """Files of the control node in a folder on the host, which is removed in the end: by name, where each is."""
        folder = self._make_tmp_path()
        there = {name: self._connection._shell.join_path(folder, name) for name in files}
        for name, path in files.items():
            self._transfer_file(str(path), there[name])
        self._fixup_perms2([folder, *there.values()], execute=False)
        return there

    def _module(self, task_vars: dict[str, Any], changes: dict[str, Any], only_ask: bool = False) -> dict[str, Any]:
        arguments = {name: value for name, value in {**self._task.args, **changes}.items() if value is not None}
        before = self._task.check_mode
        self._task.check_mode = before or only_ask
        try:
            answer: dict[str, Any] = self._execute_module(
                module_name=f"edgefleet.ecs.{self.MODULE}", module_args=arguments, task_vars=task_vars
            )
        finally:
            self._task.check_mode = before
        return answer
