# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command in the pages is run by a test or says why not, and names nothing that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.tooling import documents, paths

PAGES = documents.pages()
MARKED = "<!-- run by: tests/fleet/test_leaving.py::test_a_drain_by_hand_outlives_a_rollout -->"


def name(page: Path) -> str:
    return str(page.relative_to(paths.ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_are_run_or_say_why_not(page: Path) -> None:
    wrong = [problem for block in documents.shells(page) for problem in documents.problems(block)]
    assert [*wrong, *documents.disguised(page)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_names_and_variables_are_there(page: Path) -> None:
    assert documents.unknown_names(page.read_text(encoding="utf-8")) == []


def test_there_is_something_to_look_at() -> None:
    assert len(PAGES) > 30
    assert sum(len(documents.shells(page)) for page in PAGES) > 40


def block(text: str, mark: str = MARKED, language: str = "shell") -> documents.Block:
    return documents.Block(paths.ROOT / "docs" / "x.md", 3, language, mark, text)


@pytest.mark.parametrize(
    ("text", "mark", "word"),
    [
        ("bin/demo", "", "neither"),
        ("bin/demo", "<!-- not run: -->", "neither"),
        ("bin/demo", "<!-- run by: somebody -->", "no test in"),
        ("bin/demo", "<!-- run by: bin/test lind -->", "no layer lind"),
        ("bin/demo", "<!-- run by: tests/fleet/test_leaving.py::test_nothing -->", "there is no tests/fleet"),
        ("ansible-playbook edgefleet.ecs.heel", MARKED, "no playbook heel"),
        ("ansible-playbook -i x edgefleet.ecs.reregister", MARKED, "do not play reregister"),
        ("ansible-playbook edgefleet.ecs.drain -e fleet_nome=x", MARKED, "variable fleet_nome"),
        ("""ansible-playbook edgefleet.ecs.drain -e '{"drain_whole": 1}'""", MARKED, "variable drain_whole"),
        ("ansible-doc edgefleet.ecs.nothing", MARKED, "has no edgefleet.ecs.nothing"),
        ("bin/demos --down", MARKED, "there is no bin/demos"),
        ("bin/test units -k drift", MARKED, "no layer units"),
        ("bin/demo run -- python -m sandbox.tooling.nothing", MARKED, "no Python module"),
        ("ansible-playbook edgefleet.ecs.drain --dif", MARKED, "no option --dif"),
        ("bin/demo run -- ansible-inventory --grap", MARKED, "no option --grap"),
    ],
)
def test_what_is_wrong_is_said(text: str, mark: str, word: str) -> None:
    said = documents.problems(block(text, mark))
    assert len([problem for problem in said if word in problem]) == 1, said


@pytest.mark.parametrize(
    "text",
    [
        "ansible-playbook -i hosts.yml edgefleet.ecs.drain --limit lyon \\\n  -e drain_timeout=60   # comment",
        "ansible-playbook -i x edgefleet.ecs.plan",  # site imports it
        "bin/test unit -k drift && sandbox/hosts/hosts list",
    ],
)
def test_what_is_right_is_let_pass(text: str) -> None:
    assert documents.problems(block(text)) == []


def test_commands_in_disguise_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("```\nbin/demo --down\n```\n\n    ansible-playbook x.yml\n\n```text\nnothing\n```\n")
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    assert [said.rpartition(": ")[2] for said in documents.disguised(page)] == [
        "commands in a block without a language",
        "a command in an indented block",
    ]


def test_unknown_names_are_found() -> None:
    text = "`fleet_nome` of edgefleet.ecs.nothing, `fleet_name` of edgefleet.ecs.rollout"
    assert documents.unknown_names(text) == ["edgefleet.ecs.nothing", "fleet_nome"]
