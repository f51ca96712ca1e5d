# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as a user gets it: built from the checkout's files and installed in a tree outside of it.

ansible-test finds nothing to do in a tree of links and under a git-ignored folder, and says "passed" all the same.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from . import console, paths


def copy_sources(target: Path) -> None:
    """Copy what git tracks or would track, as it stands in the working tree."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=paths.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listing.returncode:
        raise console.Failure(f"The checkout has to be a git repository: {listing.stderr.strip()}")
    for name in filter(None, listing.stdout.split("\0")):
        source = paths.ROOT / name
        if source.is_file():  # a file removed but not yet committed is still listed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def install(workspace: Path, galaxy: Path, env: Mapping[str, str], log: Path) -> Path:
    """Build and install offline below the workspace; return the folder of the installed collection."""
    sources, artifact, tree = workspace / "sources", workspace / "artifact", workspace / "tree"
    copy_sources(sources)
    env = {**env, "ANSIBLE_COLLECTIONS_PATH": str(tree)}
    console.run(
        [str(galaxy), "collection", "build", "--output-path", str(artifact), str(sources)],
        log=log,
        env=env,
        cwd=workspace,
    )
    (archive,) = artifact.glob("*.tar.gz")
    command = [str(galaxy), "collection", "install", "--offline", "--collections-path", str(tree), str(archive)]
    console.run(command, log=log, env=env, cwd=workspace)
    return tree / "ansible_collections" / "edgefleet" / "ecs"
