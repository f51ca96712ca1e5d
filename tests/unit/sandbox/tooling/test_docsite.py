# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of the pages on their way into the site."""

from __future__ import annotations

import re

import pytest

from sandbox.tooling import docsite, paths

DOCS = paths.ROOT / "docs"


@pytest.mark.parametrize(
    ("written", "in_the_site"),
    [
        ("[x](heal.md#causes)", "[x](heal.md#causes)"),
        ("[x](#causes)", "[x](#causes)"),
        ("[x](README.md)", "[x](index.md)"),
        ("[x](https://example.com/a.md)", "[x](https://example.com/a.md)"),
        ("[x](iam/plan.json)", "[x](iam/plan.json)"),
        ("[x](../roles/heal/README.md#a)", f"[x]({docsite.REPOSITORY}/roles/heal/README.md#a)"),
    ],
)
def test_links_hold_in_the_site(written: str, in_the_site: str) -> None:
    assert docsite.linked(written, DOCS) == in_the_site


def test_sections_are_branches_of_the_tree() -> None:
    readme = (
        "# Head\n\n## One\n\n- [A](a.md): a.\n- [Far](https://example.com).\n\n## Two\n\n- [B](b.md)\n- [A](a.md)\n"
    )
    made = docsite.index({"README.md": readme, "a.md": "", "b.md": "", "c.md": ""})
    trees = re.findall(r":caption: (.+)\n\n((?:.+\n)+)```", made)
    assert trees == [
        ("One", "a.md\n"),
        ("Two", "b.md\n"),
        ("More", "c.md\n"),
        ("Plugins and roles", f"{docsite.REFERENCE}/index.rst\n"),
    ]
    assert docsite.REFERENCE not in docsite.index({"README.md": readme}, reference=False)


def test_every_page_has_its_place_in_the_list() -> None:
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "README.md").read_text(encoding="utf-8")))
    assert listed == {page.name for page in DOCS.glob("*.md")} - {"README.md"}
