#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: task_info
short_description: List and describe Amazon ECS tasks
version_added: 0.1.0
description:
  - Describes the tasks of a cluster, in pages and batches of a hundred.
  - ECS forgets a task about an hour after it has stopped.
  - Calls C(ecs:ListTasks) and C(ecs:DescribeTasks); when O(container_instance) names a machine, also
    C(ecs:ListContainerInstances) and C(ecs:DescribeContainerInstances).
author:
  - Edgefleet contributors (@edgefleet)
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  tasks:
    description: Only these, by id or ARN, whatever their status.
    type: list
    elements: str
  family:
    description: Only those of this family of task definitions.
    type: str
  service:
    description: Only those of this service, by its name.
    type: str
  group:
    description: Only those of this group.
    type: str
  started_by:
    description: Only those that bear this label; those of a service bear the id of their deployment.
    type: str
  container_instance:
    description:
      - Only those on this container instance, named by the id of its managed node (V(mi-...)), of its EC2 instance
        (V(i-...)), or by its own id or ARN.
    type: str
  launch_type:
    description: Only those of this launch type.
    type: str
    choices: [EC2, EXTERNAL, FARGATE]
  desired_status:
    description:
      - Only those that are to run, or that are to stop or have stopped. Has no effect together with O(tasks).
    type: list
    elements: str
    choices: [RUNNING, STOPPED]
    default: [RUNNING]
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.info_module
  - edgefleet.ecs.attributes.actiongroup_aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: edgefleet.ecs.run_task
  - module: edgefleet.ecs.service_info
"""

EXAMPLES = r"""
- name: Describe the tasks of a service
  edgefleet.ecs.task_info:
    cluster: retail-edge
    service: shop-lyon
  register: shop

- name: See why tasks on a host have stopped
  edgefleet.ecs.task_info:
    cluster: retail-edge
    container_instance: mi-0123456789abcdef0
    desired_status: [STOPPED]
  register: stopped
"""

RETURN = r"""
tasks:
  description: The tasks, in the order of their ARNs.
  returned: success
  type: list
  elements: dict
  contains:
    task_arn:
      description: ARN of the task.
      type: str
      returned: always
      sample: arn:aws:ecs:us-west-2:111122223333:task/retail-edge/0f9de17a6465404e8b1b2356dc13c2f8
    task_definition_arn:
      description: ARN of its task definition.
      type: str
      returned: always
      sample: arn:aws:ecs:us-west-2:111122223333:task-definition/shop:7
    cluster_arn:
      description: ARN of its cluster.
      type: str
      returned: always
      sample: arn:aws:ecs:us-west-2:111122223333:cluster/retail-edge
    container_instance_arn:
      description: ARN of its container instance.
      type: str
      returned: when it has one
      sample: arn:aws:ecs:us-west-2:111122223333:container-instance/retail-edge/0f9de17a6465404e8b1b2356dc13c2f8
    group:
      description: Its group; that of a service is V(service:) and its name.
      type: str
      returned: always
      sample: service:shop-lyon
    started_by:
      description: Label of who started it.
      type: str
      returned: when it has one
      sample: ecs-svc/1234567890123456789
    launch_type:
      description: Launch type.
      type: str
      returned: always
      sample: EXTERNAL
    last_status:
      description: Where it is.
      type: str
      returned: always
      sample: RUNNING
    desired_status:
      description: Where it is to go.
      type: str
      returned: always
      sample: RUNNING
    health_status:
      description: Health of its containers.
      type: str
      returned: always
      sample: HEALTHY
    connectivity:
      description: Whether its agent is connected to the Region.
      type: str
      returned: once the agent has heard of it
      sample: CONNECTED
    cpu:
      description: CPU units.
      type: str
      returned: always
      sample: "256"
    memory:
      description: Memory in MiB.
      type: str
      returned: always
      sample: "512"
    created_at:
      description: When it was placed, in ISO 8601.
      type: str
      returned: always
      sample: "2026-11-22T01:00:00+00:00"
    started_at:
      description: When it ran, in ISO 8601.
      type: str
      returned: when it did
      sample: "2026-11-22T01:00:04+00:00"
    stopped_at:
      description: When it had stopped, in ISO 8601.
      type: str
      returned: when it has
      sample: "2026-11-22T01:10:00+00:00"
    stop_code:
      description: Why it stops, as a code.
      type: str
      returned: when it is to stop, or has
      sample: EssentialContainerExited
    stopped_reason:
      description: Why it stops.
      type: str
      returned: when it is to stop, or has
      sample: Essential container in task exited
    containers:
      description: Its containers.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: Name in the task definition.
          type: str
          returned: always
          sample: shop
        image:
          description: Image.
          type: str
          returned: always
          sample: registry.example.com/shop:7
        last_status:
          description: Where it is.
          type: str
          returned: always
          sample: RUNNING
        exit_code:
          description: Exit code.
          type: int
          returned: when it has exited
          sample: 0
        reason:
          description: What the agent says about its end.
          type: str
          returned: when it says something
          sample: CannotPullContainerError
        network_bindings:
          description: Ports on the host.
          type: list
          elements: dict
          returned: always
          sample: [{bind_ip: 0.0.0.0, container_port: 80, host_port: 8080, protocol: tcp}]
    overrides:
      description: What differs from the task definition, in the API's terms; values of variables are not shown.
      type: dict
      returned: always
      sample: {containerOverrides: [{name: shop}]}
    tags:
      description: Tags.
      type: dict
      returned: always
      sample: {fleet: retail}
missing:
  description: Those of O(tasks) that ECS does not know, or no more, or that do not match the other options.
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG
from ..module_utils._ecs import references, task_search, tasks, validation
from ..module_utils._ecs.shapes import shape_task

ARGUMENTS = {
    "cluster": {"type": "str", "required": True},
    "tasks": {"type": "list", "elements": "str"},
    "family": {"type": "str"},
    "service": {"type": "str"},
    "group": {"type": "str"},
    "started_by": {"type": "str"},
    "container_instance": {"type": "str"},
    "launch_type": {"type": "str", "choices": ["EC2", "EXTERNAL", "FARGATE"]},
    "desired_status": {
        "type": "list",
        "elements": "str",
        "choices": ["RUNNING", "STOPPED"],
        "default": ["RUNNING"],
    },
}


def check_names(params: dict[str, Any]) -> None:
    validation.check_cluster(params["cluster"])
    references.check_tasks(params["tasks"] or [])
    if params["service"] is not None:
        references.check_services([params["service"]], "service")
    if params["container_instance"] is not None:
        validation.check_container_instances([params["container_instance"]])


def find(client: Any, params: dict[str, Any]) -> list[dict[str, Any]]:
    cluster = params["cluster"]
    filters = task_search.Filters(
        family=params["family"],
        group=params["group"],
        started_by=params["started_by"],
        service=params["service"],
        launch_type=params["launch_type"],
        container_instance=task_search.container_instance_arn(client, cluster, params["container_instance"]),
    )
    if params["tasks"] is not None:
        return [task for task in tasks.describe(client, cluster, params["tasks"]) if filters.match(task)]
    return task_search.search(client, cluster, filters, params["desired_status"])


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        check_names(module.params)
        found = find(module.client("ecs", config=CLIENT_CONFIG), module.params)
    except FleetError as error:
        module.fail_json(**error.result())
    known = {name for task in found for name in (task["taskArn"], task["taskArn"].rpartition("/")[2])}
    module.exit_json(
        changed=False,
        tasks=sorted((shape_task(task) for task in found), key=lambda task: str(task["task_arn"])),
        missing=[reference for reference in module.params["tasks"] or [] if reference not in known],
    )


if __name__ == "__main__":
    main()
