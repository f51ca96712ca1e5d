# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of ecs.config may be seen: which values are secrets, how they are shown, and how they are compared unseen."""

from __future__ import annotations

import hashlib
import json
import re
import typing as t

from .ecs_readers import parse_agent
from .ecs_settings import SETTINGS

HIDDEN = "(hidden)"

_SECRET_NAME = re.compile(r"PASSW|SECRET|TOKEN|CREDENTIAL|AUTH_DATA|ACCESS_?KEY|PRIVATE_?KEY|API_?KEY", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=//)[^/\s\"]*@")
_BARE_USER_INFO = re.compile(r"^[^/\s:]+:[^/\s]*@")  # user:password@host, without a scheme
_ADDRESSES = ("DOCKER_HOST", "ECS_BACKEND_HOST", "HTTPS_PROXY", "HTTP_PROXY")


def names_secret(text: str) -> bool:
    """Whether a name, or a text with names in it, speaks of a secret."""
    return bool(_SECRET_NAME.search(text))


def is_secret(name: str, value: str = "") -> bool:
    """Whether the whole value must stay unseen: secrets by definition, by name, and URLs that carry a login."""
    setting = SETTINGS.get(name)
    if setting is not None and setting.secret:
        return True
    if setting is None and names_secret(name):
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
    return [key for key in members if names_secret(key)] if isinstance(members, dict) else []


def mask_value(name: str, value: str) -> str:
    """The value as it may be shown: logins in URLs and secret members are covered, secrets as a whole."""
    if not is_secret(name, value):
        return value
    setting = SETTINGS.get(name)
    if (setting is None and names_secret(name)) or (setting is not None and setting.secret):
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


def fingerprint(machine_id: str, text: str) -> str:
    """Salted digest: equal texts on one host compare equal, and a short secret can't be looked up in a table."""
    return hashlib.sha256(f"{machine_id}\n{text}".encode("utf-8", "surrogateescape")).hexdigest()


def digest(machine_id: str, value: str) -> str:
    """What host_facts returns in the place of a secret value."""
    return "sha256:" + hashlib.sha256((machine_id + value).encode("utf-8", "surrogateescape")).hexdigest()


def same(machine_id: str, observed: str, text: str) -> bool:
    """Whether a value that host_facts returned, perhaps as a digest, is this text."""
    return observed in (text, digest(machine_id, text))
