#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: local_gateway_info
short_description: Describe local gateways of Outposts racks
version_added: 0.1.0
description:
  - Describes local gateways, and on request what belongs to them, in pages of a thousand.
  - Results are flat lists whose items carry the ids of what they belong to.
  - Calls C(ec2:DescribeLocalGateways) and, as O(include) asks, C(ec2:DescribeLocalGatewayRouteTables),
    C(ec2:DescribeLocalGatewayRouteTableVpcAssociations), C(ec2:DescribeLocalGatewayVirtualInterfaceGroups),
    C(ec2:DescribeLocalGatewayRouteTableVirtualInterfaceGroupAssociations),
    C(ec2:DescribeLocalGatewayVirtualInterfaces), C(ec2:DescribeCoipPools), each once for up to two hundred gateways or
    route tables, and C(ec2:SearchLocalGatewayRoutes) once for each route table.
    An O(outpost) that is not given by ARN takes C(outposts:GetOutpost) or C(outposts:ListOutposts).
author:
  - Edgefleet contributors (@edgefleet)
options:
  local_gateway_ids:
    description: Only the local gateways with these ids.
    type: list
    elements: str
  outpost:
    description: Only those of this Outpost, by ARN, id or name.
    type: str
  include:
    description: What to return beside the local gateways.
    type: list
    elements: str
    choices:
      - route_tables
      - vpc_associations
      - virtual_interface_groups
      - virtual_interface_group_associations
      - virtual_interfaces
      - coip_pools
      - routes
    default: [route_tables]
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.info_module
  - edgefleet.ecs.attributes.actiongroup_aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: edgefleet.ecs.outpost_info
  - module: edgefleet.ecs.local_gateway_route
  - module: edgefleet.ecs.local_gateway_route_table_association
"""

EXAMPLES = r"""
- name: Describe the local gateway of the plant
  edgefleet.ecs.local_gateway_info:
    outpost: plant-oslo
    include: [route_tables, virtual_interface_groups, routes]
  register: gateway

- name: Show where it routes
  ansible.builtin.debug:
    msg: "{{ item.destination_cidr_block }} is {{ item.state }}"
  loop: "{{ gateway.routes }}"
  loop_control:
    label: "{{ item.destination_cidr_block }}"
"""

RETURN = r"""
local_gateways:
  description: The local gateways, in the order of their ids.
  returned: success
  type: list
  elements: dict
  contains:
    local_gateway_id:
      description: Id of the local gateway.
      type: str
      sample: lgw-0123456789abcdef0
    outpost_arn:
      description: ARN of the Outpost that it belongs to.
      type: str
      sample: arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0
    owner_id:
      description: Account that owns it.
      type: str
      sample: "111122223333"
    state:
      description: State of the local gateway.
      type: str
      sample: available
    tags:
      description: Tags of the local gateway.
      type: dict
      sample: {}
route_tables:
  description: Their route tables.
  returned: when O(include) has V(route_tables)
  type: list
  elements: dict
  sample:
    - local_gateway_route_table_id: lgw-rtb-0123456789abcdef0
      local_gateway_id: lgw-0123456789abcdef0
      outpost_arn: arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0
      owner_id: "111122223333"
      state: available
      mode: direct-vpc-routing
      tags: {}
vpc_associations:
  description: VPCs that are associated with these route tables.
  returned: when O(include) has V(vpc_associations)
  type: list
  elements: dict
  sample:
    - local_gateway_route_table_vpc_association_id: lgw-vpc-assoc-0123456789abcdef0
      local_gateway_route_table_id: lgw-rtb-0123456789abcdef0
      local_gateway_id: lgw-0123456789abcdef0
      vpc_id: vpc-0123456789abcdef0
      state: associated
      tags: {}
virtual_interface_groups:
  description: Their groups of virtual interfaces, the way to the local network.
  returned: when O(include) has V(virtual_interface_groups)
  type: list
  elements: dict
  sample:
    - local_gateway_virtual_interface_group_id: lgw-vif-grp-0123456789abcdef0
      local_gateway_virtual_interface_ids: [lgw-vif-0123456789abcdef0, lgw-vif-0123456789abcdef1]
      local_gateway_id: lgw-0123456789abcdef0
      tags: {}
virtual_interface_group_associations:
  description: Which of these groups a route table sends to.
  returned: when O(include) has V(virtual_interface_group_associations)
  type: list
  elements: dict
  sample:
    - local_gateway_route_table_virtual_interface_group_association_id: lgw-vif-grp-assoc-0123456789abcdef0
      local_gateway_virtual_interface_group_id: lgw-vif-grp-0123456789abcdef0
      local_gateway_route_table_id: lgw-rtb-0123456789abcdef0
      state: associated
      tags: {}
virtual_interfaces:
  description: Their virtual interfaces, with VLAN, addresses and the numbers of the autonomous systems.
  returned: when O(include) has V(virtual_interfaces)
  type: list
  elements: dict
  sample:
    - local_gateway_virtual_interface_id: lgw-vif-0123456789abcdef0
      local_gateway_id: lgw-0123456789abcdef0
      vlan: 100
      local_address: 169.254.0.1/30
      peer_address: 169.254.0.2/30
      local_bgp_asn: 64512
      peer_bgp_asn: 65000
      tags: {}
coip_pools:
  description: Pools of customer-owned IP addresses of these route tables.
  returned: when O(include) has V(coip_pools)
  type: list
  elements: dict
  sample:
    - pool_id: ipv4pool-coip-0123456789abcdef0
      pool_cidrs: [192.168.7.0/24]
      local_gateway_route_table_id: lgw-rtb-0123456789abcdef0
      tags: {}
routes:
  description: Routes of these route tables. What does not apply to a route is V(null).
  returned: when O(include) has V(routes)
  type: list
  elements: dict
  sample:
    - destination_cidr_block: 0.0.0.0/0
      local_gateway_route_table_id: lgw-rtb-0123456789abcdef0
      type: static
      state: active
      local_gateway_virtual_interface_group_id: lgw-vif-grp-0123456789abcdef0
      network_interface_id: null
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._ec2 import local_gateways
from ..module_utils._ec2.validation import check_ids
from ..module_utils._outposts import outposts
from ..module_utils._outposts.validation import check_outpost, is_arn

ARGUMENTS = {
    "local_gateway_ids": {"type": "list", "elements": "str"},
    "outpost": {"type": "str"},
    "include": {
        "type": "list",
        "elements": "str",
        "choices": [*local_gateways.PARTS, local_gateways.ROUTES],
        "default": ["route_tables"],
    },
}


def outpost_arn(module: Any, reference: str | None) -> str | None:
    if reference is None or is_arn(check_outpost(reference)):
        return reference
    found: Resource = outposts.get(module.client("outposts", config=CLIENT_CONFIG), reference)
    return str(found["outpost_arn"])


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    given = module.params["local_gateway_ids"]
    try:
        ids = None if given is None else check_ids("local_gateway_ids", given, "lgw")
        arn = outpost_arn(module, module.params["outpost"])
        client = module.client("ec2", config=CLIENT_CONFIG)
        gateways = local_gateways.find_gateways(client, ids, arn)
        parts = local_gateways.describe_parts(client, gateways, module.params["include"])
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=False, local_gateways=gateways, **parts)


if __name__ == "__main__":
    main()
