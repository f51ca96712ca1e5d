# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments that several modules take, documented in the fragment edgefleet.ecs.tasks."""

from __future__ import annotations

from typing import Any

from .definitions import SITE_KINDS

Arguments = dict[str, dict[str, Any]]

_TEXT: dict[str, Any] = {"type": "str"}
_NUMBER: dict[str, Any] = {"type": "int"}
_NAMES: dict[str, Any] = {"type": "list", "elements": "str"}


def _items(**members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "list", "elements": "dict", "options": members}


LAUNCH: Arguments = {
    "launch_type": {"type": "str", "choices": ["EC2", "EXTERNAL", "FARGATE"]},
    "platform_version": _TEXT,
    "capacity_provider_strategy": _items(
        capacityProvider={"type": "str", "required": True}, weight=_NUMBER, base=_NUMBER
    ),
    "placement_constraints": _items(
        type={"type": "str", "required": True, "choices": ["distinctInstance", "memberOf"]}, expression=_TEXT
    ),
    "placement_strategy": _items(
        type={"type": "str", "required": True, "choices": ["binpack", "random", "spread"]}, field=_TEXT
    ),
    "network_configuration": {
        "type": "dict",
        "options": {
            "awsvpcConfiguration": {
                "type": "dict",
                "options": {
                    "subnets": _NAMES,
                    "securityGroups": _NAMES,
                    "assignPublicIp": {"type": "str", "choices": ["DISABLED", "ENABLED"]},
                },
            }
        },
    },
    "enable_execute_command": {"type": "bool"},
    "enable_ecs_managed_tags": {"type": "bool"},
    "site_kind": {"type": "str", "choices": list(SITE_KINDS)},
}

TAGS: Arguments = {"tags": {"type": "dict", "aliases": ["resource_tags"]}}
PURGE_TAGS: Arguments = {"purge_tags": {"type": "bool", "default": False}}
