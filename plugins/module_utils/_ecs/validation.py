# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ECS accepts, checked before any call. Rules are those of the API reference."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.errors import invalid
from .._aws.tags import read_tags, read_texts

_CLUSTER_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_CLUSTER_ARN = re.compile(r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:cluster/[A-Za-z0-9_-]{1,255}")
_SETTINGS = {"containerInsights": ("disabled", "enabled", "enhanced")}

_MACHINE_ID = re.compile(r"mi-[0-9a-f]{17}|i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_INSTANCE_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INSTANCE_ARN = re.compile(
    r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:container-instance/(?:[A-Za-z0-9_-]{1,255}/)?[0-9a-f-]{32,36}"
)

_ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9_./\\-]{1,128}")
_ATTRIBUTE_VALUE = re.compile(r"(?! )[A-Za-z0-9_.@/\\: -]{1,128}(?<! )")
# Set by ECS and the agent; never ours to write or remove.
RESERVED_ATTRIBUTES = ("ecs.", "com.amazonaws.")
ATTRIBUTES_PER_INSTANCE = 10


def check_cluster_name(name: str, option: str = "name") -> str:
    if not _CLUSTER_NAME.fullmatch(name):
        raise invalid(option, name, "a cluster name has 1 to 255 letters, digits, hyphens and underscores")
    return name


def check_cluster(reference: str, option: str = "cluster") -> str:
    """A cluster may be named, or given by its ARN."""
    return reference if _CLUSTER_ARN.fullmatch(reference) else check_cluster_name(reference, option)


def check_clusters(references: Sequence[str] | None) -> list[str] | None:
    if references is None:
        return None
    return list(dict.fromkeys(check_cluster(reference, "clusters") for reference in references))


def read_settings(settings: Mapping[str, Any] | None) -> dict[str, str] | None:
    for name, value in (settings or {}).items():
        if name not in _SETTINGS:
            raise invalid("settings", name, f"the settings of a cluster are {', '.join(_SETTINGS)}")
        if value not in _SETTINGS[name]:
            raise invalid(f"settings.{name}", value, f"it is one of {', '.join(_SETTINGS[name])}")
    return None if settings is None else dict(settings)


def is_machine_id(reference: str) -> bool:
    """Whether it names the machine (managed node or EC2 instance) rather than its registration in ECS."""
    return bool(_MACHINE_ID.fullmatch(reference))


def check_container_instances(references: Sequence[str]) -> list[str]:
    for reference in references:
        if not any(rule.fullmatch(reference) for rule in (_MACHINE_ID, _INSTANCE_ID, _INSTANCE_ARN)):
            rule = "give an ARN or the id of a managed node (mi-...), EC2 instance (i-...) or container instance"
            raise invalid("container_instances", reference, rule)
    return list(dict.fromkeys(references))


def read_attributes(attributes: Mapping[Any, Any] | None, option: str = "attributes") -> dict[str, str] | None:
    """An empty text stands for an attribute without a value."""
    read = read_texts(option, attributes)
    for name, value in (read or {}).items():
        if not _ATTRIBUTE_NAME.fullmatch(name):
            raise invalid(option, name, "a name has 1 to 128 letters, digits, and - _ . / \\")
        if is_reserved(name):
            raise invalid(option, name, f"names that start with {' or '.join(RESERVED_ATTRIBUTES)} belong to ECS")
        if value and not _ATTRIBUTE_VALUE.fullmatch(value):
            rule = "a value has 1 to 128 letters, digits, spaces inside, and - _ . @ / \\ :"
            raise invalid(f"{option}.{name}", value, rule)
    return read


def _check_names(by_instance: Mapping[Any, Any] | None, references: Sequence[str], option: str, kind: type) -> None:
    for name, given in (by_instance or {}).items():
        if name not in references:
            raise invalid(option, name, "it is not one of container_instances")
        if not isinstance(given, kind):
            raise invalid(f"{option}.{name}", given, "give a list of names" if kind is list else "give values by name")


def read_tags_of(by_instance: Mapping[Any, Any] | None, references: Sequence[str]) -> dict[str, dict[str, str]]:
    option = "tags_by_instance"
    _check_names(by_instance, references, option, dict)
    return {name: read_tags(given, f"{option}.{name}") or {} for name, given in (by_instance or {}).items()}


def read_drop_of(
    by_instance: Mapping[Any, Any] | None,
    references: Sequence[str],
    option: str,
    kept: Mapping[str, str] | None,
    kept_of: Mapping[str, Mapping[str, str]],
) -> dict[str, list[str]]:
    """Names to remove of single instances; none of them may be one to set there."""
    _check_names(by_instance, references, option, list)
    return {
        name: check_drop([str(key) for key in given], {**(kept or {}), **kept_of.get(name, {})}, f"{option}.{name}")
        for name, given in (by_instance or {}).items()
    }


def read_attributes_of(by_instance: Mapping[Any, Any] | None, references: Sequence[str]) -> dict[str, dict[str, str]]:
    option = "attributes_by_instance"
    _check_names(by_instance, references, option, dict)
    return {name: read_attributes(given, f"{option}.{name}") or {} for name, given in (by_instance or {}).items()}


def check_drop(names: Sequence[str], kept: Mapping[str, str] | None, option: str = "drop_attributes") -> list[str]:
    for name in names:
        if is_reserved(name):
            raise invalid(option, name, f"names that start with {' or '.join(RESERVED_ATTRIBUTES)} belong to ECS")
        if name in (kept or {}):
            raise invalid(option, name, "it is also to be set")
    return list(names)


def is_reserved(attribute: str) -> bool:
    return attribute.startswith(RESERVED_ATTRIBUTES)
