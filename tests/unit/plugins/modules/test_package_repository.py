# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import files
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.packages import PackageError
from ansible_collections.edgefleet.ecs.plugins.modules import package_repository

KEY = Path(__file__).resolve().parents[4] / "roles" / "ecs_agent" / "files" / "amazon-ecs-agent.gpg"
AMAZON = "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F"


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(files, "write", lambda path, text, _mode: Path(path).write_text(text))
    return {
        "path": str(tmp_path / "docker.sources"), "definition": "Types: deb\n",
        "key_path": str(tmp_path / "docker.asc"), "key": KEY.read_text(), "key_url": None,
        "fingerprints": [AMAZON], "timeout": 1,
    }  # fmt: skip


def test_key_and_definition_are_written_once(params: dict[str, Any]) -> None:
    changes, found = package_repository.ensure_present(params, check_mode=False)
    # The key comes first: what ends between the two leaves no definition without a key.
    assert list(changes) == [params["key_path"], params["path"]] and found == [AMAZON]
    assert Path(params["path"]).read_text() == "Types: deb\n"
    assert package_repository.ensure_present({**params, "key": "not read"}, check_mode=False) == ({}, [AMAZON])


def test_check_mode_writes_nothing(params: dict[str, Any]) -> None:
    changes, found = package_repository.ensure_present({**params, "key": None, "key_url": "x"}, check_mode=True)
    assert len(changes) == 2 and found == []
    assert not os.path.exists(params["path"]) and not os.path.exists(params["key_path"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fingerprints": ["A" * 40]}, f"holds {AMAZON}"),
        ({"fingerprints": ["2D51784F"]}, "forty"),
        ({"key": "<html>"}, "no public key"),
    ],
)
def test_another_key_is_refused_and_nothing_written(params: dict[str, Any], change: dict[str, Any], words: str) -> None:
    with pytest.raises(PackageError, match=words):
        package_repository.ensure_present({**params, **change}, check_mode=False)
    assert not os.path.exists(params["path"]) and not os.path.exists(params["key_path"])


def test_a_key_that_is_no_longer_pinned_goes(params: dict[str, Any]) -> None:
    Path(params["key_path"]).write_text("damaged")
    changes, found = package_repository.ensure_present(params, check_mode=False)
    assert params["key_path"] in changes and found == [AMAZON]
    assert Path(params["key_path"]).read_text() == KEY.read_text()
