# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine fingerprint: a UUID kept with hashes of the machine, made anew when the machine is another one.

As in the public source, a new machine-id makes the agent write a new fingerprint *and the new hashes* at its next
start: a comparison of /etc/machine-id with the vault shows a clone only until then. The service refuses the new one.
"""

from __future__ import annotations

import hashlib
import os
import socket

from ..files import read_text
from ..identifiers import uuid4
from ..knobs import at
from . import vault

HARDWARE_ID = "machine-id"
ADDRESS = "ipaddress-info"
DEFAULT_THRESHOLD = 40


def primary_address() -> str:
    """Address of the default route; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return ""


def _mac() -> str:
    base = at("/sys/class/net")
    try:
        names = sorted(os.listdir(base))
    except OSError:
        return ""
    addresses = ((read_text(f"{base}/{name}/address") or "").strip() for name in names if name != "lo")
    return next((address for address in addresses if address), "")


def _digest(path: str) -> str:
    return hashlib.md5((read_text(at(path)) or "").encode(), usedforsecurity=False).hexdigest()


def hardware_hash() -> dict[str, str]:
    """The machine-id goes in with its newline, as the real agent stores it."""
    return {
        HARDWARE_ID: read_text(at("/etc/machine-id")) or "",
        "hostname-info": socket.gethostname(),
        ADDRESS: primary_address(),
        "macaddr-info": _mac(),
        "disk-info": _digest("/proc/partitions"),
        "bios-hash": _digest("/sys/class/dmi/id/bios_version"),
        "system-hash": _digest("/sys/class/dmi/id/product_name"),
    }


def similar(saved: dict[str, str], current: dict[str, str], threshold: int) -> bool:
    """Another hardware id is another machine; a new address is forgiven while enough of the rest agrees."""
    if not saved or not current or saved.get(HARDWARE_ID) != current.get(HARDWARE_ID):
        return False
    if saved.get(ADDRESS) == current.get(ADDRESS):
        return True
    matches = sum(1 for key, value in current.items() if saved.get(key) == value)
    return matches * 100 / len(current) >= threshold


def current() -> str:
    """The fingerprint to send."""
    saved = vault.retrieve(vault.FINGERPRINT_KEY)
    threshold = int(saved.get("similarityThreshold", DEFAULT_THRESHOLD))
    hashes = hardware_hash()
    if saved.get("fingerprint") and similar(saved.get("hardwareHash") or {}, hashes, threshold):
        return str(saved["fingerprint"])
    fingerprint = uuid4()
    vault.store(
        vault.FINGERPRINT_KEY,
        {"fingerprint": fingerprint, "hardwareHash": hashes, "similarityThreshold": threshold},
    )
    return fingerprint


def set_threshold(value: int) -> str:
    """An error text, empty when the threshold was saved."""
    if not 1 <= value <= 100:
        return f"Invalid Similarity Threshold value of {value}. Value must be between 1 and 100."
    saved = vault.retrieve(vault.FINGERPRINT_KEY)
    if not saved.get("fingerprint"):
        return "Unable to set similarity threshold due to, save called with empty fingerprint key"
    saved["similarityThreshold"] = value
    vault.store(vault.FINGERPRINT_KEY, saved)
    return ""
