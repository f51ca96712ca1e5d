# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenPGP keys of this machine's sandboxes.

gpg works in a temporary home that goes with the build. The private halves stay in the cache (0600), because a sandbox
that runs goes on trusting the key that it was booted with when the packages are built again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from .run import BuildError, run


class Key(NamedTuple):
    name: str
    fingerprint: str


class Keyring:
    """A context: the temporary GNUPGHOME and its gpg-agent end with it."""

    def __init__(self) -> None:
        self._home = Path()

    def __enter__(self) -> Keyring:
        # A short path: the agent's socket lies in it, and the name of a socket has 107 characters at most.
        self._home = Path(tempfile.mkdtemp(prefix="gpg-"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            run("gpgconf", "--homedir", str(self._home), "--kill", "all")
        finally:
            shutil.rmtree(self._home, ignore_errors=True)

    def _gpg(self, *arguments: str) -> str:
        return run("gpg", "--homedir", str(self._home), "--batch", "--no-tty", "--quiet", *arguments)

    def obtain(self, store: Path, name: str, algorithm: str, expiry: str) -> Key:
        """The key kept in the store under this name, or a new one."""
        saved = store / (name.lower().replace(" ", "-") + ".asc")
        if saved.is_file():
            self._gpg("--pinentry-mode", "loopback", "--passphrase", "", "--import", str(saved))
            return self._find(name)
        self._gpg("--pinentry-mode", "loopback", "--passphrase", "", "--quick-gen-key", name, algorithm, "sign", expiry)
        key = self._find(name)
        self._keep(key, saved)
        return key

    def _keep(self, key: Key, saved: Path) -> None:
        secret = self._gpg(
            "--pinentry-mode", "loopback", "--passphrase", "", "--armor", "--export-secret-keys", key.fingerprint
        )
        saved.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = saved.with_suffix(".partial")
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as target:
            target.write(secret)
        partial.replace(saved)

    def _find(self, name: str) -> Key:
        listing = self._gpg("--with-colons", "--list-keys", "=" + name)
        for line in listing.splitlines():
            fields = line.split(":")
            if fields[0] == "fpr":
                return Key(name, fields[9])
        raise BuildError("gpg made no key for " + name)

    def export(self, key: Key, target: Path) -> None:
        target.write_text(self._gpg("--armor", "--export", key.fingerprint), encoding="ascii")

    def detach(self, key: Key, source: Path, target: Path, armored: bool) -> None:
        form = ["--armor"] if armored else []
        self._gpg(
            "--yes", "--local-user", key.fingerprint, *form, "--output", str(target), "--detach-sign", str(source)
        )

    def clear_sign(self, key: Key, source: Path, target: Path) -> None:
        self._gpg("--yes", "--local-user", key.fingerprint, "--output", str(target), "--clear-sign", str(source))

    def sign_rpm(self, key: Key, package: Path) -> None:
        """The signature inside of the package, which dnf asks for where a repository has gpgcheck."""
        macros = {"_gpg_path": str(self._home), "_gpg_name": key.fingerprint, "__gpg": "/usr/bin/gpg"}
        defines = [part for name, value in macros.items() for part in ("--define", f"{name} {value}")]
        run("rpmsign", "--addsign", *defines, str(package))
