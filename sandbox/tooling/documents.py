# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages for people: the commands in them, who runs these, and whether what they name is there.

The line above a block of commands says who runs it. `<!-- run by: tests/…/test_x.py::test_y -->` names tests, or
`bin/test lint` and its like, in which these commands run, with the names of the sandbox in the place of the page's;
`<!-- not run: why -->` says that no test does.
"""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from . import paths

SHELLS = {"shell", "sh", "bash", "console"}
MARK = re.compile(r"<!-- (run by|not run): (.+?) -->$")
TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")
LAYER = re.compile(r"bin/test (\w+)")
IDENTIFIER = re.compile(r"[A-Za-z_]\w+")
COMMANDS = re.compile(r"^\s*(ansible\S*|bin/\w+|sandbox/\S+|git|aws|python3?|pip|pytest|jq|curl|export|sudo) ")
LAYERS = {"lint", "sanity", "unit", "integration", "molecule", "fleet"}
PREFIX = "edgefleet.ecs."


class Block(NamedTuple):
    """Commands in a page; `mark` is the line above them."""

    page: Path
    line: int
    language: str
    mark: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(paths.ROOT)}:{self.line}"

    @property
    def tests(self) -> list[tuple[str, str]]:
        return TEST.findall(self.mark)


def pages() -> list[Path]:
    """Every page that tells somebody what to type."""
    patterns = ("README.md", "docs/*.md", "examples/**/*.md", "extensions/**/*.md", "roles/*/README.md")
    return sorted({path for pattern in patterns for path in paths.ROOT.glob(pattern)})


def blocks(page: Path) -> Iterator[Block]:
    """All fenced blocks of a page, of whatever language."""
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        fence = re.match(r"(\s*)(```+)\s*(\w*)", lines[number])
        number += 1
        if not fence:
            continue
        start = number
        while number < len(lines) and not lines[number].strip().startswith(fence[2]):
            number += 1
        mark = lines[start - 2].strip() if start > 1 else ""
        yield Block(page, start, fence[3], mark, "\n".join(lines[start:number]))
        number += 1


def shells(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language in SHELLS]


def disguised(page: Path) -> list[str]:
    """Commands that nobody asks for a mark, as their block is not one of shell, or is no fenced block."""
    found = [f"{block.place}: commands in a block without a language" for block in blocks(page) if _untold(block)]
    inside = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        inside ^= line.strip().startswith("```")
        if not inside and line.startswith("    ") and COMMANDS.match(line):
            found.append(f"{page.relative_to(paths.ROOT)}:{number}: a command in an indented block")
    return found


def _untold(block: Block) -> bool:
    return block.language in {"", "text"} and bool(COMMANDS.match(block.text))


def commands(text: str) -> list[list[str]]:
    """The commands of a block as lists of words: without comments, with what a backslash goes on with."""
    joined = re.sub(r"\\\n", " ", text)
    found: list[list[str]] = []
    for line in joined.splitlines():
        words = shlex.split(line, comments=True)
        for part in _parts(words, {"&&", "|", ";"}):
            found.append(part)
    return [words for words in found if words]


def _parts(words: list[str], ends: set[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for word in words:
        if word in ends:
            yield part
            part = []
        else:
            part.append(word)
    yield part


def extra_variables(words: Iterable[str]) -> set[str]:
    """Names given with -e and --extra-vars, as name=value or as JSON; files have none that could be seen."""
    names: set[str] = set()
    listed = list(words)
    if not any(Path(word).name.startswith("ansible") for word in listed):
        return names
    for option, value in zip(listed, listed[1:], strict=False):
        if option in {"-e", "--extra-vars"} and not value.startswith("@"):
            json = value.lstrip().startswith("{")
            names.update(re.findall(r'"(\w+)":', value) if json else [value.partition("=")[0]])
    return names


def problems(block: Block) -> list[str]:
    """What is wrong with a block of commands, each with its place."""
    said = [*_of_mark(block), *(problem for words in commands(block.text) for problem in _of_command(words))]
    said += _of_playbooks(block)
    return [f"{block.place}: {problem}" for problem in said]


def _of_mark(block: Block) -> Iterator[str]:
    mark = MARK.match(block.mark)
    if not mark:
        yield "the line above says neither <!-- run by: a test --> nor <!-- not run: why -->"
        return
    if mark[1] == "not run":
        return
    layers = LAYER.findall(mark[2])
    if not (block.tests or layers):
        yield f"no test in {mark[2]!r}"
    yield from (f"bin/test has no layer {name}" for name in layers if name not in LAYERS)
    for file, function in block.tests:
        if not re.search(rf"^(async )?def {function}\(", _source(file), re.M):
            yield f"there is no {file}::{function}"


def _of_playbooks(block: Block) -> Iterator[str]:
    """A test that is named has to play the playbook, or one that imports it."""
    named = {name for words in commands(block.text) for name in playbooks_of(words)}
    sources = "\n".join(_source(file) for file, _function in block.tests)
    for name in sorted(named) if sources else []:
        wanted = "|".join(importers(name))
        if not re.search(rf"""["'/.]({wanted})(\.yml)?\b["'),\]]?""", sources):
            yield f"the tests that are named do not play {name}"


def playbooks_of(words: list[str]) -> list[str]:
    """Playbooks of the collection that a command plays."""
    if not any(Path(word).name == "ansible-playbook" for word in words):
        return []
    named = [word.removeprefix(PREFIX) for word in words if word.startswith(PREFIX)]
    return named + [Path(word).stem for word in words if re.fullmatch(r"playbooks/\w+\.yml", word)]


@cache
def importers(name: str) -> list[str]:
    """The playbook and all that import it, directly or not: who plays these plays it, too."""
    found = [name]
    for other in found:
        for path in sorted((paths.ROOT / "playbooks").glob("*.yml")):
            imports = re.findall(r"import_playbook: (?:edgefleet\.ecs\.)?(\w+)", path.read_text(encoding="utf-8"))
            if other in imports and path.stem not in found:
                found.append(path.stem)
    return found


@cache
def _source(file: str) -> str:
    path = paths.ROOT / file
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _of_command(words: list[str]) -> Iterator[str]:
    for check in CHECKS:
        yield from check(words)


def _names(words: list[str]) -> Iterator[str]:
    for name in sorted(playbooks_of(words)):
        if not (paths.ROOT / "playbooks" / f"{name}.yml").is_file():
            yield f"there is no playbook {name}"
    for word in words:
        if word.startswith(PREFIX) and word.removeprefix(PREFIX) not in contents():
            yield f"the collection has no {word}"


def _files(words: list[str]) -> Iterator[str]:
    """Commands, playbooks and inventories of the checkout; a module of the sandbox that is run."""
    ours = ("bin/", "sandbox/", "playbooks/", "inventories/", "requirements/", "examples/")
    for word in words:
        path = word.removeprefix("@")
        if path.startswith(ours) and not (paths.ROOT / path).exists():
            yield f"there is no {path}"
    for option, module in zip(words, words[1:], strict=False):
        where = paths.ROOT / module.replace(".", "/")
        if (
            option == "-m"
            and module.startswith("sandbox.")
            and not (where.is_dir() or where.with_suffix(".py").exists())
        ):
            yield f"there is no Python module {module}"


def _variables(words: list[str]) -> Iterator[str]:
    yield from (f"nobody knows the variable {name}" for name in sorted(extra_variables(words) - identifiers()))


def _layers(words: list[str]) -> Iterator[str]:
    if words[0] == "bin/test":
        leading = words[1 : next((at for at, word in enumerate(words) if word.startswith("-")), len(words))]
        yield from (f"bin/test has no layer {name}" for name in leading if name not in LAYERS)


def _options(words: list[str]) -> Iterator[str]:
    """Options of Ansible's own commands, also of one that another command runs."""
    tools = [at for at, word in enumerate(words) if word in PARSERS]
    if tools:
        tool, rest = words[tools[0]], words[tools[0] + 1 :]
        given = {word.partition("=")[0] for word in rest if word.startswith("-")}
        yield from (f"{tool} has no option {option}" for option in sorted(given - options(tool)))


PARSERS = {"ansible": "adhoc", "ansible-playbook": "playbook", "ansible-doc": "doc", "ansible-inventory": "inventory"}


@cache
def options(tool: str) -> frozenset[str]:
    """What the installed command takes; an unknown one that is not asked for here has none."""
    module = importlib.import_module(f"ansible.cli.{PARSERS[tool]}")
    (found,) = [item for name, item in vars(module).items() if name.lower() == f"{PARSERS[tool]}cli"]
    command = found([tool])
    command.init_parser()
    return frozenset(command.parser._option_string_actions)


CHECKS: tuple[Callable[[list[str]], Iterator[str]], ...] = (_names, _files, _variables, _layers, _options)


@cache
def contents() -> frozenset[str]:
    """Names of all that the collection holds, whatever kind it is of."""
    kinds = ("modules", "filter", "callback", "action", "inventory", "lookup")
    plugins = {path.stem for kind in kinds for path in (paths.ROOT / "plugins" / kind).glob("*.*")}
    roles = {path.name for path in (paths.ROOT / "roles").iterdir() if path.is_dir()}
    playbooks = {path.stem for path in (paths.ROOT / "playbooks").glob("*.yml")}
    rulebooks = {path.stem for path in (paths.ROOT / "extensions" / "eda" / "rulebooks").glob("*.yml")}
    return frozenset(plugins | roles | playbooks | rulebooks | {"aws"})  # the action group


@cache
def identifiers() -> frozenset[str]:
    """Every word that could be a variable, in what the collection and its examples are made of."""
    folders = ("roles", "playbooks", "plugins", "inventories", "examples", "extensions", "sandbox/bench")
    files = [
        path for folder in folders for path in (paths.ROOT / folder).rglob("*") if path.suffix in {".yml", ".py", ".j2"}
    ]
    return frozenset(word for path in files for word in IDENTIFIER.findall(path.read_text(encoding="utf-8")))


def unknown_names(text: str) -> list[str]:
    """Names of contents of the collection, and variables of its roles, that are not there."""
    named = {name for name in re.findall(r"edgefleet\.ecs\.(?!git\b)(\w+)", text) if name not in contents()}
    roles = "|".join(sorted(path.name for path in (paths.ROOT / "roles").iterdir()))
    spans = re.findall(rf"`((?:fleet|{roles})_[a-z0-9_]+)`", text)
    return sorted({f"{PREFIX}{name}" for name in named} | {name for name in spans if name not in identifiers()})
