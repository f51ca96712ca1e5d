# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import files

OWNER = (os.geteuid(), os.getegid())


def test_read(tmp_path: Path) -> None:
    assert files.read(str(tmp_path / "no")) is None
    (tmp_path / "file").write_bytes(b"a\r\n\xff")
    assert files.read(str(tmp_path / "file")) == "a\r\n\udcff"


def test_state(tmp_path: Path) -> None:
    assert files.state(str(tmp_path / "no")) == files.FileState(None, None, None)
    files.write(str(tmp_path / "file"), "x", 0o640, OWNER)
    assert files.state(str(tmp_path / "file")) == files.FileState("x", 0o640, OWNER)


def test_write_is_flushed_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "deep" / "file")
    calls: list[str] = []

    def watch(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: Any) -> Any:
            calls.append(name)
            return real(*arguments)

        monkeypatch.setattr(os, name, call)

    watch("fsync")
    watch("rename")
    files.write(path, "x\udcff", owner=OWNER)
    assert calls == ["fsync", "rename", "fsync"]
    assert Path(path).read_bytes() == b"x\xff"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_write_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("keep", encoding="utf-8")
    (tmp_path / "file").symlink_to(tmp_path / "victim")
    (tmp_path / ".file.edgefleet-new").symlink_to(tmp_path / "victim")
    files.write(str(tmp_path / "file"), "new", owner=OWNER)
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "keep"
    assert not (tmp_path / "file").is_symlink()


def test_copy_tree(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True, mode=0o750)
    (source / "inner" / "file").write_bytes(b"\0x")
    (source / "inner" / "file").chmod(0o640)
    files.copy_tree(str(source), str(tmp_path / "copy"))
    copy = tmp_path / "copy" / "inner" / "file"
    assert copy.read_bytes() == b"\0x" and stat.S_IMODE(copy.stat().st_mode) == 0o640
    assert stat.S_IMODE(copy.parent.stat().st_mode) == stat.S_IMODE((source / "inner").stat().st_mode)


def test_removals_of_nothing(tmp_path: Path) -> None:
    files.remove(str(tmp_path / "no"))
    files.remove_tree(str(tmp_path / "no"))
