# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Healing as filters. What they decide stands in module_utils/planning/heal.py and recheck.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import heal, limits, recheck


def fleet_heal_plan(*arguments: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return heal.build(*arguments)
    except limits.PlanError as error:
        raise AnsibleFilterError(str(error)) from error


def fleet_suspects(suspects: Any) -> dict[str, Any]:
    try:
        return recheck.question(suspects)
    except limits.PlanError as error:
        raise AnsibleFilterError(f"Nothing was touched. {error}") from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "fleet_heal_plan": fleet_heal_plan,
            "fleet_heal_verdict": heal.verdict,
            "fleet_heal_report": heal.report,
            "fleet_heal_record": heal.record_of,
            "fleet_event_machines": recheck.machines_of,
            "fleet_suspects": fleet_suspects,
            "fleet_still_ill": recheck.verdict,
        }
