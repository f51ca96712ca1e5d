# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check and write ecs.config as a whole: pure functions over text and dicts.

What is written here means the same to both programs that read the file, see ecs_readers.py; what is refused here would
not.
"""

from __future__ import annotations

import json
import typing as t

from .ecs_secrets import HIDDEN, is_secret, names_secret
from .ecs_settings import CREDENTIAL_VARIABLES, FILES, FORBIDDEN, IGNORED, MANAGED, REQUIRED, SETTINGS, Setting
from .ecs_values import Refused, allowed, to_text

HEADER = "# Written by Ansible, collection edgefleet.ecs. Edits made here will be lost."


def _shown(name: str, value: t.Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    setting = SETTINGS.get(name)
    if (setting is not None and setting.type == "json_secret") or is_secret(name, text) or names_secret(text):
        return HIDDEN
    # ascii() makes odd characters visible, and tells curly quotes from straight ones on any terminal.
    plain = ascii(value)
    return plain if len(plain) <= 100 else plain[:97] + "..."


def text_of(name: str, value: t.Any) -> str:
    """The text of a value, good or not; for looking whether it is a secret."""
    try:
        return to_text(SETTINGS[name], value)
    except (KeyError, Refused):
        return value if isinstance(value, str) else json.dumps(value, default=str)


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
        identity = "identity that SSM gives the host" if external else "instance profile"
        return "", f"{name}: can't be used, because the agent would prefer it to the {identity}"
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


def to_texts(config: t.Mapping[str, t.Any]) -> dict[str, dict[str, str]]:
    """Variables by file, as text. The configuration must have passed validate()."""
    files: dict[str, dict[str, str]] = {name: {} for name in FILES}
    for name in sorted(config):
        setting = SETTINGS[name]
        files[setting.file][name] = to_text(setting, config[name])
    return files


def _render_file(values: t.Mapping[str, str]) -> str:
    lines = [HEADER] + [f"{name}={value}" for name, value in sorted(values.items())]
    return "\n".join(lines) + "\n"


def render(config: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Content of both files, always the same for the same data. The configuration must have passed validate()."""
    return {file: _render_file(values) for file, values in to_texts(config).items()}
