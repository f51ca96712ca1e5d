# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSM agent as a service."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
import time
from typing import Any

import pytest

from sandbox.agents.standin.ssm import daemon

from .conftest import INSTANCE, wait_for
from .test_ssm_registration import REGISTER

RUNTIME = "/var/lib/amazon/ssm/runtimeconfig/identity_config.json"
SHARED = "/root/.aws/credentials"


def token(name: str, lifetime: float = 3600.0) -> tuple[int, dict[str, Any]]:
    return 200, {
        "AccessKeyId": name,
        "SecretAccessKey": "secret",
        "SessionToken": "token",
        "TokenExpirationDate": time.time() + lifetime,
        "UpdateKeyPair": False,
    }


@pytest.fixture
def registered(ssm_host, service):
    ssm_host.ssm(*REGISTER)
    service.replies["RequestManagedInstanceRoleToken"] = [token("ASIAFIRST")]
    service.replies["UpdateInstanceInformation"] = [(200, {})]
    service.replies["ListInstanceAssociations"] = [(200, {"Associations": []})]
    return ssm_host


def test_credentials_reach_the_shared_profile(registered, service) -> None:
    registered.write(SHARED, "[default]\naws_access_key_id = OLD\n\n[mine]\naws_access_key_id = MINE\n")
    registered.start("ssm.cli")
    config = wait_for(lambda: registered.path(RUNTIME).exists() and registered.json(RUNTIME), "runtime configuration")
    assert (config["InstanceId"], config["ShareFile"]) == (INSTANCE, SHARED)
    content = registered.path(SHARED).read_text()
    assert "ASIAFIRST" in content and "MINE" in content and "OLD" not in content
    assert stat.S_IMODE(registered.path(SHARED).stat().st_mode) == 0o600
    assert "secret\n" not in registered.output("ssm.cli")

    wait_for(lambda: service.actions("ListInstanceAssociations"), "report")
    information = service.actions("UpdateInstanceInformation")[0]
    assert information.body["InstanceId"] == INSTANCE
    assert "Credential=ASIAFIRST/" in information.headers["authorization"]
    assert information.headers["x-amz-security-token"] == "token"


def test_the_request_for_a_token_is_signed_by_the_registered_key(registered, service, tmp_path) -> None:
    registered.start("ssm.cli")
    call = wait_for(lambda: service.actions("RequestManagedInstanceRoleToken"), "request")[0]
    assert f"Credential={INSTANCE}/" in call.headers["authorization"]
    scheme, _separator, signature = call.headers["ssm-asymmetrickeyauthorization"].partition("=")
    assert scheme == "Signature"
    (tmp_path / "key").write_bytes(base64.b64decode(service.actions("RegisterManagedInstance")[0].body["PublicKey"]))
    (tmp_path / "signature").write_bytes(base64.b64decode(signature))
    verify = ["openssl", "dgst", "-sha256", "-verify", "key", "-keyform", "DER", "-signature", "signature"]
    result = subprocess.run(
        verify, cwd=tmp_path, input=call.headers["authorization"].encode(), capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_rotation_at_half_of_the_lifetime(registered, service) -> None:
    service.replies["RequestManagedInstanceRoleToken"] = [token("ASIAFIRST", 2.0), token("ASIASECOND")]
    registered.start("ssm.cli")
    wait_for(registered.path(SHARED).exists, "first credentials")
    wait_for(lambda: "ASIASECOND" in registered.path(SHARED).read_text(), "second credentials")
    assert len(service.actions("RequestManagedInstanceRoleToken")) == 2
    nobody = daemon.Credentials("", "")
    assert daemon.Token(nobody, retrieved=1000.0, expires=4600.0).rotation == 2800.0


def test_a_running_agent_does_not_notice_a_registration(ssm_host, service) -> None:
    process = ssm_host.start("ssm.cli")
    wait_for(lambda: "not registered" in ssm_host.output("ssm.cli"), "complaint")
    ssm_host.ssm(*REGISTER)
    service.replies["RequestManagedInstanceRoleToken"] = [token("ASIAFIRST")]
    time.sleep(0.5)
    assert process.poll() is None
    assert service.actions("RequestManagedInstanceRoleToken") == []
    ssm_host.stop(process)
    assert process.returncode == 0
    ssm_host.start("ssm.cli")
    wait_for(lambda: service.actions("RequestManagedInstanceRoleToken"), "request after the restart")


@pytest.mark.parametrize("code", ["AccessDeniedException", "MachineFingerprintDoesNotMatch"])
def test_a_refusal_sends_the_agent_to_sleep(registered, service, code: str) -> None:
    service.replies["RequestManagedInstanceRoleToken"] = [(400, {"__type": code, "message": "no"}), token("ASIALATE")]
    process = registered.start("ssm.cli")
    wait_for(lambda: "Sleeping for" in registered.output("ssm.cli"), "sleep")
    time.sleep(0.5)
    assert len(service.actions("RequestManagedInstanceRoleToken")) == 1
    # A restart is the cure.
    registered.stop(process)
    registered.start("ssm.cli")
    wait_for(lambda: len(service.actions("RequestManagedInstanceRoleToken")) == 2, "request after the restart")


def test_the_sleep_is_25_to_30_minutes_unless_told(monkeypatch) -> None:
    monkeypatch.setenv("EDGEFLEET_STANDIN_ROOT", "/nonexistent")
    monkeypatch.delenv("EDGEFLEET_STANDIN_SSM_DENIED_SLEEP", raising=False)
    assert all(1500 <= daemon.denied_sleep() <= 1800 for _try in range(50))
    monkeypatch.setenv("EDGEFLEET_STANDIN_SSM_DENIED_SLEEP", "2")
    assert daemon.denied_sleep() == 2


def test_knobs_come_from_a_file_too(registered, service) -> None:
    registered.write("/etc/default/edgefleet-standin", "EDGEFLEET_STANDIN_SSM_DENIED_SLEEP=0.1\n")
    service.replies["RequestManagedInstanceRoleToken"] = [(400, {"__type": "AccessDeniedException"}), token("ASIALATE")]
    registered.start("ssm.cli")
    wait_for(registered.path(SHARED).exists, "credentials after a short sleep")


def test_accidents_are_repeated_with_growing_pauses(registered, service) -> None:
    service.replies["RequestManagedInstanceRoleToken"] = [(500, {}), (500, {}), token("ASIALATE")]
    registered.start("ssm.cli")
    wait_for(registered.path(SHARED).exists, "credentials in the end")
    assert len(service.actions("RequestManagedInstanceRoleToken")) == 3


def test_another_machine_id_makes_another_fingerprint(registered, service) -> None:
    """As the real agent: the vault's hashes follow, so only the service can tell."""
    registered.write("/etc/machine-id", "f" * 32 + "\n")
    registered.start("ssm.cli")
    call = wait_for(lambda: service.actions("RequestManagedInstanceRoleToken"), "request")[0]
    assert call.body["Fingerprint"] != service.actions("RegisterManagedInstance")[0].body["Fingerprint"]
    saved = json.loads(registered.path("/var/lib/amazon/ssm/Vault/Store/InstanceFingerprint").read_text())
    assert saved["hardwareHash"]["machine-id"] == "f" * 32 + "\n"


def test_similarity() -> None:
    from sandbox.agents.standin.ssm.fingerprint import similar

    saved = {"machine-id": "m", "ipaddress-info": "1", "a": "1", "b": "1"}
    assert similar(saved, {**saved, "a": "2", "b": "2"}, 40), "the same address settles it"
    assert similar(saved, {**saved, "ipaddress-info": "2"}, 40)
    assert not similar(saved, {**saved, "ipaddress-info": "2", "a": "2", "b": "2"}, 40), "one of four is too little"
    assert not similar(saved, {**saved, "machine-id": "other"}, 1), "another machine is never similar"


def test_without_a_control_channel_messages_are_polled(registered, service) -> None:
    registered.knob(SSM_MESSAGES_PAUSE=0.05)
    path = f"/v1/control-channel/{INSTANCE}"
    service.replies[path] = [(403, {"__type": "AccessDeniedException"})]
    service.replies["GetMessages"] = [(200, {"Messages": []})]
    registered.start("ssm.cli")
    poll = wait_for(lambda: service.actions("GetMessages"), "poll")[0]
    assert poll.body["Destination"] == INSTANCE
    assert "/ec2messages/aws4_request" in poll.headers["authorization"]
    (asked, *_again) = service.actions(path)
    assert asked.body["MessageSchemaVersion"] == "1.0" and len(asked.body["RequestId"]) >= 16
    assert "Credential=ASIAFIRST/" in asked.headers["authorization"]
    wait_for(lambda: len(service.actions(path)) > 1, "another try")


def test_the_message_services_have_endpoints_of_their_own(registered, service) -> None:
    file = "/etc/amazon/ssm/amazon-ssm-agent.json"
    nowhere = {"Endpoint": "http://127.0.0.1:9"}
    registered.write(file, json.dumps({**registered.json(file), "Mgs": nowhere, "Mds": {"Endpoint": service.url}}))
    service.replies["GetMessages"] = [(200, {"Messages": []})]
    registered.start("ssm.cli")
    wait_for(lambda: service.actions("GetMessages"), "poll")
    assert not service.actions(f"/v1/control-channel/{INSTANCE}")
