# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of settings is complete and consistent in itself."""

from __future__ import annotations

import json

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import ecs_values
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_settings import (
    CREDENTIAL_VARIABLES,
    FILES,
    SETTINGS,
    Setting,
)


def test_size() -> None:
    assert len(SETTINGS) == 106  # of agent 1.105.1; a change here needs a look at its sources


def test_instance_file() -> None:
    instance = {name for name, setting in SETTINGS.items() if setting.file == "instance"}
    assert instance == {"AWS_DEFAULT_REGION", "ECS_BACKEND_HOST", "ECS_ENABLE_GPU_SUPPORT", "ECS_EXTERNAL"}


def test_immutable() -> None:
    assert {name for name, setting in SETTINGS.items() if setting.immutable} == {
        "ECS_CLUSTER",
        "ECS_INSTANCE_ATTRIBUTES",
    }


def test_secret() -> None:
    assert [name for name, setting in SETTINGS.items() if setting.secret] == ["ECS_ENGINE_AUTH_DATA"]


def test_credentials_are_no_settings() -> None:
    assert not set(CREDENTIAL_VARIABLES) & set(SETTINGS)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=str)
def test_row(setting: Setting) -> None:
    assert setting.type in ecs_values._WRITERS
    assert setting.file in FILES
    assert setting.external in ("allowed", "required", "forbidden", "ignored", "managed")
    assert setting.doc.endswith(".") and len(setting.doc) < 120
    assert all(name in SETTINGS for name, _value in setting.requires)
    assert ecs_values.allowed(setting)


@pytest.mark.parametrize("setting", [s for s in SETTINGS.values() if s.default is not None], ids=str)
def test_default_is_a_valid_value(setting: Setting) -> None:
    text = ecs_values.to_text(setting, setting.default)
    assert text == setting.default or json.loads(text) == json.loads(str(setting.default))
