#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: local_gateway_route_table_association
short_description: Associate a VPC with a route table of an Outposts local gateway
version_added: 0.1.0
description:
  - Associates a VPC with a route table of a local gateway, so that its subnets on the Outpost can reach the local
    network, and ends such an association.
  - A VPC that is already associated with another route table of the same local gateway is reported before anything is
    changed, in check mode too; its association is never replaced.
  - Calls C(ec2:DescribeLocalGatewayRouteTableVpcAssociations), and as needed
    C(ec2:DescribeLocalGatewayRouteTables), C(ec2:CreateLocalGatewayRouteTableVpcAssociation),
    C(ec2:DeleteLocalGatewayRouteTableVpcAssociation), C(ec2:CreateTags) and C(ec2:DeleteTags).
author:
  - Edgefleet contributors (@edgefleet)
options:
  state:
    description: Whether the two are associated.
    type: str
    choices: [present, absent]
    default: present
  local_gateway_route_table_id:
    description: Id of the local gateway's route table.
    type: str
    required: true
  vpc_id:
    description: Id of the VPC.
    type: str
    required: true
  wait:
    description: Whether to wait until the two are associated, or no longer.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait at most.
    type: int
    default: 300
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
seealso:
  - module: edgefleet.ecs.local_gateway_info
  - module: edgefleet.ecs.local_gateway_route
  - module: edgefleet.ecs.outpost_subnet
"""

EXAMPLES = r"""
- name: Find the route table of the plant
  edgefleet.ecs.local_gateway_info:
    outpost: plant-oslo
  register: gateway

- name: Let the VPC into the local network of the plant
  edgefleet.ecs.local_gateway_route_table_association:
    local_gateway_route_table_id: "{{ gateway.route_tables[0].local_gateway_route_table_id }}"
    vpc_id: vpc-0123456789abcdef0
    tags:
      fleet: retail

- name: End it
  edgefleet.ecs.local_gateway_route_table_association:
    local_gateway_route_table_id: "{{ gateway.route_tables[0].local_gateway_route_table_id }}"
    vpc_id: vpc-0123456789abcdef0
    state: absent
"""

RETURN = r"""
association:
  description: The association, in check mode as it would be; V(null) when it is absent.
  returned: success
  type: dict
  contains:
    local_gateway_route_table_vpc_association_id:
      description: Id of the association. Not there in check mode when it would be created.
      type: str
      returned: when the association exists
      sample: lgw-vpc-assoc-0123456789abcdef0
    local_gateway_route_table_id:
      description: Id of the route table.
      type: str
      returned: always
      sample: lgw-rtb-0123456789abcdef0
    local_gateway_route_table_arn:
      description: ARN of the route table.
      type: str
      returned: always
      sample: arn:aws:ec2:us-west-2:111122223333:local-gateway-route-table/lgw-rtb-0123456789abcdef0
    local_gateway_id:
      description: Id of the local gateway.
      type: str
      returned: always
      sample: lgw-0123456789abcdef0
    owner_id:
      description: Account that owns the route table.
      type: str
      returned: always
      sample: "111122223333"
    vpc_id:
      description: Id of the VPC.
      type: str
      returned: always
      sample: vpc-0123456789abcdef0
    state:
      description: State of the association.
      type: str
      returned: always
      sample: associated
    tags:
      description: Tags of the association.
      type: dict
      returned: always
      sample: {fleet: retail}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError, NotPossible
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._aws.tags import compare_tags, read_tags
from ..module_utils._aws.waiting import Waiter, wait_for
from ..module_utils._ec2 import local_gateway_associations as associations
from ..module_utils._ec2 import local_gateways, waiters
from ..module_utils._ec2.common import change_tags
from ..module_utils._ec2.validation import check_id

_ID = "local_gateway_route_table_vpc_association_id"
ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "local_gateway_route_table_id": {"type": "str", "required": True},
    "vpc_id": {"type": "str", "required": True},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}
_COMPARED = ("local_gateway_route_table_id", "vpc_id", "tags")


def read_wanted(params: dict[str, Any]) -> associations.WantedAssociation:
    return associations.WantedAssociation(
        table=check_id("local_gateway_route_table_id", params["local_gateway_route_table_id"], "lgw-rtb"),
        vpc_id=check_id("vpc_id", params["vpc_id"], "vpc"),
        tags=read_tags(params["tags"]),
        purge_tags=params["purge_tags"],
    )


def settle(
    client: Any, wanted: associations.WantedAssociation, seen: Resource | None, waiter: Waiter, timeout: int | None
) -> Resource | None:
    """The association when it is where it should be; without a timeout, as it is."""
    if timeout is None or waiter.done(seen):
        return seen
    label = wanted.label

    def look(_labels: list[str]) -> dict[str, Resource | None]:
        return {label: associations.find(client, wanted)[0]}

    return wait_for(waiter, [label], look, timeout, {label: seen})[label]


def ensure_present(
    client: Any, wanted: associations.WantedAssociation, check_mode: bool, timeout: int | None
) -> tuple[Resource | None, Resource | None]:
    """The association as it was and as it is, or would be."""
    before, others = associations.find(client, wanted)
    if before is None:
        table = local_gateways.route_table(client, wanted.table)
        associations.check_free(others, table, wanted.vpc_id)
        if check_mode:
            return None, associations.predict(wanted, table)
        made = associations.create(client, wanted)
        return None, settle(client, wanted, made, waiters.ASSOCIATED, timeout)
    if before["state"] == associations.ENDING:
        raise NotPossible(f"The association of {wanted.label} is being ended. Run again when it is gone.")
    change = compare_tags(before["tags"], wanted.tags, wanted.purge_tags)
    after = {**before, "tags": change.apply_to(before["tags"])}
    if check_mode:
        return before, after
    change_tags(client, before[_ID], change)
    seen = settle(client, wanted, after, waiters.ASSOCIATED, timeout)
    return before, seen


def ensure_absent(
    client: Any, wanted: associations.WantedAssociation, check_mode: bool, timeout: int | None
) -> tuple[Resource | None, Resource | None]:
    seen, _others = associations.find(client, wanted)
    # One that is already being ended is not ours to report.
    before = None if seen is None or seen["state"] == associations.ENDING else seen
    if not check_mode and before is not None:
        associations.delete(client, wanted, before[_ID])
        seen, _others = associations.find(client, wanted)
    settle(client, wanted, seen, waiters.DISASSOCIATED, None if check_mode else timeout)
    return before, None


def difference(association: Resource | None) -> Resource:
    return {key: association[key] for key in _COMPARED} if association else {}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        wanted = read_wanted(module.params)
        timeout = module.params["wait_timeout"] if module.params["wait"] else None
        ensure = ensure_present if module.params["state"] == "present" else ensure_absent
        before, after = ensure(module.client("ec2", config=CLIENT_CONFIG), wanted, module.check_mode, timeout)
    except FleetError as error:
        module.fail_json(**error.result())
    diff = {"before": difference(before), "after": difference(after)}
    module.exit_json(changed=diff["before"] != diff["after"], association=after, diff=diff)


if __name__ == "__main__":
    main()
