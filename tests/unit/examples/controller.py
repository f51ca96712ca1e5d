# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""examples/awx as a controller would read it: its configuration, and what jobs are started with."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "awx"
PROJECT = EXAMPLE / "project"
_OURS = re.compile(r"edgefleet\.ecs\.(\w+)")

Data = dict[str, Any]


@cache
def _parsed(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def read(path: Path) -> Any:
    """What a file says, for the caller alone."""
    return copy.deepcopy(_parsed(path))


def configuration() -> Data:
    """All variables of controller/, as configure.yml reads them."""
    merged: Data = {}
    for path in sorted((EXAMPLE / "controller").glob("*.yml")):
        merged.update(read(path))
    return merged


def inventory_variables() -> Data:
    found: Data = read(PROJECT / "inventories" / "retail" / "group_vars" / "all.yml")
    return found


def groups_and_hosts() -> set[str]:
    names: set[str] = set()

    def walk(group: Mapping[str, Any] | None) -> None:
        for name, child in ((group or {}).get("children") or {}).items():
            names.add(name)
            walk(child)
        names.update((group or {}).get("hosts") or {})

    walk(read(PROJECT / "inventories" / "retail" / "hosts.yml")["all"])
    return names


def answers(template: Mapping[str, Any]) -> Data:
    """Extra variables of a job that is started with the survey's defaults.

    A controller leaves out a default that is no valid answer, such as the empty text of a question of many choices.
    """
    spec = (template.get("survey_spec") or {}).get("spec") or []
    given = {question["variable"]: question["default"] for question in spec if "default" in question}
    many = {question["variable"] for question in spec if question["type"] == "multiselect"}
    return {name: value for name, value in given.items() if name not in many or isinstance(value, list)}


# --- what the collection knows ---


class Option(NamedTuple):
    """A variable that a job may be given."""

    type: str
    choices: tuple[Any, ...]


@cache
def playbook_of(name: str) -> str:
    """Which playbook of the collection one of the project imports; empty where there is none."""
    if not (PROJECT / name).is_file():
        return ""
    (play,) = read(PROJECT / name)
    found = _OURS.fullmatch(play["ansible.builtin.import_playbook"])
    assert found, play
    return found[1]


def _parts(text: str) -> set[str]:
    return set(_OURS.findall(text))


@cache
def roles_of(playbook: str) -> frozenset[str]:
    """Roles that a playbook of the collection may come to, through imports and through other roles."""
    path = ROOT / "playbooks" / f"{playbook}.yml"
    text = path.read_text() if path.is_file() else ""
    found: set[str] = set()
    waiting = _parts(text)
    while waiting:
        name = waiting.pop()
        tasks = ROOT / "roles" / name / "tasks"
        if name not in found and tasks.is_dir():
            found.add(name)
            for file in tasks.glob("*.yml"):
                waiting |= _parts(file.read_text())
    for other in re.findall(r"import_playbook: (?:edgefleet\.ecs\.)?(\w+)", text):
        found |= roles_of(other)
    return frozenset(found)


@cache
def options_of(role: str) -> dict[str, Option]:
    """By name: the role's own variables, and those of the fleet that its defaults take them from."""
    specs = read(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    own = {
        name: Option(option["type"], tuple(option.get("choices") or ()))
        for entry in specs.values()
        for name, option in entry["options"].items()
    }
    # A role that composes others has a folder of theirs in its place.
    file = ROOT / "roles" / role / "defaults" / "main.yml"
    defaults = read(file) or {} if file.exists() else {}
    fleet = {
        variable: own[name]
        for name, value in defaults.items()
        if name in own and isinstance(value, str)
        for variable in re.findall(r"\{\{ (fleet_\w+)", value)
    }
    return {**fleet, **own}


def known(playbook: str, variable: str) -> Option | None:
    found = (options_of(role).get(variable) for role in sorted(roles_of(playbook)))
    return next((option for option in found if option), None)


def plays(playbook: str) -> Iterator[Mapping[str, Any]]:
    path = ROOT / "playbooks" / f"{playbook}.yml"
    for play in read(path) if path.is_file() else ():
        imported = play.get("ansible.builtin.import_playbook")
        if imported:
            yield from plays(imported.removeprefix("edgefleet.ecs.").removesuffix(".yml"))
        else:
            yield play
