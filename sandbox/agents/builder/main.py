# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`build --output DIR`: made once in the cache, keyed by the sources; a second call only compares a line of text."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from ... import apt_sources
from . import deb, engine, site
from .run import BuildError, check_tools, link_or_copy

STAMP = ".edgefleet-build"


def cache_directory() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(os.environ.get("EDGEFLEET_CACHE") or os.path.join(home, "edgefleet")) / "agents"


def source_hash(with_engine: bool) -> str:
    """Over the name and content of every file that ends up in the site or decides about it."""
    digest = hashlib.sha256(b"engine" if with_engine else b"no engine")
    files = [path for part in ("builder", "packages", "standin") for path in (deb.HERE / part).rglob("*")]
    for path in sorted(files):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(deb.HERE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Two builds at a time would do the same work twice into the same place."""
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "lock", "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    print("agents: " + text, flush=True)


def engine_packages(cache: Path) -> dict[str, Path]:
    """The downloaded engine, by suite; fetched once for good, as a stable release hardly changes."""
    mark = hashlib.sha256(repr((engine.BASE, engine.WANTED)).encode()).hexdigest()[:8]
    targets = {suite: cache / f"engine-{suite}-{mark}" for suite in apt_sources.SUITES}
    missing = {suite: target for suite, target in targets.items() if not target.exists()}
    if missing:
        say(f"fetching {engine.WANTED} for Debian {', '.join(missing)} with this machine's apt")
        with ThreadPoolExecutor() as pool:
            for packages in pool.map(lambda item: _fetch(cache, *item), missing.items()):
                say(packages)
    return targets


def _fetch(cache: Path, suite: str, target: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="apt-", dir=cache) as work:
        return f"fetched for {suite}: {' '.join(engine.fetch(suite, Path(work), target))}"


def ensure_site(cache: Path, with_engine: bool) -> Path:
    target = cache / ("site-" + source_hash(with_engine))
    if target.exists():
        return target
    check_tools()
    downloaded = engine_packages(cache) if with_engine else {}
    say("building packages, repositories and signatures")
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache) as work:
        fresh = Path(work) / "site"
        site.build(fresh, Path(work), downloaded, cache / "keys")
        (fresh / STAMP).write_text(target.name + "\n", encoding="ascii")
        fresh.replace(target)
    return target


def publish(source: Path, output: Path) -> None:
    """The site in its place: beside it first, so that a server never shows half of it for long."""
    if (output / STAMP).is_file() and (output / STAMP).read_text(encoding="ascii") == (source / STAMP).read_text(
        encoding="ascii"
    ):
        return
    if output.exists() and any(output.iterdir()) and not (output / STAMP).is_file():
        raise BuildError(f"{output} holds other files; name an empty or a new directory")
    output.parent.mkdir(parents=True, exist_ok=True)
    fresh = output.with_name(output.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(source, fresh, copy_function=link_or_copy)
    shutil.rmtree(output, ignore_errors=True)
    fresh.replace(output)


def _drop_old(cache: Path, current: Path) -> None:
    """Sites of older sources, a week after they were made: another checkout may still use younger ones."""
    for path in cache.glob("site-*"):
        if path != current and time.time() - path.stat().st_mtime > 7 * 86400:
            shutil.rmtree(path, ignore_errors=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="build", description="Builds the stand-in agents and everything that hosts install from."
    )
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="directory to be served over HTTP")
    parser.add_argument("--without-engine", action="store_true", help="leave docker.io out: no network needed")
    options = parser.parse_args(arguments)
    cache = cache_directory()
    try:
        with locked(cache):
            built = ensure_site(cache, not options.without_engine)
            publish(built, options.output.resolve())
            _drop_old(cache, built)
    except (BuildError, apt_sources.SourceError, OSError) as error:
        print("agents: " + str(error), file=sys.stderr)
        return 1
    say(f"{options.output} is ready")
    return 0
