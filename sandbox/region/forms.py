# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between the wire forms of the services that we serve and plain parameters: JSON, REST with JSON, EC2's query."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode
from xml.sax.saxutils import escape

from . import shapes
from .errors import ApiError
from .wire import Call, Reply, json_params, json_reply

# Services with REST paths that have handlers of ours.
_REST = frozenset({"outposts", "ssmmessages"})
_REST_FORMS = frozenset({"rest-json", "json-xml"})
_LABEL = re.compile(r"\{(\w+)\}")
# A label of a path holds a name, or an ARN with the slash before its last part already unquoted by the server.
_VALUE = r"(?P<{0}>arn:[^/]+/[^/]+|[^/]+)"
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html
_EC2_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


@cache
def _routes(service: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    routes = []
    for name in sorted(shapes.operations(service)):
        http = shapes.model(service).operation_model(name).http
        path = _LABEL.sub(lambda match: _VALUE.format(match[1]), http["requestUri"])
        routes.append((http["method"], re.compile(path), name))
    return tuple(routes)


def operation(service: str, method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The operation that a REST request means, and the values in its path; None when there is none."""
    for verb, pattern, name in _routes(service):
        match = pattern.fullmatch(path) if verb == method else None
        if match:
            return name, match.groupdict()
    return None


def _scalar(shape: Any, text: str) -> Any:
    if shape.type_name in ("integer", "long"):
        try:
            return int(text)
        except ValueError:
            return text  # left to the check of the input, which names the member
    if shape.type_name == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def _located(shape: Any, labels: Mapping[str, str], query: Mapping[str, list[str]]) -> dict[str, Any]:
    """The members of a REST request that are in its path and query."""
    values: dict[str, Any] = {}
    for name, member in shape.members.items():
        where, key = member.serialization.get("location"), member.serialization.get("name", name)
        if where == "uri" and key in labels:
            values[name] = labels[key]
        elif where == "querystring" and key in query:
            listed = member.type_name == "list"
            values[name] = query[key] if listed else _scalar(member, query[key][0])
    return values


def _rest_params(call: Call) -> dict[str, Any]:
    shape = shapes.model(call.service).operation_model(call.action).input_shape
    found = operation(call.service, call.request.method, call.request.path)
    located = _located(shape, found[1] if found else {}, parse_qs(call.request.query)) if shape else {}
    return {**json_params(call), **located}


def _ec2_name(name: str, member: Any) -> str:
    # botocore's own rule for requests of the ec2 protocol.
    if "queryName" in member.serialization:
        return str(member.serialization["queryName"])
    located = str(member.serialization.get("name", name))
    return located[0].upper() + located[1:]


def _ec2_list(shape: Any, fields: Mapping[str, str], prefix: str) -> list[Any]:
    numbers = {key[len(prefix) + 1 :].partition(".")[0] for key in fields if key.startswith(f"{prefix}.")}
    ordered = sorted(int(number) for number in numbers if number.isdigit())
    return [_ec2_value(shape.member, fields, f"{prefix}.{number}") for number in ordered]


def _ec2_structure(shape: Any, fields: Mapping[str, str], prefix: str) -> dict[str, Any]:
    members = {}
    for name, member in shape.members.items():
        key = prefix + _ec2_name(name, member)
        if key in fields or any(field.startswith(f"{key}.") for field in fields):
            members[name] = _ec2_value(member, fields, key)
    return members


def _ec2_value(shape: Any, fields: Mapping[str, str], key: str) -> Any:
    if shape.type_name == "structure":
        return _ec2_structure(shape, fields, f"{key}.")
    if shape.type_name == "list":
        return _ec2_list(shape, fields, key)
    return _scalar(shape, fields[key])


def ec2_params(action: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Parameters from the fields of a query, as far as the action has them."""
    shape = shapes.model("ec2").operation_model(action).input_shape
    return _ec2_structure(shape, fields, "") if shape else {}


def _ec2_fields(call: Call) -> dict[str, str]:
    text = "&".join(part for part in (call.request.query, call.body.decode("utf-8", "replace")) if part)
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


def with_fields(call: Call, fields: Mapping[str, str]) -> Call:
    """A query call with some of its fields changed."""
    if not fields:
        return call
    return replace(call, body=urlencode({**_ec2_fields(call), **fields}).encode())


def params(call: Call) -> dict[str, Any]:
    """The parameters of a call in one of the forms that our own handlers serve."""
    if call.form == "ec2":
        return ec2_params(call.action, _ec2_fields(call))
    return _rest_params(call) if call.form in _REST_FORMS else json_params(call)


def _xml(shape: Any, value: Any) -> str:
    if shape.type_name == "structure":
        parts = []
        for name, item in value.items():
            member = shape.members[name]
            tag = member.serialization.get("name", name)
            parts.append(f"<{tag}>{_xml(member, item)}</{tag}>")
        return "".join(parts)
    if shape.type_name == "list":
        return "".join(f"<item>{_xml(shape.member, item)}</item>" for item in value)
    return str(value).lower() if isinstance(value, bool) else escape(str(value))


def _ec2_reply(call: Call, reply: Mapping[str, Any], request_id: str) -> Reply:
    shape = shapes.model("ec2").operation_model(call.action).output_shape
    # Actions without an output of their own answer <return>true</return>.
    members = _xml(shape, reply) if shape is not None else "<return>true</return>"
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><{call.action}Response xmlns="{_EC2_NAMESPACE}">'
        f"<requestId>{request_id}</requestId>{members}</{call.action}Response>"
    )
    return Reply(200, text.encode(), {"content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": request_id})


def _xml_reply(call: Call, members: Mapping[str, Any], request_id: str) -> Reply:
    operation_model = shapes.model(call.service).operation_model(call.action)
    body = f"<{call.action}Output>{_xml(operation_model.output_shape, members)}</{call.action}Output>".encode()
    status = operation_model.http.get("responseCode", 200)
    return Reply(status, body, {"content-type": "application/xml", "x-amzn-requestid": request_id})


def reply(call: Call, members: Mapping[str, Any], request_id: str) -> Reply:
    """A reply in the form of the call."""
    if call.form == "ec2":
        return _ec2_reply(call, members, request_id)
    if call.form == "json-xml":
        return _xml_reply(call, members, request_id)
    if call.form == "rest-json":
        body = json.dumps(members, separators=(",", ":")).encode()
        return Reply(200, body, {"content-type": "application/json", "x-amzn-requestid": request_id})
    return json_reply(members, request_id)


def invalid_input(call: Call, problems: list[str]) -> ApiError:
    """What a service says to input that breaks its model."""
    text = "; ".join(problems)
    if call.service == "ecs":
        return ApiError("InvalidParameterException", text)
    if call.service == "ec2":
        missing = [problem for problem in problems if "must not be null" in problem]
        return ApiError("MissingParameter" if missing else "InvalidParameterValue", text)
    plural = "" if len(problems) == 1 else "s"
    return ApiError("ValidationException", f"{len(problems)} validation error{plural} detected: {text}")


def named(call: Call) -> Call:
    """A REST call of a service that we serve, under the name of its operation instead of its path."""
    if call.form not in _REST_FORMS or call.service not in _REST:
        return call
    found = operation(call.service, call.request.method, call.request.path)
    return replace(call, action=found[0]) if found else call
