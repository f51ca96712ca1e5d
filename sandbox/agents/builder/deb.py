# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One .deb from packages/NAME (control, scripts, tree) and the Python package `standin`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from .run import run

HERE = Path(__file__).resolve().parents[1]
RELEASE = '''# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Written by the build."""
from __future__ import annotations

VERSION = "%s"
'''


class Recipe(NamedTuple):
    name: str
    part: str  # subpackage of standin
    versions: tuple[str, ...]  # newest first
    empty_directories: tuple[str, ...]

    @property
    def latest(self) -> str:
        return self.versions[0]

    def file_name(self, version: str) -> str:
        return f"{self.name}_{version}_amd64.deb"


SSM_AGENT = Recipe("amazon-ssm-agent", "ssm", ("3.3.987.0", "3.3.859.0"), ("var/lib/amazon/ssm", "var/log/amazon/ssm"))
ECS_INIT = Recipe(
    "amazon-ecs-init",
    "ecs",
    ("1.105.1-1", "1.104.0-1"),
    ("etc/ecs", "var/cache/ecs", "var/lib/ecs/data", "var/log/ecs"),
)
RECIPES = (SSM_AGENT, ECS_INIT)


def _copy_modules(recipe: Recipe, version: str, root: Path) -> None:
    """The shared modules and the recipe's own part, never the other's."""
    library = root / "usr/lib" / recipe.name / "standin"
    source = HERE / "standin"
    for part in (source, source / recipe.part):
        for module in sorted(part.glob("*.py")):
            target = library / module.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(module, target)
    (library / "release.py").write_text(RELEASE % version, encoding="utf-8")


def set_modes(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        program = path.is_dir() or path.read_bytes().startswith(b"#!")
        path.chmod(0o755 if program else 0o644)


def stage_programs(recipe: Recipe, version: str, root: Path) -> None:
    """What is installed, whatever the format of the package."""
    shutil.copytree(HERE / "packages" / recipe.name / "tree", root)
    _copy_modules(recipe, version, root)
    for directory in recipe.empty_directories:
        (root / directory).mkdir(parents=True, exist_ok=True)
    documentation = root / "usr/share/doc" / recipe.name
    documentation.mkdir(parents=True)
    (documentation / "copyright").write_text(
        "Copyright (c) 2026, edgefleet contributors\nSPDX-License-Identifier: GPL-3.0-or-later\n"
        "On Debian systems the licence is in /usr/share/common-licenses/GPL-3.\n",
        encoding="ascii",
    )


def stage(recipe: Recipe, version: str, root: Path) -> None:
    source = HERE / "packages" / recipe.name
    stage_programs(recipe, version, root)
    shutil.copytree(source / "scripts", root / "DEBIAN")
    control = (source / "control").read_text(encoding="utf-8").replace("@VERSION@", version)
    (root / "DEBIAN/control").write_text(control, encoding="utf-8")
    set_modes(root)


def build(recipe: Recipe, version: str, work: Path, pool: Path) -> Path:
    root = work / (f"{recipe.name}_{version}")
    stage(recipe, version, root)
    target = pool / recipe.file_name(version)
    run(
        "dpkg-deb",
        "--root-owner-group",
        "-Zxz",
        "--build",
        str(root),
        str(target),
        env={"SOURCE_DATE_EPOCH": "1767225600"},
    )
    return target
