# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a target is told of an event: a constant, a part of it, or a text made of its parts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PART = re.compile(r"\.([\w-]+)|\[(\d+)\]")
_PLACE = re.compile(r"<([\w.-]+)>")
_WHOLE = "aws.events.event"
_NOTHING = object()


class Unusable(ValueError):
    """The input cannot be made, or is none that ECS takes."""


def look(event: Mapping[str, Any], path: str) -> Any:
    """What a path such as $.detail.object.key leads to; None when it leads nowhere."""
    if not path.startswith("$") or _PART.sub("", path[1:]):
        raise Unusable(f"{path} is not a path")
    value: Any = event
    for name, index in _PART.findall(path[1:]):
        if isinstance(value, Mapping) and name:
            value = value.get(name)
        elif isinstance(value, list) and index and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value


def _quoted(text: str) -> bool:
    """Whether the end of a JSON text is inside a string."""
    return len(re.findall(r'(?<!\\)"', text)) % 2 == 1


def transform(template: str, paths: Mapping[str, str], event: Mapping[str, Any]) -> str:
    """A template with values in the places that it names; inside quotes without quotes of their own."""
    known = {_WHOLE: dict(event), "aws.events.event.json": dict(event)}
    values = {**known, **{name: look(event, path) for name, path in paths.items()}}
    made = ""
    for number, part in enumerate(_PLACE.split(template)):
        if number % 2 == 0:
            made += part
            continue
        value = values.get(part, _NOTHING)
        if value is _NOTHING:
            made += f"<{part}>"
        elif _quoted(made):
            made += json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]
        else:
            made += json.dumps(value)
    return made


def overrides(target: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides of RunTask. Without any input the event is not passed on: ECS would not know what to do with it."""
    if "InputTransformer" in target:
        given = target["InputTransformer"]
        text = transform(given["InputTemplate"], given.get("InputPathsMap", {}), event)
    elif "InputPath" in target:
        text = json.dumps(look(event, target["InputPath"]))
    else:
        text = target.get("Input", "{}")
    try:
        made = json.loads(text)
    except ValueError as error:
        raise Unusable(f"The input of the target is not JSON: {text}") from error
    if not isinstance(made, dict):
        raise Unusable(f"The input of the target is not an object: {text}")
    return made
