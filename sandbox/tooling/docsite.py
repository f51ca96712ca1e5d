# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bin/docs: the documentation as a site, from the pages of docs/ and what every plugin and role says of itself."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import console, paths, variables
from .python import Environment, environment, newest_end

USAGE = """\
usage: bin/docs [FOLDER]    build the documentation site, by default into .cache/site/html

A warning of Sphinx is an error: a link to nowhere, a page that nothing leads to, an option that does not exist."""

REPOSITORY = "https://github.com/edgefleet/edgefleet.ecs/blob/main"
SETTINGS = paths.ROOT / "sandbox" / "docsite"
# What antsibull-docs makes of plugins and roles, in a folder of its own.
REFERENCE = "reference-of"
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(#[^)\s]*)?\)")
SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    if set(arguments) & {"-h", "--help"} or len(arguments) > 1:
        console.say(USAGE)
        return 0 if set(arguments) & {"-h", "--help"} else 2
    target = Path(arguments[0]) if arguments else paths.ROOT / ".cache" / "site" / "html"
    try:
        end, python = newest_end()
        ready = environment(end, python, ["sandbox", "test", "lint"])
        for command in commands(ready, target):
            console.run(command, log=paths.logs() / "site.log", env=variables.isolated(ready))
    except console.Failure as error:
        return console.fail(error)
    console.say(f"{target.resolve()}/index.html")
    return 0


def commands(ready: Environment, target: Path) -> list[list[str]]:
    """Put the sources together, and say what makes a site of them."""
    sources = write_sources(paths.ROOT / ".cache" / "site" / "sources")
    shutil.rmtree(target, ignore_errors=True)
    reference = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--no-add-antsibull-docs-version"]
    antsibull = [str(ready.bin / "antsibull-docs"), "collection", *reference]
    (sources / REFERENCE).mkdir()
    return [
        [*antsibull, "--dest-dir", str(sources / REFERENCE), "edgefleet.ecs"],
        sphinx(ready, sources, "html", target),
    ]


def check(ready: Environment) -> list[str]:
    """What looks for faults in the hand-written pages alone and writes nothing: a tenth of the cost of all.

    What plugins and roles say of themselves is the affair of antsibull-docs' own linter.
    """
    sources = write_sources(paths.ROOT / ".cache" / "site" / "checked", reference=False)
    return sphinx(ready, sources, "dummy", sources / ".nothing")


def sphinx(ready: Environment, sources: Path, builder: str, target: Path) -> list[str]:
    options = ["-W", "--keep-going", "-q", "-E", "-b", builder, "-d", str(sources / ".doctrees")]
    return [str(ready.bin / "python"), "-m", "sphinx", *options, str(sources), str(target)]


def write_sources(sources: Path, reference: bool = True) -> Path:
    """The hand-written pages, with links that hold in the site, and Sphinx's settings."""
    docs = paths.ROOT / "docs"
    shutil.rmtree(sources, ignore_errors=True)
    (sources / "_static").mkdir(parents=True)
    shutil.copy(SETTINGS / "conf.py", sources / "conf.py")
    shutil.copy(SETTINGS / "site.css", sources / "_static" / "site.css")
    pages = {path.name: path.read_text(encoding="utf-8") for path in sorted(docs.glob("*.md"))}
    for name, text in pages.items():
        if name != "README.md":
            (sources / name).write_text(linked(text, docs), encoding="utf-8")
    (sources / "index.md").write_text(linked(index(pages, reference), docs), encoding="utf-8")
    for data in docs.rglob("*.json"):
        copy = sources / data.relative_to(docs)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(data, copy)
    return sources


def linked(text: str, folder: Path) -> str:
    """Links to files that the site does not have go to the repository."""

    def replaced(match: re.Match[str]) -> str:
        name, anchor = match[1], match[2] or ""
        if name == "README.md":
            return f"](index.md{anchor})"
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()):
            return match[0]
        return f"]({REPOSITORY}/{path.relative_to(paths.ROOT)}{anchor})"

    return LINK.sub(replaced, text)


def index(pages: Mapping[str, str], reference: bool = True) -> str:
    """docs/README.md, with the pages of each of its sections as a branch of the site's tree."""
    head, *rest = SECTION.split(pages["README.md"])
    sections = list(zip(rest[::2], rest[1::2], strict=True))
    parts, known = [head], {"README.md"}
    for title, body in sections:
        named = [name for name in re.findall(r"\]\(([\w-]+\.md)\)", body) if name in pages and name not in known]
        known.update(named)
        parts += [f"## {title}{body}", tree(title, named)]
    # A page that the list has forgotten is found all the same; a test tells of it.
    left = sorted(set(pages) - known)
    trees = {"More": left, "Plugins and roles": [f"{REFERENCE}/index.rst"] if reference else []}
    return "\n".join([*parts, *(tree(title, names) for title, names in trees.items() if names)])


def tree(caption: str, names: Sequence[str]) -> str:
    listed = "\n".join(names)
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"
