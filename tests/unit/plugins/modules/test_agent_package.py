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
from ansible_collections.edgefleet.ecs.plugins.modules import agent_package
from ansible_collections.edgefleet.ecs.plugins.modules.agent_package import (
    Package,
    PackageError,
    normalized,
    satisfied,
    signer,
)

PRIMARY = "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F"
SUBKEY = "EB3DF841E2C9212A2BD42232DE3CBD61ADAF8B8E"
GOOD = (
    "[GNUPG:] NEWSIG\n"
    "[GNUPG:] GOODSIG DE3CBD61ADAF8B8E Somebody\n"
    f"[GNUPG:] VALIDSIG {SUBKEY} 2026-01-01 1767225600 0 4 0 1 8 00 {PRIMARY}\n"
)


class FakeModule:
    """As much of AnsibleModule as Package needs; the package manager's commands are answered from a table."""

    def __init__(self, answers: dict[str, tuple[int, str, str]], missing: tuple[str, ...] = ()) -> None:
        self.answers = answers
        self.missing = missing
        self.ran: list[list[str]] = []

    def get_bin_path(self, name: str) -> str | None:
        return None if name in self.missing else name

    def run_command(self, arguments: list[str], environ_update: dict[str, str]) -> tuple[int, str, str]:
        self.ran.append(arguments)
        if arguments[0] in self.answers:
            return self.answers[arguments[0]]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr


class TestSigner:
    def test_subkey_of_a_pinned_key_is_good(self) -> None:
        assert signer(GOOD, [PRIMARY]) == PRIMARY

    def test_subkey_itself_is_no_pin(self) -> None:
        with pytest.raises(PackageError, match="not one of"):
            signer(GOOD, [SUBKEY])

    @pytest.mark.parametrize("word", sorted(agent_package.DISTRUST))
    def test_any_doubt_refuses_even_beside_a_good_signature(self, word: str) -> None:
        with pytest.raises(PackageError, match="refused"):
            signer(f"{GOOD}[GNUPG:] {word} DE3CBD61ADAF8B8E\n", [PRIMARY])

    @pytest.mark.parametrize("status", ["", "VALIDSIG without prefix", GOOD.replace("GOODSIG", "OTHER"), GOOD * 2])
    def test_nothing_good_is_said(self, status: str) -> None:
        with pytest.raises(PackageError, match="does not call it good"):
            signer(status, [PRIMARY])


class TestNormalized:
    def test_spaces_and_case_do_not_matter(self) -> None:
        assert normalized(["f34c 3dda e729 26b0 79be  aec6 bce9 d9a4 2d51 784f"]) == [PRIMARY]

    @pytest.mark.parametrize("wrong", [[], ["2D51784F"], [PRIMARY, "BCE9D9A42D51784F"]])
    def test_a_short_id_is_no_fingerprint(self, wrong: list[str]) -> None:
        with pytest.raises(PackageError, match="forty"):
            normalized(wrong)


@pytest.mark.parametrize(
    ("installed", "asked", "answer"),
    [
        (None, "", False),
        (None, "1.2", False),
        ("1.2-1", "", True),
        ("1.2-1", "1.2-1", True),
        ("1.2-1", "1.2", True),
        ("1.20-1", "1.2", False),
        ("1.2-1", "1.2-2", False),
    ],
)
def test_satisfied(installed: str | None, asked: str, answer: bool) -> None:
    assert satisfied(installed, asked) is answer


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ((0, "ii |3.3.987.0-1", ""), "3.3.987.0-1"),
        ((0, "iF |3.3.987.0-1", ""), None),
        ((0, "rc |3.3.987.0-1", ""), None),
        ((1, "", "no packages found"), None),
    ],
)
def test_half_installed_is_not_installed(answer: tuple[int, str, str], version: str | None) -> None:
    assert Package(FakeModule({"dpkg-query": answer}), "x").installed() == version


class FakeDpkg(FakeModule):
    """apt-get that refuses to work until dpkg has ended what a power cut interrupted, if it can."""

    def __init__(self, mended: tuple[int, str, str]) -> None:
        refusal = "E: dpkg was interrupted, you must manually run 'sudo dpkg --configure -a' to correct the problem."
        super().__init__({"apt-get": (100, "", refusal), "dpkg": (0, "", "")})
        self.mended = mended

    def run_command(self, arguments: list[str], environ_update: dict[str, str]) -> tuple[int, str, str]:
        answer = super().run_command(arguments, environ_update)
        if arguments[0] == "dpkg":
            self.answers["apt-get"] = self.mended
        return answer


def test_a_dpkg_that_was_cut_off_is_mended() -> None:
    fake = FakeDpkg((0, "", ""))
    Package(fake, "x").install("/x.deb")
    assert [command[0] for command in fake.ran] == ["apt-get", "dpkg", "apt-get"]


def test_a_dpkg_that_cannot_be_mended_is_told_of() -> None:
    with pytest.raises(PackageError, match="broken for good"):
        Package(FakeDpkg((100, "", "broken for good")), "x").install("/x.deb")


def test_another_failure_of_apt_is_not_tried_twice() -> None:
    fake = FakeModule({"apt-get": (100, "", "E: Unable to locate package x")})
    with pytest.raises(PackageError, match="Unable to locate"):
        Package(fake, "x").install("/x.deb")
    assert len(fake.ran) == 1


def test_rpm_family() -> None:
    fake = FakeModule({"rpm": (0, "1.105.1-1", ""), "yum": (0, "", "")}, missing=("dpkg-query", "dnf"))
    package = Package(fake, "amazon-ecs-init")
    assert package.installed() == "1.105.1-1"
    package.install("/x.rpm")
    assert fake.ran[-1] == ["yum", "install", "--assumeyes", "/x.rpm"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "x"])
def test_only_http(url: str, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="not an http"):
        agent_package.fetch(url, str(tmp_path / "x"), 1)


def test_a_failed_download_names_its_url(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="http://127.0.0.1:9/x"):
        agent_package.fetch("http://127.0.0.1:9/x", str(tmp_path / "x"), 1)


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
        self.fake = FakeModule(
            {"dpkg-deb": (0, "agent|1.2-1\n", ""), "apt-get": (0, "", ""), "dpkg-query": (1, "", "")}
        )

    def _gpg(self, *arguments: str) -> str:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--no-tty", "--pinentry-mode", "loopback", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def stop(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False)

    def install(self, **changes: Any) -> tuple[str, str]:
        params = {
            "name": "agent", "version": "1.2", "url": "http://mirror/file.deb", "signature_url": "http://mirror/file.deb.sig",
            "key": self.key, "key_url": None, "fingerprints": [self.fingerprint], "timeout": 1, **changes,
        }  # fmt: skip
        return agent_package.ensure_installed(Package(self.fake, params["name"]), params)

    def installed(self) -> bool:
        return any(command[0] == "apt-get" for command in self.fake.ran)


@pytest.fixture
def signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signed]:
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed here")
    made = Signed(tmp_path)
    fetch = lambda url, path, _: shutil.copy(tmp_path / url.rpartition("/")[2], path)  # noqa: E731
    monkeypatch.setattr(agent_package, "fetch", fetch)
    yield made
    made.stop()


class TestWithGpg:
    def test_good(self, signed: Signed) -> None:
        assert signed.install() == ("1.2-1", signed.fingerprint)
        assert signed.installed()

    def test_key_from_a_url(self, signed: Signed) -> None:
        (signed.folder / "key.asc").write_text(signed.key)
        assert signed.install(key=None, key_url="http://mirror/key.asc")[1] == signed.fingerprint

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
            signed.install(fingerprints=[PRIMARY])
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
        signed.fake.missing = ("gpg",)
        with pytest.raises(PackageError, match="gpg is missing"):
            signed.install()
        assert not signed.installed()

    @pytest.mark.parametrize("wrong", [{"name": "other"}, {"version": "1.3"}])
    def test_another_package_than_asked(self, signed: Signed, wrong: dict[str, str]) -> None:
        with pytest.raises(PackageError, match="instead of"):
            signed.install(**wrong)
        assert not signed.installed()
