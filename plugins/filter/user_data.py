# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""User data of EC2 container instances as a filter. What it writes stands in module_utils/host/user_data.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import user_data


def ecs_user_data(config: Mapping[str, Any], commands: Sequence[str] = (), images: Sequence[str] = ()) -> str:
    if not isinstance(config, Mapping):
        raise AnsibleFilterError(f"ecs_user_data takes a dictionary of settings, not {type(config).__name__}.")
    try:
        return user_data.render(config, commands, images)
    except user_data.UserDataError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"ecs_user_data": ecs_user_data}
