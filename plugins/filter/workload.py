# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads as data: what a site cannot run, and definitions for external instances. See module_utils/planning/."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import external_definition, workload_rules

Data = Mapping[str, Any]
NETWORK_MODES = ("bridge", "host", "none")


def workload_findings(
    definition: Data | None, kind: str = "external", service: Data | None = None, task: Data | None = None
) -> list[dict[str, str]]:
    _one_of("kind", kind, workload_rules.KINDS)
    for name, value in (("definition", definition), ("service", service), ("task", task)):
        _dictionary(name, value)
    found = workload_rules.definition_findings(definition, kind) if definition else []
    if service:
        found += workload_rules.service_findings(service, definition, kind)
    if task:
        found += workload_rules.task_findings(task, definition, kind)
    return [dict(finding._asdict()) for finding in sorted(found, key=lambda one: one.level)]


def external_task_definition(
    definition: Data, network_mode: str = "bridge", host_ports: str = "same"
) -> dict[str, Any]:
    _dictionary("definition", definition)
    _one_of("network_mode", network_mode, NETWORK_MODES)
    _one_of("host_ports", host_ports, external_definition.HOST_PORTS)
    derived = external_definition.derive(definition, network_mode, host_ports)
    return {"definition": derived.definition, "dropped": [dict(one._asdict()) for one in derived.dropped]}


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise AnsibleFilterError(f"{option} is {value!r}; it is one of {', '.join(allowed)}.")


def _dictionary(option: str, value: Any) -> None:
    if value is not None and not isinstance(value, Mapping):
        raise AnsibleFilterError(f"{option} is {value!r}; it is a dictionary in the names of the ECS API.")


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"workload_findings": workload_findings, "external_task_definition": external_task_definition}
