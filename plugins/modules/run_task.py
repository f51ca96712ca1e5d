#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: run_task
short_description: Start and stop Amazon ECS tasks that belong to no service
version_added: 0.1.0
description:
  - Starts tasks where ECS places them, or on container instances of your choice, and waits until they run or are over.
  - A task that finds no place is a failure, with its reason and the way out; so is one that does not start, or whose
    essential containers do not exit with 0.
  - Calls C(ecs:DescribeTaskDefinition), C(ecs:RunTask), C(ecs:StartTask), C(ecs:StopTask), C(ecs:ListTasks),
    C(ecs:DescribeTasks), and with O(container_instances) C(ecs:ListContainerInstances) and
    C(ecs:DescribeContainerInstances).
author:
  - Edgefleet contributors (@edgefleet)
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  state:
    description:
      - With V(started), O(count) tasks are started, or one on each of O(container_instances).
      - With V(stopped), tasks are stopped that O(tasks) names, or that match all of O(task_definition) (its family),
        O(group) and O(started_by); one of the four is needed. Tasks of services are stopped by O(tasks) only.
    type: str
    choices: [started, stopped]
    default: started
  task_definition:
    description:
      - Family, V(family:revision) or ARN. A family stands for its latest ACTIVE revision. Needed with O(state=started).
    type: str
  count:
    description: Number of tasks; ECS is asked for ten at a time. V(1) when it is left out.
    type: int
  container_instances:
    description:
      - Start a task on each of these, without placement; each is named by the id of its managed node (V(mi-...)),
        of its EC2 instance (V(i-...)), or by its own id or ARN.
    type: list
    elements: str
  count_running:
    description:
      - Whether tasks that run or start already count towards O(count), or for their instance of
        O(container_instances), so that a second run starts nothing.
      - Those count that have the family, the O(group) and the O(started_by) that were asked for, of any revision.
    type: bool
    default: false
  group:
    description: Group of the tasks. ECS takes V(family:) and the family when it is left out.
    type: str
  started_by:
    description: Who or what has started the tasks; a label to find them by.
    type: str
  overrides:
    description:
      - What differs from the task definition, with the member names of the AWS API.
      - Values of environment variables are never shown by this module. ECS itself shows them to whoever may call
        C(ecs:DescribeTasks); secrets belong into the C(secrets) of the task definition.
    type: dict
    suboptions:
      containerOverrides:
        description: By container.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the container.
            type: str
            required: true
          command:
            description: The command, word by word.
            type: list
            elements: str
          environment:
            description: Variables, over those of the task definition.
            type: list
            elements: dict
            suboptions:
              name:
                description: Name of the variable.
                type: str
                required: true
              value:
                description: Its value.
                type: str
          cpu:
            description: CPU units.
            type: int
          memory:
            description: Hard limit of memory in MiB.
            type: int
          memoryReservation:
            description: Soft limit of memory in MiB.
            type: int
      cpu:
        description: CPU units of the task.
        type: str
      memory:
        description: Memory of the task in MiB.
        type: str
      taskRoleArn:
        description: ARN of the role that the containers have.
        type: str
      executionRoleArn:
        description: ARN of the role that the agent has for the task.
        type: str
  propagate_tags:
    description: From where tasks get more tags. External instances know V(NONE) only.
    type: str
    choices: [NONE, TASK_DEFINITION]
  tags:
    description: Tags of the tasks that are started.
    type: dict
    aliases: [resource_tags]
  client_token:
    description:
      - A name for this request, 1 to 60 printable characters. ECS answers a second request of that name with the tasks
        of the first, and this module reports a change all the same.
      - Left out, the module makes one for each run, so that a call that is repeated after a broken connection starts
        nothing twice. Not for O(container_instances).
    type: str
  tasks:
    description: Ids or ARNs of the tasks to stop with O(state=stopped).
    type: list
    elements: str
  reason:
    description: What ECS notes as the reason with O(state=stopped).
    type: str
    default: Stopped by Ansible
  wait:
    description: Whether to wait for what O(wait_for) says; with O(state=stopped) until the tasks have stopped.
    type: bool
    default: true
  wait_for:
    description:
      - With V(running), until all tasks run. One that has ended with exit code 0 meanwhile has run.
      - With V(stopped), until all tasks have ended.
    type: str
    choices: [running, stopped]
    default: running
  wait_timeout:
    description: How many seconds to wait at most, for all tasks together.
    type: int
    default: 300
  fail_on_exit_code:
    description:
      - With O(wait_for=stopped), whether a task fails that did not end by itself with exit code 0 of its essential
        containers. Containers that ECS has ended because an essential one was done with 0 do not count.
    type: bool
    default: true
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.actiongroup_aws
  - edgefleet.ecs.tasks
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details: Does not wait, and cannot know whether there is room. A missing task definition is not missed.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: Starts tasks each time, unless O(count_running=true).
seealso:
  - module: edgefleet.ecs.task_info
  - module: edgefleet.ecs.service
"""

EXAMPLES = r"""
- name: Run the nightly report in Lyon, once, and see that it ends well
  edgefleet.ecs.run_task:
    cluster: retail-edge
    task_definition: report
    launch_type: EXTERNAL
    placement_constraints:
      - {type: memberOf, expression: "attribute:site == lyon"}
    overrides:
      containerOverrides:
        - name: main
          command: [report, --day, "2026-11-21"]
    wait_for: stopped
    wait_timeout: 1800

- name: Have one collector on each of two hosts
  edgefleet.ecs.run_task:
    cluster: retail-edge
    task_definition: collector:7
    container_instances: [mi-0123456789abcdef0, mi-0123456789abcdef1]
    started_by: ansible
    count_running: true

- name: Stop all that we have started
  edgefleet.ecs.run_task:
    cluster: retail-edge
    state: stopped
    started_by: ansible
"""

RETURN = r"""
tasks:
  description:
    - The tasks that were started, and with O(count_running=true) those that ran already; or those that were stopped. In
      check mode those that are there.
    - Each has all that M(edgefleet.ecs.task_info) returns; these are the members that a play asks for most.
  returned: success, and when tasks were started but not all, or ended badly
  type: list
  elements: dict
  contains:
    task_arn:
      description: ARN of the task.
      type: str
      returned: always
      sample: arn:aws:ecs:us-west-2:111122223333:task/retail-edge/0f9de17a6465404e8b1b2356dc13c2f8
    last_status:
      description: Where it is.
      type: str
      returned: always
      sample: STOPPED
    stop_code:
      description: Why it has stopped, as a code.
      type: str
      returned: when it is to stop, or has
      sample: EssentialContainerExited
    stopped_reason:
      description: Why it has stopped.
      type: str
      returned: when it is to stop, or has
      sample: Essential container in task exited
    containers:
      description: Its containers, with exit codes and reasons.
      type: list
      elements: dict
      returned: always
      sample: [{name: main, last_status: STOPPED, exit_code: 0}]
missing:
  description: Those of O(tasks) that ECS does not know, or no more.
  returned: success
  type: list
  elements: str
  sample: []
failures:
  description: What ECS said about tasks that found no place.
  returned: when not all tasks were started
  type: list
  elements: dict
  sample: [{arn: "arn:aws:ecs:us-west-2:111122223333:container-instance/0f9de17a", reason: "RESOURCE:MEMORY"}]
pending:
  description: By ARN, the last seen state of the tasks that did not get where they should in time.
  returned: when a wait failed
  type: dict
  sample: {}
findings:
  description: What the site cannot run, each with level, field, rule, way_out and source.
  returned: when the request was refused because of it
  type: list
  elements: dict
  sample: [{level: error, field: networkConfiguration}]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError, invalid
from ..module_utils._aws.service import CLIENT_CONFIG
from ..module_utils._aws.tags import read_tags
from ..module_utils._ecs import arguments, references, shapes, task_ensure, validation
from ..module_utils._ecs.task_search import Filters

_TEXT = {"type": "str"}
_NUMBER = {"type": "int"}
_NAMES = {"type": "list", "elements": "str"}
_VARIABLE = {"name": {"type": "str", "required": True}, "value": _TEXT}
_CONTAINER = {
    "name": {"type": "str", "required": True},
    "command": _NAMES,
    "environment": {"type": "list", "elements": "dict", "options": _VARIABLE},
    "cpu": _NUMBER,
    "memory": _NUMBER,
    "memoryReservation": _NUMBER,
}
_OVERRIDES = {
    "containerOverrides": {"type": "list", "elements": "dict", "options": _CONTAINER},
    "cpu": _TEXT,
    "memory": _TEXT,
    "taskRoleArn": _TEXT,
    "executionRoleArn": _TEXT,
}
ARGUMENTS = {
    "cluster": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["started", "stopped"], "default": "started"},
    "task_definition": _TEXT,
    "count": _NUMBER,
    "container_instances": _NAMES,
    "count_running": {"type": "bool", "default": False},
    "group": _TEXT,
    "started_by": _TEXT,
    "overrides": {"type": "dict", "options": _OVERRIDES},
    "propagate_tags": {"type": "str", "choices": ["NONE", "TASK_DEFINITION"]},
    # The name makes Ansible suspect a secret.
    "client_token": {"type": "str", "no_log": False},
    "tasks": _NAMES,
    "reason": {"type": "str", "default": "Stopped by Ansible"},
    "wait": {"type": "bool", "default": True},
    "wait_for": {"type": "str", "choices": ["running", "stopped"], "default": "running"},
    "wait_timeout": {"type": "int", "default": 300},
    "fail_on_exit_code": {"type": "bool", "default": True},
    **arguments.LAUNCH,
    **arguments.TAGS,
}
_PLACING = ("count", "client_token", "capacity_provider_strategy", "placement_constraints", "placement_strategy")


def read_wanted(params: dict[str, Any]) -> task_ensure.WantedTasks:
    if not params["task_definition"]:
        raise invalid("task_definition", None, "it is needed with state: started")
    if params["tasks"]:
        raise invalid("tasks", params["tasks"], "it goes together with state: stopped")
    count = params["count"]
    return task_ensure.WantedTasks(
        request=task_ensure.read_request(params, read_tags(params["tags"])),
        count=1 if count is None else task_ensure.check_count(count),
        instances=validation.check_container_instances(params["container_instances"] or []),
        count_running=params["count_running"],
        client_token=references.check_token(params["client_token"]),
        exit_codes_count=params["fail_on_exit_code"],
    )


def read_filters(params: dict[str, Any]) -> Filters:
    if not any(params[name] for name in ("tasks", "task_definition", "group", "started_by")):
        raise invalid("tasks", None, "name tasks, or the task_definition, group or started_by of those to stop")
    definition = params["task_definition"]
    family = references.short_definition(definition).partition(":")[0] if definition else None
    return Filters(family=family, group=params["group"], started_by=params["started_by"])


def check_names(params: dict[str, Any]) -> None:
    references.check_definition(params["task_definition"])
    references.check_group(params["group"])
    references.check_started_by(params["started_by"])
    references.check_tasks(params["tasks"] or [])


def carry_out(module: Any) -> dict[str, Any]:
    params = module.params
    check_names(params)
    started = params["state"] == "started"
    wait = (params["wait_for"] if started else "stopped") if params["wait"] else ""
    cluster, dry = validation.check_cluster(params["cluster"]), module.check_mode
    ensure = task_ensure.Ensure(cluster, dry, wait, params["wait_timeout"], params["site_kind"])
    if started:
        wanted = read_wanted(params)
        ensure.check_request(wanted)
        return ensure.started(module.client("ecs", config=CLIENT_CONFIG), wanted)
    filters = read_filters(params)
    client = module.client("ecs", config=CLIENT_CONFIG)
    return ensure.stopped(client, params["tasks"] or [], filters, params["reason"])


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        mutually_exclusive=[("container_instances", name) for name in _PLACING],
        # Keeps the arguments out of the log of the control node; see overrides.
        no_log=True,
    )
    try:
        outcome = carry_out(module)
    except FleetError as error:
        hide(module)
        module.fail_json(**error.result())
    hide(module)
    for warning in outcome.pop("warnings"):
        module.warn(warning)
    module.exit_json(**outcome)


def hide(module: Any) -> None:
    """Ansible returns the arguments with the result: without what may be secret."""
    if module.params["overrides"]:
        module.params["overrides"] = shapes.hide_overrides(module.params["overrides"])


if __name__ == "__main__":
    main()
