#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: managed_node
short_description: Manage AWS Systems Manager managed nodes outside of AWS
version_added: 0.1.0
description:
  - Changes the role and the tags of managed nodes (V(mi-...)), and deregisters them, many at once.
  - Registering is what the SSM agent on the host does, with an activation.
  - O(instance_ids), O(activation_ids) and O(required_tags) say which nodes are meant; one that does not fulfil all that
    are given is never touched.
  - Calls C(ssm:DescribeInstanceInformation), C(ssm:ListTagsForResource), C(ssm:UpdateManagedInstanceRole),
    C(ssm:AddTagsToResource), C(ssm:RemoveTagsFromResource) and C(ssm:DeregisterManagedInstance). To hand over a role
    also needs C(iam:PassRole).
author:
  - Edgefleet contributors (@edgefleet)
options:
  instance_ids:
    description:
      - The managed nodes with these ids. EC2 instances (V(i-...)) are refused.
      - An id that AWS does not know is an error with O(state=present), and is returned in RV(missing) with
        O(state=absent).
    type: list
    elements: str
  activation_ids:
    description: Those that registered with one of these activations.
    type: list
    elements: str
  required_tags:
    description:
      - Those that have all of these tags. One of O(instance_ids) without them fails the module before anything is
        changed.
      - Without O(instance_ids) and O(activation_ids), all managed nodes with these tags.
    type: dict
  state:
    description:
      - With V(present), role and tags are set.
      - With V(absent), the nodes are deregistered. Their credentials end; their container instances stay, and are
        removed by M(edgefleet.ecs.container_instance).
    type: str
    choices: [present, absent]
    default: present
  iam_role:
    description:
      - Name of the IAM role that the nodes take. It must be trusted by C(ssm.amazonaws.com). Agents take it with their
        next credentials, within half an hour.
    type: str
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
  - Nodes that have the wanted tags already cost no call each, unless O(purge_tags=true). AWS changes, and with
    O(purge_tags=true) tells, the tags of one node a call.
seealso:
  - module: edgefleet.ecs.managed_node_info
  - module: edgefleet.ecs.activation
  - module: edgefleet.ecs.container_instance
"""

EXAMPLES = r"""
- name: Give the nodes of a site a narrower role, and say who owns them
  edgefleet.ecs.managed_node:
    required_tags:
      fleet: retail
      site: lyon
    iam_role: retail-external-narrow
    tags:
      owner: shop-it

- name: Remove the record of a host that is gone, if it is one of the fleet
  edgefleet.ecs.managed_node:
    instance_ids: [mi-0123456789abcdef0]
    required_tags:
      fleet: retail
    state: absent
"""

RETURN = r"""
managed_nodes:
  description:
    - The managed nodes, in the order of their ids, in check mode as they would be; empty with O(state=absent).
    - Each has all that M(edgefleet.ecs.managed_node_info) returns; these are the members this module works with.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: Id of the managed node.
      type: str
      returned: always
      sample: mi-0123456789abcdef0
    iam_role:
      description: Role that it takes.
      type: str
      returned: always
      sample: retail-external-instance
    tags:
      description: All its tags.
      type: dict
      returned: when they had to be read, because some had to be changed or O(purge_tags=true)
      sample: {fleet: retail, site: lyon}
missing:
  description: Those of O(instance_ids) that AWS does not know.
  returned: always
  type: list
  elements: str
  sample: []
foreign:
  description: Those of O(instance_ids) that do not have O(required_tags).
  returned: when that made it fail
  type: list
  elements: str
  sample: [mi-0123456789abcdef0]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._aws.tags import read_tags
from ..module_utils._ssm import managed_nodes, node_plan, validation

ARGUMENTS = {
    "instance_ids": {"type": "list", "elements": "str"},
    "activation_ids": {"type": "list", "elements": "str"},
    "required_tags": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "iam_role": {"type": "str"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": False},
}


def read_query(params: dict[str, Any], required_tags: dict[str, str]) -> managed_nodes.NodeQuery | None:
    """None when nobody is meant: an empty list asks for nobody, not for everybody."""
    ids, activations = params["instance_ids"], params["activation_ids"]
    if ids == [] or activations == [] or not (ids or activations or required_tags):
        return None
    return managed_nodes.NodeQuery(
        instance_ids=validation.check_managed_ids(ids or []),
        activation_ids=validation.check_activation_ids(activations or []),
        resource_type=managed_nodes.MANAGED,
    )


def read_wanted(params: dict[str, Any]) -> node_plan.WantedNode:
    role = params["iam_role"]
    return node_plan.WantedNode(
        iam_role=None if role is None else validation.check_role(role, "iam_role"),
        tags=read_tags(params["tags"]),
        purge_tags=params["purge_tags"],
    )


def ensure_present(
    client: Any, nodes: list[Resource], wanted: node_plan.WantedNode, check_mode: bool
) -> tuple[list[Resource], list[Resource]]:
    """The nodes before and after, both with what had to be read of them."""
    before = managed_nodes.with_tags(client, nodes, wanted)
    changes = [(node, node_plan.compare(node, wanted)) for node in before]
    for node, change in changes:
        if change and not check_mode:
            managed_nodes.apply(client, node, change)
    return before, [node_plan.predict(node, change) for node, change in changes]


def ensure_absent(client: Any, nodes: list[Resource], check_mode: bool) -> tuple[list[Resource], list[Resource]]:
    for node in [] if check_mode else nodes:
        managed_nodes.deregister(client, node)
    return nodes, []


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    params, dry = module.params, module.check_mode
    required_tags = read_tags(params["required_tags"], "required_tags") or {}
    query, wanted = read_query(params, required_tags), read_wanted(params)
    client = module.client("ssm", config=CLIENT_CONFIG)
    nodes, missing = managed_nodes.find(client, query, required_tags) if query else ([], [])
    if params["state"] == "present":
        managed_nodes.require_all(missing)
        before, after = ensure_present(client, nodes, wanted, dry)
    else:
        before, after = ensure_absent(client, nodes, dry)
    diff = {"before": node_plan.difference(before), "after": node_plan.difference(after)}
    return {"changed": before != after, "managed_nodes": after, "missing": missing, "diff": diff}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_one_of=[("instance_ids", "activation_ids", "required_tags")],
    )
    try:
        result = run(module)
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
