# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is accepted means the same to both readers; whatever is refused is refused without a crash."""

from __future__ import annotations

import json
import string
from typing import Any

import hypothesis
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import observe
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_config import render, to_texts, validate
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_readers import parse_agent, parse_systemd
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_secrets import mask
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_settings import SETTINGS, Setting
from hypothesis import strategies as st

AWKWARD = st.text(alphabet=string.printable + "\u201c\u2019\u00e9\ufeff\x85\0", max_size=12)
PLAIN = st.text(alphabet=string.ascii_letters + string.digits + " _.:/=+@-#$`'\";,{}[]", max_size=12)
SCALARS = st.one_of(st.booleans(), st.integers(-10, 70000), st.floats(), st.none(), AWKWARD, PLAIN)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(AWKWARD, inner, max_size=3)),
    max_leaves=6,
)


def fitting(setting: Setting) -> Any:
    """Values with a good chance to be accepted."""
    by_type: dict[str, Any] = {
        "bool": st.sampled_from([True, False, "true", "false"]),
        "bool_lower": st.sampled_from([True, "true"]),
        "enum": st.sampled_from(setting.choices or ("x",)),
        "int": st.integers(1, 5000),
        "float": st.floats(0, 1e6, allow_nan=False),
        "duration": st.sampled_from(["10s", "1m30s", "2h", "50ms"]),
        "int_pair": st.just("40,60"),
        "port_range": st.just("32768-60999"),
        "path": st.just("/some/where"),
        "json_list_int": st.just([22, 2375, 2376, 51678, 51679, 80]),
        "json_list_enum": st.lists(st.sampled_from(setting.choices or ("x",)), max_size=3),
        "json_map_str": st.dictionaries(PLAIN, PLAIN, max_size=4),
        "json_secret": st.dictionaries(PLAIN, st.dictionaries(PLAIN, PLAIN, max_size=3), min_size=1, max_size=2),
        "csv": st.just(["169.254.169.254", "169.254.170.2", "/var/run/docker.sock"]),
    }
    return by_type.get(setting.type, PLAIN)


@st.composite
def configurations(draw: Any) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(SETTINGS)), unique=True, max_size=8))
    config = {name: draw(st.one_of(fitting(SETTINGS[name]), fitting(SETTINGS[name]), ANYTHING)) for name in names}
    config.update({"ECS_EXTERNAL": True, "AWS_DEFAULT_REGION": "eu-west-3"})
    refused = {message.split(":")[0] for message in validate(config)}
    return {name: value for name, value in config.items() if name not in refused}


@hypothesis.settings(max_examples=300, deadline=None, derandomize=True)
@hypothesis.given(configurations())
def test_both_readers_agree_on_what_is_accepted(config: dict[str, Any]) -> None:
    if validate(config):  # a variable that another one needs went with the refused ones
        return
    expected = to_texts(config)
    assert sum(map(len, expected.values())) == len(config)
    for file, text in render(config).items():
        assert parse_agent(text) == parse_systemd(text) == expected[file]
        assert text.isascii() and text.endswith("\n") and "\\" not in text
    for name, value in config.items():
        if isinstance(value, (dict, list)) and SETTINGS[name].type.startswith("json"):
            assert json.loads(expected[SETTINGS[name].file][name]) == value


@hypothesis.settings(max_examples=300, deadline=None, derandomize=True)
@hypothesis.given(st.dictionaries(st.one_of(st.sampled_from(sorted(SETTINGS)), AWKWARD), ANYTHING, max_size=4))
def test_validate_never_crashes_and_shows_no_raw_control_characters(config: dict[str, Any]) -> None:
    for message in validate(config):
        assert message.isprintable()


@hypothesis.settings(max_examples=300, deadline=None, derandomize=True)
@hypothesis.given(AWKWARD)
def test_readers_never_crash(text: str) -> None:
    observe.lint(text)
    mask(parse_agent(text))
    mask(parse_systemd(text))
    mask(parse_systemd("A=" + text))


# Few characters, so that the awkward ones meet often.
TRICKY = st.text(alphabet="ab \"'\\#;=$`\r\n\t\u201c\u00e9\ufeff\x85", min_size=1, max_size=6)


@hypothesis.settings(max_examples=1500, deadline=None, derandomize=True)
@hypothesis.given(st.sampled_from(["ECS_NVIDIA_RUNTIME", "ECS_LOG_OPTS", "ECS_BACKEND_HOST"]), TRICKY, TRICKY)
def test_both_readers_agree_on_tricky_text(name: str, text: str, key: str) -> None:
    value = {key: text} if name == "ECS_LOG_OPTS" else text
    config = {"ECS_EXTERNAL": True, "AWS_DEFAULT_REGION": "eu-west-3", name: value}
    if validate(config):
        return
    file = SETTINGS[name].file
    written = render(config)[file]
    assert written.isascii()
    assert parse_agent(written) == parse_systemd(written) == to_texts(config)[file]
    assert (json.loads(parse_agent(written)[name]) if isinstance(value, dict) else parse_agent(written)[name]) == value
