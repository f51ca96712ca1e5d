# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may call: signatures of agents are verified, those of operators when the Region is told their keys."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from sandbox.region.context import Settings
from sandbox.region.signatures import KEY_PAIR_HEADER
from sandbox.region.testing import Host, Refused, RunningRegion, running_region

from .conftest import CLUSTER, ROLE


@pytest.fixture
def host(region: RunningRegion, ecs: Any, ssm: Any) -> Host:
    return region.host(region.activate(ROLE))


def discover(host: Host, credentials: Credentials | None = None) -> dict[str, Any]:
    params = {"cluster": CLUSTER}
    return host._wire.signed("ecs", "DiscoverPollEndpoint", params, credentials or host.credentials)


def refusal(host: Host, credentials: Credentials) -> str:
    with pytest.raises(Refused) as caught:
        discover(host, credentials)
    assert caught.value.status == 400
    return caught.value.code


def test_credentials_of_the_role_are_believed(host: Host) -> None:
    assert "/acs" in discover(host)["endpoint"]


def test_a_wrong_secret(host: Host) -> None:
    own = host.credentials
    assert refusal(host, Credentials(own.access_key, "another", own.token)) == "InvalidSignatureException"


@pytest.mark.parametrize("token", ["another", None])
def test_a_wrong_session_token(host: Host, token: str | None) -> None:
    own = host.credentials
    assert refusal(host, Credentials(own.access_key, own.secret_key, token)) == "UnrecognizedClientException"


def test_a_key_that_was_never_handed_out(host: Host) -> None:
    assert refusal(host, Credentials("ASIAEDGEAAAAAAAAAAAA", "s", "t")) == "UnrecognizedClientException"


def test_an_expired_role_token(region: RunningRegion, host: Host) -> None:
    old = host.credentials
    region.advance(3601)
    assert refusal(host, old) == "ExpiredTokenException"
    host.rotate()
    discover(host)


def test_a_changed_body(region: RunningRegion, host: Host) -> None:
    request = AWSRequest("POST", region.url, data=b"{}")
    SigV4Auth(host.credentials, "ecs", region.name).add_auth(request)
    with pytest.raises(Refused) as caught:
        host._wire.post("ecs", "DiscoverPollEndpoint", {"cluster": CLUSTER}, dict(request.headers))
    assert caught.value.code == "InvalidSignatureException"
    assert "signature we calculated does not match" in caught.value.message


@pytest.mark.parametrize(("offset", "words"), [(-900, "Signature expired"), (900, "not yet current")])
def test_a_wrong_clock(host: Host, monkeypatch: pytest.MonkeyPatch, offset: int, words: str) -> None:
    def signed_at(auth: SigV4Auth, request: AWSRequest) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + offset))
        request.context["timestamp"] = stamp
        auth._modify_request_before_signing(request)
        canonical = auth.canonical_request(request)
        auth._inject_signature_to_request(request, auth.signature(auth.string_to_sign(request, canonical), request))

    monkeypatch.setattr(SigV4Auth, "add_auth", signed_at)
    with pytest.raises(Refused, match=words) as caught:
        discover(host)
    assert caught.value.code == "InvalidSignatureException"


def test_a_clock_moved_by_a_test_is_no_wrong_clock(region: RunningRegion, host: Host) -> None:
    region.advance(1800)
    discover(host)


@pytest.mark.parametrize("stated", ["", "Signature=", "Signature=AAAA", "Signature=%"])
def test_a_token_request_without_the_private_key(host: Host, region: RunningRegion, stated: str) -> None:
    scope = f"{host.id}/20260101/{region.name}/ssm/aws4_request"
    header = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"
    with pytest.raises(Refused) as caught:
        host._wire.post(
            "ssm",
            "RequestManagedInstanceRoleToken",
            {"Fingerprint": host.fingerprint},
            {"authorization": header, KEY_PAIR_HEADER: stated},
        )
    assert caught.value.code == "InvalidSignatureException"


def test_calls_to_other_services_are_verified_too(host: Host, region: RunningRegion) -> None:
    own = host.credentials
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    for secret in (own.secret_key, "another"):
        s3 = region.client("s3", **dict(zip(names, (own.access_key, secret, own.token), strict=True)))
        iam = region.client("iam", **dict(zip(names, (own.access_key, secret, own.token), strict=True)))
        if secret == own.secret_key:
            s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": region.name})
            s3.put_object(Bucket="bucket", Key="a key/with+signs~", Body=b"content")
            assert iam.list_roles()["Roles"]
        else:
            for call in (s3.list_buckets, iam.list_roles):
                with pytest.raises(ClientError, match="InvalidSignatureException"):
                    call()


@pytest.fixture(scope="module")
def strict() -> Iterator[RunningRegion]:
    with running_region(Settings(operators={"AKIAKNOWN": "secret"})) as region:
        yield region


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        ("AKIAKNOWN", "wrong", "InvalidSignatureException"),
        ("AKIAOTHER", "secret", "UnrecognizedClientException"),
    ],
)
def test_operators_when_their_keys_are_known(strict: RunningRegion, key: str, secret: str, code: str) -> None:
    known = {"aws_access_key_id": "AKIAKNOWN", "aws_secret_access_key": "secret"}
    assert strict.client("ecs", **known).list_clusters()["clusterArns"] == []
    strict.client("iam", **known).list_roles()
    with pytest.raises(ClientError, match=code):
        strict.client("ecs", aws_access_key_id=key, aws_secret_access_key=secret).list_clusters()


def test_any_operator_otherwise(region: RunningRegion) -> None:
    assert region.client("ecs", aws_secret_access_key="whatever").list_clusters()["clusterArns"] == []


def test_keys_come_from_a_credentials_file(tmp_path: Any) -> None:
    from sandbox.region.__main__ import _arguments

    path = tmp_path / "credentials"
    path.write_text("[default]\naws_access_key_id = AKIAKNOWN\naws_secret_access_key = a%b\n", encoding="utf-8")
    arguments = _arguments(["--listen", "127.0.0.1:0", "--verify-operators", str(path)])
    assert json.dumps(arguments.verify_operators) == '{"AKIAKNOWN": "a%b"}'
