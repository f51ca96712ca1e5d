# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/faults.md claims nothing that no test proves, and leaves no test of faults out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "faults.md"
HEAD = ["fault", "what happens", "what the operator sees", "what the next run does", "test"]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
NOT_RUN = "not run here, because "


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


TABLES = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
ROWS = [line for line in TABLES if not line.startswith("|---") and cells(line) != HEAD]


def test_there_is_a_table() -> None:
    assert len(ROWS) >= 20
    assert {tuple(cells(line)) for line in TABLES if cells(line) == HEAD} == {tuple(HEAD)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: cells(row)[0][:40])
def test_a_row_names_its_proof(row: str) -> None:
    *said, proof = re.split(r"\s*\|\s*", row.strip().strip("|").strip())
    assert len(said) == len(HEAD) - 1 and said[0] and said[1]
    assert proof.startswith((NOT_RUN, "`tests/")), "neither a test nor why there is none"
    named = TEST.findall(proof)
    assert named or proof.startswith(NOT_RUN)
    for file, function in named:
        assert re.search(rf"^def {function}\(", (ROOT / file).read_text(encoding="utf-8"), re.M), f"{file}::{function}"


def test_every_test_of_faults_has_a_row() -> None:
    file = "tests/fleet/test_faults.py"
    there = set(re.findall(r"^def (test_\w+)\(", (ROOT / file).read_text(encoding="utf-8"), re.M))
    assert there == {function for row in ROWS for where, function in TEST.findall(row) if where == file}
