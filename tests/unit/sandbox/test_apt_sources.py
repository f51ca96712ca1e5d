# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirrors and keys of all that hosts are made of come from the machine's own apt sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import apt_sources
from sandbox.apt_sources import Source, SourceError

KEY = "/usr/share/keyrings/debian-archive-keyring.gpg"

DEB822 = f"""\
Types: deb deb-src
# a comment between fields
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: {KEY}

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://mirror.example/off
Suites: bookworm
Components: main

Types: deb-src
URIs: http://mirror.example/source
Suites: bookworm
Components: main
"""

ONE_LINE = f"""\
# deb http://mirror.example/off bookworm main
deb [arch=amd64 signed-by={KEY}] http://mirror.example/debian bookworm main non-free # the mirror
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/security bookworm-security main
deb http://mirror.example/flat ./
"""


def test_deb822_sources() -> None:
    assert list(apt_sources.parse_deb822(DEB822)) == [
        Source("http://mirror.example/debian", "bookworm", ("main", "contrib"), KEY),
        Source("http://mirror.example/debian", "bookworm-updates", ("main", "contrib"), KEY),
        Source("http://mirror.example/security", "bookworm-security", ("main",), ""),
    ]


def test_one_line_sources() -> None:
    assert list(apt_sources.parse_one_line(ONE_LINE)) == [
        Source("http://mirror.example/debian", "bookworm", ("main", "non-free"), KEY),
        Source("http://mirror.example/security", "bookworm-security", ("main",), ""),
    ]


def test_all_files_of_the_machine_are_read(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example bookworm main\n")
    (tmp_path / "sources.list.d/b.list").write_text("deb http://b.example bookworm main\n")
    (tmp_path / "sources.list.d/c.sources").write_text(DEB822)
    (tmp_path / "sources.list.d/d.list.save").write_text("deb http://d.example bookworm main\n")
    uris = [source.uri for source in apt_sources.machine_sources(tmp_path)]
    assert uris[:2] == ["http://a.example", "http://b.example"]
    assert len(uris) == 5


def test_another_suite_takes_the_machines_mirror_and_key_but_no_foreign_source() -> None:
    sources = [
        *apt_sources.parse_deb822(DEB822),
        Source("http://vendor.example", "tool-bookworm", ("main",)),
        Source("http://vendor.example", "bookworm", ("stable",)),
    ]
    assert apt_sources.lines_for(sources, "bookworm", "trixie") == [
        f"deb [signed-by={KEY}] http://mirror.example/debian trixie main",
        f"deb [signed-by={KEY}] http://mirror.example/debian trixie-updates main",
        "deb http://mirror.example/security trixie-security main",
    ]


def test_a_machine_without_a_debian_mirror_is_told_so() -> None:
    with pytest.raises(SourceError, match="no entry for bookworm main"):
        apt_sources.lines_for([Source("http://vendor.example", "stable", ("main",))], "bookworm", "bookworm")


def test_codename_of_the_machine() -> None:
    assert apt_sources.codename('ID=debian\nVERSION_CODENAME=bookworm\nVERSION_ID="12"\n') == "bookworm"
    with pytest.raises(SourceError, match="needs a Debian machine"):
        apt_sources.codename("ID=rocky\n")
