# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draining and removing hosts, as filters. What they decide stands in module_utils/planning/."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import leaving, removal


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "fleet_drain_plan": leaving.drain_plan,
            "fleet_drain_progress": leaving.drain_progress,
            "fleet_removal_plan": removal.build,
            "fleet_removal_nodes": removal.nodes_to_remove,
            "fleet_removal_record": removal.record,
            "fleet_removal_table": removal.table,
        }
