# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The copy of what a run replaces: which one is kept, and what is put back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import copies, files

CONFIG, ENGINE = "/etc/ecs/ecs.config", copies.ENGINE_FILE
OWNER = (os.geteuid(), os.getegid())


@pytest.fixture
def root(tmp_path: Path) -> str:
    write(str(tmp_path), CONFIG, "A=1\n")
    return str(tmp_path)


def write(root: str, path: str, text: str) -> None:
    files.write(root + path, text, 0o600, OWNER)


def take(root: str, run: str, path: str, text: str | None) -> None:
    """As a module does it: the copy first, then the file."""
    copies.take(run, {path: text}, root, OWNER)
    if text is None:
        files.remove(root + path)
    else:
        write(root, path, text)


def restored(root: str) -> list[str]:
    copy = copies.load(root)
    assert copy
    return copies.restore(copy, root)


def test_a_file_comes_back_with_its_mode_and_owner(root: str) -> None:
    os.chmod(root + CONFIG, 0o640)
    take(root, "run-1", CONFIG, "A=2\n")
    assert restored(root) == [CONFIG]
    assert files.state(root + CONFIG) == files.FileState("A=1\n", 0o640, OWNER)
    assert restored(root) == []


def test_a_file_that_was_not_there_goes(root: str) -> None:
    take(root, "run-1", ENGINE, "{}\n")
    assert restored(root) == [ENGINE]
    assert not os.path.exists(root + ENGINE)


def test_a_file_that_a_run_removed_comes_back(root: str) -> None:
    take(root, "run-1", CONFIG, None)
    assert restored(root) == [CONFIG]
    assert files.read(root + CONFIG) == "A=1\n"


def test_the_first_copy_of_a_run_counts(root: str) -> None:
    take(root, "run-1", CONFIG, "A=2\n")
    take(root, "run-1", CONFIG, "A=3\n")
    take(root, "run-1", ENGINE, "{}\n")
    assert sorted(restored(root)) == [ENGINE, CONFIG]
    assert files.read(root + CONFIG) == "A=1\n"


def test_the_next_run_goes_back_to_what_the_one_before_has_proved(root: str) -> None:
    take(root, "run-1", CONFIG, "A=2\n")
    copies.prove(root, OWNER)
    take(root, "run-2", CONFIG, "A=3\n")
    restored(root)
    assert files.read(root + CONFIG) == "A=2\n"


def test_what_a_run_left_that_was_cut_off_is_nothing_to_go_back_to(root: str) -> None:
    take(root, "run-1", CONFIG, "A=broken\n")
    take(root, "run-2", CONFIG, "A=3\n")
    copy = copies.load(root)
    assert copy and copy.run == "run-2"
    restored(root)
    assert files.read(root + CONFIG) == "A=1\n"


def test_what_somebody_has_changed_since_is_not_undone(root: str) -> None:
    take(root, "run-1", CONFIG, "A=2\n")
    write(root, CONFIG, "A=by-hand\n")
    take(root, "run-2", CONFIG, "A=3\n")
    restored(root)
    assert files.read(root + CONFIG) == "A=by-hand\n"


def test_a_run_that_was_cut_off_before_it_wrote_leaves_nothing_to_go_back_to(root: str) -> None:
    copies.take("run-1", {CONFIG: "A=2\n"}, root, OWNER)
    write(root, CONFIG, "A=by-hand\n")
    take(root, "run-2", CONFIG, "A=3\n")
    restored(root)
    assert files.read(root + CONFIG) == "A=by-hand\n"


def test_without_a_run_nothing_is_kept(root: str) -> None:
    take(root, "", CONFIG, "A=2\n")
    copies.take("run-1", {}, root, OWNER)
    copies.prove(root, OWNER)
    assert copies.load(root) is None
    assert not os.path.exists(root + copies.PATH)


def test_root_alone_reads_the_copy(root: str) -> None:
    take(root, "run-1", CONFIG, "A=2\n")
    assert os.stat(root + copies.PATH).st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[1]", json.dumps({"run": "x"}), '{"run": 1, "proved": 1, "after": 1}']
)
def test_a_copy_that_cannot_be_read_is_none(root: str, text: str) -> None:
    write(root, copies.PATH, text)
    assert copies.load(root) is None
    take(root, "run-1", CONFIG, "A=2\n")
    assert restored(root) == [CONFIG]


def test_bytes_that_are_no_text_come_back(root: str) -> None:
    Path(root + CONFIG).write_bytes(b"A=\xff\n")
    take(root, "run-1", CONFIG, "A=2\n")
    restored(root)
    assert Path(root + CONFIG).read_bytes() == b"A=\xff\n"


@pytest.mark.parametrize(
    ("paths", "units"),
    [
        ([CONFIG], ["ecs"]),
        ([CONFIG, ENGINE], ["docker", "ecs"]),
        (["/etc/systemd/system/amazon-ssm-agent.service.d/zz-edgefleet-proxy.conf"], ["amazon-ssm-agent"]),
        (["/etc/apt/apt.conf.d/95edgefleet-proxy"], []),
    ],
)
def test_who_has_to_read_a_file_again(paths: list[str], units: list[str]) -> None:
    assert copies.readers(paths) == units
