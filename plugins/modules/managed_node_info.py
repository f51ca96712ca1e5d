#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: managed_node_info
short_description: Describe AWS Systems Manager managed nodes
version_added: 0.1.0
description:
  - Describes managed nodes, machines outside of AWS (V(mi-...)) and EC2 instances with an SSM agent, in pages of fifty.
  - AWS does not tell the tags of managed nodes here; O(tags) selects by them.
  - Calls C(ssm:DescribeInstanceInformation), and with O(include_quota=true) C(ssm:GetServiceSetting).
author:
  - Edgefleet contributors (@edgefleet)
options:
  instance_ids:
    description: Only the managed nodes with these ids.
    type: list
    elements: str
  activation_ids:
    description: Only those that registered with one of these activations.
    type: list
    elements: str
  ping_status:
    description: Only those whose SSM agent has this status.
    type: str
    choices: [Online, ConnectionLost, Inactive]
  resource_type:
    description: Only machines outside of AWS, or only EC2 instances.
    type: str
    choices: [ManagedInstance, EC2Instance]
  tags:
    description: Only those that have all of these tags.
    type: dict
    aliases:
      - resource_tags
  include_quota:
    description:
      - Whether to return the activation tier of the account in this Region and how many machines outside of AWS are
        registered, whatever else selects. Reads all their pages where RV(managed_nodes) is only a selection.
    type: bool
    default: false
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.info_module
  - edgefleet.ecs.attributes.actiongroup_aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: edgefleet.ecs.activation
  - module: edgefleet.ecs.container_instance_info
"""

EXAMPLES = r"""
- name: Describe the managed nodes of a site
  edgefleet.ecs.managed_node_info:
    tags:
      fleet: retail
      site: lyon
  register: lyon_nodes

- name: See who has registered with an activation
  edgefleet.ecs.managed_node_info:
    activation_ids:
      - 5743558d-563b-4457-8682-d16c3a0e4a51
    ping_status: Online
  register: newcomers

- name: Stop when fewer than a hundred machines may still register
  edgefleet.ecs.managed_node_info:
    instance_ids: []
    include_quota: true
  register: account
  failed_when: (account.quota.free or 0) < 100 and account.quota.limit is not none
"""

RETURN = r"""
managed_nodes:
  description: The managed nodes, in the order of their ids. A member that AWS does not tell is V(null).
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: Id of the managed node.
      type: str
      returned: always
      sample: mi-0123456789abcdef0
    name:
      description: Its name, from the activation.
      type: str
      returned: always
      sample: retail-lyon
    computer_name:
      description: Host name that the machine itself tells.
      type: str
      returned: always
      sample: lyon-01
    ip_address:
      description: Address that the machine itself tells.
      type: str
      returned: always
      sample: 192.0.2.11
    ping_status:
      description: Whether the SSM agent is heard.
      type: str
      returned: always
      sample: Online
    last_ping_date_time:
      description: When the SSM agent was last heard.
      type: str
      returned: always
      sample: '2026-11-21T22:45:00+00:00'
    agent_version:
      description: Version of the SSM agent.
      type: str
      returned: always
      sample: 3.3.987.0
    is_latest_version:
      description: Whether AWS has no newer SSM agent.
      type: bool
      returned: always
      sample: true
    platform_type:
      description: Kind of operating system.
      type: str
      returned: always
      sample: Linux
    platform_name:
      description: Name of the operating system.
      type: str
      returned: always
      sample: Debian GNU/Linux
    platform_version:
      description: Version of the operating system.
      type: str
      returned: always
      sample: "12"
    activation_id:
      description: Activation with which it registered.
      type: str
      returned: always
      sample: 5743558d-563b-4457-8682-d16c3a0e4a51
    iam_role:
      description: Role that it takes.
      type: str
      returned: always
      sample: retail-external-instance
    registration_date:
      description: When it registered.
      type: str
      returned: always
      sample: '2026-11-21T22:45:00+00:00'
    resource_type:
      description: Machine outside of AWS, or EC2 instance.
      type: str
      returned: always
      sample: ManagedInstance
    source_id:
      description: Id of the machine in the service it comes from.
      type: str
      returned: always
      sample: null
quota:
  description: How many machines outside of AWS the account may have in this Region.
  returned: when O(include_quota=true)
  type: dict
  contains:
    activation_tier:
      description: Either V(standard), or V(advanced), which AWS charges for.
      type: str
      returned: always
      sample: standard
    registered_nodes:
      description: How many are registered, heard or not.
      type: int
      returned: always
      sample: 250
    limit:
      description: How many may be registered; V(null) in the advanced tier.
      type: int
      returned: always
      sample: 1000
    free:
      description: How many more may register; V(null) in the advanced tier.
      type: int
      returned: always
      sample: 750
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG
from ..module_utils._aws.tags import read_tags
from ..module_utils._ssm import managed_nodes, validation

ARGUMENTS = {
    "instance_ids": {"type": "list", "elements": "str"},
    "activation_ids": {"type": "list", "elements": "str"},
    "ping_status": {"type": "str", "choices": ["Online", "ConnectionLost", "Inactive"]},
    "resource_type": {"type": "str", "choices": ["ManagedInstance", "EC2Instance"]},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "include_quota": {"type": "bool", "default": False},
}


def read_query(params: dict[str, Any]) -> managed_nodes.NodeQuery | None:
    """None when nothing can match: an empty list asks for nobody, not for everybody."""
    if params["instance_ids"] == [] or params["activation_ids"] == []:
        return None
    return managed_nodes.NodeQuery(
        instance_ids=validation.check_node_ids(params["instance_ids"] or []),
        activation_ids=validation.check_activation_ids(params["activation_ids"] or []),
        ping_status=params["ping_status"],
        resource_type=params["resource_type"],
        tags=read_tags(params["tags"]) or {},
    )


def read(client: Any, query: managed_nodes.NodeQuery | None, quota: bool) -> dict[str, Any]:
    found = managed_nodes.describe(client, query) if query else []
    if not quota:
        return {"managed_nodes": found}
    everybody = found if query == managed_nodes.NodeQuery() else None
    return {"managed_nodes": found, "quota": managed_nodes.read_quota(client, everybody)}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        query = read_query(module.params)
        result = read(module.client("ssm", config=CLIENT_CONFIG), query, module.params["include_quota"])
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
