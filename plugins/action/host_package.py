# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control node's part of host_package: files of a folder go to the host, if it needs any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import packages
from ansible_collections.edgefleet.ecs.plugins.modules.host_package import ARGUMENTS, TOGETHER
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.pushing import PushingAction

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


class ActionModule(PushingAction):
    MODULE, ARGUMENTS, TOGETHER = "host_package", ARGUMENTS, TOGETHER

    def _pusher(self, params: dict[str, Any]) -> Callable[[], dict[str, Any]] | None:
        if not params["src"]:
            return None
        files = chosen(self._folder(params["src"]), params["system"], params["checksums"])
        return lambda: {"files": list(self._pushed({path.name: path for path in files}).values())}

    def _folder(self, path: str) -> Path:
        try:
            found = Path(self._find_needle("files", path))
        except AnsibleError as error:
            raise packages.PackageError(f"There is no folder {path}.") from error
        if not found.is_dir():
            raise packages.PackageError(f"{path} is no folder.")
        return found
