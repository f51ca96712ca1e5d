# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tested ends of ansible-core's range, a Python for each, and their virtual environments."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from . import console, paths

# Python versions on which an end is tested, the preferred one first.
ENDS: dict[str, tuple[str, ...]] = {
    "2.19": ("3.11", "3.12", "3.13"),
    "2.21": ("3.13", "3.12", "3.14"),
}
UNUSED_SECONDS = 14 * 86400


class Python(NamedTuple):
    """An interpreter on this machine."""

    version: str
    executable: Path


class Environment(NamedTuple):
    """A virtual environment that is ready for use."""

    end: str
    python: str
    path: Path

    @property
    def bin(self) -> Path:
        return self.path / "bin"


def _candidates(version: str) -> Iterator[str]:
    name = f"python{version}"
    for folder in os.get_exec_path():
        yield os.path.join(folder, name)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for release in sorted(pyenv.glob(f"{version}.*"), reverse=True):
        yield str(release / "bin" / name)


def _probe(candidate: str) -> Python | None:
    """Ask an interpreter what it is: a shim on PATH may stand for a version that is not installed."""
    if not os.access(candidate, os.X_OK):
        return None
    code = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"
    answer = subprocess.run([candidate, "-c", code], capture_output=True, text=True, check=False)
    version, _, executable = answer.stdout.strip().partition(" ")
    return Python(version, Path(executable)) if answer.returncode == 0 and executable else None


def find(versions: Sequence[str]) -> Python | None:
    """The first of these Python versions that this machine has."""
    for version in versions:
        for candidate in _candidates(version):
            found = _probe(candidate)
            if found and found.version == version:
                return found
    return None


def newest_end() -> tuple[str, Python]:
    """The newest end for which there is a Python; for the demo any of them will do."""
    for end in sorted(ENDS, reverse=True):
        found = find(ENDS[end])
        if found:
            return end, found
    raise console.Failure("No Python 3.11 or newer here; Debian 12 and Ubuntu 24.04 have one: apt-get install python3")


def chosen_ends() -> dict[str, Python]:
    """The ends to test; one without a Python is an error unless EDGEFLEET_ENDS leaves it out by name."""
    names = os.environ.get("EDGEFLEET_ENDS", "").replace(",", " ").split() or list(ENDS)
    unknown = [name for name in names if name not in ENDS]
    if unknown:
        raise console.Failure(f"EDGEFLEET_ENDS names {', '.join(unknown)}; known: {', '.join(ENDS)}")
    pythons = {name: find(ENDS[name]) for name in names}
    missing = [f"ansible-core {name} needs Python {' or '.join(ENDS[name])}" for name in names if not pythons[name]]
    if missing:
        advice = "Install it (on PATH, or with pyenv), or name the ends to test, as in: EDGEFLEET_ENDS=2.19 bin/test"
        raise console.Failure("\n".join([*missing, advice]))
    return {name: python for name, python in pythons.items() if python}


def requirement_files(end: str, sets: Sequence[str]) -> list[Path]:
    return [paths.ROOT / "requirements" / f"{name}.txt" for name in (f"control-{end}", *sets)]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One at a time: another checkout may want the same thing in the cache right now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.say(f"      waiting for another run, which holds {path}")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _digest(python: Python, files: Sequence[Path]) -> str:
    digest = hashlib.sha256(f"{python.version} {python.executable}".encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def environment(end: str, python: Python, sets: Sequence[str]) -> Environment:
    """A virtual environment with these sets of requirements, built once for all checkouts."""
    files = requirement_files(end, sets)
    path = paths.cache() / f"venv-{end}-{_digest(python, files)}"
    ready = path / ".complete"
    with locked(path.with_suffix(path.suffix + ".lock")):
        if not ready.exists():
            _build(path, python, files)
            _drop_unused(path.parent)
        ready.touch()
    return Environment(end, python.version, path)


def plain_environment(python: Python, sets: Sequence[str]) -> Path:
    """One without Ansible, for a tool that is not ours."""
    files = [paths.ROOT / "requirements" / f"{name}.txt" for name in sets]
    path = paths.cache() / f"venv-{'-'.join(sets)}-{_digest(python, files)}"
    with locked(path.with_suffix(".lock")):
        if not (path / ".complete").exists():
            _build(path, python, files)
        (path / ".complete").touch()
    return path


def _drop_unused(cache: Path) -> None:
    """Environments of older requirements, long after they were last asked for."""
    for ready in cache.glob("venv-*/.complete"):
        if time.time() - ready.stat().st_mtime > UNUSED_SECONDS:
            shutil.rmtree(ready.parent, ignore_errors=True)


def _build(path: Path, python: Python, files: Sequence[Path]) -> None:
    console.say(f"      {path.name}: Python {python.version}, {', '.join(file.stem for file in files)}")
    shutil.rmtree(path, ignore_errors=True)  # what an interrupted build left
    log = paths.logs() / f"{path.name}.log"
    make = [str(python.executable), "-m", "venv", str(path)]
    console.run(make, log=log, advice="Debian has that in a package of its own: apt-get install python3-venv")
    # Without compiling: most of the thousands of modules of `ansible` are never imported here.
    pip = [str(path / "bin" / "python"), "-m", "pip", "install", "--no-compile", "--progress-bar", "off"]
    wanted = [argument for file in files for argument in ("--requirement", str(file))]
    console.run([*pip, *wanted], log=log, advice="pip needs a package index: check the network, or pip's settings.")
