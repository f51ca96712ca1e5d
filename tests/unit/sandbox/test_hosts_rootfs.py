# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipes of the root file systems, and the cache that holds them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sandbox.hosts import rhel, rootfs
from sandbox.hosts.topology import ECS_OPTIMIZED, KINDS, RHEL, WITH_ENGINE


def test_the_cache_knows_suite_and_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEFLEET_CACHE", "/cache")
    before = rootfs.path("bookworm")
    assert before.parent == Path("/cache")
    assert rootfs.path("trixie") != before
    monkeypatch.setattr(rootfs, "PACKAGES", (*rootfs.PACKAGES, "nano"))
    assert rootfs.path("bookworm") != before


def test_the_cache_is_found_without_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEFLEET_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert rootfs.cache_directory() == Path("/xdg/edgefleet")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert rootfs.cache_directory() == Path.home() / ".cache/edgefleet"


def test_a_bare_host_has_neither_engine_nor_agents() -> None:
    command = rootfs.mmdebstrap_command("bookworm", ["deb http://mirror.example bookworm main"], "root.tar.zst")
    assert command[-3:] == ["bookworm", "root.tar.zst", "deb http://mirror.example bookworm main"]
    assert not [word for word in command if "docker" in word or "amazon" in word]


def test_every_kind_has_a_recipe_of_its_own() -> None:
    kinds = {*KINDS, ECS_OPTIMIZED} - {WITH_ENGINE}
    assert len({rootfs.recipe_hash(kind) for kind in kinds}) == len(kinds)


def test_the_stand_in_of_rhel_brings_an_engine_and_loses_all_that_is_debians() -> None:
    assert {"dnf", "rpm", "docker.io"} <= set(rootfs.packages(RHEL))
    assert "python3-apt" not in rootfs.packages(RHEL)
    assert {"var/lib/dpkg", "usr/bin/dpkg*", "usr/bin/apt*", "etc/debian_version"} <= set(rootfs.removed(RHEL))
    assert [kind for kind in (*KINDS, ECS_OPTIMIZED) if rootfs.removed(kind)] == [RHEL]
    command = rootfs.mmdebstrap_command(RHEL, [], "/root")
    assert command[-2:] == ["bookworm", "/root"]
    assert [word for word in command if "/etc/redhat-release" in word and rhel.REDHAT_RELEASE in word]
    fields = dict(line.split("=", 1) for line in rhel.OS_RELEASE.splitlines())
    assert (fields["ID"], fields["VERSION_ID"]) == ('"rhel"', '"9.5"')
    assert "stand-in" in fields["PRETTY_NAME"]


def _directory(cache: Path, name: str, age: float) -> Path:
    directory = cache / name
    directory.mkdir()
    stamp = cache / f"{name}.used"
    stamp.touch()
    os.utime(stamp, (time.time() - age,) * 2)
    return directory


def test_older_versions_go_when_nobody_needs_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEFLEET_CACHE", str(tmp_path))
    days = 2 * rootfs.KEPT_UNUSED
    current = _directory(tmp_path, rootfs.path("trixie").name, days)
    old, young, mounted = (_directory(tmp_path, f"rootfs-trixie-{digit * 12}", age) for digit, age in (
        ("a", days), ("b", 60), ("c", days),
    ))  # fmt: skip
    (tmp_path / f"{old.name}.tar.zst").touch()
    other = _directory(tmp_path, f"rootfs-bookworm-{'d' * 12}", days)
    building = _directory(tmp_path, f"rootfs-trixie-{'e' * 12}.partial", days)
    monkeypatch.setattr(rootfs, "is_mounted", lambda directory: directory == mounted)
    rootfs.drop_superseded("trixie", lambda text: None)
    assert [path for path in (current, old, young, mounted, other, building) if not path.exists()] == [old]
    assert not list(tmp_path.glob(f"{old.name}*"))


def test_a_root_file_system_below_a_host_is_seen_in_its_mounts(tmp_path: Path) -> None:
    (tmp_path / "42").mkdir()
    line = "61 30 0:52 / /disks/a/root rw - overlay a rw,lowerdir=/cache/rootfs-trixie-aaaa,upperdir=/disks/a/upper\n"
    (tmp_path / "42/mountinfo").write_text(line)
    assert rootfs.is_mounted(Path("/cache/rootfs-trixie-aaaa"), tmp_path)
    assert not rootfs.is_mounted(Path("/cache/rootfs-trixie-aaa"), tmp_path)
