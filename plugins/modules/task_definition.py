#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: task_definition
short_description: Manage an Amazon ECS task definition
version_added: 0.1.0
description:
  - Registers a revision of a task definition when, and only when, it differs from the latest active one, and
    deregisters revisions.
  - Everything that is named is compared, in the terms of the ECS API. Lists and dictionaries are compared whole, so
    that a container, a variable of its environment or a secret that is no longer named is a difference. What AWS fills
    in by itself is none, nor is another order where order means nothing.
  - Options left out are not compared, and a new revision takes them over from the latest one, unless
    O(purge_members=true). An empty text, list or dictionary removes what is there.
  - Nothing is registered that was not asked for. In particular, without O(runtime_platform) a task may run on any
    architecture.
  - Before any call the definition is checked against what ECS knows and against the rules of O(site_kind), which are
    those of external instances when O(requires_compatibilities) has V(EXTERNAL). Errors name the field, the rule and
    the way out; warnings are shown. The page C(docs/workloads.md) of the collection lists the rules.
  - Calls C(ecs:DescribeTaskDefinition) once, C(ecs:RegisterTaskDefinition), C(ecs:TagResource), C(ecs:UntagResource),
    C(ecs:ListTaskDefinitions), C(ecs:DeregisterTaskDefinition) and C(ecs:DeleteTaskDefinitions). Roles that are named
    need C(iam:PassRole).
author:
  - Edgefleet contributors (@edgefleet)
options:
  family:
    description: Name of the family, 1 to 255 letters, digits, hyphens and underscores.
    type: str
    required: true
  state:
    description:
      - With V(present), the latest active revision of the family is as described.
      - With V(absent), the family has no active revision, or not those of O(revisions). Tasks and services that use a
        revision go on.
    type: str
    choices: [present, absent]
    default: present
  container_definitions:
    description:
      - Containers, in the names of the API, as in C(aws ecs register-task-definition). Required with O(state=present).
      - U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html)
    type: list
    elements: dict
  volumes:
    description:
      - Volumes, in the names of the API.
      - U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Volume.html)
    type: list
    elements: dict
  requires_compatibilities:
    description: Launch types that ECS checks the definition for when it registers it.
    type: list
    elements: str
    choices: [EC2, EXTERNAL, FARGATE, MANAGED_INSTANCES]
  network_mode:
    description: Network mode of the containers. Left out of a first revision, AWS takes V(bridge) on Linux.
    type: str
    choices: [bridge, host, awsvpc, none]
  cpu:
    description: CPU of the task, in units of 1/1024 vCPU (V(512)) or in vCPU (V(0.5 vCPU)). Required by Fargate only.
    type: str
  memory:
    description: Memory limit of the task, in MiB (V(1024)) or in GB (V(1GB)). Required by Fargate only.
    type: str
  task_role_arn:
    description: ARN or name of the IAM role that the containers have.
    type: str
  execution_role_arn:
    description:
      - ARN or name of the IAM role with which the agent pulls images, reads secrets and opens logs for the task.
      - External instances need it for the log driver C(awslogs), for secrets and for private images of Amazon ECR.
    type: str
  runtime_platform:
    description:
      - C(cpuArchitecture), V(X86_64) or V(ARM64), and C(operatingSystemFamily), such as V(LINUX). Either may be named
        alone.
    type: dict
  placement_constraints:
    description: Constraints of type C(memberOf), in the names of the API, up to ten.
    type: list
    elements: dict
  pid_mode:
    description: Process namespace of the containers.
    type: str
    choices: [host, task]
  ipc_mode:
    description: IPC namespace of the containers.
    type: str
    choices: [host, task, none]
  ephemeral_storage:
    description: C(sizeInGiB) of the storage of a task on Fargate.
    type: dict
  proxy_configuration:
    description: Proxy of AWS App Mesh, in the names of the API.
    type: dict
  inference_accelerators:
    description: Elastic Inference accelerators, in the names of the API.
    type: list
    elements: dict
  enable_fault_injection:
    description: Whether tasks accept requests of AWS Fault Injection Service.
    type: bool
  trusted_execution_configuration:
    description: Isolation of the task, in the names of the API.
    type: dict
  purge_members:
    description: Whether options that are left out are removed, when the latest revision has them.
    type: bool
    default: false
  site_kind:
    description:
      - Kind of the sites that the definition is for. Its rules are checked before any call.
      - Left out, V(external) when O(requires_compatibilities) has V(EXTERNAL), otherwise V(region).
    type: str
    choices: [external, outpost, local_zone, wavelength, region]
  revisions:
    description: With O(state=absent), only these revisions. Left out, all active ones.
    type: list
    elements: int
  delete:
    description:
      - With O(state=absent), whether the revisions, also those that had been deregistered before, are deleted for good.
      - A revision that tasks or services still use is deleted when they no longer do.
    type: bool
    default: false
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
    details: Shows both sides without what AWS fills in, and lists without order sorted.
  idempotent:
    support: full
notes:
  - A new revision gets the tags of the latest one and those of O(tags). Other tags alone make no new revision.
  - Values of C(environment) are no secrets to ECS and stand in the result and the diff. Use C(secrets).
seealso:
  - module: edgefleet.ecs.task_definition_info
  - module: edgefleet.ecs.service
  - module: edgefleet.ecs.run_task
  - plugin: edgefleet.ecs.external_task_definition
    plugin_type: filter
  - plugin: edgefleet.ecs.workload_findings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Register a web server for external instances
  edgefleet.ecs.task_definition:
    family: nginx
    requires_compatibilities: [EXTERNAL]
    network_mode: bridge
    container_definitions:
      - name: nginx
        image: public.ecr.aws/nginx/nginx:1.29
        cpu: 256
        memory: 256
        portMappings:
          - containerPort: 80
            hostPort: 8080

- name: Give a task for 64 bit ARM hosts a log and a secret
  edgefleet.ecs.task_definition:
    family: sensors
    requires_compatibilities: [EXTERNAL]
    network_mode: host
    execution_role_arn: arn:aws:iam::111122223333:role/retail-execution
    runtime_platform:
      cpuArchitecture: ARM64
      operatingSystemFamily: LINUX
    container_definitions:
      - name: reader
        image: 111122223333.dkr.ecr.us-west-2.amazonaws.com/sensors:7f3c2d1
        memoryReservation: 128
        environment:
          - {name: INTERVAL, value: "30"}
        secrets:
          - {name: TOKEN, valueFrom: "arn:aws:ssm:us-west-2:111122223333:parameter/retail/token"}
        logConfiguration:
          logDriver: awslogs
          options:
            awslogs-group: /ecs/retail
            awslogs-region: us-west-2
    tags:
      fleet: retail

- name: Deregister two revisions
  edgefleet.ecs.task_definition:
    family: nginx
    state: absent
    revisions: [1, 2]

- name: Leave nothing of the family
  edgefleet.ecs.task_definition:
    family: nginx
    state: absent
    delete: true
"""

RETURN = r"""
task_definition:
  description:
    - The latest active revision. In check mode as it would be, without its number when it would be a new one; V(null)
      with O(state=absent).
    - Every option of the module that it has stands in it, too, under the option's name.
  returned: success
  type: dict
  contains:
    task_definition_arn:
      description: ARN of the revision.
      type: str
      returned: when the revision exists
      sample: arn:aws:ecs:us-west-2:111122223333:task-definition/nginx:3
    family:
      description: Family of the revision.
      type: str
      returned: always
      sample: nginx
    revision:
      description: Number of the revision.
      type: int
      returned: when the revision exists
      sample: 3
    status:
      description: Status of the revision.
      type: str
      returned: when the revision exists
      sample: ACTIVE
    compatibilities:
      description: Launch types that it can be used with.
      type: list
      elements: str
      returned: when the revision exists
      sample: [EXTERNAL, EC2]
    container_definitions:
      description: Containers, in the names of the API.
      type: list
      elements: dict
      returned: always
      sample: [{name: nginx, image: "public.ecr.aws/nginx/nginx:1.29", memory: 256}]
    tags:
      description: Tags of the revision.
      type: dict
      returned: always
      sample: {fleet: retail}
deregistered:
  description: ARNs of the revisions that were deregistered, or would be in check mode, newest first.
  returned: with O(state=absent)
  type: list
  elements: str
  sample: ["arn:aws:ecs:us-west-2:111122223333:task-definition/nginx:2"]
deleted:
  description: ARNs of the revisions that were deleted, or would be in check mode, newest first.
  returned: with O(state=absent)
  type: list
  elements: str
  sample: ["arn:aws:ecs:us-west-2:111122223333:task-definition/nginx:2"]
findings:
  description: What the rules found, each with C(level), C(field), C(rule), C(way_out) and C(source).
  returned: when the rules refuse the definition
  type: list
  elements: dict
  sample: [{level: error, field: networkMode, rule: "External instances have no network mode awsvpc."}]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG
from ..module_utils._aws.tags import compare_tags, read_tags
from ..module_utils._ecs import definitions, task_definitions
from ..module_utils._ecs.clusters import change_tags
from ..module_utils._ecs.definition_compare import comparable, lay_over
from ..module_utils._ecs.definition_members import LAUNCH_TYPES, NETWORK_MODES
from ..module_utils._ecs.task_definitions import Wanted
from ..module_utils._ecs.transformations import Resource
from ..module_utils.planning.workload_rules import EXTERNAL, KINDS, REGION, definition_findings

_TEXT = {"type": "str"}
_DICT = {"type": "dict"}
_DICTS = {"type": "list", "elements": "dict"}
ARGUMENTS = {
    "family": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "container_definitions": _DICTS,
    "volumes": _DICTS,
    "requires_compatibilities": {"type": "list", "elements": "str", "choices": list(LAUNCH_TYPES)},
    "network_mode": {"type": "str", "choices": list(NETWORK_MODES)},
    "cpu": _TEXT,
    "memory": _TEXT,
    "task_role_arn": _TEXT,
    "execution_role_arn": _TEXT,
    "runtime_platform": _DICT,
    "placement_constraints": _DICTS,
    "pid_mode": {"type": "str", "choices": ["host", "task"]},
    "ipc_mode": {"type": "str", "choices": ["host", "task", "none"]},
    "ephemeral_storage": _DICT,
    "proxy_configuration": _DICT,
    "inference_accelerators": _DICTS,
    "enable_fault_injection": {"type": "bool"},
    "trusted_execution_configuration": _DICT,
    "purge_members": {"type": "bool", "default": False},
    "site_kind": {"type": "str", "choices": list(KINDS)},
    "revisions": {"type": "list", "elements": "int"},
    "delete": {"type": "bool", "default": False},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": False},
}


def check(definition: Resource, site_kind: str | None) -> list[str]:
    """The warnings of the rules; an error is raised."""
    kind = site_kind or (EXTERNAL if "EXTERNAL" in definition.get("requiresCompatibilities", []) else REGION)
    return definitions.check(f"Task definition {definition['family']}", kind, definition_findings(definition, kind))


def read_wanted(params: dict[str, Any]) -> Wanted:
    return Wanted(
        definition=task_definitions.read_definition(params),
        tags=read_tags(params["tags"]),
        purge_tags=params["purge_tags"],
        purge_members=params["purge_members"],
        site_kind=params["site_kind"],
    )


def ensure_present(client: Any, wanted: Wanted, check_mode: bool) -> Resource:
    current, had = task_definitions.describe(client, wanted.family)
    after = lay_over(current, wanted.definition, wanted.purge_members)
    # What is taken over from the latest revision must fit, too.
    check(after, wanted.site_kind)
    change = compare_tags(had, wanted.tags, wanted.purge_tags)
    gets = change.apply_to(had)
    if current is None or comparable(after) != comparable(current):
        if not check_mode:
            after, gets = task_definitions.register(client, after, gets)
        return present(current, had, after, gets)
    if change and not check_mode:
        change_tags(client, current["taskDefinitionArn"], f"task definition {wanted.family}", change)
    return present(current, had, current, gets)


def present(before: Resource | None, had: dict[str, str], after: Resource, has: dict[str, str]) -> Resource:
    diff = {"before": task_definitions.difference(before, had), "after": task_definitions.difference(after, has)}
    shown = task_definitions.shape(after, has)
    return {"changed": after is not before or had != has, "task_definition": shown, "diff": diff}


def ensure_absent(client: Any, family: str, only: list[int] | None, delete: bool, check_mode: bool) -> Resource:
    def chosen(status: str) -> list[str]:
        arns = task_definitions.list_revisions(client, family, status)
        return [arn for arn in arns if only is None or task_definitions.revision_of(arn) in only]

    active = chosen("ACTIVE")
    doomed = task_definitions.newest_first(active + chosen("INACTIVE")) if delete else []
    if not check_mode:
        task_definitions.deregister(client, active)
        task_definitions.delete(client, doomed)
    touched = doomed or active
    return {
        "changed": bool(touched),
        "task_definition": None,
        "deregistered": active,
        "deleted": doomed,
        "diff": {"before": {"revisions": touched}, "after": {"revisions": []}},
    }


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "present", ["container_definitions"])],
        supports_check_mode=True,
    )
    params, check_mode = module.params, module.check_mode
    warnings: list[str] = []
    try:
        family = task_definitions.check_family(params["family"])
        if params["state"] == "present":
            wanted = read_wanted(params)
            warnings = check(wanted.definition, wanted.site_kind)
            result = ensure_present(module.client("ecs", config=CLIENT_CONFIG), wanted, check_mode)
        else:
            client = module.client("ecs", config=CLIENT_CONFIG)
            result = ensure_absent(client, family, params["revisions"], params["delete"], check_mode)
    except FleetError as error:
        module.fail_json(**error.result())
    for warning in warnings:
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
