# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""botocore's service models, with the agents' own operations that public models leave out, and checks against them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from .agent_shapes import ADDITIONS, SERVICES

Problems = list[str]
Check = Callable[[Any, str, Problems], None]

_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),  # JSON 1.1 carries epoch seconds
    "blob": (str,),  # base64
}
# Where the name in signatures is not that of the model's file.
_FILES = {"tagging": "resourcegroupstaggingapi"}


@cache
def model(service: str) -> Any:
    """A service's model, as public SDKs know it plus what only the agents call."""
    if service in SERVICES:
        return ServiceModel(SERVICES[service], service)
    description = Loader().load_service_model(_FILES.get(service, service), "service-2")
    additions = ADDITIONS.get(service, {})
    description["shapes"].update(additions.get("shapes", {}))
    description["operations"].update(additions.get("operations", {}))
    for shape, members in additions.get("members", {}).items():
        description["shapes"][shape]["members"].update(members)
    return ServiceModel(description, service)


def operations(service: str) -> frozenset[str]:
    return frozenset(model(service).operation_names)


def error_message_member(service: str, code: str) -> str:
    """The name of an error's message member, which differs between errors of one service."""
    shapes = model(service)
    if code in shapes.shape_names:
        members = shapes.shape_for(code).members
        for name in ("message", "Message"):
            if name in members:
                return name
    return "message"


def _pattern(text: str) -> re.Pattern[str]:
    """A Java pattern of the models in Python's dialect; a negated Unicode class does not occur in them."""
    for java, python in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        text = text.replace(java, python)
    return re.compile(text)


def _broken(path: str, rule: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: {rule}"


def _bounds(metadata: Mapping[str, Any], what: str) -> Check:
    low, high = metadata.get("min"), metadata.get("max")

    def check(value: Any, path: str, problems: Problems) -> None:
        size = value if what == "value" else len(value)
        if low is not None and size < low:
            problems.append(_broken(path, f"Member must have {what} greater than or equal to {low}"))
        if high is not None and size > high:
            problems.append(_broken(path, f"Member must have {what} less than or equal to {high}"))

    return check


def _pattern_check(pattern: re.Pattern[str]) -> Check:
    def check(value: Any, path: str, problems: Problems) -> None:
        if not pattern.fullmatch(value):
            problems.append(_broken(path, f"Member must satisfy regular expression pattern: {pattern.pattern}"))

    return check


def _enum_check(allowed: list[str]) -> Check:
    def check(value: Any, path: str, problems: Problems) -> None:
        if value not in allowed:
            problems.append(_broken(path, f"Member must satisfy enum value set: {allowed}"))

    return check


def _constraints(shape: Any, strict: bool) -> list[Check]:
    metadata = shape.metadata
    checks = [_enum_check(metadata["enum"])] if "enum" in metadata else []
    if strict:
        checks.append(_bounds(metadata, "length" if shape.type_name == "string" else "value"))
        if "pattern" in metadata:
            checks.append(_pattern_check(_pattern(metadata["pattern"])))
    return checks


def _scalar(shape: Any, strict: bool) -> Check:
    kinds = _SCALARS[shape.type_name]
    boolean = shape.type_name == "boolean"
    constraints = _constraints(shape, strict)

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, kinds) or isinstance(value, bool) is not boolean:
            problems.append(f"Value at '{path}' must be of type {shape.type_name}, not {type(value).__name__}")
            return
        for constraint in constraints:
            constraint(value, path, problems)

    return check


def _list(shape: Any, strict: bool) -> Check:
    member = compiled(shape.member, strict)
    bounds = _bounds(shape.metadata, "length") if strict else None

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, list):
            problems.append(f"Value at '{path}' must be a list, not {type(value).__name__}")
            return
        if bounds is not None:
            bounds(value, path, problems)
        for index, item in enumerate(value, 1):
            member(item, f"{path}.{index}.member", problems)

    return check


def _map(shape: Any, strict: bool) -> Check:
    member = compiled(shape.value, strict)

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.append(f"Value at '{path}' must be a map, not {type(value).__name__}")
            return
        for key, item in value.items():
            member(item, f"{path}.{key}", problems)

    return check


def _structure(shape: Any, strict: bool) -> Check:
    members = {name: compiled(member, strict) for name, member in shape.members.items()}
    required = frozenset(shape.required_members)

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.append(f"Value at '{path}' must be a structure, not {type(value).__name__}")
            return
        prefix = f"{path}." if path else ""
        for name in required - value.keys():
            problems.append(_broken(prefix + name, "Member must not be null"))
        for name, item in value.items():
            member = members.get(name)
            if member is None:
                problems.append(f"Unknown member '{prefix}{name}'")
            else:
                member(item, prefix + name, problems)

    return check


_BUILDERS: dict[str, Callable[[Any, bool], Check]] = {"structure": _structure, "list": _list, "map": _map}


def compiled(shape: Any, strict: bool) -> Check:
    """A check for a shape. `strict` adds lengths, ranges and patterns, which AWS itself breaks in some replies."""
    return _BUILDERS.get(shape.type_name, _scalar)(shape, strict)


@cache
def _operation_check(service: str, action: str, output: bool) -> Check | None:
    operation = model(service).operation_model(action)
    shape = operation.output_shape if output else operation.input_shape
    return None if shape is None else compiled(shape, not output)


def _problems(service: str, action: str, value: Any, output: bool) -> Problems:
    check = _operation_check(service, action, output)
    if check is None:
        return [f"'{name}' is not a member of an empty structure" for name in value]
    problems: Problems = []
    check(value, "", problems)
    return problems


def input_problems(service: str, action: str, params: dict[str, Any]) -> Problems:
    """What is wrong with a request."""
    return _problems(service, action, params, output=False)


def output_problems(service: str, action: str, reply: dict[str, Any]) -> Problems:
    """What is wrong with a reply of ours."""
    return _problems(service, action, reply, output=True)
