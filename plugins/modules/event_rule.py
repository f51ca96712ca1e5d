#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: event_rule
short_description: Manage an Amazon EventBridge rule that runs ECS tasks
version_added: 0.1.0
description:
  - Creates, updates and deletes a rule of Amazon EventBridge that runs tasks in an ECS cluster, by schedule or when an
    event matches, also on external instances (ECS Anywhere).
  - Has one target, the cluster. Targets that others have added to the rule stay, and a rule that has them is not
    deleted.
  - The description, the state and the tags of a rule stay as they are unless they are named.
  - Calls C(events:DescribeRule), C(events:ListTargetsByRule), C(events:ListTagsForResource), C(events:PutRule),
    C(events:PutTargets), C(events:RemoveTargets), C(events:DeleteRule), C(events:TagResource),
    C(events:UntagResource) and C(ecs:DescribeTaskDefinition).
author:
  - Edgefleet contributors (@edgefleet)
options:
  name:
    description: Name of the rule, 1 to 64 letters, digits, full stops, hyphens and underscores.
    type: str
    required: true
  event_bus_name:
    description: Name of the event bus. Rules with a schedule are on the default one only.
    type: str
    default: default
  state:
    description:
      - With V(present), the rule exists as described.
      - With V(absent), it does not.
    type: str
    choices: [present, absent]
    default: present
  enabled:
    description: Whether the rule runs tasks. Left out, it stays as it is; a new one is enabled.
    type: bool
  description:
    description: What the rule is for.
    type: str
  schedule_expression:
    description:
      - When the rule runs tasks, in UTC, C(rate(5 minutes\)) or
        C(cron(minutes hours day-of-month month day-of-week year\)).
    type: str
  event_pattern:
    description: The events that the rule runs tasks for, as EventBridge writes patterns.
    type: dict
  cluster:
    description: Name or ARN of the cluster. Required with O(state=present).
    type: str
  task_definition:
    description:
      - Family, C(family:revision) or ARN. With a family, each run takes its latest ACTIVE revision.
      - Required with O(state=present).
    type: str
  launch_type:
    description:
      - What the tasks run on. EventBridge takes V(EC2) when nobody says, which external instances are not, so it must
        be said. Required with O(state=present).
    type: str
    choices: [EC2, EXTERNAL, FARGATE]
  role_arn:
    description:
      - ARN of the IAM role that EventBridge takes to run the tasks. It must trust C(events.amazonaws.com), and allow
        C(ecs:RunTask), and C(iam:PassRole) for the roles of the task definition. Required with O(state=present).
    type: str
  task_count:
    description: How many tasks each run starts, 1 to 10.
    type: int
    default: 1
  group:
    description: Task group.
    type: str
  placement_constraints:
    description: What a container instance must fulfil.
    type: list
    elements: dict
    suboptions:
      type:
        description: V(distinctInstance) puts each task on another instance, V(memberOf) takes those that match.
        type: str
        choices: [distinctInstance, memberOf]
        required: true
      expression:
        description: Expression of the cluster query language, such as V(attribute:site == lyon). For V(memberOf) only.
        type: str
  overrides:
    description:
      - What the tasks have different from the task definition, in the terms of the API, for example
        C(containerOverrides).
      - The event itself is not handed to the tasks; use O(input_transformer) for that.
    type: dict
  input_transformer:
    description: Overrides that are made of parts of the event.
    type: dict
    suboptions:
      input_paths:
        description: Paths into the event by name, such as C(key) for C($.detail.object.key).
        type: dict
        default: {}
      input_template:
        description: The overrides, in which C(<name>) stands for the value at the path of that name.
        type: dict
        required: true
  task_tags:
    description: Tags of the tasks.
    type: dict
  enable_execute_command:
    description: Whether ECS Exec works in the tasks.
    type: bool
  target_id:
    description: Id of the target.
    type: str
    default: ecs
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.actiongroup_aws
  - edgefleet.ecs.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - The module M(amazon.aws.cloudwatchevent_rule) cannot say on what tasks run, so that its rules never reach external
    instances.
  - A run that finds no room for its tasks is not repeated by EventBridge; the metric C(FailedInvocations) counts it.
seealso:
  - module: edgefleet.ecs.event_rule_info
  - module: amazon.aws.cloudwatchevent_rule
"""

EXAMPLES = r"""
- name: Count the stock of Lyon each night
  edgefleet.ecs.event_rule:
    name: retail-stock-lyon
    schedule_expression: cron(30 1 * * ? *)
    cluster: retail-edge
    task_definition: stock
    launch_type: EXTERNAL
    role_arn: arn:aws:iam::111122223333:role/retail-events
    placement_constraints:
      - type: memberOf
        expression: attribute:site == lyon
    tags:
      fleet: retail

- name: Work on each file that is dropped in a bucket
  edgefleet.ecs.event_rule:
    name: retail-import
    event_pattern:
      source: [aws.s3]
      detail-type: [Object Created]
      detail:
        bucket:
          name: [retail-import]
    cluster: retail-edge
    task_definition: import
    launch_type: EXTERNAL
    role_arn: arn:aws:iam::111122223333:role/retail-events
    input_transformer:
      input_paths:
        key: $.detail.object.key
      input_template:
        containerOverrides:
          - name: import
            environment:
              - name: KEY
                value: <key>

- name: Delete a rule
  edgefleet.ecs.event_rule:
    name: retail-import
    state: absent
"""

RETURN = r"""
rule:
  description: The rule, in check mode as it would be; V(null) when it is absent.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the rule.
      type: str
      returned: always
      sample: retail-import
    rule_arn:
      description: ARN of the rule; V(null) in check mode when the rule would be created.
      type: str
      returned: always
      sample: arn:aws:events:us-west-2:111122223333:rule/retail-import
    event_bus_name:
      description: Name of its event bus.
      type: str
      returned: always
      sample: default
    description:
      description: What the rule is for.
      type: str
      returned: always
      sample: Imports what is dropped
    enabled:
      description: Whether it runs tasks.
      type: bool
      returned: always
      sample: true
    schedule_expression:
      description: Its schedule, or V(null).
      type: str
      returned: always
      sample: rate(1 hour)
    event_pattern:
      description: Its pattern, or V(null).
      type: dict
      returned: always
      sample: {source: [aws.s3]}
    targets:
      description: All its targets, in the terms of the API.
      type: list
      elements: dict
      returned: always
      sample: [{Id: ecs, Arn: "arn:aws:ecs:us-west-2:111122223333:cluster/retail-edge"}]
    tags:
      description: Tags of the rule.
      type: dict
      returned: always
      sample: {fleet: retail}
"""

import json
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError, InvalidInput, NotPossible
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._aws.tags import read_tags, read_texts
from ..module_utils._ecs import definitions, references
from ..module_utils._ecs.validation import check_cluster
from ..module_utils._events import rule_plan, rules, validation
from ..module_utils.planning.workload_rules import task_findings

_TEXT = {"type": "str"}
_CONSTRAINT = {
    "type": {"type": "str", "choices": ["distinctInstance", "memberOf"], "required": True},
    "expression": _TEXT,
}
_TRANSFORMER = {
    "input_paths": {"type": "dict", "default": {}},
    "input_template": {"type": "dict", "required": True},
}
ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "event_bus_name": {"type": "str", "default": "default"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "enabled": {"type": "bool"},
    "description": _TEXT,
    "schedule_expression": _TEXT,
    "event_pattern": {"type": "dict"},
    "cluster": _TEXT,
    "task_definition": _TEXT,
    "launch_type": {"type": "str", "choices": ["EC2", "EXTERNAL", "FARGATE"]},
    "role_arn": _TEXT,
    "task_count": {"type": "int", "default": 1},
    "group": _TEXT,
    "placement_constraints": {"type": "list", "elements": "dict", "options": _CONSTRAINT},
    "overrides": {"type": "dict"},
    "input_transformer": {"type": "dict", "options": _TRANSFORMER},
    "task_tags": {"type": "dict"},
    "enable_execute_command": {"type": "bool"},
    "target_id": {"type": "str", "default": "ecs"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": False},
}
_NEEDED = ["cluster", "task_definition", "launch_type", "role_arn"]


def read_target(params: dict[str, Any]) -> Resource:
    """The target, with cluster and task definition as the user names them."""
    constraints = [
        {key: value for key, value in item.items() if value is not None}
        for item in params["placement_constraints"] or []
    ]
    parameters = {
        "TaskDefinitionArn": references.check_definition(params["task_definition"]),
        "LaunchType": params["launch_type"],
        "TaskCount": validation.check_count(params["task_count"]),
        "Group": references.check_group(params["group"]),
        "PlacementConstraints": constraints or None,
        "EnableExecuteCommand": params["enable_execute_command"],
        "Tags": [
            {"Key": key, "Value": value} for key, value in (read_texts("task_tags", params["task_tags"]) or {}).items()
        ]
        or None,
    }
    target: Resource = {
        "Id": params["target_id"],
        "Arn": check_cluster(params["cluster"]),
        "RoleArn": validation.check_role(params["role_arn"]),
        "EcsParameters": {key: value for key, value in parameters.items() if value is not None},
    }
    if params["overrides"] is not None:
        target["Input"] = json.dumps(params["overrides"], sort_keys=True)
    if params["input_transformer"] is not None:
        given = params["input_transformer"]
        template = json.dumps(given["input_template"], sort_keys=True)
        target["InputTransformer"] = {"InputTemplate": template}
        if given["input_paths"]:
            target["InputTransformer"]["InputPathsMap"] = dict(given["input_paths"])
    return target


def read_wanted(params: dict[str, Any]) -> rule_plan.WantedRule:
    if params["schedule_expression"] and params["event_bus_name"] != "default":
        raise InvalidInput("Option event_bus_name: EventBridge takes a schedule_expression on the default bus only.")
    return rule_plan.WantedRule(
        name=validation.check_name(params["name"]),
        bus=params["event_bus_name"],
        target=read_target(params),
        schedule=validation.check_schedule(params["schedule_expression"]),
        pattern=validation.check_pattern(params["event_pattern"]),
        description=params["description"],
        enabled=params["enabled"],
        tags=read_tags(params["tags"]),
        purge_tags=params["purge_tags"],
    )


def resolve(ecs: Any, target: Resource, check_mode: bool) -> None:
    """EventBridge wants ARNs. A family keeps being one: each run takes its latest revision."""
    parameters = target["EcsParameters"]
    reference = parameters["TaskDefinitionArn"]
    found = definitions.look_up(ecs, reference)
    if found is None and check_mode:
        return  # another task of the play may register it
    definition = definitions.need(reference, found)
    if parameters["LaunchType"] == "EXTERNAL":
        run = {"launchType": "EXTERNAL", "count": parameters["TaskCount"]}
        definitions.check(f"Task definition {reference}", "external", task_findings(run, definition, "external"))
    arn = definition["taskDefinitionArn"]
    parameters["TaskDefinitionArn"] = arn.rpartition(":")[0] if references.is_family(reference) else arn
    if not target["Arn"].startswith("arn:"):
        target["Arn"] = f"{arn.rpartition(':task-definition/')[0]}:cluster/{target['Arn']}"


def ensure_present(
    module: AnsibleAWSModule, wanted: rule_plan.WantedRule, client: Any
) -> tuple[rule_plan.CurrentRule | None, rule_plan.CurrentRule | None, bool]:
    current = rules.find(client, wanted.bus, wanted.name)
    change = rule_plan.compare(current, wanted)
    if not change:
        return current, current, False
    if module.check_mode:
        return current, rule_plan.predict(current, wanted, change), True
    rules.put(client, wanted.bus, wanted.name, current, change)
    return current, rules.find(client, wanted.bus, wanted.name), True


def ensure_absent(client: Any, bus: str, name: str, target: str, check_mode: bool) -> rule_plan.CurrentRule | None:
    current = rules.find(client, bus, name)
    others = current.others(target) if current else []
    if others:
        raise NotPossible(
            f"Rule {name} has targets of others: {', '.join(others)}. Remove them first, or leave the rule and set "
            "enabled: false."
        )
    if current is not None and not check_mode:
        rules.delete(client, bus, current)
    return current


def run(module: AnsibleAWSModule) -> Resource:
    params = module.params
    if params["state"] == "present":
        wanted = read_wanted(params)
        resolve(module.client("ecs", config=CLIENT_CONFIG), wanted.target, module.check_mode)
        before, after, changed = ensure_present(module, wanted, module.client("events", config=CLIENT_CONFIG))
    else:
        name, client = validation.check_name(params["name"]), module.client("events", config=CLIENT_CONFIG)
        before = ensure_absent(client, params["event_bus_name"], name, params["target_id"], module.check_mode)
        after, changed = None, before is not None
    diff = {"before": rule_plan.difference(before), "after": rule_plan.difference(after)}
    return {"changed": changed, "rule": rule_plan.shape(after), "diff": diff}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[
            ("state", "present", _NEEDED),
            ("state", "present", ["schedule_expression", "event_pattern"], True),
        ],
        mutually_exclusive=[("schedule_expression", "event_pattern"), ("overrides", "input_transformer")],
    )
    try:
        result = run(module)
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
