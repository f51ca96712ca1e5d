# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forms of the wire, judged by botocore: what its clients write is what handlers read, and the other way round."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from sandbox.region import forms, registry, shapes, wire
from sandbox.region.ec2 import actions as ec2
from sandbox.region.outposts import actions as outposts

ARN = "arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0"
_SAMPLES = {"integer": 7, "long": 7, "float": 1.5, "double": 1.5, "boolean": True, "blob": "YQ=="}


def sample(shape: Any, depth: int = 9) -> Any:
    """A value with every member that a shape has, lists of two."""
    if shape.type_name == "structure":
        return {name: sample(member, depth - 1) for name, member in shape.members.items() if depth}
    if shape.type_name == "list":
        return [sample(shape.member, depth - 1) for _ in range(2)] if depth else []
    if shape.type_name == "map":
        return {"k&<": sample(shape.value, depth - 1)}
    if shape.type_name == "timestamp":
        return 1_700_000_000.0
    if shape.type_name in _SAMPLES:
        return _SAMPLES[shape.type_name]
    return ARN if "Outpost" in shape.name else "a b/ü&<>%"


def _call(service: str, action: str, params: dict[str, Any]) -> wire.Call:
    """A request as boto3 sends it, read back by ours."""
    model = shapes.model(service)
    serializer = create_serializer(model.metadata["protocol"], include_validation=False)
    request = serializer.serialize_to_request(params, model.operation_model(action))
    body = request["body"]
    if isinstance(body, dict):
        body = wire_fields(body)
    headers = {name.lower(): value for name, value in request["headers"].items()}
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential=K/20260101/us-west-2/{service}/aws4_request"
    query = wire_fields(request["query_string"]).decode() if request["query_string"] else ""
    path = request["url_path"].replace("%3A", ":").replace("%2F", "/").replace("%20", " ")
    path = path.encode("latin-1", "replace").decode()
    return forms.named(wire.parse(request["method"], path, query, headers, body or b""))


def wire_fields(fields: dict[str, Any]) -> bytes:
    from urllib.parse import urlencode

    return urlencode(fields, doseq=True).encode()


def _handled(service: str) -> list[tuple[str, str]]:
    return [(service, name) for name in sorted(registry.names(service))]


def _uri_safe(shape: Any, params: dict[str, Any]) -> dict[str, Any]:
    """What stands in a path keeps to characters that ids and ARNs have."""
    for name, member in shape.members.items():
        if member.serialization.get("location") == "uri" and params[name] != ARN:
            params[name] = "id-0123"
    return params


@pytest.mark.parametrize(("service", "action"), [*_handled(ec2.SERVICE), *_handled(outposts.SERVICE)])
def test_a_handler_reads_what_botocore_writes(service: str, action: str) -> None:
    shape = shapes.model(service).operation_model(action).input_shape
    params = _uri_safe(shape, sample(shape))
    call = _call(service, action, params)
    assert (call.service, call.action) == (service, action)
    assert forms.params(call) == _as_read(shape, params)


def _as_read(shape: Any, value: Any) -> Any:
    """Lists and structures that carry nothing do not travel in queries; blobs are base64 of base64."""
    if shape.type_name == "structure":
        read = {name: _as_read(shape.members[name], item) for name, item in value.items()}
        return {name: item for name, item in read.items() if item not in ({}, [])}
    if shape.type_name == "list":
        return [_as_read(shape.member, item) for item in value]
    if shape.type_name == "blob":
        return "WVE9PQ=="
    if shape.type_name == "timestamp":
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


@pytest.mark.parametrize(("service", "action"), [*_handled(ec2.SERVICE), *_handled(outposts.SERVICE)])
def test_botocore_reads_what_a_handler_answers(service: str, action: str) -> None:
    model = shapes.model(service)
    shape = model.operation_model(action).output_shape
    members = sample(shape) if shape is not None else {}
    form = "ec2" if service == "ec2" else "rest-json"
    request = wire.parse("POST", "/", "", {}, b"")
    call = wire.Call(form, service, action, None, b"", "", False, request.request)
    reply = forms.reply(call, members, "r-1")
    answer = {"headers": reply.headers, "status_code": 200, "body": reply.body, "context": {}}
    parsed = create_parser(model.metadata["protocol"]).parse(answer, shape)
    parsed.pop("ResponseMetadata")
    assert _plain(parsed) == _plain(members)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item not in ({}, [])}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.timestamp() if isinstance(value, datetime) else value


def test_numbers_that_are_none_are_left_to_the_check() -> None:
    params = forms.ec2_params("RunInstances", {"MinCount": "many", "MaxCount": "1", "EbsOptimized": "maybe"})
    assert params == {"MinCount": "many", "MaxCount": 1, "EbsOptimized": "maybe"}
    problems = shapes.input_problems("ec2", "RunInstances", params)
    assert [problem.partition(" must")[0] for problem in sorted(problems)] == [
        "Value at 'EbsOptimized'",
        "Value at 'MinCount'",
    ]


def test_a_path_that_no_operation_has_keeps_its_name() -> None:
    headers = {"authorization": "Credential=K/20260101/us-west-2/outposts/aws4_request"}
    call = forms.named(wire.parse("PATCH", "/nothing", "", headers, b""))
    assert call.action == "PATCH /nothing"


def test_fields_can_be_changed_on_the_way_to_moto() -> None:
    headers = {
        "authorization": "Credential=K/20260101/us-west-2/ec2/aws4_request",
        "content-type": "application/x-www-form-urlencoded",
    }
    call = wire.parse("POST", "/", "", headers, b"Action=RunInstances&MinCount=1&UserData=YQ%3D%3D")
    changed = forms.with_fields(call, {"MinCount": "3"})
    assert forms.params(changed) == {"MinCount": 3, "UserData": "YQ=="}
    assert forms.with_fields(call, {}) is call
