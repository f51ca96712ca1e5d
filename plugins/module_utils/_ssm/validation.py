# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Systems Manager accepts, checked before any call. Rules are those of the API reference."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .._aws.errors import invalid

LIMIT = (1, 1000)
HOURS = (1, 720)

_ROLE = re.compile(r"(?:service-role/)?[A-Za-z0-9+=,.@_-]{1,64}")
_NAME = re.compile(r"[\w\s.:/=+\-@]{1,256}")
_ACTIVATION_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NODE_ID = re.compile(r"mi-[0-9a-f]{17}|i-(?:[0-9a-f]{8}|[0-9a-f]{17})")


def check_role(role: str, option: str = "role") -> str:
    if not _ROLE.fullmatch(role):
        raise invalid(option, role, "give the name of an IAM role (at most 64 characters), not its ARN")
    return role


def check_limit(limit: int) -> int:
    return _in_range("limit", limit, LIMIT, "registrations")


def check_hours(hours: int) -> int:
    return _in_range("expires_in", hours, HOURS, "hours (30 days)")


def check_name(name: str | None) -> str | None:
    if name is not None and not _NAME.fullmatch(name):
        raise invalid("name", name, "it has 1 to 256 letters, digits, spaces and _ . : / = + - @")
    return name


def check_description(description: str | None) -> str | None:
    if description is not None and len(description) > 256:
        raise invalid("description", f"{description[:40]}...", "it has at most 256 characters")
    return description


def check_activation_ids(ids: Sequence[str], option: str = "activation_ids") -> list[str]:
    for activation_id in ids:
        if not _ACTIVATION_ID.fullmatch(activation_id):
            raise invalid(option, activation_id, "an activation id is a UUID in lower case")
    return list(dict.fromkeys(ids))


def check_node_ids(ids: Sequence[str], option: str = "instance_ids") -> list[str]:
    for node_id in ids:
        if not _NODE_ID.fullmatch(node_id):
            raise invalid(option, node_id, "give the id of a managed node (mi-...) or EC2 instance (i-...)")
    return list(dict.fromkeys(ids))


def check_managed_ids(ids: Sequence[str]) -> list[str]:
    """Only machines outside of AWS: an EC2 instance is a managed node by its own role, and ends with the instance."""
    for node_id in check_node_ids(ids):
        if not node_id.startswith("mi-"):
            rule = "only machines outside of AWS (mi-...) can be changed; an EC2 instance has its tags and role in EC2"
            raise invalid("instance_ids", node_id, rule)
    return list(dict.fromkeys(ids))


def _in_range(option: str, value: int, allowed: tuple[int, int], unit: str) -> int:
    lowest, highest = allowed
    if not lowest <= value <= highest:
        raise invalid(option, value, f"it is {lowest} to {highest} {unit}")
    return value
