# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/workloads.md shows the rules as they are. Run this file as a script to write them there."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import workload_rules as rules

PAGE = Path(__file__).resolve().parents[5] / "docs" / "workloads.md"
BEGIN, END = "<!-- rules -->\n", "<!-- end of rules -->\n"
TITLES = {
    rules.DEFINITION: "Rules for task definitions",
    rules.SERVICE: "Rules for services",
    rules.TASK: "Rules for standalone tasks",
}


def kinds_of(rule: rules.Rule) -> str:
    return "all" if set(rule.kinds) == set(rules.KINDS) else ", ".join(rule.kinds)


def source_of(rule: rules.Rule) -> str:
    links = re.findall(r"(https://\S+)( \(\w+\))?", rule.source)
    return ", ".join(f"[link]({link}){note}" for link, note in links)


def row(rule: rules.Rule) -> str:
    words = [text.format(value="_value_", port="_port_") for text in (rule.rule, rule.way_out)]
    cells = (rule.level, kinds_of(rule), f"`{rule.path}`", *words, source_of(rule))
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def sections() -> str:
    text = ""
    for about, title in TITLES.items():
        rows = [row(rule) for rule in rules.RULES if about in rule.about]
        head = "| level | sites | field | rule | way out | source |\n| --- | --- | --- | --- | --- | --- |\n"
        text += f"### {title}\n\n{head}" + "\n".join(rows) + "\n\n"
    return text


def test_the_page_shows_the_rules() -> None:
    page = PAGE.read_text()
    assert page.partition(BEGIN)[2].partition(END)[0] == "\n" + sections()


if __name__ == "__main__":
    before, _begin, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{sections()}{END}{rest.partition(END)[2]}")
