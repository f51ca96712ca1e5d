# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of tasks are cheap, and no less of a copy."""

from __future__ import annotations

import copy

import pytest
from ansible.parsing.dataloader import DataLoader

from sandbox.tooling import ansible_lint

_TASKS = """
- name: Say it
  ansible.builtin.debug:
    msg: ["{{ greeting }}", plain]
"""


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "_deepcopy_dispatch", dict(copy._deepcopy_dispatch))  # type: ignore[attr-defined]
    ansible_lint.copy_strings_as_themselves()


def test_strings_are_their_own_copies_and_containers_are_new() -> None:
    tasks = DataLoader().load(_TASKS, file_name="/tasks.yml")
    copied = copy.deepcopy(tasks)
    said, said_again = (each[0]["ansible.builtin.debug"]["msg"] for each in (tasks, copied))
    assert copied == tasks
    assert said_again is not said
    assert type(said_again) is type(said)
    assert type(said[0]) is not str and said_again[0] is said[0]
    said_again.append("more")
    assert len(said) == 2
