# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that must survive a power cut: written beside, flushed, renamed, and the directory flushed."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import typing as t

ROOT = (0, 0)


class FileState(t.NamedTuple):
    """What matters of a file; text is None where there is none."""

    text: str | None = None
    mode: int | None = None
    owner: tuple[int, int] | None = None


def read(path: str) -> str | None:
    """Text of a file, None without one. Bytes that are no UTF-8 come through, so that they can be compared."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def state(path: str) -> FileState:
    text = read(path)
    if text is None:
        return FileState()
    found = os.lstat(path)
    return FileState(text, stat.S_IMODE(found.st_mode), (found.st_uid, found.st_gid))


def flush_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: str, text: str, mode: int = 0o600, owner: tuple[int, int] = ROOT) -> None:
    """Put the text in place at once: a reader, or a power cut, meets the old file or the new one."""
    directory = os.path.dirname(path)
    os.makedirs(directory, mode=0o755, exist_ok=True)
    beside = os.path.join(directory, "." + os.path.basename(path) + ".edgefleet-new")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(beside)  # of a run that was cut short
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            os.fchown(stream.fileno(), *owner)
            os.fchmod(stream.fileno(), mode)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(beside, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        raise
    flush_directory(directory)


def copy_tree(source: str, target: str) -> None:
    """Copy a directory with owners and modes, and flush every part of it."""
    os.mkdir(target, 0o700)
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        place = os.path.join(target, entry.name)
        if entry.is_dir(follow_symlinks=False):
            copy_tree(entry.path, place)
        elif entry.is_file(follow_symlinks=False):
            _copy_file(entry.path, place)
    _copy_owner(source, target)
    flush_directory(target)


def _copy_file(source: str, target: str) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(source, "rb") as reader, open(descriptor, "wb") as writer:
        shutil.copyfileobj(reader, writer)
        writer.flush()
        os.fsync(writer.fileno())
    _copy_owner(source, target)


def _copy_owner(source: str, target: str) -> None:
    found = os.stat(source)
    os.chown(target, found.st_uid, found.st_gid)
    os.chmod(target, stat.S_IMODE(found.st_mode))


def remove_tree(path: str) -> None:
    """Remove a directory, or nothing where there is none."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


def remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
