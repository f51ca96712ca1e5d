# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory that is served: repositories for apt and dnf, and plain files where and as AWS publishes them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from ...apt_sources import SUITES
from . import deb, rpm
from .run import link_or_copy, run
from .signing import Key, Keyring

REGION = "us-west-2"
AGENTS_POOL = "pool/agents"
SSM_BUCKET = "amazon-ssm-" + REGION
ECS_BUCKET = "amazon-ecs-agent-" + REGION
RELEASE_FIELDS = {
    "Origin": "edgefleet sandbox",
    "Label": "edgefleet sandbox",
    "Architectures": "amd64 all",
    "Components": "main",
    "Description": "Stand-in agents and a container engine for sandbox hosts",
}

# Files by version.
Packages = Mapping[str, Path]
Builder = Callable[[deb.Recipe, str, Path, Path], Path]


def _index(repository: Path, suite: str) -> Path:
    """Both agents, and the suite's own engine, where there is one."""
    dists = repository / "dists" / suite
    binaries = dists / "main/binary-amd64"
    binaries.mkdir(parents=True)
    pools = [pool for pool in (AGENTS_POOL, f"pool/{suite}") if (repository / pool).is_dir()]
    packages = binaries / "Packages"
    # Stanzas end with an empty line.
    packages.write_text("".join(run("apt-ftparchive", "packages", pool, cwd=repository) for pool in pools))
    run("xz", "--keep", "--quiet", str(packages))
    return dists


def repository(site: Path, suite: str, keyring: Keyring, key: Key) -> None:
    """Indexes and signs what lies under debian/pool for hosts of a suite."""
    dists = _index(site / "debian", suite)
    fields = {**RELEASE_FIELDS, "Suite": suite, "Codename": suite}
    options = [part for field, value in fields.items() for part in ("-o", f"APT::FTPArchive::Release::{field}={value}")]
    release = run("apt-ftparchive", *options, "release", str(dists))
    (dists / "Release").write_text(release, encoding="utf-8")
    keyring.detach(key, dists / "Release", dists / "Release.gpg", armored=True)
    keyring.clear_sign(key, dists / "Release", dists / "InRelease")


def rpm_repository(site: Path, packages: Iterable[Path], keyring: Keyring, key: Key) -> None:
    """The same for dnf. Its packages are signed inside, which those of Amazon's buckets are not."""
    root = site / "rpm"
    (root / "Packages").mkdir(parents=True)
    for package in packages:
        signed = root / "Packages" / package.name
        shutil.copyfile(package, signed)
        keyring.sign_rpm(key, signed)
    run("createrepo_c", "--quiet", "--no-database", "--simple-md-filenames", str(root))
    keyring.detach(key, root / "repodata/repomd.xml", root / "repodata/repomd.xml.asc", armored=True)


def _labelled(recipe: deb.Recipe) -> Iterator[tuple[str, str]]:
    yield "latest", recipe.latest
    yield from ((version, version) for version in recipe.versions)


def ssm_files(site: Path, platform: str, packages: Packages, keyring: Keyring, key: Key) -> None:
    for label, version in _labelled(deb.SSM_AGENT):
        folder = site / SSM_BUCKET / label / platform
        folder.mkdir(parents=True)
        target = folder / f"amazon-ssm-agent{packages[version].suffix}"
        shutil.copyfile(packages[version], target)
        keyring.detach(key, target, target.with_name(target.name + ".sig"), armored=False)
    (site / SSM_BUCKET / "latest/VERSION").write_text(deb.SSM_AGENT.latest + "\n", encoding="ascii")


def ecs_files(site: Path, architecture: str, packages: Packages, keyring: Keyring, key: Key) -> None:
    folder = site / ECS_BUCKET
    folder.mkdir(parents=True, exist_ok=True)
    for label, version in _labelled(deb.ECS_INIT):
        target = folder / f"amazon-ecs-init-{label}.{architecture}{packages[version].suffix}"
        shutil.copyfile(packages[version], target)
        keyring.detach(key, target, target.with_name(target.name + ".asc"), armored=True)


def _build_all(build_one: Builder, work: Path, target: Path) -> dict[deb.Recipe, Packages]:
    target.mkdir(parents=True)
    return {
        recipe: {version: build_one(recipe, version, work, target) for version in recipe.versions}
        for recipe in deb.RECIPES
    }


def build(site: Path, work: Path, engines: Mapping[str, Path], key_store: Path) -> None:
    debs = _build_all(deb.build, work, site / "debian" / AGENTS_POOL)
    rpms = _build_all(rpm.build, work, work / "rpms")
    for suite, engine in engines.items():
        pool = site / "debian/pool" / suite
        pool.mkdir()
        for package in sorted(engine.glob("*.deb")):
            link_or_copy(package, pool / package.name)
    keys = site / "keys"
    keys.mkdir()
    with Keyring() as keyring:
        repository_key = keyring.obtain(key_store, "edgefleet sandbox repository", "ed25519", "never")
        ssm_key = keyring.obtain(key_store, "sandbox SSM Agent", "rsa2048", "5y")
        ecs_key = keyring.obtain(key_store, "sandbox Amazon ECS", "rsa2048", "never")
        for suite in SUITES:
            repository(site, suite, keyring, repository_key)
        rpm_repository(site, (package for made in rpms.values() for package in made.values()), keyring, repository_key)
        for platform, architecture, built in (("debian_amd64", "amd64", debs), ("linux_amd64", "x86_64", rpms)):
            ssm_files(site, platform, built[deb.SSM_AGENT], keyring, ssm_key)
            ecs_files(site, architecture, built[deb.ECS_INIT], keyring, ecs_key)
        keyring.export(repository_key, keys / "sandbox.asc")
        keyring.export(ssm_key, keys / "amazon-ssm-agent.gpg")
        keyring.export(ecs_key, keys / "amazon-ecs-agent.gpg")
    prints = {"repository": repository_key, "ssm_agent": ssm_key, "ecs_agent": ecs_key}
    (keys / "fingerprints.json").write_text(
        json.dumps({name: key.fingerprint for name, key in prints.items()}, indent=2) + "\n", encoding="ascii"
    )
