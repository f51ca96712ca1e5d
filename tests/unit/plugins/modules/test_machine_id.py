# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import machine_id

OLD, OTHER = "0" * 31 + "1", "f" * 32


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "var/lib/dbus").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("before", "state", "given_up", "changed", "after"),
    [
        (OLD + "\n", "renewed", OLD, True, "new"),
        # A run that was cut short has done it already.
        (OTHER + "\n", "renewed", OLD, False, OTHER),
        ("", "renewed", OLD, True, "new"),
        (None, "renewed", OLD, True, "new"),
        ("uninitialized\n", "renewed", OLD, True, "new"),
        (OLD + "\n", "emptied", "", True, ""),
        (None, "emptied", "", True, ""),
        ("", "emptied", "", False, ""),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_ensure(
    root: Path, before: str | None, state: str, given_up: str, changed: bool, after: str, check_mode: bool
) -> None:
    file = root / "etc/machine-id"
    if before is not None:
        file.write_text(before)
    result = machine_id.ensure(str(root), state, given_up, check_mode)
    assert result["changed"] is changed
    now = file.read_text() if file.exists() else None
    if check_mode:
        assert now == before
        return
    assert now is not None and result["machine_id"] == now.strip()
    if after == "new":
        assert re.fullmatch("[0-9a-f]{32}\n", now) and now.strip() not in (OLD, OTHER)
        assert uuid.UUID(now.strip()).version == 4
    else:
        assert now.strip() == after
    if changed:
        assert file.stat().st_mode & 0o777 == 0o444
    assert machine_id.ensure(str(root), state, given_up, False)["changed"] is False


def test_an_id_that_dbus_keeps_by_itself_becomes_a_link(root: Path) -> None:
    (root / "etc/machine-id").write_text(OTHER)
    own = root / "var/lib/dbus/machine-id"
    own.write_text(OLD)
    assert machine_id.ensure(str(root), "renewed", OLD, True)["changed"] and not own.is_symlink()
    assert machine_id.ensure(str(root), "renewed", OLD, False)["changed"]
    assert os.readlink(own) == "/etc/machine-id"
    assert not machine_id.ensure(str(root), "renewed", OLD, False)["changed"]
