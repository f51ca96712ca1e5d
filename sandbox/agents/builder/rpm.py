# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One .rpm from the same programs as the .deb, with the spec file, the units and the scripts of packages/NAME/rpm.

What they require, the package sandbox-base of the RHEL stand-in provides: no RPM database knows Debian's packages.
"""

from __future__ import annotations

from pathlib import Path

from . import deb
from .deb import ECS_INIT, HERE, SSM_AGENT, Recipe
from .run import run

ARCHITECTURE = "x86_64"
# Where the vendor's RPMs have their units (packaging/linux/amazon-ssm-agent.spec; packaging/generic-rpm-integrated).
UNITS = {SSM_AGENT: "etc/systemd/system", ECS_INIT: "usr/lib/systemd/system"}

# rpmbuild's own ideas for programs of a distribution: none of them for a tree that is ready.
_MACROS = {
    "_binary_payload": "w6.gzdio",
    "_build_id_links": "none",
    "_buildhost": "sandbox",
    "__os_install_post": "%{nil}",
    "clamp_mtime_to_source_date_epoch": "1",
    "debug_package": "%{nil}",
    "use_source_date_epoch_as_buildtime": "1",
}


def version_and_release(version: str) -> tuple[str, str]:
    """1.105.1-1 has its release; 3.3.987.0 gets the vendor's."""
    number, _hyphen, release = version.partition("-")
    return number, release or "1"


def file_name(recipe: Recipe, version: str) -> str:
    return f"{recipe.name}-{'-'.join(version_and_release(version))}.{ARCHITECTURE}.rpm"


def stage(recipe: Recipe, version: str, root: Path) -> None:
    deb.stage_programs(recipe, version, root)
    units = root / UNITS[recipe]
    units.mkdir(parents=True)
    for unit in (root / "lib/systemd/system").iterdir():
        own = HERE / "packages" / recipe.name / "rpm" / unit.name
        (units / unit.name).write_text((own if own.is_file() else unit).read_text(encoding="utf-8"), encoding="utf-8")
        unit.unlink()
    for emptied in ("lib/systemd/system", "lib/systemd", "lib"):
        (root / emptied).rmdir()
    deb.set_modes(root)


def file_list(recipe: Recipe, root: Path) -> list[str]:
    """All files, and of the directories those that are the agent's own."""
    own = [f"%dir /{path}" for path in recipe.empty_directories]
    return [*own, *(f"/{path.relative_to(root)}" for path in sorted(root.rglob("*")) if path.is_file())]


def build(recipe: Recipe, version: str, work: Path, target: Path) -> Path:
    """The file below the target directory."""
    top = work / f"rpm-{recipe.name}-{version}"
    root = top / "root"
    stage(recipe, version, root)
    files = top / "files"
    files.write_text("\n".join([*file_list(recipe, root), ""]), encoding="utf-8")
    number, release = version_and_release(version)
    head = f"Version: {number}\nRelease: {release}\nAutoReqProv: no\n"
    tail = f"\n%install\nmkdir -p %{{buildroot}}\ncp -a {root}/. %{{buildroot}}\n"
    spec = top / "package.spec"
    source = HERE / "packages" / recipe.name / "rpm" / "spec"
    preamble, mark, rest = source.read_text(encoding="utf-8").partition("%description\n")
    spec.write_text(preamble + head + mark + rest + tail, encoding="utf-8")
    macros = {**_MACROS, "_topdir": top, "_tmppath": top, "_rpmdir": target, "_dbpath": top / "db", "file_list": files}
    macros["_rpmfilename"] = file_name(recipe, version)
    defines = [part for name, value in macros.items() for part in ("--define", f"{name} {value}")]
    run(
        "rpmbuild", "-bb", "--quiet", f"--target={ARCHITECTURE}-linux", *defines, str(spec),
        env={"SOURCE_DATE_EPOCH": "1767225600"},
    )  # fmt: skip
    return target / file_name(recipe, version)
