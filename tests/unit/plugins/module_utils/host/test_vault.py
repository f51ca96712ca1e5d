# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Vault of the SSM agent says, and the copy of it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.vault import (
    Identity,
    Paths,
    Vault,
    epoch,
    without_profile,
)

ID = "mi-0123456789abcdef0"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(Paths(str(tmp_path)))


def put(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    Path(path).write_text(text, encoding="utf-8")
    Path(path).chmod(0o600)


def put_identity(vault: Vault, instance_id: str = ID) -> None:
    put(vault.paths.vault + "/Manifest", "{}")
    key = {"instanceID": instance_id, "region": "eu-west-3", "privateKey": "secret"}
    put(vault.paths.vault + "/Store/RegistrationKey", json.dumps(key))


def test_paths() -> None:
    assert Paths().backup == "/var/lib/amazon/ssm/Vault.edgefleet-backup"
    assert Paths().runtime == "/var/lib/amazon/ssm/runtimeconfig/identity_config.json"


@pytest.mark.parametrize(
    ("content", "identity"),
    [
        (None, None),
        ("", None),
        ('{"instanceID":"mi-1","reg', None),
        ("[]", None),
        ('{"instanceID":"","region":"","privateKey":"x"}', None),
        ('{"instanceID":"mi-1","region":""}', None),
        ('{"instanceID":"mi-1","region":"eu-west-3"}', Identity("mi-1", "eu-west-3")),
    ],
)
def test_identity(vault: Vault, content: str | None, identity: Identity | None) -> None:
    if content is not None:
        put(vault.paths.vault + "/Store/RegistrationKey", content)
    # The note must not count: it stays when the identity is gone.
    put(vault.paths.note, '{"ManagedInstanceID":"mi-dead","Region":"eu-west-3"}')
    assert vault.identity() == identity


@pytest.mark.parametrize(
    ("known", "own", "other"),
    [
        ("abc\n", "abc\n", False),
        ("abc\n", "xyz\n", True),
        (None, "abc\n", False),
        ("abc\n", None, False),
        ("", "a", False),
    ],
)
def test_other_machine(vault: Vault, known: str | None, own: str | None, other: bool) -> None:
    if known is not None:
        put(vault.paths.vault + "/Store/InstanceFingerprint", json.dumps({"hardwareHash": {"machine-id": known}}))
    if own is not None:
        put(vault.paths.machine_id, own)
    assert vault.other_machine() is other


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T00:01:00.123456789Z", 60.0),
        ("1970-01-01T02:01:00+02:00", 60.0),
        ("1970-01-01", None),
        ("2026-13-01T00:00:00Z", None),
        (None, None),
        (5, None),
    ],
)
def test_epoch(text: object, seconds: float | None) -> None:
    assert epoch(text) == seconds


def test_epoch_of_no_time_is_long_ago() -> None:
    assert (epoch("0001-01-01T00:00:00Z") or 0) < 0


def test_proven(vault: Vault) -> None:
    assert not vault.proven(ID, 0)
    put(vault.paths.runtime, json.dumps({"InstanceId": ID, "CredentialsExpiresAt": "1970-01-01T00:01:00Z"}))
    assert vault.proven(ID, 59)
    assert not vault.proven(ID, 61)
    assert not vault.proven("mi-other", 59)
    put(vault.paths.runtime, json.dumps({"InstanceId": ID}))
    assert not vault.proven(ID, 59)


def test_backup_is_private_and_complete(vault: Vault) -> None:
    put_identity(vault)
    put(vault.paths.note, "note")
    os.chmod(vault.paths.vault, 0o700)
    vault.begin()
    assert vault.interrupted() and vault.saved() is None
    vault.save()
    assert vault.saved() == vault.identity() == Identity(ID, "eu-west-3")
    assert stat.S_IMODE(os.stat(vault.paths.backup).st_mode) == 0o700
    for directory, _directories, files in os.walk(vault.paths.backup):
        for name in files:
            assert stat.S_IMODE(os.stat(os.path.join(directory, name)).st_mode) == 0o600
    assert sorted(os.listdir(vault.paths.backup)) == ["Vault", "registration"]


def test_restore_puts_everything_back(vault: Vault) -> None:
    put_identity(vault)
    put(vault.paths.note, "note")
    vault.begin()
    vault.save()
    put_identity(vault, "mi-new")
    put(vault.paths.vault + "/Store/New", "x")
    put(vault.paths.note, "other note")
    vault.restore()
    assert vault.interrupted() and vault.saved() is None
    vault.drop()
    assert vault.identity() == Identity(ID, "eu-west-3")
    assert Path(vault.paths.note).read_text(encoding="utf-8") == "note"
    assert sorted(os.listdir(vault.paths.base)) == ["Vault", "registration"]
    assert os.listdir(vault.paths.vault + "/Store") == ["RegistrationKey"]


def test_nothing_to_save(vault: Vault) -> None:
    vault.begin()
    vault.save()
    assert vault.saved() is None and vault.interrupted()
    vault.drop()
    assert os.listdir(vault.paths.base) == []
    vault.drop()


def test_forget_leaves_other_profiles(vault: Vault) -> None:
    credentials = vault.paths.root + "/root/.aws/credentials"
    put(credentials, "[mine]\naws_access_key_id = A\n\n[default]\naws_access_key_id = B\n[other]\nx = y\n")
    put(vault.paths.runtime, json.dumps({"InstanceId": ID, "ShareFile": "/root/.aws/credentials", "ShareProfile": ""}))
    put(vault.paths.note, "note")
    vault.forget()
    assert Path(credentials).read_text(encoding="utf-8") == "[mine]\naws_access_key_id = A\n\n[other]\nx = y\n"
    assert stat.S_IMODE(os.stat(credentials).st_mode) == 0o600
    assert not vault.traces()


def test_forget_removes_a_file_of_the_agent_alone(vault: Vault) -> None:
    credentials = vault.paths.root + "/root/.aws/credentials"
    put(credentials, "[default]\naws_access_key_id = B\n")
    put(vault.paths.runtime, json.dumps({"ShareFile": "/root/.aws/credentials", "ShareProfile": "default"}))
    vault.forget()
    assert not os.path.exists(credentials)


def test_without_profile() -> None:
    assert without_profile("a=1\n[x]\nb=2\n [y]\nc=3", "x") == "a=1\n [y]\nc=3"
    assert without_profile("[xx]\nb=2\n", "x") == "[xx]\nb=2\n"
