# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One value of ecs.config: from a typed value to the text after the `=`, and what its type allows, in words.

systemd and ecs-init read that text differently, see ecs_readers.py. What passes here means the same to both.
"""

from __future__ import annotations

import json
import re
import typing as t

from .ecs_settings import Setting

_TYPOGRAPHIC = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u2032\u2033"
_DURATION = re.compile(r"(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|ms|s|m|h))+")
_DURATION_PART = re.compile(r"([0-9.]+)(ns|us|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Refused(ValueError):
    """Why a value can't be used, without the value itself."""

    def __init__(self, rule: str, advice: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.advice = advice


def _kind(value: t.Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a mapping" if isinstance(value, dict) else "a list"


def _check_text(text: str) -> None:
    """What both readers take as it stands."""
    if any(character in _TYPOGRAPHIC for character in text):
        raise Refused("contains typographic quotes", "only the straight quotes \" and ' of a keyboard are JSON")
    if not text.isascii():
        raise Refused("contains a character outside ASCII, which JSON could only write with a backslash")
    if "\n" in text or "\r" in text:
        raise Refused("contains a line break, and a variable is one line")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise Refused("contains a control character")
    if "\\" in text:
        raise Refused("contains a backslash, of which systemd removes one and ecs-init none")


def check_plain(text: str) -> str:
    _check_text(text)
    if not text:
        raise Refused("is empty", "leave the variable out to get the agent's default")
    if text[0] in "\"'":
        raise Refused("begins with a quote, which systemd strips and ecs-init keeps", "write the value without quotes")
    if text != text.strip():
        raise Refused("begins or ends with a space, which systemd strips")
    return text


def _string(setting: Setting, value: t.Any) -> str:
    if not isinstance(value, str):
        raise Refused(f"is {_kind(value)}, not a string", "put quotes round it in YAML")
    text = check_plain(value)
    if setting.pattern and not re.fullmatch(setting.pattern, text):
        raise Refused("does not fit")
    return text


def _path(setting: Setting, value: t.Any) -> str:
    text = _string(setting, value)
    if not text.startswith("/"):
        raise Refused("is not an absolute path")
    return text


def _enum(setting: Setting, value: t.Any) -> str:
    text = _string(setting, value)
    if text not in setting.choices:
        raise Refused("is not one of the choices")
    return text


def _bool(setting: Setting, value: t.Any) -> str:
    # Jinja renders a boolean as `True`. As text that makes ecs-init's own comparison fail, so it is never let through.
    text = ("true" if value else "false") if isinstance(value, bool) else value
    if text not in ("true", "false"):
        raise Refused(
            "is not a boolean in lower case", "use a YAML boolean, or `| bool` or `| lower` where a template makes text"
        )
    if setting.choices and text not in setting.choices:
        raise Refused("is not one of the choices")
    return str(text)


def _whole_number(value: t.Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise Refused(f"is {_kind(value)}, not an integer")
    if isinstance(value, str) and not re.fullmatch(r"-?(0|[1-9][0-9]*)", value):
        raise Refused("is not an integer")
    return int(value)


def _bounded(setting: Setting, number: float) -> None:
    if isinstance(setting.minimum, int) and number < setting.minimum:
        raise Refused("is too small")
    if isinstance(setting.maximum, int) and number > setting.maximum:
        raise Refused("is too large")


def _int(setting: Setting, value: t.Any) -> str:
    number = _whole_number(value)
    _bounded(setting, number)
    return str(number)


def _float(setting: Setting, value: t.Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Refused(f"is {_kind(value)}, not a number")
    text = value if isinstance(value, str) else repr(value)
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?", text):
        raise Refused("is not a number")
    _bounded(setting, float(text))
    return str(text)


def seconds(text: str) -> float:
    """Seconds of a duration such as 1h30m."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))


def _duration(setting: Setting, value: t.Any) -> str:
    if isinstance(value, (int, float)) or (isinstance(value, str) and re.fullmatch(r"[0-9.]+", value)):
        raise Refused("has no unit")
    text = _string(setting, value)
    if not _DURATION.fullmatch(text):
        raise Refused("is not a duration")
    if setting.minimum is not None and seconds(text) < seconds(str(setting.minimum)):
        raise Refused("is too short")
    if setting.maximum is not None and seconds(text) > seconds(str(setting.maximum)):
        raise Refused("is too long")
    return text


def _int_pair(setting: Setting, value: t.Any) -> str:
    text = _string(setting, value)
    if not re.fullmatch(r"[1-9][0-9]*,[1-9][0-9]*", text):
        raise Refused("is not two positive integers with a comma between them")
    return text


def _port_range(setting: Setting, value: t.Any) -> str:
    text = _string(setting, value)
    found = re.fullmatch(r"([1-9][0-9]{0,4})-([1-9][0-9]{0,4})", text)
    if not found or not int(found.group(1)) <= int(found.group(2)) <= 65535:
        raise Refused("is not a range of ports")
    return text


def _included(setting: Setting, items: t.Sequence[str]) -> None:
    missing = [item for item in setting.must_include if item not in items]
    if missing:
        raise Refused(
            "lacks {}".format(", ".join(missing)), "the list takes the place of the agent's own, so repeat them"
        )


def _csv(setting: Setting, value: t.Any) -> str:
    items = value if isinstance(value, list) else value.split(",") if isinstance(value, str) else None
    if items is None or not all(isinstance(item, str) for item in items):
        raise Refused(f"is {_kind(value)}, not a list of strings")
    for item in items:
        check_plain(item)
        if "," in item or " " in item:
            raise Refused("has an item with a comma or a space in it")
    _included(setting, items)
    return check_plain(",".join(items))


# JSON ----------------------------------------------------------------------------------------------------------------


def _no_duplicates(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused("names a key twice")
    return members


def _no_constant(_text: str) -> t.Any:
    raise Refused("is not JSON: it has no NaN and no Infinity")


def _loads(value: t.Any) -> t.Any:
    """The data itself, or parsed from text that must be JSON."""
    if not isinstance(value, str):
        return value
    _check_text(value)
    try:
        return json.loads(value, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except Refused:
        raise
    except (ValueError, RecursionError):
        if re.match(r"\s*[\[{].*'", value):
            raise Refused(
                "looks like Python, not like JSON", "pass a YAML mapping or list, or use `| to_json`"
            ) from None
        raise Refused("is not JSON", "pass a YAML mapping or list") from None


def _texts(data: t.Any) -> t.Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, member in data.items():
            if not isinstance(key, str):
                raise Refused(f"has a key that is {_kind(key)}, not a string", "put quotes round it in YAML")
            yield key
            yield from _texts(member)
    elif isinstance(data, (list, tuple)):
        for member in data:
            yield from _texts(member)


def _dumps(data: t.Any) -> str:
    """Compact and sorted, so that the same data always gives the same line."""
    for text in _texts(data):
        _check_text(text)
        if '"' in text:
            raise Refused("contains a double quote inside a string, which JSON could only write with a backslash")
    try:
        return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        raise Refused("can't be written as JSON") from None


def _check_part(part: str, key: str, text: str, longest: int, pattern: str, words: str) -> None:
    _check_text(text)  # first, because its words are clearer than a pattern's
    if longest and len(text) > longest:
        raise Refused(f"has a {part} of {len(text)} characters at '{key[:40]}', and {longest} are the limit")
    if pattern and not re.fullmatch(pattern, text):
        raise Refused(f"has a {part} at '{key[:40]}' that is not made of {words}")


def _check_member(setting: Setting, key: t.Any, member: t.Any) -> None:
    if not isinstance(key, str):
        raise Refused(f"has a key that is {_kind(key)}, not a string", "put quotes round it in YAML")
    if not isinstance(member, str):
        raise Refused(
            f"has {_kind(member)} as the value of '{key}', and the agent stops at anything but strings",
            "put quotes round the value in YAML",
        )
    for prefix in setting.reserved_prefixes:
        if key.lower().startswith(prefix):
            raise Refused(f"has the key '{key}', and '{prefix}' at the beginning is reserved for AWS")
    _check_part("key", key, key, setting.max_key_length, setting.key_pattern, setting.key_words)
    _check_part("value", key, member, setting.max_value_length, setting.value_pattern, setting.value_words)


def _json_map_str(setting: Setting, value: t.Any) -> str:
    data = _loads(value)
    if not isinstance(data, dict):
        raise Refused(f"is {_kind(data)}, not a mapping of strings to strings")
    if setting.max_keys and len(data) > setting.max_keys:
        raise Refused(f"has {len(data)} keys, and {setting.max_keys} are the limit")
    for key, member in data.items():
        _check_member(setting, key, member)
    return _dumps(data)


def _list(value: t.Any, words: str) -> list[t.Any]:
    data = _loads(value)
    if not isinstance(data, list):
        raise Refused(f"is {_kind(data)}, not a list of {words}")
    return data


def _json_list_int(setting: Setting, value: t.Any) -> str:
    data = _list(value, "integers")
    for item in data:
        if isinstance(item, bool) or not isinstance(item, int):
            raise Refused(f"has {_kind(item)} in the list, not an integer")
        _bounded(setting, item)
    _included(setting, [str(item) for item in data])
    return _dumps(data)


def _json_list_str(setting: Setting, value: t.Any) -> str:
    data = _list(value, "strings")
    for item in data:
        if not isinstance(item, str):
            raise Refused(f"has {_kind(item)} in the list, not a string")
        if setting.choices and item not in setting.choices:
            raise Refused("has an item that is not one of the choices")
    return _dumps(data)


def _json_list_cidr(setting: Setting, value: t.Any) -> str:
    import ipaddress  # 10 ms that hardly any host needs

    text = _json_list_str(setting, value)
    for item in json.loads(text):
        try:
            ipaddress.ip_network(item)
        except ValueError:
            raise Refused("has an item that is not a network in CIDR form") from None
    return text


def _json_secret(setting: Setting, value: t.Any) -> str:
    data = _loads(value)
    if not isinstance(data, dict) or not data or not all(isinstance(login, dict) for login in data.values()):
        raise Refused("is not a mapping of registries to logins")
    try:
        return _dumps(data)
    except Refused as refused:
        advice = "with ECS_ENGINE_AUTH_TYPE=dockercfg the login can be given in base64, as `auth`"
        raise Refused(refused.rule, advice) from None


# All types -----------------------------------------------------------------------------------------------------------

_WRITERS: dict[str, t.Callable[[Setting, t.Any], str]] = {
    "bool": _bool,
    "bool_lower": _bool,
    "csv": _csv,
    "duration": _duration,
    "enum": _enum,
    "float": _float,
    "int": _int,
    "int_pair": _int_pair,
    "json_list_cidr": _json_list_cidr,
    "json_list_enum": _json_list_str,
    "json_list_int": _json_list_int,
    "json_list_str": _json_list_str,
    "json_map_str": _json_map_str,
    "json_secret": _json_secret,
    "path": _path,
    "port_range": _port_range,
    "string": _string,
}


def to_text(setting: Setting, value: t.Any) -> str:
    """The text that goes behind `NAME=`; raises Refused."""
    if value is None:
        raise Refused("is null", "leave the variable out to get the agent's default")
    return _WRITERS[setting.type](setting, value)


_TYPE_WORDS = {
    "bool": "true or false",
    "bool_lower": "true or false",
    "csv": "a list of strings, or one string with commas",
    "duration": "a duration with its unit, such as 10s, 5m or 1h30m",
    "float": "a number",
    "int": "an integer",
    "int_pair": "two integers such as 40,60",
    "json_list_cidr": "a list of networks such as 10.1.0.0/16",
    "json_list_int": "a list of integers",
    "json_list_str": "a list of strings",
    "json_map_str": "a mapping of strings to strings",
    "json_secret": "a mapping of registries to logins",
    "path": "an absolute path",
    "port_range": "two ports such as 32768-60999",
    "string": "a string in ASCII without quotes at the beginning and without backslashes",
}


def _range_words(setting: Setting) -> str:
    unit = " " + setting.unit if setting.unit else ""
    if setting.minimum is None:
        return ""
    if setting.maximum is None:
        return f" of at least {setting.minimum}{unit}"
    return f" from {setting.minimum} to {setting.maximum}{unit}"


def allowed(setting: Setting) -> str:
    """What a variable takes, in words."""
    if setting.pattern_words:
        return setting.pattern_words
    if setting.choices:
        many = "a list of " if setting.type == "json_list_enum" else "one of " if len(setting.choices) > 1 else ""
        return many + ", ".join(setting.choices)
    words = _TYPE_WORDS[setting.type] + _range_words(setting)
    return words + (" that includes " + ", ".join(setting.must_include) if setting.must_include else "")
