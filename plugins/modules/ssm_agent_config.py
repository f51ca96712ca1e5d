#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_agent_config
short_description: Set values in the configuration of the SSM Agent
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Merges values into C(amazon-ssm-agent.json), in one remote execution, and leaves all other values as they are.
  - Creates the file and its folder, so that the agent finds it at its first start.
  - Does not restart the agent, which reads the file when it starts.
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  settings:
    description: Values by section and name, as the agent's C(amazon-ssm-agent.json.template) has them.
    type: dict
    required: true
  path:
    description: The file.
    type: path
    default: /etc/amazon/ssm/amazon-ssm-agent.json
  backup:
    description:
      - Name of a run. Given one, the module keeps a copy of each file before it writes it, in the same execution, and
        M(edgefleet.ecs.host_rollback) can put it back. The copy holds what the file holds, and root alone can read it.
      - Empty keeps nothing.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Reach Systems Manager through an interface endpoint
  edgefleet.ecs.ssm_agent_config:
    settings:
      Ssm:
        Endpoint: https://vpce-0123456789abcdef0.ssm.eu-north-1.vpce.amazonaws.com
"""

RETURN = r"""
settings:
  description: All values that the file holds now, or would hold after check mode.
  returned: success
  type: dict
  sample: {"Ssm": {"Endpoint": "https://vpce-0123456789abcdef0.ssm.eu-north-1.vpce.amazonaws.com"}}
"""

import json
import os
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import copies


class ConfigError(Exception):
    """An expected way to fail; the text is for the operator."""


def merged(have: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    """All of both; where they differ, what is wanted."""
    result = dict(have)
    for name, value in want.items():
        both = isinstance(value, dict) and isinstance(have.get(name), dict)
        result[name] = merged(have[name], value) if both else value
    return result


def rendered(settings: dict[str, Any]) -> str:
    return json.dumps(settings, indent=4) + "\n" if settings else ""


def read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return {}
    try:
        settings = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON ({error}). The agent ignores it so: repair or remove it.") from error
    if not isinstance(settings, dict):
        raise ConfigError(f"{path} holds no JSON object. The agent ignores it so: repair or remove it.")
    return settings


def write(module: AnsibleModule, path: str, text: str) -> None:
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".edgefleet-", dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    module.atomic_move(name, path)
    module.set_mode_if_different(path, 0o644, False)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "settings": {"type": "dict", "required": True},
            "path": {"type": "path", "default": "/etc/amazon/ssm/amazon-ssm-agent.json"},
            "backup": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    path = module.params["path"]
    try:
        have = read(path)
    except ConfigError as error:
        module.fail_json(msg=str(error))
    want = merged(have, module.params["settings"])
    changed = have != want
    if changed and not module.check_mode:
        copies.take(module.params["backup"], {path: rendered(want)})
        write(module, path, rendered(want))
    diff = {"before": rendered(have), "after": rendered(want), "before_header": path, "after_header": path}
    module.exit_json(changed=changed, settings=want, diff=diff)


if __name__ == "__main__":
    main()
