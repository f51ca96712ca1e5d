# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Signature Version 4 for what the agents send: POST with a JSON body, GET with a query for websockets."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import NamedTuple

from .knobs import seconds


class Credentials(NamedTuple):
    access_key: str
    secret_key: str
    token: str = ""


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = _hmac(key, part)
    return key


def canonical_query(values: Mapping[str, str]) -> str:
    from urllib.parse import quote  # only for websockets, which open seldom

    return "&".join(f"{quote(name, safe='')}={quote(values[name], safe='')}" for name in sorted(values))


def sign(
    headers: Mapping[str, str],
    path: str,
    body: bytes,
    region: str,
    service: str,
    credentials: Credentials,
    now: float | None = None,
    method: str = "POST",
    query: str = "",
) -> dict[str, str]:
    """The given headers (with Host) plus X-Amz-Date, X-Amz-Security-Token and Authorization.

    The query must be in canonical form, as `canonical_query` makes it.
    """
    # Sandbox hosts have the machine's clock; a knob lets one of them believe that it is another time.
    moment = time.time() + seconds("CLOCK_AHEAD", 0.0) if now is None else now
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))
    signed = dict(headers)
    signed["X-Amz-Date"] = stamp
    if credentials.token:
        signed["X-Amz-Security-Token"] = credentials.token
    lowered = sorted((name.lower(), " ".join(value.split())) for name, value in signed.items())
    names = ";".join(name for name, _value in lowered)
    canonical = "\n".join(
        [
            method,
            path,
            query,
            *(f"{name}:{value}" for name, value in lowered),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = "/".join((stamp[:8], region, service, "aws4_request"))
    to_sign = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    signature = _hmac(_signing_key(credentials.secret_key, stamp[:8], region, service), to_sign).hex()
    signed["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return signed
