# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit as filters, for the role audit. What they decide stands in module_utils/planning/audit/."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import limits
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.audit import inventory, report, table

Data = Mapping[str, Any]


def fleet_audit_asked(
    names: Sequence[str], hostvars: Mapping[str, Data], aws_sites: Sequence[str], options: Data
) -> dict[str, Any]:
    asked = {"hosts": _variables(names, hostvars), "aws_sites": _variables(aws_sites, hostvars)}
    try:
        report.options_of(options)
        inventory.read(asked["hosts"], asked["aws_sites"], options)
    except limits.PlanError as error:
        raise AnsibleFilterError(f"Nothing was touched. {error}") from error
    return asked


def _variables(names: Sequence[str], hostvars: Mapping[str, Data]) -> dict[str, dict[str, Any]]:
    """In one pass: Ansible puts a host's variables together anew whenever hostvars is asked for it."""
    found = {}
    for name in names:
        known = hostvars[name]
        found[name] = {variable: known[variable] for variable in inventory.VARIABLES if variable in known}
    return found


def fleet_audit(asked: Data, view: Data, options: Data) -> dict[str, Any]:
    try:
        return report.audit(asked, view, options)
    except limits.PlanError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "fleet_audit_asked": fleet_audit_asked,
            "fleet_audit": fleet_audit,
            "fleet_audit_fixes": report.fixes,
            "fleet_audit_report": report.finish,
            "fleet_audit_table": table.lines,
        }
