# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import packages
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.package_version import satisfied
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.packages import (
    Manager,
    PackageError,
    normalized,
    signer,
)

PRIMARY = "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F"
SUBKEY = "EB3DF841E2C9212A2BD42232DE3CBD61ADAF8B8E"
GOOD = (
    "[GNUPG:] NEWSIG\n"
    "[GNUPG:] GOODSIG DE3CBD61ADAF8B8E Somebody\n"
    f"[GNUPG:] VALIDSIG {SUBKEY} 2026-01-01 1767225600 0 4 0 1 8 00 {PRIMARY}\n"
)


MADISON = """\
 docker-ce | 5:27.1.1-1~debian.12~bookworm | https://download.docker.com/linux/debian bookworm/stable amd64 Packages
 docker-ce | 5:26.1.4-1~debian.12~bookworm | https://download.docker.com/linux/debian bookworm/stable amd64 Packages
"""


class Host:
    """A host's commands: what is answered to the first words of each; whatever is not in the table succeeds."""

    def __init__(self, has: str, **answers: list[tuple[int, str, str]]) -> None:
        self.has = has.split()
        self.answers = {name.replace("_", "-"): list(given) for name, given in answers.items()}
        self.ran: list[str] = []
        self.manager = Manager(self.run, lambda name: name if name in self.has else None, patience=60)

    def run(self, command: list[str]) -> tuple[int, str, str]:
        self.ran.append(" ".join(command))
        given = self.answers.get(command[0], [])
        # The last answer is given for ever.
        return given.pop(0) if len(given) > 1 else (given or [(0, "", "")])[0]

    def commands(self, *names: str) -> list[str]:
        return [command for command in self.ran if command.split()[0] in names]


class TestSigner:
    def test_subkey_of_a_pinned_key_is_good(self) -> None:
        assert signer(GOOD, [PRIMARY]) == PRIMARY

    def test_subkey_itself_is_no_pin(self) -> None:
        with pytest.raises(PackageError, match="not one of"):
            signer(GOOD, [SUBKEY])

    @pytest.mark.parametrize("word", sorted(packages.DISTRUST))
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
        ("1.2-1", "1.*", True),
        ("5:27.1.1-1~debian.12~bookworm", "27.1.1", True),
    ],
)
def test_satisfied(installed: str | None, asked: str, answer: bool) -> None:
    assert satisfied(installed, asked) is answer


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ((0, "ii |3.3.987.0-1", ""), "3.3.987.0-1"),
        ((0, "hi |3.3.987.0-1", ""), "3.3.987.0-1"),
        ((0, "iF |3.3.987.0-1", ""), None),
        ((0, "iHR|3.3.987.0-1", ""), None),
        ((0, "iiR|3.3.987.0-1", ""), None),
        ((0, "rc |3.3.987.0-1", ""), None),
        ((1, "", "no packages found"), None),
    ],
)
def test_half_installed_is_not_installed(answer: tuple[int, str, str], version: str | None) -> None:
    assert Host("dpkg-query", dpkg_query=[answer]).manager.installed("x") == version


@pytest.mark.parametrize(
    ("has", "name", "format"),
    [
        ("dpkg-query apt-get", "apt", "deb"),
        ("rpm dnf yum", "dnf", "rpm"),
        ("rpm yum", "yum", "rpm"),
        ("rpm zypper", "zypper", "rpm"),
    ],
)
def test_which_manager(has: str, name: str, format: str) -> None:
    manager = Host(has).manager
    assert (manager.name, manager.format) == (name, format)


RPM = [(0, "1.105.1-1", "")]


@pytest.mark.parametrize(
    ("has", "answers", "commands"),
    [
        (
            "dpkg-query",
            {"dpkg_query": [(0, "ii |5:27.1.1-1~debian.12~bookworm", "")], "apt_cache": [(0, MADISON, "")]},
            ["apt-get update", "apt-get install", "docker-ce=5:27.1.1-1~debian.12~bookworm containerd.io"],
        ),
        ("dnf", {"rpm": [(0, "27.1.1-1.fc40", "")]}, ["dnf install", "docker-ce-27.1.* containerd.io"]),
        ("yum", {"rpm": [(0, "27.1.1-1.el7", "")]}, ["yum install", "docker-ce-27.1.* containerd.io"]),
        ("zypper", {"rpm": [(0, "27.1.1-1", "")]}, ["refresh", "docker-ce=27.1.* containerd.io"]),
    ],
)
def test_from_the_repositories(has: str, answers: dict[str, list[tuple[int, str, str]]], commands: list[str]) -> None:
    host = Host(has, **answers)
    host.manager.install(["docker-ce", "containerd.io"], ["docker-ce"], "27.1.*")
    ran = host.commands("apt-get", "dnf", "yum", "zypper")
    assert len(ran) == (2 if has in ("dpkg-query", "zypper") else 1)
    for part in commands:
        assert part in " | ".join(ran)


def test_a_version_that_nobody_offers_names_those_that_are() -> None:
    host = Host("dpkg-query", apt_cache=[(0, MADISON, "")])
    with pytest.raises(PackageError, match=r"no docker-ce 25 \(offered: 5:27.1.1-1~debian.12~bookworm, 5:26"):
        host.manager.install(["docker-ce"], ["docker-ce"], "25")
    assert not any("install" in command for command in host.ran)


def test_amazon_linux_2_enables_its_extras_first() -> None:
    host = Host("rpm yum", rpm=RPM)
    host.manager.install(["docker"], [], "", topic="docker")
    assert host.ran[:2] == ["amazon-linux-extras enable docker", "yum install --assumeyes docker"]


@pytest.mark.parametrize("manager", ["dnf", "yum"])
def test_an_older_version_is_gone_back_to(manager: str) -> None:
    host = Host(f"rpm {manager}", rpm=[(0, "1.106.0-1", ""), (0, "1.105.1-1", "")])
    host.manager.install_files("amazon-ecs-init", ["/x.rpm"], "1.105.1")
    assert host.commands(manager) == [
        f"{manager} install --assumeyes /x.rpm",
        f"{manager} downgrade --assumeyes /x.rpm",
    ]


@pytest.mark.parametrize("has", ["dpkg-query", "rpm dnf", "rpm zypper"])
def test_a_manager_that_has_done_nothing_is_not_believed(has: str) -> None:
    host = Host(has, dpkg_query=[(0, "ii |1.106.0-1", "")], rpm=[(0, "1.106.0-1", "")])
    with pytest.raises(PackageError, match=r"has not installed x 1.105.1: 1.106.0-1 is installed"):
        host.manager.install_files("x", ["/x"], "1.105.1")


def test_zypper_takes_files_whose_signature_was_verified() -> None:
    host = Host("rpm zypper", rpm=RPM)
    host.manager.install_files("x", ["/x.rpm"], "")
    assert host.commands("zypper") == ["zypper --non-interactive install --oldpackage --allow-unsigned-rpm /x.rpm"]


@pytest.mark.parametrize(
    "words",
    [
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (apt-get)",
        "E: Unable to lock directory /var/lib/apt/lists/",
        "System management is locked by the application with pid 12 (zypper).",
    ],
)
def test_a_lock_is_waited_for(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    host = Host("dpkg-query", dpkg_query=[(0, "ii |1", "")], apt_get=[(100, "", words), (100, "", words), (0, "", "")])
    host.manager.install_files("x", ["/x.deb"], "")
    assert len(host.commands("apt-get")) == 3 and len(slept) == 2


def test_a_lock_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    host = Host("dpkg-query", apt_get=[(100, "", "E: Could not get lock")])
    with pytest.raises(PackageError, match="Could not get lock"):
        host.manager.install_files("x", ["/x.deb"], "")
    assert len(host.ran) == 3


def test_what_dpkg_has_left_is_finished_once() -> None:
    broken = (100, "", "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.")
    host = Host("dpkg-query", dpkg_query=[(0, "ii |1", "")], apt_get=[broken, (0, "", "")])
    host.manager.install_files("x", ["/x.deb"], "")
    assert host.commands("dpkg") == ["dpkg --force-confold --configure --pending"]
    host = Host("dpkg-query", apt_get=[broken])
    with pytest.raises(PackageError, match="interrupted"):
        host.manager.install_files("x", ["/x.deb"], "")
    assert len(host.commands("dpkg")) == 1


def test_what_dpkg_says_is_told_with_what_apt_says() -> None:
    out = "Unpacking x ...\ndpkg: error processing archive /x.deb: No space left on device"
    host = Host("dpkg-query", apt_get=[(100, out, "E: Sub-process /usr/bin/dpkg returned an error code (1)")])
    with pytest.raises(PackageError, match="(?s)No space left on device.*Sub-process"):
        host.manager.install_files("x", ["/x.deb"], "")


def test_a_half_installed_package_of_the_same_version_is_installed_again() -> None:
    host = Host("dpkg-query", dpkg_query=[(0, "iHR|1", ""), (0, "ii |1", "")], apt_get=[(0, "", "")])
    host.manager.install_files("x", ["/x.deb"], "")
    assert len(host.commands("apt-get")) == 2 and "--reinstall" in host.commands("apt-get")[1]


def test_other_failures_are_told_at_once() -> None:
    host = Host("rpm dnf", dnf=[(1, "", "Error: Unable to find a match: x")])
    with pytest.raises(PackageError, match="dnf install failed with code 1: Error: Unable to find a match: x"):
        host.manager.install(["x"], [], "")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "x"])
def test_only_http(url: str, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="not an http"):
        packages.fetch(url, str(tmp_path / "x"), 1)


def test_a_failed_download_names_its_url(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="http://127.0.0.1:9/x"):
        packages.fetch("http://127.0.0.1:9/x", str(tmp_path / "x"), 1)


def test_checksums(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"package")
    good = hashlib.sha256(b"package").hexdigest()
    for wanted in ("", good, good.upper(), f"sha256:{good}"):
        packages.check_digest(str(file), wanted, "x")
    with pytest.raises(PackageError, match=f"Checksum refused: x has the SHA-256 {good}"):
        packages.check_digest(str(file), "0" * 64, "x")
