#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service
short_description: Manage an Amazon ECS service
version_added: 0.1.0
description:
  - Creates, updates, scales and deletes a service, on external instances and on Amazon EC2.
  - Whatever is not named stays as it is. Only real differences are sent, in one call.
  - Structures such as O(deployment_configuration) have the member names of the AWS API. Members of it that are left out
    stay as they are; lists are replaced as a whole, and an empty list removes what is there.
  - Calls C(ecs:DescribeServices), C(ecs:DescribeTaskDefinition), C(ecs:CreateService), C(ecs:UpdateService),
    C(ecs:DeleteService), C(ecs:TagResource), C(ecs:UntagResource), and when a rollout fails C(ecs:ListTasks) and
    C(ecs:DescribeTasks).
author:
  - Edgefleet contributors (@edgefleet)
options:
  name:
    description: Name of the service, 1 to 255 letters, digits, hyphens and underscores.
    type: str
    required: true
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  state:
    description:
      - With V(present), the service exists as described.
      - With V(absent), it does not. It is scaled to 0, and deleted when its tasks have ended.
    type: str
    choices: [present, absent]
    default: present
  task_definition:
    description:
      - Family, V(family:revision) or ARN. A family stands for its latest ACTIVE revision.
      - Needed when the service does not exist. Left out for one that does, its revision stays.
    type: str
  desired_count:
    description:
      - Number of tasks. Left out, that of an existing service stays, and a new one has V(1).
      - Not for O(scheduling_strategy=DAEMON).
    type: int
  scheduling_strategy:
    description:
      - V(REPLICA) keeps O(desired_count) tasks, V(DAEMON) one on every container instance that may have it.
      - Cannot be changed; ECS takes V(REPLICA) when a new service does not name it.
    type: str
    choices: [REPLICA, DAEMON]
  role:
    description: Name or ARN of the IAM role for load balancers, without V(awsvpc). Cannot be changed.
    type: str
  deployment_configuration:
    description: How tasks are replaced.
    type: dict
    suboptions:
      minimumHealthyPercent:
        description: How much of O(desired_count) has to run during a deployment, rounded up.
        type: int
      maximumPercent:
        description: How much of O(desired_count) may run or start during a deployment, rounded down.
        type: int
      deploymentCircuitBreaker:
        description: Whether a deployment whose tasks fail to start is given up.
        type: dict
        suboptions:
          enable:
            description: Whether it is watched.
            type: bool
          rollback:
            description: Whether the last deployment that was completed comes back.
            type: bool
      alarms:
        description: CloudWatch alarms that end a deployment.
        type: dict
        suboptions:
          alarmNames:
            description: Names of the alarms.
            type: list
            elements: str
          enable:
            description: Whether they are watched.
            type: bool
          rollback:
            description: Whether the last deployment that was completed comes back.
            type: bool
      strategy:
        description: Kind of the deployment.
        type: str
        choices: [ROLLING, BLUE_GREEN, LINEAR, CANARY]
      bakeTimeInMinutes:
        description: How long the old tasks stay beside the new ones, for all strategies but V(ROLLING).
        type: int
  load_balancers:
    description: Target groups, each with the container and port behind it. Not for external instances.
    type: list
    elements: dict
    suboptions:
      targetGroupArn:
        description: ARN of the target group.
        type: str
      loadBalancerName:
        description: Name of a Classic Load Balancer.
        type: str
      containerName:
        description: Name of the container.
        type: str
      containerPort:
        description: Port of the container.
        type: int
  service_registries:
    description: Service discovery registries. Not for external instances.
    type: list
    elements: dict
    suboptions:
      registryArn:
        description: ARN of the AWS Cloud Map service.
        type: str
      port:
        description: Port for SRV records.
        type: int
      containerName:
        description: Name of the container.
        type: str
      containerPort:
        description: Port of the container.
        type: int
  health_check_grace_period_seconds:
    description: How many seconds the load balancer's health checks do not count after a task has started.
    type: int
  propagate_tags:
    description: From where tasks get their tags. External instances know V(NONE) only.
    type: str
    choices: [NONE, SERVICE, TASK_DEFINITION]
  force_new_deployment:
    description: Whether all tasks are replaced although nothing differs; then the module always reports a change.
    type: bool
    default: false
  force:
    description: With O(state=absent), deletes the service at once, without waiting for the end of its tasks first.
    type: bool
    default: false
  wait:
    description:
      - With O(state=present), waits until the PRIMARY deployment is COMPLETED and as many tasks run as are wanted, also
        when nothing was to be changed. A deployment that fails, is rolled back or replaced by another one is a failure.
      - With O(state=absent), waits until the service is INACTIVE.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait at most.
    type: int
    default: 600
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.actiongroup_aws
  - edgefleet.ecs.tags
  - edgefleet.ecs.tasks
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details: Does not wait. A cluster or task definition that another task of the play would have made is not missed.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: O(force_new_deployment=true) makes a new deployment each time.
seealso:
  - module: edgefleet.ecs.service_info
  - module: edgefleet.ecs.run_task
  - module: edgefleet.ecs.task_definition
"""

EXAMPLES = r"""
- name: Serve the shop of Lyon with two tasks
  edgefleet.ecs.service:
    cluster: retail-edge
    name: shop-lyon
    task_definition: shop
    launch_type: EXTERNAL
    desired_count: 2
    deployment_configuration:
      minimumHealthyPercent: 50
      maximumPercent: 100
      deploymentCircuitBreaker: {enable: true, rollback: true}
    placement_constraints:
      - {type: memberOf, expression: "attribute:site == lyon"}
    tags:
      fleet: retail

- name: Scale it, and leave all else alone
  edgefleet.ecs.service:
    cluster: retail-edge
    name: shop-lyon
    desired_count: 3

- name: Run a collector on every host
  edgefleet.ecs.service:
    cluster: retail-edge
    name: collector
    task_definition: collector:7
    launch_type: EXTERNAL
    scheduling_strategy: DAEMON

- name: Delete the service
  edgefleet.ecs.service:
    cluster: retail-edge
    name: shop-lyon
    state: absent
"""

RETURN = r"""
service:
  description:
    - The service, in check mode as it would be; V(null) when it is absent.
    - It has all that M(edgefleet.ecs.service_info) returns; these are the members that a play asks for most.
  returned: success, and when a rollout fails
  type: dict
  contains:
    service_arn:
      description: ARN of the service.
      type: str
      returned: when the service exists
      sample: arn:aws:ecs:us-west-2:111122223333:service/retail-edge/shop-lyon
    task_definition:
      description: ARN of the task definition. In check mode what was asked, when it does not exist yet.
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
      returned: when the service exists
      sample: 2
    deployments:
      description: Its deployments, the PRIMARY one first.
      type: list
      elements: dict
      returned: always
      sample: [{id: ecs-svc/1234567890123456789, status: PRIMARY, rollout_state: COMPLETED}]
    tags:
      description: Tags of the service.
      type: dict
      returned: always
      sample: {fleet: retail}
stopped_tasks:
  description: Tasks of the deployment that have stopped, as M(edgefleet.ecs.task_info) returns them, ten at most.
  returned: when a rollout failed or was not over in time
  type: list
  elements: dict
  sample: [{stop_code: TaskFailedToStart, containers: [{name: shop, reason: CannotPullContainerError}]}]
deployment:
  description: Id of the deployment that was waited for.
  returned: when a rollout failed or was not over in time
  type: str
  sample: ecs-svc/1234567890123456789
findings:
  description: What the site cannot run, each with level, field, rule, way_out and source.
  returned: when the request was refused because of it
  type: list
  elements: dict
  sample: [{level: error, field: networkConfiguration}]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG
from ..module_utils._aws.tags import read_tags
from ..module_utils._ecs import arguments, references, service_ensure, service_plan, validation

_TEXT = {"type": "str"}
_FLAG = {"type": "bool"}
_NUMBER = {"type": "int"}
_BREAKER = {"type": "dict", "options": {"enable": _FLAG, "rollback": _FLAG}}
_ALARMS = {
    "type": "dict",
    "options": {"alarmNames": {"type": "list", "elements": "str"}, "enable": _FLAG, "rollback": _FLAG},
}
_DEPLOYMENT = {
    "minimumHealthyPercent": _NUMBER,
    "maximumPercent": _NUMBER,
    "deploymentCircuitBreaker": _BREAKER,
    "alarms": _ALARMS,
    "strategy": {"type": "str", "choices": ["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"]},
    "bakeTimeInMinutes": _NUMBER,
}
_BALANCER = {"targetGroupArn": _TEXT, "loadBalancerName": _TEXT, "containerName": _TEXT, "containerPort": _NUMBER}
_REGISTRY = {"registryArn": _TEXT, "port": _NUMBER, "containerName": _TEXT, "containerPort": _NUMBER}
ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "cluster": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "task_definition": _TEXT,
    "desired_count": _NUMBER,
    "scheduling_strategy": {"type": "str", "choices": ["REPLICA", "DAEMON"]},
    "role": _TEXT,
    "deployment_configuration": {"type": "dict", "options": _DEPLOYMENT},
    "load_balancers": {"type": "list", "elements": "dict", "options": _BALANCER},
    "service_registries": {"type": "list", "elements": "dict", "options": _REGISTRY},
    "health_check_grace_period_seconds": _NUMBER,
    "propagate_tags": {"type": "str", "choices": ["NONE", "SERVICE", "TASK_DEFINITION"]},
    "force_new_deployment": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
    **arguments.LAUNCH,
    **arguments.TAGS,
    **arguments.PURGE_TAGS,
}


def read_wanted(params: dict[str, Any]) -> service_plan.WantedService:
    references.check_definition(params["task_definition"])
    return service_plan.WantedService(
        name=references.check_service_name(params["name"]),
        request=service_plan.read_request(params),
        tags=read_tags(params["tags"]),
        purge_tags=params["purge_tags"],
        force_new_deployment=params["force_new_deployment"],
    )


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params, dry = module.params, module.check_mode
    try:
        cluster = validation.check_cluster(params["cluster"])
        wanted = read_wanted(params)
        ensure = service_ensure.Ensure(
            cluster=cluster,
            check_mode=dry,
            timeout=params["wait_timeout"] if params["wait"] and not dry else None,
            site_kind=params["site_kind"],
        )
        if params["state"] == "present":
            ensure.check_request(wanted)
            outcome = ensure.present(module.client("ecs", config=CLIENT_CONFIG), wanted)
        else:
            outcome = ensure.absent(module.client("ecs", config=CLIENT_CONFIG), wanted.name, params["force"])
    except FleetError as error:
        module.fail_json(**error.result())
    for warning in outcome.pop("warnings"):
        module.warn(warning)
    module.exit_json(**outcome)


if __name__ == "__main__":
    main()
