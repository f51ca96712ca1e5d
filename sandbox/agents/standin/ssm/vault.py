# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's vault: files under Vault/Store. What Vault/Manifest does not list does not exist."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

from ..files import read_json, write_atomic
from ..knobs import at

BASE = "/var/lib/amazon/ssm"
REGISTRATION_FILE = BASE + "/registration"
REGISTRATION_KEY = "RegistrationKey"
FINGERPRINT_KEY = "InstanceFingerprint"


class Registration(NamedTuple):
    instance_id: str = ""
    region: str = ""
    private_key: str = ""
    private_key_type: str = ""

    @property
    def complete(self) -> bool:
        return bool(self.instance_id and self.region and self.private_key)


def _manifest() -> str:
    return at(BASE + "/Vault/Manifest")


def store(key: str, value: dict[str, Any]) -> None:
    path = f"{BASE}/Vault/Store/{key}"
    write_atomic(at(path), json.dumps(value))
    listed = read_json(_manifest())
    if listed.get(key) != path:
        listed[key] = path
        write_atomic(_manifest(), json.dumps(listed))


def retrieve(key: str) -> dict[str, Any]:
    path = read_json(_manifest()).get(key)
    return read_json(at(path)) if isinstance(path, str) else {}


def load_registration() -> Registration:
    found = retrieve(REGISTRATION_KEY)
    names = ("instanceID", "region", "privateKey", "privateKeyType")
    return Registration(*(str(found.get(name) or "") for name in names))


def save_registration(registration: Registration) -> None:
    store(
        REGISTRATION_KEY,
        {
            "instanceID": registration.instance_id,
            "region": registration.region,
            "instanceType": "",
            "availabilityZone": "",
            "privateKey": registration.private_key,
            "privateKeyType": registration.private_key_type,
        },
    )


def write_registration_file(registration: Registration) -> None:
    """The copy that other programs read. Neither a wipe nor -clear touches it, so it can name a dead identity."""
    content = json.dumps({"ManagedInstanceID": registration.instance_id, "Region": registration.region})
    write_atomic(at(REGISTRATION_FILE), content)


def make_private() -> None:
    for directory in (BASE, BASE + "/Vault", BASE + "/Vault/Store"):
        os.makedirs(at(directory), mode=0o700, exist_ok=True)
