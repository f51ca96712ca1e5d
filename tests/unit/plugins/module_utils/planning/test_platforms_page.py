# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/operating-systems.md shows the table as it is. Run this file as a script to write it there."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import platforms
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.platforms import ECS_AGENT, PLATFORMS, SSM_AGENT

PAGE = Path(__file__).resolve().parents[5] / "docs" / "operating-systems.md"
VERSION = "VERSION"


def file_of(known: platforms.Platform, agent: str) -> str:
    """The agent's file on x86_64."""
    system = {"id": known.id, "version": known.version or "1", "like": []}
    return platforms.agent_file({"os": system, "arch": "x86_64"}, agent, "0").replace("0-1", VERSION).replace("0/", "")


def packages() -> str:
    agents = "SSM agent, x86_64 | ECS agent, x86_64"
    head = f"| system | `ID` | installs with | engine by `repository` | by `vendor` | {agents} |\n"
    rows = []
    for known in PLATFORMS:
        engine = f"`{known.engine}`" if known.engine else ""
        docker = f"`docker-ce` from `linux/{known.docker}`" if known.docker else ""
        files = [f"`{file_of(known, agent)}`" for agent in (SSM_AGENT, ECS_AGENT)]
        rows.append(
            f"| {known.name} | `{known.id}` | `{known.manager}` | {engine} | {docker} | {files[0]} | {files[1]} |"
        )
    return "\n" + head + "|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n\n"


def cores() -> str:
    return ", ".join(
        f"{core} takes Python {first} to {last}" for core, (first, last) in platforms.ANSIBLE_CORES.items()
    )


def pythons() -> str:
    names = list(platforms.python_answers("3.9"))
    head = f"| system | its `python3` | {' | '.join(names)} | where it is too old |\n"
    rows = []
    for known in PLATFORMS:
        if known.python:
            answers = ["yes" if good else "no" for good in platforms.python_answers(known.python).values()]
            way = known.newer_python if known.newer_python in ("", platforms.OWN_BUILD) else f"`{known.newer_python}`"
            rows.append(f"| {known.name} | {known.python} | {' | '.join(answers)} | {way} |")
    return "\n" + head + "|---" * (len(names) + 3) + "|\n" + "\n".join(rows) + "\n\n"


SECTIONS = {"packages": packages, "cores": cores, "pythons": pythons}


def shown(page: str, name: str) -> tuple[str, str, str]:
    before, begin, rest = page.partition(f"<!-- {name} -->")
    text, end, after = rest.partition(f"<!-- end of {name} -->")
    return before + begin, text, end + after


def wanted(name: str) -> str:
    text = SECTIONS[name]()
    return f"\n{text}" if "\n" in text else text


def test_the_page_shows_the_table() -> None:
    page = PAGE.read_text()
    for name in SECTIONS:
        assert shown(page, name)[1] == wanted(name), name


if __name__ == "__main__":
    for section in SECTIONS:
        start, _old, finish = shown(PAGE.read_text(), section)
        PAGE.write_text(f"{start}{wanted(section)}{finish}")
