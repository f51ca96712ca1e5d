#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_info
short_description: List and describe Amazon ECS services
version_added: 0.1.0
description:
  - Describes the services of a cluster, listed in pages of a hundred and described ten a call.
  - Calls C(ecs:ListServices) and C(ecs:DescribeServices).
author:
  - Edgefleet contributors (@edgefleet)
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  services:
    description: Only these, by name or ARN. Left out, all of the cluster.
    type: list
    elements: str
  launch_type:
    description: Only those of this launch type.
    type: str
    choices: [EC2, EXTERNAL, FARGATE]
  scheduling_strategy:
    description: Only those with this strategy.
    type: str
    choices: [REPLICA, DAEMON]
  events:
    description: How many of the newest events of each service to return; ECS keeps a hundred.
    type: int
    default: 10
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.info_module
  - edgefleet.ecs.attributes.actiongroup_aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: edgefleet.ecs.service
  - module: edgefleet.ecs.task_info
"""

EXAMPLES = r"""
- name: Describe all services on external instances
  edgefleet.ecs.service_info:
    cluster: retail-edge
    launch_type: EXTERNAL
  register: services

- name: Show those that are not where they should be
  ansible.builtin.debug:
    msg: "{{ item.service_name }}: {{ item.running_count }} of {{ item.desired_count }}"
  loop: "{{ services.services }}"
  loop_control:
    label: "{{ item.service_name }}"
  when: item.running_count != item.desired_count
"""

RETURN = r"""
services:
  description: The services, in the order of their names. One that is being deleted is V(DRAINING).
  returned: success
  type: list
  elements: dict
  contains:
    service_arn:
      description: ARN of the service.
      type: str
      returned: always
      sample: arn:aws:ecs:us-west-2:111122223333:service/retail-edge/shop-lyon
    service_name:
      description: Name of the service.
      type: str
      returned: always
      sample: shop-lyon
    cluster_arn:
      description: ARN of its cluster.
      type: str
      returned: always
      sample: arn:aws:ecs:us-west-2:111122223333:cluster/retail-edge
    status:
      description: Status of the service.
      type: str
      returned: always
      sample: ACTIVE
    task_definition:
      description: ARN of its task definition.
      type: str
      returned: always
      sample: arn:aws:ecs:us-west-2:111122223333:task-definition/shop:7
    desired_count:
      description: Number of tasks that are wanted.
      type: int
      returned: always
      sample: 2
    running_count:
      description: Number of tasks that run.
      type: int
      returned: always
      sample: 2
    pending_count:
      description: Number of tasks on their way.
      type: int
      returned: always
      sample: 0
    launch_type:
      description: Launch type.
      type: str
      returned: when no capacity provider strategy stands in its place
      sample: EXTERNAL
    scheduling_strategy:
      description: Scheduling strategy.
      type: str
      returned: always
      sample: REPLICA
    deployment_configuration:
      description: How tasks are replaced, in the API's terms, as M(edgefleet.ecs.service) takes it.
      type: dict
      returned: always
      sample: {minimumHealthyPercent: 50, maximumPercent: 100}
    placement_constraints:
      description: What a container instance must fulfil, in the API's terms.
      type: list
      elements: dict
      returned: always
      sample: [{type: memberOf, expression: "attribute:site == lyon"}]
    placement_strategy:
      description: How tasks are spread, in the API's terms.
      type: list
      elements: dict
      returned: always
      sample: [{type: spread, field: instanceId}]
    enable_execute_command:
      description: Whether ECS Exec works in new tasks.
      type: bool
      returned: always
      sample: false
    created_at:
      description: When it was created, in ISO 8601.
      type: str
      returned: always
      sample: "2026-11-22T01:00:00+00:00"
    deployments:
      description: Its deployments, the newest first.
      type: list
      elements: dict
      returned: always
      contains:
        id:
          description: Id of the deployment.
          type: str
          returned: always
          sample: ecs-svc/1234567890123456789
        status:
          description: V(PRIMARY) for the latest one, V(ACTIVE) for one whose tasks are being replaced.
          type: str
          returned: always
          sample: PRIMARY
        task_definition:
          description: ARN of its task definition.
          type: str
          returned: always
          sample: arn:aws:ecs:us-west-2:111122223333:task-definition/shop:7
        rollout_state:
          description: How far it is.
          type: str
          returned: always
          sample: COMPLETED
        rollout_state_reason:
          description: Why it is there.
          type: str
          returned: always
          sample: ECS deployment ecs-svc/1234567890123456789 completed.
        desired_count:
          description: Number of tasks that it wants.
          type: int
          returned: always
          sample: 2
        running_count:
          description: Number of its tasks that run.
          type: int
          returned: always
          sample: 2
        failed_tasks:
          description: Number of its tasks that failed to start.
          type: int
          returned: always
          sample: 0
    events:
      description: Its newest events, the newest first.
      type: list
      elements: dict
      returned: always
      sample: [{created_at: "2026-11-22T01:00:00+00:00", message: (service shop-lyon) has reached a steady state.}]
    tags:
      description: Tags of the service.
      type: dict
      returned: always
      sample: {fleet: retail}
missing:
  description: Those of O(services) that are not in the cluster, or do not match the other options.
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG
from ..module_utils._ecs import references, services, validation
from ..module_utils._ecs.shapes import shape_service

ARGUMENTS = {
    "cluster": {"type": "str", "required": True},
    "services": {"type": "list", "elements": "str"},
    "launch_type": {"type": "str", "choices": ["EC2", "EXTERNAL", "FARGATE"]},
    "scheduling_strategy": {"type": "str", "choices": ["REPLICA", "DAEMON"]},
    "events": {"type": "int", "default": 10},
}


def find(client: Any, params: dict[str, Any]) -> list[dict[str, Any]]:
    cluster, launch_type, strategy = params["cluster"], params["launch_type"], params["scheduling_strategy"]
    if params["services"] is None:
        return services.describe(client, cluster, services.list_arns(client, cluster, launch_type, strategy))
    wanted = references.check_services(params["services"])
    return [
        service
        for service in services.describe(client, cluster, wanted)
        if launch_type in (None, service.get("launchType")) and strategy in (None, service.get("schedulingStrategy"))
    ]


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    try:
        validation.check_cluster(params["cluster"])
        references.check_services(params["services"] or [])
        found = find(module.client("ecs", config=CLIENT_CONFIG), params)
    except FleetError as error:
        module.fail_json(**error.result())
    known = {name for service in found for name in (service["serviceName"], service["serviceArn"])}
    module.exit_json(
        changed=False,
        services=sorted(
            (shape_service(service, max(0, params["events"])) for service in found),
            key=lambda service: str(service["service_name"]),
        ),
        missing=[reference for reference in params["services"] or [] if reference not in known],
    )


if __name__ == "__main__":
    main()
