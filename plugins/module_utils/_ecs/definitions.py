# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task definition that something is to be started from, found in one call and held against the rules of a site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._aws.errors import InvalidInput, NotPossible
from ..planning.workload_rules import ERROR, EXTERNAL, KINDS, REGION, Finding, definition_findings
from . import task_definitions
from .transformations import Resource

SITE_KINDS = KINDS


def look_up(client: Any, reference: str) -> Resource | None:
    """One revision, in the API's form; a family stands for its latest ACTIVE one. None when there is none."""
    return task_definitions.describe(client, reference)[0]


def need(reference: str, definition: Resource | None) -> Resource:
    """The definition, if tasks may be started from it."""
    if definition is None:
        raise NotPossible(
            f"There is no task definition {reference} with an ACTIVE revision. Register it first "
            "(edgefleet.ecs.task_definition), or correct its name and Region."
        )
    if definition.get("status") != "ACTIVE":
        raise NotPossible(
            f"Task definition {reference} is {definition.get('status')}: nothing new is started from it. Name the "
            "family alone for its latest ACTIVE revision, or register it again."
        )
    return definition


def site_kind(given: str | None, launch_type: str | None) -> str:
    """The kind of site whose rules hold."""
    return EXTERNAL if launch_type == "EXTERNAL" else given or REGION


def definition_errors(definition: Mapping[str, Any] | None, kind: str) -> list[Finding]:
    """What keeps a registered definition from running at such a site.

    Not what it was registered for: ECS goes by what it is compatible with, and refuses the rest itself.
    """
    findings = definition_findings(definition, kind) if definition else []
    return [one for one in findings if one.level == ERROR and one.field != "requiresCompatibilities"]


def launch_type_of(kind: str | None) -> Resource:
    """What must be the launch type where nothing else is known yet."""
    return {"launchType": "EXTERNAL"} if kind == EXTERNAL else {}


def check(what: str, kind: str, findings: Iterable[Finding]) -> list[str]:
    """Refuse what the rules call an error; the warnings come back as sentences."""
    found = list(findings)
    errors = [finding for finding in found if finding.level == ERROR]
    if errors:
        raise InvalidInput(
            f"{what} cannot run at a site of kind {kind}: {' '.join(_sentence(finding) for finding in errors)}",
            findings=[_as_dict(finding) for finding in found],
        )
    return [f"{what}: {_sentence(finding)}" for finding in found]


def _sentence(finding: Finding) -> str:
    return f"{finding.field}: {_ended(finding.rule)} {_ended(finding.way_out)}".strip()


def _ended(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _as_dict(finding: Finding) -> dict[str, str]:
    return dict(finding._asdict())


def essential_containers(definition: Mapping[str, Any] | None) -> set[str] | None:
    """Names of the containers that end a task with them; None when nobody knows."""
    if definition is None:
        return None
    containers = definition.get("containerDefinitions", [])
    return {container["name"] for container in containers if container.get("essential", True)}
