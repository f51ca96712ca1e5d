# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints of the primary keys in a file of OpenPGP public keys (RFC 4880), without a program to ask. Pure.

A repository's key must be the pinned one before a package manager is told to trust it, on hosts that may have no gpg.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

PUBLIC_KEY = 6
ARMOR = re.compile(
    r"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]+:[^\r\n]*\r?\n)*\s*(.*?)-----END PGP PUBLIC KEY BLOCK-----",
    re.S,
)


class KeyFileError(ValueError):
    """What was given is not a file of public keys."""


def fingerprints(content: bytes) -> list[str]:
    """Of every primary key in the file, armored or not; at least one."""
    found = [fingerprint(body) for block in blocks(content) for tag, body in packets(block) if tag == PUBLIC_KEY]
    if not found:
        raise KeyFileError("there is no public key in it")
    return found


def blocks(content: bytes) -> list[bytes]:
    if content[:1] and content[0] & 0x80:
        return [content]
    armored = ARMOR.findall(content.decode("ascii", "replace"))
    try:
        # The checksum on the last line protects against accidents only; the fingerprint tells more.
        return [base64.b64decode(re.sub(r"\s|^=.*$", "", text, flags=re.M), validate=True) for text in armored]
    except binascii.Error as error:
        raise KeyFileError(f"its armor is broken ({error})") from error


def packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and body of each packet (RFC 4880, 4.2)."""
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise KeyFileError("it is not made of OpenPGP packets")
        tag, start, length = _new(data, at) if head & 0x40 else _old(data, at)
        if start + length > len(data):
            raise KeyFileError("it ends too early")
        yield tag, data[start : start + length]
        at = start + length


def _old(data: bytes, at: int) -> tuple[int, int, int]:
    kind = data[at] & 3
    if kind == 3:
        raise KeyFileError("a packet of unknown length is in it")
    size = 1 << kind
    return data[at] >> 2 & 0x0F, at + 1 + size, int.from_bytes(data[at + 1 : at + 1 + size], "big")


def _new(data: bytes, at: int) -> tuple[int, int, int]:
    tag, first = data[at] & 0x3F, data[at + 1] if at + 1 < len(data) else 0
    if first < 192:
        return tag, at + 2, first
    if first < 224:
        return tag, at + 3, (first - 192 << 8) + int.from_bytes(data[at + 2 : at + 3], "big") + 192
    if first == 255:
        return tag, at + 6, int.from_bytes(data[at + 2 : at + 6], "big")
    raise KeyFileError("a packet of unknown length is in it")


def fingerprint(body: bytes) -> str:
    """RFC 4880, 12.2."""
    if body[:1] != b"\x04":
        raise KeyFileError("a key of another version than 4 is in it")
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()
