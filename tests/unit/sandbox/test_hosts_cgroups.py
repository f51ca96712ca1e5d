# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both layouts of cgroups, from what the kernel says about its mounts; groups on an imitated hierarchy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sandbox.hosts import cgroups
from sandbox.hosts.errors import SandboxError

PURE = """\
24 29 0:22 / /proc rw,nosuid shared:12 - proc proc rw
31 23 0:27 / /sys/fs/cgroup rw,nosuid,nodev shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
"""
HYBRID = """\
30 23 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw
32 30 0:28 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,name=systemd
35 30 0:31 / /sys/fs/cgroup/memory rw,nosuid shared:15 - cgroup cgroup rw,memory
"""
LEGACY = "35 30 0:31 / /sys/fs/cgroup/memory rw,nosuid shared:15 - cgroup cgroup rw,memory\n"


def test_pure_v2() -> None:
    layout = cgroups.detect(PURE)
    assert layout == cgroups.Layout(Path("/sys/fs/cgroup"), None)
    assert layout.hierarchies == [Path("/sys/fs/cgroup")]


def test_hybrid_takes_both_hierarchies_of_systemd_and_no_other() -> None:
    layout = cgroups.detect(HYBRID)
    assert layout.hierarchies == [Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd")]


def test_v1_alone_is_refused() -> None:
    with pytest.raises(SandboxError, match="no cgroup v2 hierarchy"):
        cgroups.detect(LEGACY)


def test_own_path_is_that_of_v2() -> None:
    assert cgroups.own_path("9:name=systemd:/x\n4:memory:/y\n0::/edgefleet-demo/run\n") == "/edgefleet-demo/run"
    assert cgroups.own_path("4:memory:/y\n") == "/"


def test_a_command_joins_every_hierarchy_before_it_starts(tmp_path: Path) -> None:
    layout = cgroups.Layout(tmp_path / "unified", tmp_path / "systemd")
    group = cgroups.Group(layout, "edgefleet-demo").child("run").create()
    result = subprocess.run(group.command(["printf", "%s|", "a b", "--", "c"]), capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "a b|--|c|")
    for hierarchy in ("unified", "systemd"):
        assert (tmp_path / hierarchy / "edgefleet-demo/run/cgroup.procs").read_text() == "0\n"


def test_a_group_is_removed_with_all_below_it_in_every_hierarchy(tmp_path: Path) -> None:
    layout = cgroups.Layout(tmp_path / "unified", tmp_path / "systemd")
    group = cgroups.Group(layout, "edgefleet-demo")
    group.child("host-a/machine/payload").create()
    assert group.exists()
    group.remove()
    assert not group.exists()
    assert list(tmp_path.glob("*/*")) == []


def test_a_group_that_is_not_there_is_empty_and_removable(tmp_path: Path) -> None:
    group = cgroups.Group(cgroups.Layout(tmp_path), "edgefleet-demo")
    assert (group.populated(), group.processes(), group.exists()) == (False, [], False)
    group.kill()
    group.remove()
