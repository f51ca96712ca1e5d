# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read, check and write ecs.config: pure functions over text and dicts.

Two programs read the same file and disagree: systemd (EnvironmentFile= of ecs.service) sets the environment of
ecs-init, and ecs-init reads the file itself to set the environment of the agent container. What is written here means
the same to both; what is refused here would not.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t

from .ecs_settings import (
    CREDENTIAL_VARIABLES,
    FILES,
    FORBIDDEN,
    IGNORED,
    INSTANCE,
    MANAGED,
    REQUIRED,
    SETTINGS,
    USER,
    Setting,
)

HIDDEN = "(hidden)"
HEADER = "# Written by Ansible, collection edgefleet.ecs. Edits made here will be lost."

_TYPOGRAPHIC = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u2032\u2033"
_SECRET_NAME = re.compile(r"PASSW|SECRET|TOKEN|CREDENTIAL|AUTH_DATA|ACCESS_?KEY|PRIVATE_?KEY|API_?KEY", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=//)[^/\s\"]*@")
_BARE_USER_INFO = re.compile(r"^[^/\s:]+:[^/\s]*@")  # user:password@host, without a scheme
_ADDRESSES = ("DOCKER_HOST", "ECS_BACKEND_HOST", "HTTPS_PROXY", "HTTP_PROXY")
_DURATION = re.compile(r"(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|ms|s|m|h))+")
_DURATION_PART = re.compile(r"([0-9.]+)(ns|us|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Refused(ValueError):
    """Why a value can't be used, without the value itself."""

    def __init__(self, rule: str, advice: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.advice = advice


# ---------------------------------------------------------------------------------------------------------------------
# Secrets
# ---------------------------------------------------------------------------------------------------------------------


def fingerprint(machine_id: str, text: str) -> str:
    """Salted digest: equal texts on one host compare equal, and a short secret can't be looked up in a table."""
    return hashlib.sha256(f"{machine_id}\n{text}".encode("utf-8", "surrogateescape")).hexdigest()


def is_secret(name: str, value: str = "") -> bool:
    """Whether the whole value must stay unseen: secrets by definition, by name, and URLs that carry a login."""
    setting = SETTINGS.get(name)
    if setting is not None and setting.secret:
        return True
    if setting is None and _SECRET_NAME.search(name):
        return True
    return _cover_logins(name, value) != value or bool(_secret_members(value))


def _cover_logins(name: str, value: str) -> str:
    covered = _USER_INFO.sub(HIDDEN + "@", value)
    return _BARE_USER_INFO.sub(HIDDEN + "@", covered) if name in _ADDRESSES else covered


def _secret_members(value: str) -> list[str]:
    """Keys of a JSON object (log driver options, for one) that name a secret."""
    if not value.startswith("{"):
        return []
    try:
        members = json.loads(value)
    except ValueError:
        return []
    return [key for key in members if _SECRET_NAME.search(key)] if isinstance(members, dict) else []


def mask_value(name: str, value: str) -> str:
    """The value as it may be shown: logins in URLs and secret members are covered, secrets as a whole."""
    if not is_secret(name, value):
        return value
    setting = SETTINGS.get(name)
    if (setting is None and _SECRET_NAME.search(name)) or (setting is not None and setting.secret):
        return HIDDEN
    members = _secret_members(value)
    if members:
        shown = {key: HIDDEN if key in members else member for key, member in json.loads(value).items()}
        return json.dumps(shown, sort_keys=True, separators=(",", ":"))
    return _cover_logins(name, value)


def mask(values: t.Mapping[str, str]) -> dict[str, str]:
    """Values of a parsed file as they may be shown in a diff, a log or a record."""
    return {name: mask_value(name, value) for name, value in values.items()}


def mask_text(text: str) -> str:
    """A file as it may be shown, comments included: what was commented out may be a secret, too."""
    return "\n".join(_mask_line(line) for line in text.split("\n"))


def _mask_line(line: str) -> str:
    name, equals, value = line.partition("=")
    bare = name.strip().lstrip("#;").strip()
    bare = bare[len("export ") :].strip() if bare.startswith("export ") else bare
    return name + equals + mask_value(bare, value) if equals else line


def mask_change(before: str, after: str) -> tuple[str, str]:
    """Both sides of a diff as they may be shown; a secret that changes still shows as a change."""
    old = parse_agent(before)
    lines = []
    for line in after.split("\n"):
        name, equals, value = line.partition("=")
        shown = _mask_line(line)
        if equals and name in old and old[name] != value and mask_value(name, old[name]) == mask_value(name, value):
            shown = shown.replace(HIDDEN, "(hidden, another value)")
        lines.append(shown)
    return mask_text(before), "\n".join(lines)


def digest(machine_id: str, value: str) -> str:
    """What host_facts returns in the place of a secret value."""
    return "sha256:" + hashlib.sha256((machine_id + value).encode("utf-8", "surrogateescape")).hexdigest()


def same(machine_id: str, observed: str, text: str) -> bool:
    """Whether a value that host_facts returned, perhaps as a digest, is this text."""
    return observed in (text, digest(machine_id, text))


# ---------------------------------------------------------------------------------------------------------------------
# From a typed value to the text after the `=`
# ---------------------------------------------------------------------------------------------------------------------


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


def _check_plain(text: str) -> str:
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
    text = _check_plain(value)
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


def _csv(setting: Setting, value: t.Any) -> str:
    items = value if isinstance(value, list) else value.split(",") if isinstance(value, str) else None
    if items is None or not all(isinstance(item, str) for item in items):
        raise Refused(f"is {_kind(value)}, not a list of strings")
    for item in items:
        _check_plain(item)
        if "," in item or " " in item:
            raise Refused("has an item with a comma or a space in it")
    _included(setting, items)
    return _check_plain(",".join(items))


def _included(setting: Setting, items: t.Sequence[str]) -> None:
    missing = [item for item in setting.must_include if item not in items]
    if missing:
        raise Refused(
            "lacks {}".format(", ".join(missing)), "the list takes the place of the agent's own, so repeat them"
        )


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


def _json_map_str(setting: Setting, value: t.Any) -> str:
    data = _loads(value)
    if not isinstance(data, dict):
        raise Refused(f"is {_kind(data)}, not a mapping of strings to strings")
    if setting.max_keys and len(data) > setting.max_keys:
        raise Refused(f"has {len(data)} keys, and {setting.max_keys} are the limit")
    for key, member in data.items():
        _check_member(setting, key, member)
    return _dumps(data)


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


def _check_part(part: str, key: str, text: str, longest: int, pattern: str, words: str) -> None:
    _check_text(text)  # first, because its words are clearer than a pattern's
    if longest and len(text) > longest:
        raise Refused(f"has a {part} of {len(text)} characters at '{key[:40]}', and {longest} are the limit")
    if pattern and not re.fullmatch(pattern, text):
        raise Refused(f"has a {part} at '{key[:40]}' that is not made of {words}")


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


# ---------------------------------------------------------------------------------------------------------------------
# Checks
# ---------------------------------------------------------------------------------------------------------------------

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


def allowed(setting: Setting) -> str:
    """What a variable takes, in words."""
    if setting.pattern_words:
        return setting.pattern_words
    if setting.choices:
        many = "a list of " if setting.type == "json_list_enum" else "one of " if len(setting.choices) > 1 else ""
        return many + ", ".join(setting.choices)
    words = _TYPE_WORDS[setting.type] + _range_words(setting)
    return words + (" that includes " + ", ".join(setting.must_include) if setting.must_include else "")


def _range_words(setting: Setting) -> str:
    unit = " " + setting.unit if setting.unit else ""
    if setting.minimum is None:
        return ""
    if setting.maximum is None:
        return f" of at least {setting.minimum}{unit}"
    return f" from {setting.minimum} to {setting.maximum}{unit}"


def _shown(name: str, value: t.Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    setting = SETTINGS.get(name)
    if (setting is not None and setting.type == "json_secret") or is_secret(name, text) or _SECRET_NAME.search(text):
        return HIDDEN
    # ascii() makes odd characters visible, and tells curly quotes from straight ones on any terminal.
    plain = ascii(value)
    return plain if len(plain) <= 100 else plain[:97] + "..."


def _message(name: str, value: t.Any, rule: str, words: str = "", advice: str = "") -> str:
    parts = [f"{name}: the value {_shown(name, value)} {rule}"]
    if words:
        parts.append("allowed: " + words)
    if advice:
        parts.append(advice)
    return "; ".join(parts)


def _unknown(name: str) -> str:
    import difflib  # only for an error

    near = difflib.get_close_matches(str(name).upper(), SETTINGS, 1, 0.7)
    hint = f"did you mean {near[0]}?" if near else f"the agent knows {len(SETTINGS)} variables"
    return f"{str(name)!a}: no such variable of ecs.config; {hint}"


def _misplaced(setting: Setting, text: str, external: bool) -> str:
    """The rule against a known variable with a good value, if there is one."""
    if setting.external == MANAGED:
        return "can't be used, because ecs-init sets this variable itself"
    if not external:
        return "means an external instance, and this is not one" if setting.name == "ECS_EXTERNAL" else ""
    if setting.external == IGNORED:
        return "has no effect on an external instance"
    if setting.external == FORBIDDEN and text != setting.default:
        return "asks for what only EC2 instances have (ECS_EXTERNAL is true)"
    return ""


def _check_one(name: str, value: t.Any, external: bool) -> tuple[str, str]:
    """Text and error of one variable; one of them is empty."""
    if name in CREDENTIAL_VARIABLES:
        return "", f"{name}: can't be used, because the agent would prefer it to the identity that SSM gives the host"
    setting = SETTINGS.get(name)
    if setting is None:
        return "", _unknown(name)
    try:
        text = to_text(setting, value)
    except Refused as refused:
        return "", _message(name, value, refused.rule, allowed(setting), refused.advice)
    rule = _misplaced(setting, text, external)
    if not rule:
        return text, ""
    words = f"{setting.default}, or leave it out" if setting.external == FORBIDDEN else "leave it out"
    return "", _message(name, value, rule, words)


def _check_together(texts: t.Mapping[str, str], names: t.Collection[str], external: bool) -> t.Iterator[str]:
    if external:
        for setting in SETTINGS.values():
            if setting.external == REQUIRED and setting.name not in names:
                yield f"{setting.name}: is missing, but every external instance needs it; allowed: {allowed(setting)}"
    for name in sorted(texts):
        for other, wanted in SETTINGS[name].requires:
            if other not in names:
                yield f"{name}: needs {other}{'=' + wanted if wanted else ''}, which is missing"
            elif wanted and texts.get(other, wanted) != wanted:
                yield f"{name}: needs {other}={wanted}, which is {texts[other]}"


def validate(config: t.Mapping[str, t.Any], external: bool = True) -> list[str]:
    """All errors of a configuration, each with variable, value, rule and what is allowed. No secret is in them."""
    texts: dict[str, str] = {}
    errors: list[str] = []
    for name in sorted(config, key=str):
        text, error = _check_one(name, config[name], external)
        if error:
            errors.append(error)
        else:
            texts[name] = text
    return errors + list(_check_together(texts, config, external))


# ---------------------------------------------------------------------------------------------------------------------
# Write
# ---------------------------------------------------------------------------------------------------------------------


def to_texts(config: t.Mapping[str, t.Any]) -> dict[str, dict[str, str]]:
    """Variables by file, as text. The configuration must have passed validate()."""
    files: dict[str, dict[str, str]] = {name: {} for name in FILES}
    for name in sorted(config):
        setting = SETTINGS[name]
        files[setting.file][name] = to_text(setting, config[name])
    return files


def render(config: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Content of both files, always the same for the same data. The configuration must have passed validate()."""
    return {file: _render_file(values) for file, values in to_texts(config).items()}


def _render_file(values: t.Mapping[str, str]) -> str:
    lines = [HEADER] + [f"{name}={value}" for name, value in sorted(values.items())]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------------------------------------------------------------
# Read as ecs-init does, for the agent container
# ---------------------------------------------------------------------------------------------------------------------

# What Go's strings.TrimSpace takes off; Python's strip() would also take \x1c to \x1f.
_GO_SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def parse_agent(text: str) -> dict[str, str]:
    """Variables as ecs-init hands them to the agent: split at the first `=`, nothing else is looked at.

    Source: getEnvVars in ecs-init/docker/docker.go of amazon-ecs-agent.
    """
    values: dict[str, str] = {}
    for line in text.strip(_GO_SPACE).split("\n"):
        key, equals, value = line.strip(_GO_SPACE).partition("=")
        if equals:
            values[key] = value
    return values


# ---------------------------------------------------------------------------------------------------------------------
# Read as systemd does, for ecs-init itself
# ---------------------------------------------------------------------------------------------------------------------

_SYSTEMD_SPACE = " \t\n\r"
_SYSTEMD_NEWLINE = "\n\r"
_SYSTEMD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _SystemdReader:
    """The states of systemd's reader of environment files (src/basic/env-file.c); each takes one character."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.key = ""
        self.value = ""
        self.solid = 0  # length of the value up to its last character that is not to be trimmed
        self.state: t.Callable[[str], None] = self.before_key

    def feed(self, text: str) -> dict[str, str]:
        for character in text.split("\0", 1)[0]:
            self.state(character)
        if self.state not in (self.before_key, self.in_key, self.in_comment, self.in_comment_escape):
            self.push()
        return self.values

    def push(self) -> None:
        value = self.value[: self.solid] if self.state == self.in_value else self.value
        key = self.key.rstrip(_SYSTEMD_SPACE)
        if _SYSTEMD_NAME.fullmatch(key):  # anything else is logged and dropped
            self.values[key] = value
        self.key = self.value = ""
        self.solid = 0
        self.state = self.before_key

    def add(self, text: str) -> None:
        self.value += text
        self.solid = len(self.value)

    def before_key(self, character: str) -> None:
        if character in "#;":
            self.state = self.in_comment
        elif character not in _SYSTEMD_SPACE:
            self.key = character
            self.state = self.in_key

    def in_key(self, character: str) -> None:
        if character in _SYSTEMD_NEWLINE:
            self.key = ""
            self.state = self.before_key
        elif character == "=":
            self.state = self.before_value
        else:
            self.key += character

    def before_value(self, character: str) -> None:
        if character in _SYSTEMD_NEWLINE:
            self.push()
        elif character == "'":
            self.state = self.in_single_quotes
        elif character == '"':
            self.state = self.in_double_quotes
        elif character == "\\":
            self.state = self.in_value_escape
        elif character not in _SYSTEMD_SPACE:
            self.add(character)
            self.state = self.in_value

    def in_value(self, character: str) -> None:
        if character in _SYSTEMD_NEWLINE:
            self.push()
        elif character == "\\":
            self.solid = len(self.value)
            self.state = self.in_value_escape
        elif character in _SYSTEMD_SPACE:
            self.value += character
        else:
            self.add(character)

    def in_value_escape(self, character: str) -> None:
        if character not in _SYSTEMD_NEWLINE:
            self.add(character)
        self.state = self.in_value

    def in_single_quotes(self, character: str) -> None:
        if character == "'":
            self.state = self.before_value
        else:
            self.add(character)

    def in_double_quotes(self, character: str) -> None:
        if character == '"':
            self.state = self.before_value
        elif character == "\\":
            self.state = self.in_double_quotes_escape
        else:
            self.add(character)

    def in_double_quotes_escape(self, character: str) -> None:
        if character in '"\\`$':
            self.add(character)
        elif character != "\n":
            self.add("\\" + character)
        self.state = self.in_double_quotes

    def in_comment(self, character: str) -> None:
        if character == "\\":
            self.state = self.in_comment_escape
        elif character in _SYSTEMD_NEWLINE:
            self.state = self.before_key

    def in_comment_escape(self, character: str) -> None:
        self.state = self.before_key if character in _SYSTEMD_NEWLINE else self.in_comment


def parse_systemd(text: str) -> dict[str, str]:
    """Variables as systemd puts them into the environment of ecs-init."""
    return _SystemdReader().feed(text)


# ---------------------------------------------------------------------------------------------------------------------
# Judge a file that somebody else wrote
# ---------------------------------------------------------------------------------------------------------------------


def lint(text: str) -> list[str]:
    """What is wrong with a file as it stands, line by line. No secret is in it."""
    problems: list[str] = []
    if text.startswith("\ufeff"):
        problems.append("line 1: a byte order mark makes the first variable unknown to both readers")
    if "\r" in text:
        problems.append("the lines end in CR LF, and the agent takes only LF")
    seen: set[str] = set()
    for number, line in enumerate(text.lstrip("\ufeff").split("\n"), 1):
        problem = _lint_line(line.rstrip("\r"), seen)
        if problem:
            problems.append(f"line {number}: {problem}")
    return problems


def _lint_line(line: str, seen: set[str]) -> str:
    stripped = line.strip()
    if not stripped:
        return ""
    if stripped[0] in "#;":
        return "a comment with `=` becomes a variable of the agent" if "=" in stripped else ""
    key, equals, value = stripped.partition("=")
    if not equals:
        return "no `=`, so that nobody reads it"
    if key.startswith("export "):
        return "`export` makes it unreadable for both readers"
    if key != key.strip() or value != value.strip():
        return "spaces round `=` are part of name and value for the agent"
    if key in seen:
        return f"{key}: given twice, the last one counts"
    seen.add(key)
    return _lint_value(key, value)


def _lint_value(key: str, value: str) -> str:
    setting = SETTINGS.get(key)
    if setting is None or key in CREDENTIAL_VARIABLES:
        return _check_one(key, value, True)[1]
    try:
        _check_plain(value)
        to_text(setting, value)
    except Refused as refused:
        return _message(key, value, refused.rule, allowed(setting), refused.advice)
    return ""


__all__ = [
    "HIDDEN",
    "INSTANCE",
    "USER",
    "Refused",
    "allowed",
    "digest",
    "fingerprint",
    "is_secret",
    "lint",
    "mask",
    "mask_change",
    "mask_text",
    "mask_value",
    "parse_agent",
    "parse_systemd",
    "render",
    "same",
    "seconds",
    "to_text",
    "to_texts",
    "validate",
]
