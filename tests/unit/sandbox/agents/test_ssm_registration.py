# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""amazon-ssm-agent -register: files, retries, and what a failed registration destroys."""

from __future__ import annotations

import base64
import json
import stat
import subprocess

import pytest

from .conftest import INSTANCE

CODE = "a-code-of-at-least-20"
ACTIVATION = "01234567-89ab-cdef-0123-456789abcdef"
REGISTER = ("-register", "-code", CODE, "-id", ACTIVATION, "-region", "us-west-2")
VAULT = "/var/lib/amazon/ssm/Vault/Store"
SUCCESS = f"Successfully registered the instance with AWS SSM using Managed instance-id: {INSTANCE}"


def refuse(code: str, status: int = 400) -> tuple[int, dict[str, str]]:
    return status, {"__type": code, "message": "no"}


def registered_id(host) -> str:
    return host.json(f"{VAULT}/RegistrationKey")["instanceID"]


def test_success_writes_an_identity(ssm_host, service) -> None:
    ssm_host.path("bin/openssl").unlink()
    result = ssm_host.ssm(*REGISTER)
    assert result.returncode == 0
    assert SUCCESS in result.stdout
    assert CODE not in result.stdout + result.stderr

    key = ssm_host.json(f"{VAULT}/RegistrationKey")
    assert (key["instanceID"], key["region"]) == (INSTANCE, "us-west-2")
    assert ssm_host.json("/var/lib/amazon/ssm/registration") == {"ManagedInstanceID": INSTANCE, "Region": "us-west-2"}
    fingerprint = ssm_host.json(f"{VAULT}/InstanceFingerprint")
    assert fingerprint["hardwareHash"]["machine-id"] == "0123456789abcdef0123456789abcdef\n"

    (call,) = service.calls
    assert "authorization" not in call.headers
    assert call.headers["x-amz-target"] == "AmazonSSM.RegisterManagedInstance"
    public_key = call.body.pop("PublicKey")
    assert call.body == {
        "ActivationCode": CODE,
        "ActivationId": ACTIVATION,
        "Fingerprint": fingerprint["fingerprint"],
        "PublicKeyType": "Rsa",
    }
    described = subprocess.run(
        ["openssl", "pkey", "-pubin", "-inform", "DER", "-noout", "-text"],
        input=base64.b64decode(public_key),
        capture_output=True,
        check=True,
    )
    assert b"2048 bit" in described.stdout


def test_files_are_private(ssm_host) -> None:
    ssm_host.ssm(*REGISTER)
    files = [path for path in ssm_host.path("/var/lib/amazon/ssm").rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"Manifest", "RegistrationKey", "InstanceFingerprint", "registration"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_again_without_yes_and_without_stdin_changes_nothing(ssm_host, service) -> None:
    ssm_host.ssm(*REGISTER)
    before = ssm_host.json(f"{VAULT}/RegistrationKey")
    result = ssm_host.ssm(*REGISTER)
    assert result.returncode == 1
    assert ssm_host.json(f"{VAULT}/RegistrationKey") == before
    assert len(service.calls) == 1


@pytest.mark.parametrize(("answer", "code", "calls"), [("Yes\n", 0, 2), ("no\n", 1, 1), ("\n", 1, 1), ("?\n", 1, 1)])
def test_the_question(ssm_host, service, answer: str, code: int, calls: int) -> None:
    ssm_host.ssm(*REGISTER)
    assert ssm_host.ssm(*REGISTER, stdin=answer).returncode == code
    assert len(service.calls) == calls


@pytest.mark.parametrize(
    "wrong",
    [REGISTER, ("-register", "-code", "short", "-id", ACTIVATION, "-region", "us-west-2")],
    ids=["refused", "short"],
)
def test_yes_destroys_the_identity_before_anybody_is_asked(ssm_host, service, wrong: tuple[str, ...]) -> None:
    ssm_host.ssm(*REGISTER)
    service.replies["RegisterManagedInstance"] = [refuse("InvalidActivation")]
    result = ssm_host.ssm(*wrong, "-y")
    assert result.returncode == 1
    assert registered_id(ssm_host) == ""
    # The file that other programs look at still names the dead identity.
    assert ssm_host.json("/var/lib/amazon/ssm/registration")["ManagedInstanceID"] == INSTANCE


def test_short_values_never_reach_the_service(ssm_host, service) -> None:
    result = ssm_host.ssm("-register", "-code", "short", "-id", "short", "-region", "us-west-2")
    assert result.returncode == 1
    assert "minimum field size of 20, RegisterManagedInstanceInput.ActivationCode" in result.stdout
    assert "minimum field size of 36, RegisterManagedInstanceInput.ActivationId" in result.stdout
    assert service.calls == []


def test_a_wrong_activation_is_not_repeated(ssm_host, service) -> None:
    service.replies["RegisterManagedInstance"] = [refuse("InvalidActivation")]
    result = ssm_host.ssm(*REGISTER)
    assert result.returncode == 1
    assert "InvalidActivation" in result.stdout
    assert len(service.calls) == 1


@pytest.mark.parametrize("accident", [refuse("InternalServerError", 500), refuse("ThrottlingException")])
def test_accidents_are_tried_six_times(ssm_host, service, accident: tuple[int, dict[str, str]]) -> None:
    service.replies["RegisterManagedInstance"] = [accident]
    assert ssm_host.ssm(*REGISTER).returncode == 1
    assert len(service.calls) == 6


def test_a_passing_accident_is_survived(ssm_host, service) -> None:
    service.replies["RegisterManagedInstance"] = [refuse("InternalServerError", 500), (200, {"InstanceId": INSTANCE})]
    assert ssm_host.ssm(*REGISTER).returncode == 0


def test_nobody_listens(ssm_host) -> None:
    ssm_host.write("/etc/amazon/ssm/amazon-ssm-agent.json", json.dumps({"Ssm": {"Endpoint": "http://127.0.0.1:9"}}))
    result = ssm_host.ssm(*REGISTER)
    assert result.returncode == 1
    assert "RequestError: send request failed" in result.stdout


def test_waits_add_up_to_nine_seconds() -> None:
    from sandbox.agents.standin.ssm.registration import DELAYS

    assert len(DELAYS) == 5
    assert 8 < sum(DELAYS) * 0.95 < sum(DELAYS) * 1.05 < 10


def test_clear_leaves_the_registration_file(ssm_host) -> None:
    ssm_host.ssm(*REGISTER)
    result = ssm_host.ssm("-register", "-clear")
    assert (result.returncode, registered_id(ssm_host)) == (0, "")
    assert ssm_host.json("/var/lib/amazon/ssm/registration")["ManagedInstanceID"] == INSTANCE


def test_the_proxy_of_the_command_counts(ssm_host, service) -> None:
    """The service double stands for the proxy: it gets the whole URL of a host that does not exist."""
    endpoint = "http://ssm.nowhere.invalid"
    ssm_host.write("/etc/amazon/ssm/amazon-ssm-agent.json", json.dumps({"Ssm": {"Endpoint": endpoint}}))
    ssm_host.environment["HTTP_PROXY"] = service.url
    assert ssm_host.ssm(*REGISTER).returncode == 0
    assert service.calls[0].target == endpoint + "/"


def test_fingerprint_survives_until_the_machine_is_another(ssm_host, service) -> None:
    ssm_host.ssm(*REGISTER)
    ssm_host.ssm(*REGISTER, "-y")
    ssm_host.write("/etc/machine-id", "f" * 32 + "\n")
    ssm_host.ssm(*REGISTER, "-y")
    first, second, third = (call.body["Fingerprint"] for call in service.calls)
    assert first == second != third


def test_similarity_threshold(ssm_host) -> None:
    assert ssm_host.ssm("-fingerprint", "-similarityThreshold", "50").returncode == 1
    ssm_host.ssm(*REGISTER)
    assert ssm_host.ssm("-fingerprint", "-similarityThreshold", "0").returncode == 1
    assert ssm_host.ssm("-fingerprint", "-similarityThreshold", "50").returncode == 0
    assert ssm_host.json(f"{VAULT}/InstanceFingerprint")["similarityThreshold"] == 50


def test_without_its_manifest_the_vault_is_empty(ssm_host, service) -> None:
    ssm_host.ssm(*REGISTER)
    ssm_host.path("/var/lib/amazon/ssm/Vault/Manifest").unlink()
    assert ssm_host.ssm(*REGISTER).returncode == 0
