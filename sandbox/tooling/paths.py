# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie: the checkout, the cache that checkouts share, the tree in which Ansible finds the collection."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT_LOGS = 10


def cache() -> Path:
    """Downloads and builds that every checkout of this user shares."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(os.environ.get("EDGEFLEET_CACHE") or os.path.join(base, "edgefleet"))


def state(instance: str) -> Path:
    """What a running sandbox keeps; sandbox/hosts owns it."""
    return Path("/run/edgefleet") / instance


def instances(pattern: str) -> list[str]:
    """Names of the sandboxes that stand, or have left something."""
    return sorted(path.name for path in state("").glob(pattern) if path.is_dir())


def records(instance: str) -> Path:
    """Where inventories/sandbox lets a rollout put its record."""
    return state(instance) / "records"


@functools.cache
def logs() -> Path:
    """Output of the steps of this run, in a folder of its own; the folders of the last runs are kept."""
    parent = ROOT / ".cache" / "logs"
    path = parent / time.strftime(f"%Y%m%d-%H%M%S-{os.getpid()}")
    path.mkdir(parents=True)
    for old in sorted(parent.iterdir())[:-KEPT_LOGS]:
        shutil.rmtree(old, ignore_errors=True)
    return path


def collections() -> Path:
    """A collections path with this checkout as edgefleet.ecs, by a link; the others come from site-packages."""
    tree = ROOT / ".cache" / "collections"
    link = tree / "ansible_collections" / "edgefleet" / "ecs"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not (link.is_symlink() and link.resolve() == ROOT):
        link.unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError):  # another command of this checkout was faster
            link.symlink_to(ROOT)
    return tree
