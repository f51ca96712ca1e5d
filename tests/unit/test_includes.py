# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No role includes files or roles in a loop.

Ansible puts together what several hosts include in one task, in the order of the first host that does. One that has
more to do would do it in that order, such as its agent before the engine that the agent needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from sandbox.tooling import paths

INCLUDES = {"ansible.builtin.include_tasks", "ansible.builtin.include_role"}


def tasks(block: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for task in block:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks(task.get(part) or [])


def loops(block: list[dict[str, Any]]) -> bool:
    return any(
        INCLUDES & task.keys() and any(key == "loop" or key.startswith("with_") for key in task)
        for task in tasks(block)
    )


def test_no_role_includes_in_a_loop() -> None:
    files = sorted((paths.ROOT / "roles").glob("*/tasks/*.yml"))
    assert len(files) > 50
    assert [str(file) for file in files if loops(yaml.safe_load(file.read_text()) or [])] == []


def test_a_loop_is_seen_in_a_block() -> None:
    inner = {"name": "Do each", "ansible.builtin.include_tasks": "{{ item }}.yml", "loop": ["a"]}
    assert loops([{"name": "All", "block": [], "rescue": [inner]}])
    assert not loops([{"name": "One", "ansible.builtin.include_tasks": "a.yml"}])
