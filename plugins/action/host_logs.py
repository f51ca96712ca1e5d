# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control node's part of host_logs: what the host has told becomes files here."""

from __future__ import annotations

import base64
import json
import os
import zlib
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


def unpacked(packed: str) -> dict[str, str]:
    """By name, the text. A name is never a path: what a host says must not choose where it is written."""
    told = json.loads(zlib.decompress(base64.b64decode(packed)).decode("utf-8", "surrogateescape"))
    return {name: text for name, text in told.items() if name == os.path.basename(name) and not name.startswith(".")}


def write(folder: Path, found: dict[str, str]) -> list[str]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in found.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
    return sorted(found)


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, params = self.validate_argument_spec({"dest": {"type": "path", "required": True}})
        told = self._execute_module(
            module_name="edgefleet.ecs.host_logs", module_args=dict(self._task.args), task_vars=task_vars
        )
        packed = told.pop("packed", None)
        result.update(told)
        if result.get("failed") or packed is None:
            return result
        try:
            found = unpacked(packed)
            folder = Path(self._loader.path_dwim(params["dest"]))
            names = sorted(found) if self._task.check_mode else write(folder, found)
        except (OSError, ValueError, zlib.error) as error:
            raise AnsibleActionFail(f"The logs could not be written to {params['dest']}: {error}") from error
        result.update(changed=False, dest=str(folder), files=names)
        return result
