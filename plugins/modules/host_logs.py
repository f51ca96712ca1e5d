#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_logs
short_description: Collect what a host that has failed can tell, in a folder of the control node
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Reads the ends of the agents' logs, the journals of the engine and of both agents, what the engine says of itself
    and its containers, and the configuration files, in one remote execution, and writes each as a file of the control
    node.
  - Secrets of C(ecs.config), the logins of proxies and activation codes are covered before anything leaves the host.
    What a workload has written to a log of the engine is not looked through.
  - Changes nothing on the host.
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
    details: Writes nothing in check mode.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: This action changes nothing that is managed.
  action:
    description: Has an action plugin, so that parts of it run on the control node.
    support: full
options:
  dest:
    description: Folder on the control node. It is made, and only its owner can read it.
    type: path
    required: true
notes:
  - Needs to be root on the host, so set C(become).
  - A file has 256 KiB at most; what goes over the link is compressed.
"""

EXAMPLES = r"""
- name: See why an agent does not come up
  edgefleet.ecs.host_logs:
    dest: "/var/tmp/logs/{{ inventory_hostname }}"
  become: true
"""

RETURN = r"""
dest:
  description: The folder.
  returned: success
  type: str
  sample: /var/tmp/logs/till-17
files:
  description: Names of the files in it.
  returned: success
  type: list
  elements: str
  sample: [journal-ecs.txt, var-log-ecs-ecs-agent.log]
"""

import base64
import json
import zlib
from collections.abc import Sequence

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import evidence


def main() -> None:
    module = AnsibleModule(argument_spec={"dest": {"type": "path", "required": True}}, supports_check_mode=True)

    def run(command: Sequence[str]) -> str:
        program = module.get_bin_path(command[0])
        if program is None:
            return ""
        # One that hangs, as an engine in trouble may, must not keep the others back.
        bounded = [module.get_bin_path("timeout"), "20"] if module.get_bin_path("timeout") else []
        _code, output, errors = module.run_command([*bounded, program, *command[1:]])
        return output + errors

    try:
        found = evidence.gather(run)
    except OSError as error:
        advice = "; the module needs root, set become: true" if isinstance(error, PermissionError) else ""
        module.fail_json(msg=f"Can't read the logs: {error.strerror}: {error.filename}{advice}")
    packed = base64.b64encode(zlib.compress(json.dumps(found).encode("utf-8", "surrogateescape"), 9)).decode()
    module.exit_json(changed=False, packed=packed)


if __name__ == "__main__":
    main()
