#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_instance_watch
short_description: Watch Amazon ECS container instances for a while
version_added: 0.1.0
description:
  - Looks at container instances, and at the services that have tasks on them, again and again for some time, and says
    which agents were lost and which services have lost tasks. It changes nothing, and does not fail over what it sees.
  - An instance is lost when its agent was not connected for O(tolerance) seconds in a row. Agents disconnect and
    reconnect several times an hour as a matter of course.
  - A service has lost tasks when it had fewer of them for that long than it has had since the watching began, unless it
    is asked for fewer.
  - Calls C(ecs:DescribeContainerInstances) once a hundred instances and C(ecs:DescribeServices) once ten services in
    every look; C(ecs:ListContainerInstances), C(ecs:ListTasks) and C(ecs:DescribeTasks) once at the start.
author:
  - Edgefleet contributors (@edgefleet)
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  container_instances:
    description:
      - Those to watch, each by the id of its managed node (V(mi-...)), of its EC2 instance (V(i-...)), or by its own id
        or ARN.
    type: list
    elements: str
    required: true
  duration:
    description:
      - Seconds to watch. Who is away when they are over is watched until he is back or lost.
      - Ends sooner when more than O(allowed) instances, or any service, are lost.
    type: int
    required: true
  interval:
    description: Seconds between two looks.
    type: int
    default: 30
  tolerance:
    description: Seconds that an instance or a service may be away without being lost.
    type: int
    default: 120
  allowed:
    description: Instances that may be lost before the watching ends.
    type: int
    default: 0
  services:
    description: Whether to watch the services on the instances, too.
    type: bool
    default: true
  stop_file:
    description: File on the machine that runs the module. The watching ends at once where it is there.
    type: path
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.info_module
  - edgefleet.ecs.attributes.actiongroup_aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: edgefleet.ecs.container_instance
  - module: edgefleet.ecs.container_instance_info
"""

EXAMPLES = r"""
- name: Watch two hosts for ten minutes
  edgefleet.ecs.container_instance_watch:
    cluster: retail-edge
    container_instances: [mi-0123456789abcdef0, mi-0123456789abcdef1]
    duration: 600
  register: watched

- name: Fail where they did not stay
  ansible.builtin.assert:
    that:
      - watched.unhealthy == {}
      - watched.services == {}
"""

RETURN = r"""
unhealthy:
  description: By name as given, what is wrong with those that were lost, and for how long.
  returned: success
  type: dict
  sample: {mi-0123456789abcdef0: 'ACTIVE, agent not connected for 131 s'}
services:
  description: By name, the services that have lost tasks.
  returned: success
  type: dict
  sample: {web: 1 of 2 tasks for 125 s}
stopped:
  description: Path of the file that has ended the watching, or empty.
  returned: success
  type: str
  sample: ""
watched:
  description: The services that were watched.
  returned: success
  type: list
  elements: str
  sample: [web]
looks:
  description: How often it has looked.
  returned: success
  type: int
  sample: 21
elapsed:
  description: How long it has watched, in seconds.
  returned: success
  type: int
  sample: 600
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError, invalid
from ..module_utils._aws.service import CLIENT_CONFIG
from ..module_utils._ecs import validation, watch

ARGUMENTS = {
    "cluster": {"type": "str", "required": True},
    "container_instances": {"type": "list", "elements": "str", "required": True},
    "duration": {"type": "int", "required": True},
    "interval": {"type": "int", "default": 30},
    "tolerance": {"type": "int", "default": 120},
    "allowed": {"type": "int", "default": 0},
    "services": {"type": "bool", "default": True},
    "stop_file": {"type": "path"},
}
LEAST = {"duration": 0, "interval": 1, "tolerance": 0, "allowed": 0}


def read_wanted(params: dict[str, Any]) -> watch.Wanted:
    for name, least in LEAST.items():
        if params[name] < least:
            raise invalid(name, params[name], f"a number from {least} on is allowed")
    return watch.Wanted(
        references=validation.check_container_instances(params["container_instances"]),
        services=params["services"],
        stop_file=params["stop_file"] or "",
        **{name: params[name] for name in LEAST},
    )


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        cluster = validation.check_cluster(module.params["cluster"])
        wanted = read_wanted(module.params)
        seen = watch.watch(module.client("ecs", config=CLIENT_CONFIG), cluster, wanted)
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=False, **seen)


if __name__ == "__main__":
    main()
