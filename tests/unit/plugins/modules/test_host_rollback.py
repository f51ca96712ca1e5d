# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import copies, files
from ansible_collections.edgefleet.ecs.plugins.modules import host_rollback

OWNER = (os.geteuid(), os.getegid())
CONFIG, ENGINE = "/etc/ecs/ecs.config", copies.ENGINE_FILE
ACTIVE = ["docker", "amazon-ssm-agent", "ecs"]


@pytest.mark.parametrize(
    ("now", "before", "restarts"),
    [
        ('{"registry-mirrors": ["http://a/"]}', None, False),
        (None, '{"debug": true}', False),
        ('{"log-driver": "journald"}', "{}", True),
        ('{"log-driver": "journald", "debug": true}', '{"log-driver": "journald"}', False),
        ("{", "{}", True),
        ("[]", None, True),
    ],
)
def test_whether_an_engine_reads_its_earlier_file_again(now: str | None, before: str | None, restarts: bool) -> None:
    assert host_rollback.needs_restart(now, before) is restarts


def kept(root: str, path: str, before: str, after: str) -> copies.Copy:
    files.write(root + path, before, 0o600, OWNER)
    copies.take("run-1", {path: after}, root, OWNER)
    files.write(root + path, after, 0o600, OWNER)
    copy = copies.load(root)
    assert copy
    return copy


def test_only_who_reads_what_has_changed_is_restarted(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert host_rollback.to_restart(None, ["ecs"], ACTIVE, root) == ["ecs"]
    copy = kept(root, CONFIG, "A=1\n", "A=2\n")
    assert host_rollback.to_restart(copy, [], ACTIVE, root) == ["ecs"]
    assert host_rollback.to_restart(copy, ["amazon-ssm-agent"], ACTIVE, root) == ["amazon-ssm-agent", "ecs"]
    files.write(root + CONFIG, "A=1\n", 0o600, OWNER)
    assert host_rollback.to_restart(copy, [], ACTIVE, root) == []


@pytest.mark.parametrize(
    ("after", "active", "units"),
    [
        ({"debug": True}, ACTIVE, []),
        ({"debug": True}, ["amazon-ssm-agent"], ["docker", "ecs"]),
        ({"log-driver": "journald"}, ACTIVE, ["docker", "ecs"]),
    ],
)
def test_an_engine_is_restarted_only_where_it_must_be(
    tmp_path: Path, after: dict[str, Any], active: list[str], units: list[str]
) -> None:
    copy = kept(str(tmp_path), ENGINE, "{}", json.dumps(after))
    assert host_rollback.to_restart(copy, [], active, str(tmp_path)) == units


def test_the_units_with_the_proxy_are_restarted_for_it(tmp_path: Path) -> None:
    root = str(tmp_path)
    files.write(root + host_rollback.proxy.DROP_INS["ecs"], "[Service]\n", 0o644, OWNER)
    copy = kept(root, host_rollback.proxy.ENVIRONMENT_FILE, "HTTP_PROXY=a\n", "HTTP_PROXY=b\n")
    assert host_rollback.to_restart(copy, [], ACTIVE, root) == ["ecs"]
