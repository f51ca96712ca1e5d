# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of a folder go to a host, and which of them it installs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible_collections.edgefleet.ecs.plugins.action.host_package import chosen
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.packages import Manager, PackageError
from ansible_collections.edgefleet.ecs.plugins.modules.host_package import needed

FILES = (
    "docker.io_20.10_amd64.deb", "docker.io_20.10_arm64.deb", "tini_1_all.deb", "docker-ce-27-1.el9.x86_64.rpm",
    "docker-ce-27-1.el9.aarch64.rpm", "container-selinux-2-1.noarch.rpm", "README.md",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("ending", "arch", "names"),
    [
        ("deb", "x86_64", ["docker.io_20.10_amd64.deb", "tini_1_all.deb"]),
        ("deb", "aarch64", ["docker.io_20.10_arm64.deb", "tini_1_all.deb"]),
        ("rpm", "x86_64", ["container-selinux-2-1.noarch.rpm", "docker-ce-27-1.el9.x86_64.rpm"]),
        ("rpm", "aarch64", ["container-selinux-2-1.noarch.rpm", "docker-ce-27-1.el9.aarch64.rpm"]),
    ],
)
def test_files_of_the_hosts_kind(folder: Path, ending: str, arch: str, names: list[str]) -> None:
    system = {"folder": "debian-12", "format": ending, "arch": arch}
    assert [path.name for path in chosen(folder, system, {})] == names


def test_a_folder_of_the_hosts_system_goes_first(folder: Path) -> None:
    (folder / "debian-11").mkdir()
    (folder / "debian-11" / "docker.io_20.05_amd64.deb").touch()
    system = {"folder": "debian-11", "format": "deb", "arch": "x86_64"}
    assert [path.name for path in chosen(folder, system, {})] == ["docker.io_20.05_amd64.deb"]


def test_nothing_for_a_host_is_said(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="_amd64.deb or _all.deb"):
        chosen(tmp_path, {"folder": "debian-12", "format": "deb", "arch": "x86_64"}, {})


def test_checksums_are_for_all_files_or_none(folder: Path) -> None:
    system = {"folder": "debian-12", "format": "deb", "arch": "x86_64"}
    sums = {name: hashlib.sha256(name.encode()).hexdigest() for name in FILES}
    assert len(chosen(folder, system, sums)) == 2
    with pytest.raises(PackageError, match="none is given for .*tini_1_all.deb"):
        chosen(folder, system, {"docker.io_20.10_amd64.deb": sums["docker.io_20.10_amd64.deb"]})
    with pytest.raises(PackageError, match="has the SHA-256"):
        chosen(folder, system, {**sums, "tini_1_all.deb": "0" * 64})


@pytest.mark.parametrize(
    ("there", "files"),
    [
        ({}, ["engine", "library"]),
        ({"engine": "3", "library": "2"}, ["engine"]),  # older than the engine that is there: asked for all the same
        ({"library": "1"}, ["engine", "library"]),
        ({"library": "3"}, ["engine"]),
    ],
)
def test_newer_dependencies_stay(there: dict[str, str], files: list[str]) -> None:
    def run(command: list[str]) -> tuple[int, str, str]:
        name = command[-1].rpartition("/")[2]
        if command[0] == "dpkg-deb":
            return 0, f"{name}|2", ""
        if command[0] == "dpkg-query":
            return (0, f"ii |{there[name]}", "") if name in there else (1, "", "")
        return int(not command[2] < command[4]), "", ""

    manager = Manager(run, lambda name: name)
    assert needed(manager, ["/x/engine", "/x/library"], ["engine"], {}) == [f"/x/{name}" for name in files]
    # Of several versions of the engine in a folder, the asked one counts.
    assert "/x/engine" not in needed(manager, ["/x/engine", "/x/library"], ["engine"], {"engine": "3"})
    assert "/x/engine" in needed(manager, ["/x/engine", "/x/library"], ["engine"], {"engine": "2"})
