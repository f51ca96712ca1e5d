# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of container instances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import ApiError
from ..registry import Params, Reply, action
from .common import active_cluster, find_instance, invalid, limit, page
from .model import ContainerInstance

if TYPE_CHECKING:
    from ..context import Context

MAX_CUSTOM = 10
_PER_CALL = 10
_NAME = re.compile(r"[A-Za-z0-9_\-./\\]{1,128}")
_VALUE = re.compile(r"(?! )[A-Za-z0-9_.@/\\: \-]{1,128}(?<! )")
# What ECS and its agent set by themselves; it neither counts against the limit nor may be changed by PutAttributes.
_BUILT_IN = ("ecs.", "com.amazonaws.ecs.")


def built_in(name: str) -> bool:
    return name.startswith(_BUILT_IN)


def check(name: str, value: str | None) -> None:
    """Refuse a name or value that ECS would refuse."""
    if not _NAME.fullmatch(name):
        raise invalid(f"Invalid attribute name {name!r}.")
    if value and not _VALUE.fullmatch(value):
        raise invalid(f"Invalid value {value!r} of attribute {name}.")


def count_custom(attributes: dict[str, str | None]) -> int:
    return sum(not built_in(name) for name in attributes)


def _target(attribute: dict[str, str], cluster: str, context: Context) -> ContainerInstance:
    reference = attribute.get("targetId")
    if not reference:
        raise invalid("TargetId must be specified.")
    if not reference.startswith("arn:") and "targetType" not in attribute:
        raise invalid("TargetType must be specified with a short targetId.")
    instance = find_instance(context, cluster, reference)
    if instance is None or not instance.registered:
        raise ApiError("TargetNotFoundException", "The specified target could not be found.")
    return instance


def _view(instance: ContainerInstance, name: str, value: str | None) -> dict[str, str]:
    shown = {"name": name, "targetType": "container-instance", "targetId": instance.arn}
    return shown if value is None else {**shown, "value": value}


@action("ecs", "PutAttributes")
def put_attributes(params: Params, context: Context) -> Reply:
    """Set up to ten attributes; all or none."""
    cluster = active_cluster(context, params.get("cluster"))
    limit(params["attributes"], _PER_CALL, "Attributes")
    planned: list[tuple[ContainerInstance, str, str | None]] = []
    totals: dict[str, dict[str, str | None]] = {}
    for attribute in params["attributes"]:
        name, value = attribute["name"], attribute.get("value")
        check(name, value)
        if built_in(name):
            raise invalid(f"Attribute {name} is reserved.")
        instance = _target(attribute, cluster.name, context)
        after = totals.setdefault(instance.id, dict(instance.attributes))
        after[name] = value
        if count_custom(after) > MAX_CUSTOM:
            raise ApiError(
                "AttributeLimitExceededException", f"A container instance can have {MAX_CUSTOM} custom attributes."
            )
        planned.append((instance, name, value))
    for instance, name, value in planned:
        instance.attributes[name] = value
        context.ecs.freshen(instance)
    return {"attributes": [_view(*item) for item in planned]}


@action("ecs", "DeleteAttributes")
def delete_attributes(params: Params, context: Context) -> Reply:
    """Remove up to ten attributes; one with a value only where the value matches."""
    cluster = active_cluster(context, params.get("cluster"))
    limit(params["attributes"], _PER_CALL, "Attributes")
    targets = [(_target(attribute, cluster.name, context), attribute) for attribute in params["attributes"]]
    removed = []
    for instance, attribute in targets:
        name = attribute["name"]
        if built_in(name):
            raise invalid(f"Attribute {name} is reserved.")
        wanted = attribute.get("value")
        if name in instance.attributes and wanted in (None, instance.attributes[name]):
            removed.append(_view(instance, name, instance.attributes.pop(name)))
            context.ecs.freshen(instance)
    return {"attributes": removed}


@action("ecs", "ListAttributes")
def list_attributes(params: Params, context: Context) -> Reply:
    """List attributes of every registered container instance of a cluster."""
    cluster = active_cluster(context, params.get("cluster"))
    name, value = params.get("attributeName"), params.get("attributeValue")
    if value is not None and name is None:
        raise invalid("attributeName must be specified with attributeValue.")
    # An instance's attributes stay together and in order; 1,000 is far above the number that one can have.
    found = [
        (instance.number * 1000 + position, instance, own_name, own_value)
        for instance in context.ecs.registered(cluster.name)
        for position, (own_name, own_value) in enumerate(instance.attributes.items())
        if name in (None, own_name) and value in (None, own_value)
    ]
    chosen, token = page(found, lambda entry: entry[0], params, ["ListAttributes", cluster.name, name, value])
    return {"attributes": [_view(*entry[1:]) for entry in chosen], **token}
