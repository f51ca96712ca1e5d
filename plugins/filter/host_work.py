# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host needs, as a filter. What it decides stands in module_utils/planning/work.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import work
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.observations import observed

Data = Mapping[str, Any]


def host_work(observation: Data, drift: Sequence[Data] | None = None) -> dict[str, Any]:
    return work.of(observed(observation), drift)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"host_work": host_work}
