# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import openpgp
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.openpgp import KeyFileError, fingerprints

KEY = Path(__file__).resolve().parents[5] / "roles" / "ecs_agent" / "files" / "amazon-ecs-agent.gpg"
AMAZON = "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F"


def test_a_known_key() -> None:
    assert fingerprints(KEY.read_bytes()) == [AMAZON]


def test_with_headers_and_other_line_ends() -> None:
    text = KEY.read_text().replace(
        "BLOCK-----\n\n", "BLOCK-----\nVersion: GnuPG v2.0.22 (GNU/Linux)\nComment: x\n\n", 1
    )
    assert fingerprints(text.replace("\n", "\r\n").encode()) == [AMAZON]


def test_two_files_in_one() -> None:
    assert fingerprints(KEY.read_bytes() * 2) == [AMAZON, AMAZON]


def test_without_armor() -> None:
    (block,) = openpgp.blocks(KEY.read_bytes())
    assert fingerprints(block) == [AMAZON]


@pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not installed here")
def test_gpg_says_the_same_of_a_key_with_a_subkey(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    gpg = ["gpg", "--homedir", str(tmp_path), "--batch", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""]
    try:
        subprocess.run(
            [*gpg, "--quick-gen-key", "A <a@example.com>", "default", "default"], check=True, capture_output=True
        )
        listing = subprocess.run([*gpg, "--with-colons", "--list-keys"], check=True, capture_output=True, text=True)
        armored = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True).stdout
        binary = subprocess.run([*gpg, "--export"], check=True, capture_output=True).stdout
    finally:
        subprocess.run(["gpgconf", "--homedir", str(tmp_path), "--kill", "all"], check=False)
    primary = next(line.split(":")[9] for line in listing.stdout.splitlines() if line.startswith("fpr:"))
    assert fingerprints(armored) == fingerprints(binary) == [primary]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>404</html>",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!!\n-----END PGP PUBLIC KEY BLOCK-----",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\naGVsbG8=\n-----END PGP PUBLIC KEY BLOCK-----",
        b"\x99\xff\xff\x04",  # ends too early
        b"\x98\x01\x03",  # a version 3 key
        b"\x9b\x04",  # of unknown length
        b"\xb4\x01A",  # a user id alone
    ],
)
def test_no_key_is_said_so(content: bytes) -> None:
    with pytest.raises(KeyFileError):
        fingerprints(content)
