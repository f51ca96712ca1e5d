#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_service
short_description: Restart the container engine or an agent, and wait on the host until it works
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Restarts a unit and waits until its program does its work, in one remote execution. The engine answers on its
    socket; the SSM agent has fresh credentials of the host's own identity; the ECS agent has joined its cluster.
  - When it does not work in time, or its unit has failed for good, the error holds what was seen last and the last
    lines of the unit's journal.
  - Returns what M(edgefleet.ecs.host_facts) would read afterwards, as facts.
  - What a run has written before, and M(edgefleet.ecs.host_rollback) could put back, counts as proved from then on.
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Each run restarts the unit.
options:
  name:
    description:
      - The unit. To restart V(docker) ends its containers, so drain the container instance first.
    type: str
    choices: [docker, amazon-ssm-agent, ecs]
    required: true
  enabled:
    description: Whether the unit is also enabled, so that it starts with the host.
    type: bool
    default: false
  cluster:
    description: With O(name=ecs), the cluster that the agent has to join; empty takes any.
    type: str
    default: ''
  timeout:
    description: Seconds to wait at most.
    type: int
    default: 180
notes:
  - Needs to be root on the host, so set C(become).
seealso:
  - module: edgefleet.ecs.agent_config
  - module: edgefleet.ecs.host_rollback
"""

EXAMPLES = r"""
- name: Let the ECS agent read its configuration
  edgefleet.ecs.host_service:
    name: ecs
    enabled: true
    cluster: retail-edge
  become: true
"""

RETURN = r"""
host:
  description: The host as it is now, as M(edgefleet.ecs.host_facts) returns it. Also set as the fact C(edgefleet_host).
  returned: when it was restarted
  type: dict
  sample: {"schema": 1, "hostname": "till-17"}
"""

from collections.abc import Sequence

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import copies, units


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "choices": list(units.NAMES), "required": True},
            "enabled": {"type": "bool", "default": False},
            "cluster": {"type": "str", "default": ""},
            "timeout": {"type": "int", "default": 180},
        },
        supports_check_mode=True,
    )
    params = module.params

    def run(argv: Sequence[str]) -> tuple[int, str]:
        code, output, errors = module.run_command(list(argv))
        return code, output + errors

    if module.check_mode:
        module.exit_json(changed=True)
    try:
        units.restarted(run, units.Goal(params["name"], params["cluster"]), params["timeout"], params["enabled"])
        copies.prove()
    except units.UnitError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        advice = "; the module needs root, set become: true" if isinstance(error, PermissionError) else ""
        module.fail_json(msg=f"Can't restart {params['name']}: {error.strerror}: {error.filename}{advice}")
    host = units.host_facts()
    module.exit_json(changed=True, host=host, ansible_facts={"edgefleet_host": host})


if __name__ == "__main__":
    main()
