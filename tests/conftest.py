# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checkout importable as ansible_collections.edgefleet.ecs, for tests and the Ansible commands they run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandbox.tooling import paths  # noqa: E402

_tree = str(paths.collections())
sys.path.insert(1, _tree)
os.environ["ANSIBLE_COLLECTIONS_PATH"] = _tree
