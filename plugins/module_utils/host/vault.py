# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity of a host in Systems Manager, where the SSM agent keeps it, and a copy of it that outlives a bad day.

Vault/Store/RegistrationKey is what the agent itself believes (agent/managedInstances/registration/instance_info.go of
amazon-ssm-agent). The file `registration` beside the Vault is a note for others: it stays when the identity is gone.
"""

from __future__ import annotations

import json
import os
import re
import typing as t

from . import copies, files

BASE = "/var/lib/amazon/ssm"
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")


class Identity(t.NamedTuple):
    instance_id: str
    region: str


class Paths(t.NamedTuple):
    """Everything below one root, so that tests can have a root of their own."""

    root: str = ""

    @property
    def base(self) -> str:
        return self.root + BASE

    @property
    def vault(self) -> str:
        return self.base + "/Vault"

    @property
    def backup(self) -> str:
        """Exists from just before the identity is put at risk until the new one is proven."""
        return self.base + "/Vault.edgefleet-backup"

    @property
    def trash(self) -> str:
        return self.base + "/Vault.edgefleet-trash"

    @property
    def note(self) -> str:
        return self.base + "/registration"

    @property
    def runtime(self) -> str:
        return self.base + "/runtimeconfig/identity_config.json"

    @property
    def lock(self) -> str:
        return self.root + "/run/edgefleet-registration.lock"

    @property
    def abandoned(self) -> str:
        """Outside of the agent's own folder: it outlives the agent's package."""
        return self.root + "/var/lib/edgefleet/abandoned.json"

    @property
    def machine_id(self) -> str:
        return self.root + "/etc/machine-id"


def _members(path: str) -> dict[str, t.Any]:
    """A JSON object from a file; nothing from a missing file, and nothing from one that a power cut has left half."""
    try:
        found = json.loads(files.read(path) or "")
    except (ValueError, NotADirectoryError):
        return {}
    return found if isinstance(found, dict) else {}


def identity_in(vault: str) -> Identity | None:
    key = _members(vault + "/Store/RegistrationKey")
    instance_id, region = key.get("instanceID"), key.get("region")
    return Identity(str(instance_id), str(region)) if instance_id and region else None


def machine_in(vault: str) -> str | None:
    """Machine that the identity was made for."""
    hashes = _members(vault + "/Store/InstanceFingerprint").get("hardwareHash")
    known = hashes.get("machine-id") if isinstance(hashes, dict) else None
    # Stored with the newline of /etc/machine-id.
    return known.strip() or None if isinstance(known, str) else None


def epoch(text: t.Any) -> float | None:
    """Seconds since 1970 of a time as Go writes it in JSON."""
    import datetime

    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    try:
        moment = datetime.datetime.fromisoformat(found.group(1) + found.group(2).replace("Z", "+00:00"))
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


class Vault:
    """The Vault of a host. Every step leaves the old identity in place, or in the backup, or a proven new one."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths

    # What is there

    def identity(self) -> Identity | None:
        return identity_in(self.paths.vault)

    def saved(self) -> Identity | None:
        return identity_in(self.paths.backup + "/Vault")

    def interrupted(self) -> bool:
        """Whether a run ended between begin() and drop()."""
        return os.path.isdir(self.paths.backup)

    def damaged(self) -> bool:
        """Whether a part of the Vault holds no JSON: then the agent can neither use nor replace what is there."""
        names = ("/Manifest", "/Store/RegistrationKey", "/Store/InstanceFingerprint")
        parts = [self.paths.vault + name for name in names]
        return any(os.path.exists(part) and not _members(part) for part in parts)

    def other_machine(self) -> bool:
        """Whether the identity came with a disk that was copied from another machine, or the machine got a new id."""
        known, own = machine_in(self.paths.vault), self.machine()
        return bool(known and own and known != own)

    def proven(self, instance_id: str, now: float) -> bool:
        """Whether the running agent has fetched credentials with this identity, and they are still good."""
        runtime = _members(self.paths.runtime)
        expires = epoch(runtime.get("CredentialsExpiresAt"))
        return runtime.get("InstanceId") == instance_id and expires is not None and expires > now

    def machine(self) -> str:
        return (files.read(self.paths.machine_id) or "").strip()

    def abandoned(self) -> list[str]:
        """Identities that this machine has had, and whose records in AWS are still to be removed."""
        note = _members(self.paths.abandoned)
        found = note.get("instance_ids")
        return [str(name) for name in found] if note.get("machine_id") == self.machine() and found else []

    def abandon(self, *instance_ids: str) -> None:
        """Note them for whoever removes their records. A note without any says that the identity is a renewed one.

        It names the machine: a copy of the disk in another one must not have the original's records removed.
        """
        known = [*self.abandoned(), *(name for name in instance_ids if name not in self.abandoned())]
        text = json.dumps({"machine_id": self.machine(), "instance_ids": known})
        files.write(self.paths.abandoned, text + "\n", owner=_owner(self.paths.base))

    def keep(self, instance_id: str) -> None:
        """Take an identity off the note: it was put back. Without any other the note says nothing, and goes."""
        left = [name for name in self.abandoned() if name != instance_id]
        files.remove(self.paths.abandoned)
        if left:
            self.abandon(*left)

    def traces(self) -> bool:
        """Whether anything of a registration is left."""
        paths = (self.paths.note, self.paths.runtime, self.paths.backup, self.paths.trash, self.paths.abandoned)
        return self.identity() is not None or self.damaged() or any(os.path.lexists(path) for path in paths)

    # The backup. Called while the agent is stopped: it changes the private key in the Vault now and then, and a copy
    # from before such a change would be worthless.

    def begin(self) -> None:
        """Leave a sign that the identity is at risk from here on."""
        os.makedirs(self.paths.base, mode=0o700, exist_ok=True)
        os.mkdir(self.paths.backup, 0o700)
        files.flush_directory(self.paths.base)

    def save(self) -> None:
        """Copy the identity, if there is one. The copy gets its name when it is complete."""
        if self.identity() is None:
            return
        unfinished = self.paths.backup + "/unfinished"
        note = files.read(self.paths.note)
        if note is not None:
            files.write(self.paths.backup + "/registration", note, owner=_owner(self.paths.vault))
        files.copy_tree(self.paths.vault, unfinished)
        os.rename(unfinished, self.paths.backup + "/Vault")
        files.flush_directory(self.paths.backup)

    def restore(self) -> None:
        """Put the copy back in the place of whatever is there. Start the agent before drop() ends the risk."""
        self.sweep()
        if os.path.isdir(self.paths.vault):
            os.rename(self.paths.vault, self.paths.trash)
        note = files.read(self.paths.backup + "/registration")
        if note is not None:
            files.write(self.paths.note, note, owner=_owner(self.paths.backup))
        os.rename(self.paths.backup + "/Vault", self.paths.vault)
        files.flush_directory(self.paths.backup)
        files.flush_directory(self.paths.base)

    def drop(self) -> None:
        """End the risk. The rename is what counts: a backup that is half removed must not be taken for one."""
        self.sweep()
        if self.interrupted():
            os.rename(self.paths.backup, self.paths.trash)
            files.flush_directory(self.paths.base)
            self.sweep()

    def sweep(self) -> None:
        files.remove_tree(self.paths.trash)

    # The end of an identity

    def forget(self) -> None:
        """Remove what `-register -clear` leaves: the notes, the runtime file, the agent's profile of credentials."""
        runtime = _members(self.paths.runtime)
        if runtime.get("ShareFile"):
            remove_profile(self.paths.root + str(runtime["ShareFile"]), str(runtime.get("ShareProfile") or "default"))
        files.remove(self.paths.runtime)
        files.remove(self.paths.note)
        files.remove(self.paths.abandoned)
        # A host that leaves has nothing to go back to, and the copy may hold secrets.
        files.remove(self.paths.root + copies.PATH)


def _owner(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_uid, found.st_gid


def remove_profile(path: str, profile: str) -> None:
    """Remove one profile from a credentials file; other profiles are somebody else's and stay."""
    before = files.state(path)
    if before.text is None or before.mode is None or before.owner is None:
        return
    after = without_profile(before.text, profile)
    if not after.strip():
        files.remove(path)
    elif after != before.text:
        files.write(path, after, before.mode, before.owner)


def without_profile(text: str, profile: str) -> str:
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            inside = line.strip() == f"[{profile}]"
        if not inside:
            kept.append(line)
    return "".join(kept)
