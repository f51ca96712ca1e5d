# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lint layer: code, playbooks and documentation as their linters see them, and the collection as a user gets it."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import collection, console, docsite, paths
from .python import Environment
from .results import Layer
from .warm import playbook

DOCUMENTED = {
    "module": "plugins/modules/*.py",
    "callback": "plugins/callback/*.py",
    "filter": "plugins/filter/*.yml",
    "inventory": "plugins/inventory/*.py",
}


def commands() -> Iterator[tuple[str, list[str], Path]]:
    """Linters over the checkout: a title, a command, the folder to run it in."""
    root = paths.ROOT
    yield "ruff check", ["ruff", "check", "."], root
    yield "ruff format", ["ruff", "format", "--check", "."], root
    yield "mypy sandbox", ["mypy", "sandbox"], root
    yield "mypy plugins", ["mypy", "ansible_collections/edgefleet/ecs/plugins"], paths.collections()
    yield "yamllint", ["yamllint", "--strict", "."], root
    yield "shellcheck", ["shellcheck", *shell_scripts()], root
    yield "ansible-lint", ["python", "-m", "sandbox.tooling.ansible_lint", "--offline", "--profile", "production"], root
    yield "antsibull-changelog", ["antsibull-changelog", "lint"], root
    references = ["--plugin-docs", "--validate-collection-refs", "self"]
    yield "antsibull-docs", ["antsibull-docs", "lint-collection-docs", *references, "."], root


def run(layer: Layer, environment: Environment) -> None:
    # ansible-lint has about a hundred playbooks and roles read by ansible-playbook.
    python = str(environment.bin / "python")
    with (
        tempfile.TemporaryDirectory(prefix="edgefleet-warm-") as folder,
        playbook.serving(Path(folder), python) as warm,
    ):
        _check_checkout(layer, environment, {**layer.env, **warm, "PATH": playbook.path(layer.env["PATH"])})
    layer.check("pages of the documentation", docsite.check(environment), layer.env, paths.ROOT)
    _check_installed(layer, environment)


def _check_checkout(layer: Layer, environment: Environment, env: Mapping[str, str]) -> None:
    for title, (tool, *arguments), folder in commands():
        layer.check(title, [str(environment.bin / tool), *arguments], env, folder)


def shell_scripts() -> list[str]:
    """Files of the checkout that say they are shell."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=paths.ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listing.stdout.splitlines() if _is_shell(paths.ROOT / name)]


def _is_shell(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        first = stream.readline(80)
    return first.startswith(b"#!") and first.rstrip().endswith((b"sh", b"bash"))


def _check_installed(layer: Layer, environment: Environment) -> None:
    with tempfile.TemporaryDirectory(prefix="edgefleet-lint-") as workspace:
        start = time.monotonic()
        try:
            galaxy = environment.bin / "ansible-galaxy"
            installed = collection.install(Path(workspace), galaxy, layer.env, layer.log("collection"))
        except console.Failure as error:
            layer.count("collection builds and installs offline", str(error))
            return
        layer.count("collection builds and installs offline", "", time.monotonic() - start)
        for kind, names in documented(installed):
            start = time.monotonic()
            problem = undocumented(environment, layer, installed, kind, names)
            layer.count(f"ansible-doc of each {kind}: {len(names)}", problem, time.monotonic() - start)


def documented(installed: Path) -> Iterator[tuple[str, list[str]]]:
    """The kinds of content that ansible-doc has to know, with their names."""
    for kind, pattern in DOCUMENTED.items():
        yield kind, sorted(path.stem for path in installed.glob(pattern) if path.stem != "__init__")
    yield "role", sorted(path.name for path in installed.glob("roles/*") if path.is_dir())


def undocumented(environment: Environment, layer: Layer, installed: Path, kind: str, names: list[str]) -> str:
    """What ansible-doc cannot show; empty when it shows everything."""
    if not names:
        return f"the collection has no {kind}"
    wanted = [f"edgefleet.ecs.{name}" for name in names]
    command = [str(environment.bin / "ansible-doc"), "--json", "--type", kind, *wanted]
    env = {**layer.env, "ANSIBLE_COLLECTIONS_PATH": str(installed.parents[2])}
    answer = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    try:
        shown = json.loads(answer.stdout)
    except ValueError:
        return answer.stderr
    entries = {name: shown.get(name, {}) for name in wanted}
    missing = [name for name, entry in entries.items() if not (entry.get("doc") or entry.get("entry_points"))]
    return f"ansible-doc does not show: {', '.join(missing)}\n{answer.stderr}" if missing else ""
