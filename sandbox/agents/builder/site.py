# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory that is served: an apt repository, and plain files where and as AWS publishes them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from . import deb
from .run import run
from .signing import Key, Keyring

REGION = "us-west-2"
SUITE = "stable"
SSM_BUCKET = "amazon-ssm-" + REGION
ECS_BUCKET = "amazon-ecs-agent-" + REGION
RELEASE_FIELDS = {
    "Origin": "edgefleet sandbox",
    "Label": "edgefleet sandbox",
    "Suite": SUITE,
    "Codename": SUITE,
    "Architectures": "amd64 all",
    "Components": "main",
    "Description": "Stand-in agents and a container engine for sandbox hosts",
}


def _index(repository: Path) -> None:
    binaries = repository / "dists" / SUITE / "main/binary-amd64"
    binaries.mkdir(parents=True)
    packages = binaries / "Packages"
    packages.write_text(run("apt-ftparchive", "packages", "pool", cwd=repository), encoding="utf-8")
    run("xz", "--keep", "--quiet", str(packages))


def repository(site: Path, keyring: Keyring, key: Key) -> None:
    """Indexes and signs everything that lies under debian/pool."""
    root = site / "debian"
    _index(root)
    dists = root / "dists" / SUITE
    options = [
        part for field, value in RELEASE_FIELDS.items() for part in ("-o", f"APT::FTPArchive::Release::{field}={value}")
    ]
    release = run("apt-ftparchive", *options, "release", str(dists))
    (dists / "Release").write_text(release, encoding="utf-8")
    keyring.detach(key, dists / "Release", dists / "Release.gpg", armored=True)
    keyring.clear_sign(key, dists / "Release", dists / "InRelease")


def ssm_files(site: Path, packages: dict[str, Path], keyring: Keyring, key: Key) -> None:
    recipe = deb.SSM_AGENT
    for label, version in (("latest", recipe.latest), *((version, version) for version in recipe.versions)):
        folder = site / SSM_BUCKET / label / "debian_amd64"
        folder.mkdir(parents=True)
        target = folder / "amazon-ssm-agent.deb"
        shutil.copyfile(packages[version], target)
        keyring.detach(key, target, target.with_name(target.name + ".sig"), armored=False)
    (site / SSM_BUCKET / "latest/VERSION").write_text(recipe.latest + "\n", encoding="ascii")


def ecs_files(site: Path, packages: dict[str, Path], keyring: Keyring, key: Key) -> None:
    recipe = deb.ECS_INIT
    folder = site / ECS_BUCKET
    folder.mkdir(parents=True)
    for label, version in (("latest", recipe.latest), *((version, version) for version in recipe.versions)):
        target = folder / (f"amazon-ecs-init-{label}.amd64.deb")
        shutil.copyfile(packages[version], target)
        keyring.detach(key, target, target.with_name(target.name + ".asc"), armored=True)


def build(site: Path, work: Path, engine: Path | None, key_store: Path) -> None:
    pool = site / "debian/pool"
    pool.mkdir(parents=True)
    built = {
        recipe: {version: deb.build(recipe, version, work, pool) for version in recipe.versions}
        for recipe in deb.RECIPES
    }
    for package in sorted(engine.glob("*.deb")) if engine else ():
        shutil.copyfile(package, pool / package.name)
    keys = site / "keys"
    keys.mkdir()
    with Keyring() as keyring:
        repository_key = keyring.obtain(key_store, "edgefleet sandbox repository", "ed25519", "never")
        ssm_key = keyring.obtain(key_store, "sandbox SSM Agent", "rsa2048", "5y")
        ecs_key = keyring.obtain(key_store, "sandbox Amazon ECS", "rsa2048", "never")
        repository(site, keyring, repository_key)
        ssm_files(site, built[deb.SSM_AGENT], keyring, ssm_key)
        ecs_files(site, built[deb.ECS_INIT], keyring, ecs_key)
        keyring.export(repository_key, keys / "sandbox.asc")
        keyring.export(ssm_key, keys / "amazon-ssm-agent.gpg")
        keyring.export(ecs_key, keys / "amazon-ecs-agent.gpg")
    prints = {"repository": repository_key, "ssm_agent": ssm_key, "ecs_agent": ecs_key}
    (keys / "fingerprints.json").write_text(
        json.dumps({name: key.fingerprint for name, key in prints.items()}, indent=2) + "\n", encoding="ascii"
    )
