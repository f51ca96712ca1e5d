# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""RSA-2048 through the openssl program: the standard library has none, and in plain Python it costs a second of CPU.

Difference from the real agent: the stored private key is PKCS#8, not PKCS#1. Nobody but the agent reads it.
"""

from __future__ import annotations

import base64
import os
import subprocess

KEY_TYPE = "Rsa"


def _openssl(*arguments: str, stdin: bytes = b"", descriptors: tuple[int, ...] = ()) -> bytes:
    result = subprocess.run(
        ("openssl",) + arguments, input=stdin, capture_output=True, check=False, pass_fds=descriptors
    )
    if result.returncode:
        raise OSError(f"openssl {arguments[0]}: {result.stderr.decode(errors='replace').strip()}")
    return result.stdout


def _body(pem: bytes) -> str:
    return "".join(line for line in pem.decode().splitlines() if not line.startswith("-----"))


def _pem(private_key: str) -> bytes:
    lines = [private_key[start : start + 64] for start in range(0, len(private_key), 64)]
    return "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""]).encode()


def generate() -> tuple[str, str]:
    """Public key (base64 of the DER form) and private key (base64)."""
    private = _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    public = _openssl("pkey", "-pubout", "-outform", "DER", stdin=private)
    return base64.b64encode(public).decode(), _body(private)


def sign(private_key: str, text: str) -> str:
    """Base64 PKCS#1 v1.5 signature over SHA-256. The key goes through a pipe: never a file, never an argument."""
    reader, writer = os.pipe()
    try:
        os.write(writer, _pem(private_key))
        os.close(writer)
        raw = _openssl("dgst", "-sha256", "-sign", f"/dev/fd/{reader}", stdin=text.encode(), descriptors=(reader,))
    finally:
        os.close(reader)
    return base64.b64encode(raw).decode()
