# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task definitions as data: read from the user, laid over an earlier revision, and compared. Pure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from typing import Any

from .._aws.errors import InvalidInput, invalid
from .definition_members import DEFINITION, FLAG, NUMBER, SIZE, TEXT, TEXTS_BY_NAME, Choice, Many, Shape, Struct
from .transformations import Resource

_SIZE = re.compile(r"(\d*\.?\d+)\s*(vcpu|gb)", re.IGNORECASE)
_FLAGS = {"true": True, "false": False}


# --- what the user gave ---


def read(value: Any, shape: Shape, path: str) -> Any:
    """In the types of the API: templates make text of numbers. What the API does not know is refused by its path."""
    if isinstance(shape, Struct):
        return _read_struct(value, shape, path)
    if isinstance(shape, Many):
        if not isinstance(value, (list, tuple)):
            raise invalid(path, value, "it is a list")
        return [read(item, shape.item, f"{path}[{number}]") for number, item in enumerate(value)]
    if isinstance(shape, Choice):
        if value not in shape.values:
            raise invalid(path, value, f"it is one of {', '.join(shape.values)}")
        return value
    return _READERS[shape](value, path)


def _read_struct(value: Any, shape: Struct, path: str) -> Resource:
    if not isinstance(value, Mapping):
        raise invalid(path, value, "it is a dictionary")
    # Ansible has None for what a template left out.
    present = {name: item for name, item in value.items() if item is not None}
    for name in present:
        if name not in shape.members:
            raise _unknown(name, shape, path)
    for name in shape.required:
        if name not in present:
            raise InvalidInput(f"Option {path}.{name} is missing.")
    return {name: read(item, shape.members[name], f"{path}.{name}") for name, item in present.items()}


def _unknown(name: str, shape: Struct, path: str) -> InvalidInput:
    plain = str(name).replace("_", "").lower()
    by_plain = {member.lower(): member for member in shape.members}
    near = difflib.get_close_matches(plain, by_plain, n=1, cutoff=0.75)
    hint = f" Did you mean {by_plain[near[0]]}?" if near else f" It has {', '.join(shape.members)}."
    return InvalidInput(f"Option {path}.{name} is not known to ECS.{hint}")


def _read_number(value: Any, path: str) -> int:
    whole = isinstance(value, int) or (isinstance(value, str) and re.fullmatch(r"\s*-?\d+\s*", value) is not None)
    if isinstance(value, bool) or not whole:
        raise invalid(path, value, "it is a whole number")
    return int(value)


def _read_flag(value: Any, path: str) -> bool:
    flag = value if isinstance(value, bool) else _FLAGS.get(str(value).lower())
    if flag is None:
        raise invalid(path, value, "it is true or false")
    return flag


def _read_text(value: Any, path: str) -> str:
    # A boolean would be stored as True or False, which is not how it was written.
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise invalid(path, value, "it is text or a number; quote it")
    return str(value)


def _read_size(value: Any, path: str) -> str:
    text = _read_text(value, path).strip()
    if not text.isdigit() and not _SIZE.fullmatch(text):
        raise invalid(path, value, "it is a whole number, or a number of vCPU (0.5 vCPU) or GB (1GB)")
    return text


def _read_texts(value: Any, path: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise invalid(path, value, "it is a dictionary of texts")
    return {str(name): _read_text(item, f"{path}.{name}") for name, item in value.items()}


_READERS = {NUMBER: _read_number, FLAG: _read_flag, TEXT: _read_text, SIZE: _read_size, TEXTS_BY_NAME: _read_texts}


# --- what is to be registered ---


def members_of(definition: Mapping[str, Any]) -> Resource:
    """What can be registered again of a definition that AWS described."""
    return {name: definition[name] for name in DEFINITION.members if name in definition}


def lay_over(current: Mapping[str, Any] | None, wanted: Mapping[str, Any], purge: bool) -> Resource:
    """What the user named, whole, and with that what else the latest revision has, unless that is to be purged.

    The two members of runtimePlatform are as good as options of their own; either may be named alone.
    """
    base = {} if current is None or purge else members_of(current)
    merged = {**base, **wanted}
    if base.get("runtimePlatform") and wanted.get("runtimePlatform"):
        merged["runtimePlatform"] = {**base["runtimePlatform"], **wanted["runtimePlatform"]}
    return {name: value for name, value in merged.items() if value not in ("", [], {})}


# --- what counts ---


def comparable(definition: Mapping[str, Any]) -> Resource:
    """Two definitions that do the same have the same comparable form: without defaults, lists without order sorted."""
    mode = definition.get("networkMode") or "bridge"
    plain = members_of(definition)
    plain["containerDefinitions"] = [
        {**container, "portMappings": [_settle_port(mapping, mode) for mapping in container.get("portMappings") or []]}
        for container in plain.get("containerDefinitions") or []
    ]
    settled: Resource = _settle(plain, DEFINITION)
    return settled


def _settle_port(mapping: Mapping[str, Any], mode: str) -> Resource:
    """Left out, hostPort is 0 (any) in bridge mode; elsewhere it can only be containerPort."""
    implied = 0 if mode == "bridge" else mapping.get("containerPort")
    if mapping.get("hostPort") in (None, 0, implied):
        return {name: value for name, value in mapping.items() if name != "hostPort"}
    return dict(mapping)


def _in_units(text: Any) -> str:
    """ECS turns "1 vCPU" and "2GB" into units and MiB when it registers them."""
    match = _SIZE.fullmatch(str(text).strip())
    return str(round(float(match[1]) * 1024)) if match else str(text).strip()


def _settle(value: Any, shape: Shape) -> Any:
    if isinstance(shape, Struct):
        settled = {name: _settle(item, shape.members[name]) for name, item in value.items() if name in shape.members}
        return {name: item for name, item in settled.items() if not _is_default(name, item, shape)}
    if isinstance(shape, Many):
        items = [_settle(item, shape.item) for item in value or []]
        return items if shape.ordered else sorted(items, key=_order)
    return _in_units(value) if shape == SIZE else value


def _is_default(name: str, value: Any, shape: Struct) -> bool:
    if name in shape.defaults:
        return bool(value == shape.defaults[name])
    return value in (None, "", [], {}) or value is False


def _order(item: Any) -> str:
    return json.dumps(item, sort_keys=True)
