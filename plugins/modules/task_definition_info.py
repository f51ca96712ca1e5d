#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: task_definition_info
short_description: List and describe Amazon ECS task definitions
version_added: 0.1.0
description:
  - Describes the task definitions of O(task_definitions), one call each, because ECS describes one at a time.
  - Lists the revisions of O(family), or otherwise the families, in pages of a hundred. What is only listed is not
    described.
  - Calls C(ecs:DescribeTaskDefinition), C(ecs:ListTaskDefinitions) or C(ecs:ListTaskDefinitionFamilies).
author:
  - Edgefleet contributors (@edgefleet)
options:
  task_definitions:
    description: Families (for the latest active revision), C(family:revision) or ARNs to describe.
    type: list
    elements: str
  family:
    description: Family whose revisions are listed, newest first.
    type: str
  family_prefix:
    description: Only families whose name starts with this are listed.
    type: str
  status:
    description:
      - With O(family), the status of the revisions that are listed. Otherwise, V(ACTIVE) stands for families with an
        active revision, V(INACTIVE) for those without.
    type: str
    choices: [ACTIVE, INACTIVE, DELETE_IN_PROGRESS]
    default: ACTIVE
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.info_module
  - edgefleet.ecs.attributes.actiongroup_aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: edgefleet.ecs.task_definition
"""

EXAMPLES = r"""
- name: Describe the latest active revision of a family, and one that is pinned
  edgefleet.ecs.task_definition_info:
    task_definitions: [nginx, "sensors:4"]

- name: List the active revisions of a family
  edgefleet.ecs.task_definition_info:
    family: nginx

- name: List the families of a fleet
  edgefleet.ecs.task_definition_info:
    family_prefix: retail-
"""

RETURN = r"""
task_definitions:
  description:
    - The definitions of O(task_definitions) that there are, in that order. Names of the top level are those of the
      options of M(edgefleet.ecs.task_definition); what is below stays in the names of the API.
  returned: success
  type: list
  elements: dict
  contains:
    task_definition_arn:
      description: ARN of the revision.
      type: str
      returned: always
      sample: arn:aws:ecs:us-west-2:111122223333:task-definition/nginx:3
    family:
      description: Family of the revision.
      type: str
      returned: always
      sample: nginx
    revision:
      description: Number of the revision.
      type: int
      returned: always
      sample: 3
    status:
      description: Status of the revision.
      type: str
      returned: always
      sample: ACTIVE
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
missing:
  description: Those of O(task_definitions) that there are not.
  returned: success
  type: list
  elements: str
  sample: ["sensors:4"]
task_definition_arns:
  description: ARNs of the revisions of O(family), newest first.
  returned: success
  type: list
  elements: str
  sample: ["arn:aws:ecs:us-west-2:111122223333:task-definition/nginx:3"]
families:
  description: Names of the families, when neither O(task_definitions) nor O(family) is given.
  returned: success
  type: list
  elements: str
  sample: [retail-nginx, retail-sensors]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError, invalid
from ..module_utils._aws.service import CLIENT_CONFIG
from ..module_utils._ecs import references, task_definitions
from ..module_utils._ecs.transformations import Resource

ARGUMENTS = {
    "task_definitions": {"type": "list", "elements": "str"},
    "family": {"type": "str"},
    "family_prefix": {"type": "str"},
    "status": {"type": "str", "choices": ["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"], "default": "ACTIVE"},
}


def check(params: dict[str, Any]) -> None:
    for reference in params["task_definitions"] or []:
        references.check_definition(reference)
    for option in ("family", "family_prefix"):
        if params[option] is not None:
            task_definitions.check_family(params[option], option)
    if params["status"] == "DELETE_IN_PROGRESS" and params["family"] is None:
        raise invalid("status", params["status"], "only revisions of a family can be deleted; name the family")


def describe_all(client: Any, wanted: list[str]) -> Resource:
    described = {reference: task_definitions.describe(client, reference) for reference in dict.fromkeys(wanted)}
    return {
        "task_definitions": [task_definitions.shape(found, tags) for found, tags in described.values() if found],
        "missing": [reference for reference, (found, _tags) in described.items() if found is None],
    }


def find(client: Any, params: dict[str, Any]) -> Resource:
    nothing: Resource = {"task_definitions": [], "missing": [], "task_definition_arns": [], "families": []}
    if params["task_definitions"] is not None:
        return {**nothing, **describe_all(client, params["task_definitions"])}
    if params["family"] is not None:
        arns = task_definitions.list_revisions(client, params["family"], params["status"])
        return {**nothing, "task_definition_arns": arns}
    return {**nothing, "families": task_definitions.list_families(client, params["family_prefix"], params["status"])}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        mutually_exclusive=[("task_definitions", "family", "family_prefix")],
        supports_check_mode=True,
    )
    try:
        check(module.params)
        result = find(module.client("ecs", config=CLIENT_CONFIG), module.params)
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
