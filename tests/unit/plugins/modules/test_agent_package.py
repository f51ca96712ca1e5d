# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import packages
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.packages import Manager, PackageError
from ansible_collections.edgefleet.ecs.plugins.modules import agent_package


class Signed:
    """A file, a key and a signature, and a package manager that knows the file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "maker"
        self.home.mkdir(mode=0o700)
        self._gpg("--passphrase", "", "--quick-gen-key", "Maker <maker@example.com>", "ed25519", "sign", "never")
        listing = self._gpg("--with-colons", "--list-keys")
        self.fingerprint = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))
        (folder / "file.deb").write_text("package")
        self._gpg("--detach-sign", "--output", str(folder / "file.deb.sig"), str(folder / "file.deb"))
        self.key = self._gpg("--armor", "--export")
        self.ran: list[str] = []
        self.gpg: str | None = "gpg"

    def _gpg(self, *arguments: str) -> str:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--no-tty", "--pinentry-mode", "loopback", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def stop(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False)

    def run(self, command: list[str]) -> tuple[int, str, str]:
        """The package manager's commands are answered from a table."""
        self.ran.append(command[0])
        there = "apt-get" in self.ran
        answers = {
            "dpkg-deb": (0, "agent|1.2-1\n", ""),
            "apt-get": (0, "", ""),
            "dpkg-query": (0, "ii |1.2-1", "") if there else (1, "", ""),
        }
        if command[0] in answers:
            return answers[command[0]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def install(self, **changes: Any) -> tuple[str, str]:
        params = {
            "name": "agent", "version": "1.2", "url": "http://mirror/file.deb", "signature_url": "http://mirror/file.deb.sig",
            "src": None, "signature_src": None, "key": self.key, "key_url": None, "fingerprints": [self.fingerprint],
            "checksum": "", "timeout": 1, **changes,
        }  # fmt: skip
        manager = Manager(self.run, lambda name: name if name == "dpkg-query" else None)
        return agent_package.ensure_installed(manager, self.gpg, params)

    def installed(self) -> bool:
        return "apt-get" in self.ran


@pytest.fixture
def signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signed]:
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed here")
    made = Signed(tmp_path)
    fetch = lambda url, path, _: shutil.copy(tmp_path / url.rpartition("/")[2], path)  # noqa: E731
    monkeypatch.setattr(packages, "fetch", fetch)
    yield made
    made.stop()


class TestWithGpg:
    def test_good(self, signed: Signed) -> None:
        assert signed.install() == ("1.2-1", signed.fingerprint)
        assert signed.installed()

    def test_key_from_a_url(self, signed: Signed) -> None:
        (signed.folder / "key.asc").write_text(signed.key)
        assert signed.install(key=None, key_url="http://mirror/key.asc")[1] == signed.fingerprint

    def test_from_files_without_a_network(self, signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(packages, "fetch", None)
        files = {"url": None, "signature_url": None}
        files.update(src=str(signed.folder / "file.deb"), signature_src=str(signed.folder / "file.deb.sig"))
        assert signed.install(**files) == ("1.2-1", signed.fingerprint)

    def test_changed_file_that_was_pushed(self, signed: Signed) -> None:
        (signed.folder / "file.deb").write_text("changed on the way")
        files = {"url": None, "src": str(signed.folder / "file.deb")}
        with pytest.raises(PackageError, match="does not match"):
            signed.install(**files, signature_src=str(signed.folder / "file.deb.sig"))
        assert not signed.installed()

    def test_another_checksum_than_asked(self, signed: Signed) -> None:
        with pytest.raises(PackageError, match="Checksum refused: http://mirror/file.deb"):
            signed.install(checksum="0" * 64)
        assert not signed.installed()

    def test_nothing_is_left(self, signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
        before = sorted(signed.folder.iterdir())
        monkeypatch.setattr("tempfile.tempdir", str(signed.folder))
        signed.install()
        assert sorted(signed.folder.iterdir()) == before

    def test_changed_file(self, signed: Signed) -> None:
        (signed.folder / "file.deb").write_text("changed on the way")
        with pytest.raises(PackageError, match="does not match"):
            signed.install()
        assert not signed.installed()

    def test_good_signature_by_a_key_that_is_not_pinned(self, signed: Signed) -> None:
        with pytest.raises(PackageError, match="not one of"):
            signed.install(fingerprints=["A" * 40])
        assert not signed.installed()

    @pytest.mark.parametrize("content", ["", "not a signature"])
    def test_no_signature(self, signed: Signed, content: str) -> None:
        (signed.folder / "file.deb.sig").write_text(content)
        with pytest.raises(PackageError, match="refused"):
            signed.install()
        assert not signed.installed()

    def test_no_key(self, signed: Signed) -> None:
        with pytest.raises(PackageError, match="public key cannot be read"):
            signed.install(key="no key")
        assert not signed.installed()

    def test_no_gpg(self, signed: Signed) -> None:
        signed.gpg = None
        with pytest.raises(PackageError, match="gpg is missing"):
            signed.install()
        assert not signed.installed()

    @pytest.mark.parametrize("wrong", [{"name": "other"}, {"version": "1.3"}])
    def test_another_package_than_asked(self, signed: Signed, wrong: dict[str, str]) -> None:
        with pytest.raises(PackageError, match="instead of"):
            signed.install(**wrong)
        assert not signed.installed()
