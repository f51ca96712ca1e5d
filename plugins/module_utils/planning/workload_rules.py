# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kind of site cannot run, told before any call. Pure; definitions, services and tasks are in the API's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

Data = Mapping[str, Any]

ERROR, WARNING = "error", "warning"
EXTERNAL, OUTPOST, LOCAL_ZONE, WAVELENGTH, REGION = KINDS = (
    "external",
    "outpost",
    "local_zone",
    "wavelength",
    "region",
)


class Finding(NamedTuple):
    """`field` is a path in the API's names, such as containerDefinitions[0].portMappings[1].hostPort."""

    level: str
    field: str
    rule: str
    way_out: str
    source: str


def definition_findings(definition: Data, kind: str) -> list[Finding]:
    """Of a task definition, as RegisterTaskDefinition takes it."""
    return []


def service_findings(service: Data, definition: Optional[Data], kind: str) -> list[Finding]:
    """Of a service, as CreateService takes it; with the definition, also of both together."""
    return []


def task_findings(run: Data, definition: Optional[Data], kind: str) -> list[Finding]:
    """Of a standalone task, as RunTask takes it."""
    return []
