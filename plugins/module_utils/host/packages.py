# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages on a host: what is installed, what a file holds, whether it may be trusted, and how it gets installed.

The commands stand in planning/platforms.py. The package managers' Python bindings are not used: they exist for the
system's own Python alone, which is too old for ansible-core on RHEL 8 and Amazon Linux 2. Nothing here knows a module.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from typing import Optional

from ansible.module_utils.urls import open_url
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.package_version import satisfied
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import platforms

# needrestart would restart the container engine, and kill its tasks.
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "NEEDRESTART_SUSPEND": "1",
    "LC_ALL": "C.UTF-8",
    "ZYPP_LOCK_TIMEOUT": "300",
}
# What gpg says of a signature that is intact and yet not to be trusted (doc/DETAILS of GnuPG, "The status interface").
DISTRUST = {
    "BADSIG": "the signature does not match the file",
    "ERRSIG": "the signature cannot be checked, most likely because it is by another key",
    "NO_PUBKEY": "the file is signed by a key that was not given",
    "EXPSIG": "the signature has expired",
    "EXPKEYSIG": "the key that signed has expired",
    "REVKEYSIG": "the key that signed was revoked",
    "NODATA": "the signature file holds no signature",
}
# apt's lists have no timeout of their own, and those of Debian 10 and Ubuntu 18.04 know none for packages either.
LOCKED = re.compile(
    r"could not get lock|unable to (acquire|lock)|is another process using it|system management is locked", re.I
)
INTERRUPTED = "dpkg was interrupted"
LOCK_PAUSE = 5.0
# Where the paths of sockets stay short.
SHORT = "/tmp"

Run = Callable[[list[str]], tuple[int, str, str]]
Which = Callable[[str], Optional[str]]


class PackageError(Exception):
    """An expected way to fail; the text is for the operator."""


# --- trust ---


def normalized(fingerprints: Iterable[str]) -> list[str]:
    """Fingerprints as gpg writes them. A short key id is no pin: it can be forged."""
    plain = [re.sub(r"\s", "", text).upper() for text in fingerprints]
    wrong = [text for text in plain if not re.fullmatch(r"[0-9A-F]{40}", text)]
    if wrong or not plain:
        raise PackageError(f"fingerprints: '{(wrong or [''])[0]}' is not a fingerprint of forty hexadecimal digits.")
    return plain


def signer(status: str, pinned: list[str]) -> str:
    """The pinned primary key that made the signature, out of gpg's status lines."""
    lines = [line.split()[1:] for line in status.splitlines() if line.startswith("[GNUPG:] ")]
    distrust = next((DISTRUST[words[0]] for words in lines if words and words[0] in DISTRUST), None)
    if distrust:
        raise PackageError(f"Signature refused: {distrust}.")
    valid = [words for words in lines if words and words[0] == "VALIDSIG"]
    # A signature by a subkey names the fingerprint of its primary key in the last field.
    if len(valid) != 1 or not any(words and words[0] == "GOODSIG" for words in lines):
        raise PackageError("Signature refused: gpg does not call it good.")
    primary = valid[0][-1].upper()
    if primary not in pinned:
        raise PackageError(f"Signature refused: it is good, but by {primary}, which is not one of {', '.join(pinned)}.")
    return primary


def verify(run: Run, gpg: str | None, folder: str, path: str, pinned: list[str]) -> str:
    """Who signed the file at path; C(folder) holds C(key) and C(signature)."""
    if not gpg:
        raise PackageError(
            "gpg is missing, so the signature cannot be verified. Install gnupg where this was said, "
            "or take the package from a repository."
        )
    # Not in the folder: with a socket's path of more than 107 bytes gpg calls even an import a failure.
    with tempfile.TemporaryDirectory(prefix="edgefleet-", dir=SHORT if os.path.isdir(SHORT) else None) as home:
        base = [gpg, "--homedir", home, "--batch", "--no-tty", "--no-autostart", "--status-fd", "1"]
        code, _out, err = run([*base, "--import", os.path.join(folder, "key")])
        if code != 0:
            raise PackageError(f"The public key cannot be read: {err.strip()}")
        _code, out, _err = run([*base, "--verify", os.path.join(folder, "signature"), path])
        return signer(out, pinned)


def digest(path: str) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            found.update(block)
    return found.hexdigest()


def check_digest(path: str, wanted: str, name: str) -> None:
    """SHA-256; nothing is wanted where it is empty."""
    plain = re.sub(r"^sha256:|\s", "", wanted).lower()
    if plain and digest(path) != plain:
        raise PackageError(f"Checksum refused: {name} has the SHA-256 {digest(path)}, not {plain}.")


def fetch(url: str, path: str, timeout: int) -> None:
    if not re.match(r"https?://", url):
        raise PackageError(f"'{url}' is not an http or https URL.")
    try:
        with open_url(url, timeout=timeout, use_netrc=False) as answer, open(path, "wb") as file:
            shutil.copyfileobj(answer, file)
    except (OSError, ValueError) as error:
        # OSError is what urllib's own errors are, too.
        raise PackageError(f"Cannot download {url}: {error}") from error


# --- the package manager ---


class Manager:
    """The package manager of this host."""

    def __init__(self, run: Run, which: Which, patience: float = 300.0) -> None:
        self.run = run
        self.patience = patience
        self.debian = bool(which("dpkg-query"))
        # dnf before yum: where both are, yum is another name of dnf.
        rpm = (name for name in ("dnf", "yum", "zypper") if which(name))
        self.name = "apt" if self.debian else next(rpm, "")

    @property
    def format(self) -> str:
        return "deb" if self.debian else "rpm"

    def installed(self, package: str) -> str | None:
        if self.debian:
            query = ["dpkg-query", "--show", "--showformat=${db:Status-Abbrev}|${Version}", package]
            code, out, _err = self.run(query)
            status, _bar, version = out.partition("|")
            # Anything but "ii" is half-installed or only a trace of an earlier life.
            return version.strip() if code == 0 and status[1:3] == "i " and status[:1] in "ih" else None
        code, out, _err = self.run(["rpm", "--query", "--queryformat", "%{VERSION}-%{RELEASE}\n", package])
        return out.splitlines()[0].strip() if code == 0 and out.strip() else None

    def described(self, path: str) -> tuple[str, str]:
        """Name and version that a package file gives itself."""
        command = ["rpm", "--query", "--package", "--queryformat", "%{NAME}|%{VERSION}-%{RELEASE}", path]
        if self.debian:
            command = ["dpkg-deb", "--show", "--showformat=${Package}|${Version}", path]
        code, out, err = self.run(command)
        if code != 0:
            raise PackageError(f"The file is not a package that this host can read: {err.strip()}")
        name, _bar, version = out.strip().partition("|")
        return name, version

    def older(self, one: str, other: str) -> bool:
        """Whether the first version is older, as the package manager counts."""
        if self.debian:
            return self.run(["dpkg", "--compare-versions", one, "lt", other])[0] == 0
        # Versions hold neither quotes nor backslashes.
        _code, out, _err = self.run(["rpm", "--eval", f"%{{lua: print(rpm.vercmp('{one}', '{other}'))}}"])
        return out.strip() == "-1"

    def install_files(self, package: str, paths: list[str], version: str) -> None:
        """Install package files, of which one holds the package."""
        self._install(package, paths, version, files=True)

    def install(self, packages: list[str], versioned: Iterable[str], version: str, topic: str = "") -> None:
        """Install packages from the host's repositories; the first one decides whether it has worked."""
        if topic:
            self._managed(["amazon-linux-extras", "enable", topic])
        if self.name in platforms.REFRESH:
            self._managed(list(platforms.REFRESH[self.name]))
        pinned = set(versioned)
        names = [
            platforms.versioned(self.name, name, self._offered(name, version) if name in pinned else "")
            for name in packages
        ]
        self._install(packages[0], names, version)

    def _install(self, package: str, what: list[str], version: str, files: bool = False) -> None:
        if not self.name:
            raise PackageError("No known package manager here (apt-get, dnf, yum, zypper).")
        command = platforms.install_command(self.name, what, files)
        self._managed(command)
        if self.name == "apt" and self.installed(package) is None:
            # Of a package that a power cut has left half-installed, apt has the same version already.
            self._managed([*command[:2], "--reinstall", *command[2:]])
        # yum leaves a newer version where it is, and calls that a success.
        if self.name in platforms.DOWNGRADE and not satisfied(self.installed(package), version):
            self._managed([*platforms.DOWNGRADE[self.name], *what])
        found = self.installed(package)
        if not satisfied(found, version):
            wanted = f"{package} {version}".rstrip()
            raise PackageError(f"{self.name} has not installed {wanted}: {found or 'nothing'} is installed.")

    def _offered(self, package: str, version: str) -> str:
        """The full version as apt wants to be told it; the other managers find it by themselves."""
        if self.name != "apt" or not version:
            return version
        lines = self.run(["apt-cache", "madison", package])[1].splitlines()
        offered = [line.split("|")[1].strip() for line in lines if line.count("|") >= 2]
        found = next((candidate for candidate in offered if satisfied(candidate, version)), None)
        if found is None:
            there = ", ".join(dict.fromkeys(offered)) or "none"
            raise PackageError(f"The host's repositories offer no {package} {version} (offered: {there}).")
        return found

    def _managed(self, command: list[str]) -> None:
        """Run a command of the package manager; wait for whoever holds its lock, and finish what was cut short."""
        deadline = time.monotonic() + self.patience
        repaired = False
        while True:
            code, out, err = self.run(command)
            if code == 0:
                return
            if INTERRUPTED in err and not repaired:
                repaired = True
                self.run(["dpkg", "--force-confold", "--configure", "--pending"])
            elif LOCKED.search(err + out) and time.monotonic() < deadline:
                time.sleep(LOCK_PAUSE)
            else:
                # What dpkg says, such as that the disk is full, apt-get prints among its own output.
                said = "\n".join(part.strip() for part in (out, err) if part.strip())[-2000:]
                raise PackageError(f"{' '.join(command[:2])} failed with code {code}: {said}")
