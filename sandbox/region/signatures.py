# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are requests signed by whom they say? Signature Version 4, and the SSM agent's RSA signature on top of it.

Rules: "Create a signed AWS API request" in the IAM User Guide; agent/ssm/rsaauth of aws/amazon-ssm-agent.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from .errors import ApiError

MAX_SKEW = 300
KEY_PAIR_HEADER = "ssm-asymmetrickeyauthorization"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<key>[^/,\s]+)/(?P<scope>[^,\s]+),\s*"
    r"SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_SAFE = "-_.~"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class Request:
    """A request as far as signatures cover it; names of headers are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def _mismatch() -> ApiError:
    return ApiError("InvalidSignatureException", _MISMATCH)


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    encoded = sorted((quote(name, safe=_SAFE), quote(value, safe=_SAFE)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _canonical_path(path: str, service: str) -> str:
    encoded = quote(path or "/", safe="/" + _SAFE)
    # Every service but S3 signs the path as it was encoded for the wire, encoded once more.
    return encoded if service == "s3" else quote(encoded, safe="/" + _SAFE)


def _payload_hash(request: Request) -> str:
    stated = request.headers.get("x-amz-content-sha256")
    if stated is None or re.fullmatch("[0-9a-f]{64}", stated):
        return hashlib.sha256(request.body).hexdigest()
    return stated  # UNSIGNED-PAYLOAD and the streaming forms of S3


def canonical_request(request: Request, signed_headers: str, service: str) -> str:
    lines = [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signed_headers.split(";")]
    return "\n".join(
        [
            request.method,
            _canonical_path(request.path, service),
            _canonical_query(request.query),
            *lines,
            "",
            signed_headers,
            _payload_hash(request),
        ]
    )


def _signing_key(secret: str, scope: str) -> bytes:
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _check_date(stamp: str, scope: str, now: float) -> None:
    try:
        signed_at = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError as error:
        raise ApiError("IncompleteSignatureException", "Authorization header requires a valid X-Amz-Date.") from error
    if not scope.startswith(stamp[:8] + "/"):
        raise ApiError(
            "InvalidSignatureException",
            f"Credential should be scoped with a valid date: '{scope[:8]}' is not that of {stamp}.",
        )
    limit = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now - MAX_SKEW))
    if signed_at < now - MAX_SKEW:
        raise ApiError("InvalidSignatureException", f"Signature expired: {stamp} is now earlier than {limit} (5 min.)")
    if signed_at > now + MAX_SKEW:
        raise ApiError("InvalidSignatureException", f"Signature not yet current: {stamp} is still later than now")


def verify(request: Request, secret: str, session_token: str, now: float) -> None:
    """Refuse a request that the owner of the secret did not sign. `now` is the hosts' time, not the movable clock."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", "").strip())
    if match is None:
        raise ApiError("IncompleteSignatureException", "Authorization header is not a whole AWS4-HMAC-SHA256 one.")
    if request.headers.get("x-amz-security-token", "") != session_token:
        raise ApiError("UnrecognizedClientException", "The security token included in the request is invalid.")
    names, scope, stamp = match["headers"], match["scope"], request.headers.get("x-amz-date", "")
    if "host" not in names.split(";"):
        raise ApiError("InvalidSignatureException", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    _check_date(stamp, scope, now)
    service = scope.rsplit("/", 2)[-2]
    digest = hashlib.sha256(canonical_request(request, names, service).encode()).hexdigest()
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, digest))
    expected = hmac.new(_signing_key(secret, scope), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, match["signature"]):
        raise _mismatch()


@lru_cache(maxsize=4096)
def _public_key(encoded: str) -> RSAPublicKey:
    key = load_der_public_key(base64.b64decode(encoded, validate=True))
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")
    return key


def verify_key_pair(headers: Mapping[str, str], public_key: str) -> None:
    """Refuse what the owner of a node's private key did not sign: an RSA signature over the Authorization header.

    The inner SigV4 signature is made with the private key itself as its secret, so that only the node could check it.
    """
    stated = headers.get(KEY_PAIR_HEADER, "")
    try:
        signature = base64.b64decode(stated.removeprefix("Signature="), validate=True)
        _public_key(public_key).verify(signature, headers.get("authorization", "").encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, binascii.Error) as error:
        raise _mismatch() from error
