# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and replies on the wire, addresses to listen on, and trust policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.region import wire
from sandbox.region.context import Region, Settings
from sandbox.region.errors import ApiError
from sandbox.region.server import Address

SIGNATURE = "AWS4-HMAC-SHA256 Credential=AKIA1/20261121/us-west-2/{}/aws4_request, SignedHeaders=host, Signature=0"
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def _parse(path: str = "/", query: str = "", body: bytes = b"", method: str = "POST", **headers: str) -> wire.Call:
    return wire.parse(method, path, query, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def test_json_services_are_told_by_their_target() -> None:
    call = _parse(
        x_amz_target="AmazonEC2ContainerServiceV20141113.ListClusters",
        authorization=SIGNATURE.format("ecs"),
        body=b'{"nextToken": "x"}',
    )
    assert (call.form, call.service, call.action, call.has_page_token) == ("json", "ecs", "ListClusters", True)
    assert call.scope == wire.Scope("AKIA1", "us-west-2", "ecs")


def test_an_unsigned_call_is_told_by_its_target_too() -> None:
    call = _parse(x_amz_target="AmazonSSM.RegisterManagedInstance", body=b"{}")
    assert (call.service, call.action, call.scope, call.has_page_token) == (
        "ssm",
        "RegisterManagedInstance",
        None,
        False,
    )


@pytest.mark.parametrize(("service", "form"), [("iam", "query"), ("sts", "query"), ("ec2", "ec2")])
def test_query_services_are_told_by_their_form(service: str, form: str) -> None:
    call = _parse(authorization=SIGNATURE.format(service), body=b"Action=DoIt&Marker=x", **FORM)
    assert (call.form, call.service, call.action, call.has_page_token) == (form, service, "DoIt", True)


def test_rest_services_are_told_by_method_and_path() -> None:
    call = _parse("/outposts", method="GET", authorization=SIGNATURE.format("outposts"))
    assert (call.form, call.action) == ("rest-json", "GET /outposts")
    assert _parse("/bucket", method="GET", authorization=SIGNATURE.format("s3")).form == "rest-xml"


def test_a_presigned_url_carries_its_scope() -> None:
    call = _parse("/b/k", "X-Amz-Credential=AKIA1%2F20261121%2Fus-west-2%2Fs3%2Faws4_request", method="GET")
    assert call.scope == wire.Scope("AKIA1", "us-west-2", "s3")


def test_cbor_services_are_told_by_their_protocol_header() -> None:
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    call = _parse(path, authorization=SIGNATURE.format("monitoring"), smithy_protocol="rpc-v2-cbor")
    assert (call.form, call.action) == ("cbor", "ListMetrics")


def test_members_that_are_null_are_absent() -> None:
    assert wire.json_params(_parse(x_amz_target="AmazonSSM.X", body=b'{"a": null, "b": 0}')) == {"b": 0}


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"'])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError, match="SerializationException"):
        wire.json_params(_parse(x_amz_target="AmazonSSM.X", body=body))


def test_json_errors() -> None:
    reply = wire.error_reply("json", ApiError("InvalidActivation", "no"), "id-1", "Message")
    assert (reply.status, reply.error, json.loads(reply.body)) == (
        400,
        "InvalidActivation",
        {"__type": "InvalidActivation", "Message": "no"},
    )
    assert reply.headers["x-amzn-requestid"] == "id-1"


@pytest.mark.parametrize("form", ["json", "query", "ec2", "rest-json", "rest-xml"])
def test_the_code_of_an_error_can_be_read_back_in_every_form(form: str) -> None:
    reply = wire.error_reply(form, ApiError("Some.Code", "a < b", status=501), "id-1")
    assert wire.error_code(501, reply.headers, reply.body) == "Some.Code"
    without_header = wire.error_code(501, {}, reply.body)
    assert without_header == ("501" if form == "rest-json" else "Some.Code")
    assert b"a < b" in reply.body or b"a &lt; b" in reply.body


def test_cbor_errors() -> None:
    reply = wire.error_reply("cbor", ApiError("C", "m"), "id-1")
    assert reply.body == b"\xa2\x79\x00\x06__type\x79\x00\x01C\x79\x00\x07message\x79\x00\x01m"


def test_a_success_has_no_error_code() -> None:
    assert wire.error_code(200, {}, b"<Code>x</Code>") is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:4566", Address("127.0.0.1", 4566)),
        ("[::1]:0", Address("::1", 0)),
        ("localhost:1", Address("localhost", 1)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    "text", ["", "4566", ":4566", "0.0.0.0:4566", "[::]:4566", "*:1", "127.0.0.1:x", "127.0.0.1:70000"]
)
def test_addresses_that_are_wrong_or_listen_everywhere_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ADDRESS:PORT|every interface"):
        Address.parse(text)


def _policy(**statement: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **statement}]})


@pytest.mark.parametrize(
    ("policy", "trusted"),
    [
        (_policy(Principal={"Service": "ssm.amazonaws.com"}), True),
        (_policy(Principal={"Service": ["ec2.amazonaws.com", "ssm.amazonaws.com"]}), True),
        (_policy(Principal={"Service": "ssm.amazonaws.com"}, Action=["sts:AssumeRole", "sts:TagSession"]), True),
        (_policy(Principal={"Service": "ec2.amazonaws.com"}), False),
        (_policy(Principal={"AWS": "*"}), False),
        (_policy(Principal="*"), False),
        (_policy(Principal={"Service": "ssm.amazonaws.com"}, Effect="Deny"), False),
        (_policy(Principal={"Service": "ssm.amazonaws.com"}, Action="sts:TagSession"), False),
        (None, False),
    ],
)
def test_trust_policies(policy: str | None, trusted: bool) -> None:
    region = Region(Settings(), lambda _role: policy)
    assert region.trusts("EdgeHosts", "ssm.amazonaws.com") is trusted
