# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import packages
from ansible_collections.edgefleet.ecs.plugins.modules import download

pytestmark = pytest.mark.one_end

TEXT = b"till"
CHECKSUM = "sha256:" + hashlib.sha256(TEXT).hexdigest()


@pytest.fixture(autouse=True)
def mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "fetch", lambda _url, path, _timeout: Path(path).write_bytes(TEXT))


def test_a_good_file_gets_its_name(tmp_path: Path) -> None:
    target = tmp_path / "till.tar"
    assert not download.is_there(str(target), CHECKSUM)
    download.fetch("https://m/till.tar", str(target), CHECKSUM, 1)
    assert download.is_there(str(target), CHECKSUM)
    assert target.stat().st_mode & 0o777 == 0o600


def test_another_file_leaves_no_trace_and_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "till.tar"
    target.write_bytes(b"old")
    wrong = "sha256:" + "0" * 64
    assert not download.is_there(str(target), wrong)
    with pytest.raises(packages.PackageError, match="Checksum refused: https://m/till.tar"):
        download.fetch("https://m/till.tar", str(target), wrong, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["till.tar"]
    assert target.read_bytes() == b"old"
