# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes over the wire: which service and action a request means, and how that service words an error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from .errors import ApiError
from .signatures import Request

TARGETS = {
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "AmazonSSM": "ssm",
    "EC2WindowsMessageDeliveryService": "ec2messages",
    "OpenSearch": "es",
}
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request")
_QUERY_CREDENTIAL = re.compile(r"([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_PAGE_TOKENS = frozenset({"nexttoken", "marker", "continuation-token", "paginationtoken", "startingtoken"})
_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")
# The forms of services with REST paths, where it is not rest-json. SSM's message gateway takes JSON and answers XML.
_REST_FORMS = {"s3": "rest-xml", "route53": "rest-xml", "cloudfront": "rest-xml", "ssmmessages": "json-xml"}


@dataclass(frozen=True)
class Scope:
    """The credential scope of a SigV4 signature."""

    access_key_id: str
    region: str
    service: str


@dataclass(frozen=True)
class Call:
    """A request to AWS, as far as its form tells."""

    form: str  # json, query, ec2, cbor, rest-json, rest-xml or json-xml
    service: str
    action: str
    scope: Scope | None
    body: bytes
    host: str
    has_page_token: bool
    # What a signature covers.
    request: Request


@dataclass(frozen=True)
class Reply:
    """An answer, ready to be sent."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    error: str | None = None


def parse_scope(authorization: str, query: Mapping[str, list[str]]) -> Scope | None:
    """The scope from the header, or from the query of a presigned URL."""
    match = _CREDENTIAL.search(authorization) or _QUERY_CREDENTIAL.fullmatch(query.get("X-Amz-Credential", [""])[0])
    return Scope(match[1], match[3], match[4].lower()) if match else None


def _form_fields(headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]) -> dict[str, list[str]]:
    fields = dict(query)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        fields.update(parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True))
    return fields


def _page_token_in(names: Mapping[str, Any]) -> bool:
    return any(name.lower() in _PAGE_TOKENS and value for name, value in names.items())


def _json_members(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body or b"{}")
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def parse(method: str, path: str, query_string: str, headers: Mapping[str, str], body: bytes) -> Call:
    """Tell service and action from target, form fields and signature; either is empty when nothing tells it."""
    request = Request(method, path, query_string, headers, body)
    query = parse_qs(query_string, keep_blank_values=True)
    scope = parse_scope(headers.get("authorization", ""), query)
    service = scope.service if scope else ""
    host = headers.get("host", "")
    target = headers.get("x-amz-target", "")
    if target:
        prefix, _, action = target.rpartition(".")
        service = TARGETS.get(prefix, service)
        return Call("json", service, action, scope, body, host, _page_token_in(_json_members(body)), request)
    fields = _form_fields(headers, body, query)
    if "Action" in fields:
        form = "ec2" if service == "ec2" else "query"
        return Call(form, service, fields["Action"][0], scope, body, host, _page_token_in(fields), request)
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return Call("cbor", service, path.rpartition("/")[2], scope, body, host, False, request)
    form = _REST_FORMS.get(service, "rest-json")
    # Paths of REST services carry names and ids; the method and path are as good a name as any for the log.
    return Call(form, service, f"{method} {path}", scope, body, host, _page_token_in(fields), request)


def json_params(call: Call) -> dict[str, Any]:
    """The parameters of a JSON call, without members that are null: the protocol treats these as absent."""
    try:
        params = json.loads(call.body or b"{}")
    except ValueError as error:
        raise ApiError("SerializationException", "The request body is not JSON.") from error
    if not isinstance(params, dict):
        raise ApiError("SerializationException", "The request body is not a JSON object.")
    return {name: value for name, value in params.items() if value is not None}


def json_reply(reply: Mapping[str, Any], request_id: str) -> Reply:
    body = json.dumps(reply, separators=(",", ":")).encode()
    return Reply(200, body, {"content-type": "application/x-amz-json-1.1", "x-amzn-requestid": request_id})


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    return b"\x79" + len(data).to_bytes(2, "big") + data


def _error_body(form: str, error: ApiError, request_id: str, message_member: str) -> tuple[str, bytes]:
    code, message = escape(error.code), escape(error.message)
    kind = "Receiver" if error.status >= 500 else "Sender"
    if form == "query":
        text = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return "text/xml", text.encode()
    if form == "ec2":
        text = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
        return "text/xml", text.encode()
    if form == "rest-xml":
        text = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
        return "application/xml", text.encode()
    if form == "json-xml":
        return "application/xml", f"<{code}><Message>{message}</Message></{code}>".encode()
    if form == "cbor":
        pairs = (("__type", error.code), ("message", error.message))
        return "application/cbor", b"\xa2" + b"".join(_cbor_text(name) + _cbor_text(value) for name, value in pairs)
    if form == "rest-json":
        return "application/json", json.dumps({message_member: error.message}).encode()
    body = {"__type": error.code, message_member: error.message}
    return "application/x-amz-json-1.1", json.dumps(body).encode()


def error_reply(form: str, error: ApiError, request_id: str, message_member: str = "message") -> Reply:
    """An error in the form in which the caller's SDK expects it."""
    content_type, body = _error_body(form, error, request_id, message_member)
    headers = {"content-type": content_type, "x-amzn-requestid": request_id, "x-amzn-errortype": error.code}
    if form == "cbor":
        headers["smithy-protocol"] = "rpc-v2-cbor"
    return Reply(error.status, body, headers, error.code)


def error_code(status: int, headers: Mapping[str, str], body: bytes) -> str | None:
    """The error code in a reply that somebody else (moto) wrote."""
    if status < 400:
        return None
    if headers.get("x-amzn-errortype"):
        return headers["x-amzn-errortype"].partition(":")[0]
    match = _XML_CODE.search(body)
    if match:
        return match[1].decode()
    kind = _json_members(body).get("__type", "")
    return str(kind).rpartition("#")[2] or str(status)
