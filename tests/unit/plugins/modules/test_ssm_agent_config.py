# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.modules import ssm_agent_config
from ansible_collections.edgefleet.ecs.plugins.modules.ssm_agent_config import ConfigError, merged, read


class FakeModule:
    def atomic_move(self, source: str, target: str) -> None:
        os.replace(source, target)

    def set_mode_if_different(self, path: str, mode: int, changed: bool) -> None:
        os.chmod(path, mode)


@pytest.mark.parametrize(
    ("have", "want", "result"),
    [
        ({}, {"Ssm": {"Endpoint": "x"}}, {"Ssm": {"Endpoint": "x"}}),
        ({"Ssm": {"A": 1}, "Mds": {}}, {"Ssm": {"Endpoint": "x"}}, {"Ssm": {"A": 1, "Endpoint": "x"}, "Mds": {}}),
        ({"Ssm": {"Endpoint": "x"}}, {"Ssm": {"Endpoint": ""}}, {"Ssm": {"Endpoint": ""}}),
        ({"Ssm": None}, {"Ssm": {"A": 1}}, {"Ssm": {"A": 1}}),
        ({"Ssm": {"A": [1]}}, {"Ssm": {"A": [2]}}, {"Ssm": {"A": [2]}}),
    ],
)
def test_merged(have: dict[str, Any], want: dict[str, Any], result: dict[str, Any]) -> None:
    before = json.dumps(have)
    assert merged(have, want) == result
    assert json.dumps(have) == before


def test_a_missing_or_empty_file_has_no_settings(tmp_path: Path) -> None:
    assert read(str(tmp_path / "missing")) == {}
    (tmp_path / "empty").write_text("\n")
    assert read(str(tmp_path / "empty")) == {}


@pytest.mark.parametrize("text", ["{", "[]", "x"])
def test_what_the_agent_cannot_read_is_not_overwritten(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(ConfigError, match="repair or remove"):
        read(str(tmp_path / "file"))


def test_written_with_its_folder_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "ssm" / "file"
    ssm_agent_config.write(FakeModule(), str(path), ssm_agent_config.rendered({"Ssm": {"Endpoint": "x"}}))
    assert read(str(path)) == {"Ssm": {"Endpoint": "x"}}
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]
