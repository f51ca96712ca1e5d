# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of a container instance, and attributes and tags that the fleet has set and asks for no more. Pure.

What the fleet has set is read in the ecs.config that the host still has: it is the fleet's if its tags name the fleet.
Only what the container instance bears with the very value of that file is taken away; all else is somebody else's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# Set by the rollout itself, without ecs.config.
RELEASE_ATTRIBUTE = "fleet_release"
FLEET_TAG = "fleet"
ATTRIBUTES, TAGS = "ECS_INSTANCE_ATTRIBUTES", "ECS_CONTAINER_INSTANCE_TAGS"
# What belongs to ECS, whoever wrote it into a file.
RESERVED = ("ecs.", "com.amazonaws.", "aws:")

Texts = Mapping[str, str]


def asked(desired: Mapping[str, Any], variable: str) -> Texts:
    """Attributes or tags of a desired state, where they may stand as YAML or as JSON text."""
    value = (desired.get("ecs_config") or {}).get(variable) or {}
    return _texts(value) if isinstance(value, str) else value


def of(
    observation: Mapping[str, Any], instance: Mapping[str, Any], attributes: Texts, fleet: str | None
) -> dict[str, Any]:
    """C(tags) that are asked for, whether they make the host another site's (C(resited)), and what is to go.

    The latter by name, in C(drop_attributes) and C(drop_tags).

    :param attributes: what is asked for, with what the rollout sets itself.
    :param instance: the host's container instance; empty if it has none.
    """
    tags = dict(observation.get("tags") or {})
    has, bears = instance.get("attributes") or {}, instance.get("tags") or {}
    before = _before(observation["host"], fleet)
    release = [RELEASE_ATTRIBUTE] if RELEASE_ATTRIBUTE in has and RELEASE_ATTRIBUTE not in attributes else []
    return {
        "tags": tags,
        # Systems Manager was told of both when the host registered, by the activation's tags.
        "resited": any(name in bears and bears[name] != tags.get(name) for name in ("fleet", "site") if name in tags),
        "drop_attributes": sorted({*release, *_obsolete(before.get(ATTRIBUTES) or {}, has, attributes)}),
        # A role that asks for no tags at all says nothing about them.
        "drop_tags": sorted(_obsolete(before.get(TAGS) or {}, bears, tags)) if tags else [],
    }


def _obsolete(before: Texts, has: Texts, wanted: Texts) -> set[str]:
    return {
        name
        for name, value in before.items()
        if name not in wanted and has.get(name) == value and not name.startswith(RESERVED)
    }


def _before(host: Mapping[str, Any], fleet: str | None) -> dict[str, Texts]:
    """Attributes and tags of the file on the host, if it is the fleet's."""
    values = ((host.get("ecs_config") or {}).get("user") or {}).get("values") or {}
    found = {name: _texts(values.get(name)) for name in (ATTRIBUTES, TAGS)}
    return found if fleet and found[TAGS].get(FLEET_TAG) == fleet else {}


def _texts(value: Any) -> Texts:
    """By name, what a value in JSON holds; nothing where it is broken or was hidden."""
    try:
        read = json.loads(value or "{}")
    except (TypeError, ValueError):
        return {}
    return {str(key): item for key, item in read.items() if isinstance(item, str)} if isinstance(read, dict) else {}
