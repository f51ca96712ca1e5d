# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checkout importable as ansible_collections.edgefleet.ecs, for tests and the Ansible commands they run.

Each test says in the JUnit file how much CPU it has used, with what it has started.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandbox.tooling import paths, usage  # noqa: E402

_tree = str(paths.collections())
sys.path.insert(1, _tree)
os.environ["ANSIBLE_COLLECTIONS_PATH"] = _tree


_before = pytest.StashKey[usage.Usage]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.stash[_before] = usage.used()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    yield
    item.user_properties += usage.used().since(item.stash[_before]).properties()
