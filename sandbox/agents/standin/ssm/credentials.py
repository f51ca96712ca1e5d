# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where rotated credentials go: a profile that other agents read, and the runtime file that says how fresh it is."""

from __future__ import annotations

import json
import time

from ..files import read_text, write_atomic
from ..knobs import at
from ..sigv4 import Credentials
from ..ssm_profile import SHARE_FILE

RUNTIME_FILE = "/var/lib/amazon/ssm/runtimeconfig/identity_config.json"
PROFILE = "default"


def without_section(content: str, profile: str) -> str:
    kept = []
    inside = False
    for line in content.splitlines():
        if line.strip().startswith("["):
            inside = line.strip() == f"[{profile}]"
        if not inside:
            kept.append(line)
    return "\n".join(kept).strip("\n")


def save_profile(credentials: Credentials) -> None:
    """Other profiles of the file stay."""
    others = without_section(read_text(at(SHARE_FILE)) or "", PROFILE)
    section = (
        f"[{PROFILE}]",
        f"aws_access_key_id     = {credentials.access_key}",
        f"aws_secret_access_key = {credentials.secret_key}",
        f"aws_session_token     = {credentials.token}",
    )
    write_atomic(at(SHARE_FILE), (others + "\n\n" if others else "") + "\n".join(section) + "\n")


def timestamp(epoch: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def save_runtime(instance_id: str, retrieved: float, expires: float) -> None:
    content = {
        "SchemaVersion": "1.1",
        "InstanceId": instance_id,
        "IdentityType": "OnPrem",
        "ShareFile": SHARE_FILE,
        "ShareProfile": "",
        "CredentialsExpiresAt": timestamp(expires),
        "CredentialsRetrievedAt": timestamp(retrieved),
        "CredentialSource": "SSM",
    }
    write_atomic(at(RUNTIME_FILE), json.dumps(content))
