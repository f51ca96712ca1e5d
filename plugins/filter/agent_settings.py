# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of both agents as filters: what of a role's variables goes to which key of their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import agent_settings
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.desired import SSM_SECTIONS


def ssm_agent_settings(
    endpoint: str, endpoints_of: Mapping[str, str] | None = None, dual_stack: bool | None = None
) -> dict[str, dict[str, Any]]:
    given = {"ssm": endpoint, **(endpoints_of or {})}
    unknown = sorted(set(given) - set(SSM_SECTIONS))
    if unknown:
        raise AnsibleFilterError(f"{', '.join(unknown)}: the SSM Agent has no endpoint of this service in its settings")
    settings: dict[str, dict[str, Any]] = {
        SSM_SECTIONS[service]: {"Endpoint": url} for service, url in given.items() if url
    }
    return settings if dual_stack is None else {**settings, "Agent": {"UseDualStackEndpoint": bool(dual_stack)}}


def ecs_agent_settings(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    problem = next(agent_settings.problems(given), "")
    if problem:
        raise AnsibleFilterError(problem)
    return agent_settings.of(given)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"ssm_agent_settings": ssm_agent_settings, "ecs_agent_settings": ecs_agent_settings}
