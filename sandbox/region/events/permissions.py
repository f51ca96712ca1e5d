# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role of a target must allow, as far as it is looked at: actions and resources, no conditions."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..context import Region

PRINCIPAL = "events.amazonaws.com"


def _role(region: Region, arn: str) -> Any | None:
    from moto.iam.models import iam_backends

    backend = iam_backends[region.settings.account][region.settings.partition]
    return next((role for role in list(backend.roles.values()) if role.arn == arn), None)


def _texts(role: Any) -> Iterator[str]:
    yield from role.policies.values()
    for policy in role.managed_policies.values():
        yield policy.document


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _statements(role: Any) -> Iterator[dict[str, Any]]:
    for text in _texts(role):
        document = json.loads(text) if isinstance(text, str) else text
        yield from _listed(document.get("Statement", []))


def _covers(patterns: Any, value: str) -> bool:
    return any(fnmatch.fnmatchcase(value.lower(), str(pattern).lower()) for pattern in _listed(patterns or []))


def _allows(role: Any, action: str, resource: str) -> bool:
    fitting = [
        statement
        for statement in _statements(role)
        if _covers(statement.get("Action"), action) and _covers(statement.get("Resource"), resource)
    ]
    effects = [statement.get("Effect") for statement in fitting]
    return "Allow" in effects and "Deny" not in effects


def problem(region: Region, arn: str, definition: str, passed: Iterable[str]) -> str | None:
    """Why a role may not run tasks of a definition that hands these roles on; None when it may."""
    role = _role(region, arn)
    if role is None or not region.trusts(arn.rpartition("/")[2], PRINCIPAL):
        return f"The role {arn} does not exist, or does not trust {PRINCIPAL}."
    if not _allows(role, "ecs:RunTask", definition):
        return f"The role {arn} does not allow ecs:RunTask on {definition}."
    denied = next((one for one in passed if not _allows(role, "iam:PassRole", one)), None)
    return f"The role {arn} does not allow iam:PassRole on {denied}." if denied else None
