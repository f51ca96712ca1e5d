#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: outpost_subnet
short_description: Manage a subnet on an AWS Outpost
version_added: 0.1.0
description:
  - Creates, updates and deletes a subnet on an Outpost.
  - A subnet that exists counts only when it is on that Outpost. A subnet of the Region, or of another Outpost, with the
    same CIDR is an error, and is never changed or deleted.
  - What is not named stays as it is.
  - A CIDR outside of the VPC, one that overlaps with another subnet, and a subnet that is still in use are reported
    before anything is changed, in check mode too.
  - Calls C(outposts:GetOutpost) (C(outposts:ListOutposts) for a name), C(ec2:DescribeSubnets), and as needed
    C(ec2:DescribeVpcs), C(ec2:DescribeCoipPools), C(ec2:DescribeLocalGatewayRouteTables), C(ec2:CreateSubnet),
    C(ec2:ModifySubnetAttribute), C(ec2:CreateTags), C(ec2:DeleteTags), C(ec2:DescribeNetworkInterfaces) and
    C(ec2:DeleteSubnet).
author:
  - Edgefleet contributors (@edgefleet)
options:
  state:
    description: Whether the subnet exists.
    type: str
    choices: [present, absent]
    default: present
  outpost:
    description:
      - ARN, id or name of the Outpost. Required with O(state=present).
      - With O(state=absent) any Outpost is meant when it is left out, but never the Region.
    type: str
  subnet_id:
    description: Id of the subnet, when it exists. Needed when O(vpc_id) and O(cidr) are left out.
    type: str
  vpc_id:
    description: Id of the VPC. Goes with O(cidr).
    type: str
  cidr:
    description: IPv4 network of the subnet, V(/16) to V(/28), inside of a network of the VPC. Goes with O(vpc_id).
    type: str
  availability_zone:
    description:
      - Name or id of the Availability Zone. Not needed, because it is always the Outpost's; when given and not the
        Outpost's, that is an error.
    type: str
  map_public_ip_on_launch:
    description: Whether instances get a public address when they are launched. V(false) on a new subnet.
    type: bool
  customer_owned_ipv4_pool:
    description:
      - Id of the pool of customer-owned IP addresses (CoIP) out of which instances get one when they are launched.
        The pool belongs to a local gateway of this Outpost, so it must be a rack.
    type: str
  map_customer_owned_ip_on_launch:
    description:
      - With V(false), instances get no customer-owned address when they are launched.
        V(true) says no more than O(customer_owned_ipv4_pool), which it needs.
    type: bool
  enable_lni_at_device_index:
    description:
      - Device index at which instances may have local network interfaces (LNI), 1 or more. Index 0 is the primary
        interface, which is always the VPC's. Outposts servers only.
    type: int
  disable_lni_at_device_index:
    description: With V(true), instances may have no local network interfaces.
    type: bool
  wait:
    description: Whether to wait until the subnet is available, or gone.
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
  - module: edgefleet.ecs.outpost_info
  - module: edgefleet.ecs.local_gateway_route_table_association
  - module: amazon.aws.ec2_vpc_net
"""

EXAMPLES = r"""
- name: Have a subnet on the Outpost of the plant
  edgefleet.ecs.outpost_subnet:
    outpost: plant-oslo
    vpc_id: vpc-0123456789abcdef0
    cidr: 10.0.3.0/24
    tags:
      Name: plant-oslo
  register: plant

- name: Give its instances addresses of the plant's own network
  edgefleet.ecs.outpost_subnet:
    outpost: plant-oslo
    subnet_id: "{{ plant.subnet.subnet_id }}"
    customer_owned_ipv4_pool: ipv4pool-coip-0123456789abcdef0

- name: Let instances of an Outposts server into the local network with their second interface
  edgefleet.ecs.outpost_subnet:
    outpost: op-0123456789abcdef0
    vpc_id: vpc-0123456789abcdef0
    cidr: 10.0.4.0/24
    enable_lni_at_device_index: 1

- name: Delete the subnet
  edgefleet.ecs.outpost_subnet:
    subnet_id: "{{ plant.subnet.subnet_id }}"
    state: absent
"""

RETURN = r"""
subnet:
  description: The subnet, in check mode as it would be; V(null) when it is absent.
  returned: success
  type: dict
  contains:
    subnet_id:
      description: Id of the subnet. Not there in check mode when the subnet would be created.
      type: str
      returned: when the subnet exists
      sample: subnet-0123456789abcdef0
    subnet_arn:
      description: ARN of the subnet.
      type: str
      returned: when the subnet exists
      sample: arn:aws:ec2:us-west-2:111122223333:subnet/subnet-0123456789abcdef0
    available_ip_address_count:
      description: Number of addresses that are not in use.
      type: int
      returned: when the subnet exists
      sample: 251
    vpc_id:
      description: VPC of the subnet.
      type: str
      returned: always
      sample: vpc-0123456789abcdef0
    cidr_block:
      description: IPv4 network of the subnet.
      type: str
      returned: always
      sample: 10.0.3.0/24
    outpost_arn:
      description: ARN of the Outpost.
      type: str
      returned: always
      sample: arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0
    availability_zone:
      description: Name of the Availability Zone that the Outpost belongs to.
      type: str
      returned: always
      sample: us-west-2b
    availability_zone_id:
      description: Id of that Availability Zone, the same in every account.
      type: str
      returned: always
      sample: usw2-az1
    state:
      description: State of the subnet.
      type: str
      returned: always
      sample: available
    map_public_ip_on_launch:
      description: Whether instances get a public address.
      type: bool
      returned: always
      sample: false
    map_customer_owned_ip_on_launch:
      description: Whether instances get a customer-owned address.
      type: bool
      returned: always
      sample: true
    customer_owned_ipv4_pool:
      description: Pool of the customer-owned addresses; V(null) without one.
      type: str
      returned: always
      sample: ipv4pool-coip-0123456789abcdef0
    enable_lni_at_device_index:
      description: Device index of local network interfaces; V(null) without them.
      type: int
      returned: always
      sample: null
    tags:
      description: Tags of the subnet.
      type: dict
      returned: always
      sample: {Name: plant-oslo}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError, NotPossible
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._aws.waiting import Waiter, wait_for
from ..module_utils._ec2 import subnets, waiters
from ..module_utils._ec2.subnet_input import check_against_outpost, check_pool, read_wanted
from ..module_utils._outposts import outposts
from ..module_utils._outposts.validation import check_outpost

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "outpost": {"type": "str"},
    "subnet_id": {"type": "str"},
    "vpc_id": {"type": "str"},
    "cidr": {"type": "str"},
    "availability_zone": {"type": "str"},
    "map_public_ip_on_launch": {"type": "bool"},
    "customer_owned_ipv4_pool": {"type": "str"},
    "map_customer_owned_ip_on_launch": {"type": "bool"},
    "enable_lni_at_device_index": {"type": "int"},
    "disable_lni_at_device_index": {"type": "bool"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}
_COMPARED = (
    "vpc_id",
    "cidr_block",
    "outpost_arn",
    "map_public_ip_on_launch",
    "map_customer_owned_ip_on_launch",
    "customer_owned_ipv4_pool",
    "enable_lni_at_device_index",
    "tags",
)


def ensure_present(
    client: Any, wanted: subnets.WantedSubnet, outpost: Resource, check_mode: bool, timeout: int | None
) -> tuple[Resource | None, Resource | None]:
    """The subnet as it was and as it is, or would be."""
    before, others = subnets.find(client, wanted)
    if before is None:
        check_room(client, wanted, others)
    else:
        subnets.check_place(before, outpost)
    # What is not there yet is compared as it comes out of CreateSubnet.
    bare = before or subnets.predict(None, subnets.WantedSubnet(vpc_id=wanted.vpc_id, cidr=wanted.cidr), outpost)
    change = subnets.compare(bare, wanted)
    check_pool(client, change, outpost)
    if check_mode and (before is None or change):
        return before, subnets.predict(before, wanted, outpost)
    if before is None:
        made = subnets.create(client, wanted, outpost)
        after = settle(client, made["subnet_id"], made, waiters.SUBNET_AVAILABLE, timeout)
        change = subnets.compare(made, wanted)
    else:
        after = settle(client, before["subnet_id"], before, waiters.SUBNET_AVAILABLE, None if check_mode else timeout)
    if change and after:
        subnets.update(client, after["subnet_id"], change)
        after = look(client, after["subnet_id"])
    return before, after


def check_room(client: Any, wanted: subnets.WantedSubnet, others: list[Resource]) -> None:
    if wanted.vpc_id is None or wanted.cidr is None:
        raise NotPossible(
            f"Subnet {wanted.label} is not in this account and Region. Give vpc_id and cidr to have one created."
        )
    subnets.check_vpc(wanted.vpc_id, subnets.vpc_blocks(client, wanted.vpc_id), wanted.cidr)
    subnets.check_overlap(others, wanted.cidr)


def ensure_absent(
    client: Any, wanted: subnets.WantedSubnet, outpost: Resource | None, check_mode: bool, timeout: int | None
) -> tuple[Resource | None, Resource | None]:
    before, _others = subnets.find(client, wanted)
    if before is None:
        return None, None
    subnets.check_place(before, outpost)
    subnets.check_unused(client, before["subnet_id"])
    if check_mode:
        return before, None
    subnets.delete(client, before["subnet_id"])
    if timeout is not None:
        settle(client, before["subnet_id"], look(client, before["subnet_id"]), waiters.SUBNET_GONE, timeout)
    return before, None


def look(client: Any, subnet_id: str) -> Resource | None:
    return subnets.find(client, subnets.WantedSubnet(subnet_id=subnet_id))[0]


def settle(client: Any, subnet_id: str, seen: Resource | None, waiter: Waiter, timeout: int | None) -> Resource | None:
    """The subnet when it is where it should be; without a timeout, as it is."""
    if timeout is None or waiter.done(seen):
        return seen
    first = {subnet_id: seen}
    return wait_for(waiter, [subnet_id], lambda _ids: {subnet_id: look(client, subnet_id)}, timeout, first)[subnet_id]


def difference(subnet: Resource | None) -> Resource:
    return {key: subnet[key] for key in _COMPARED} if subnet else {}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_one_of=[("subnet_id", "vpc_id")],
        required_together=[("vpc_id", "cidr")],
        required_if=[("state", "present", ("outpost",))],
        mutually_exclusive=[("enable_lni_at_device_index", "disable_lni_at_device_index")],
    )
    params, check_mode = module.params, module.check_mode
    try:
        wanted, outpost = read_wanted(params), None
        if params["outpost"] is not None:
            reference = check_outpost(params["outpost"])
            outpost = outposts.get(module.client("outposts", config=CLIENT_CONFIG), reference)
            check_against_outpost(params["availability_zone"], wanted, outpost)
        timeout = params["wait_timeout"] if params["wait"] else None
        client = module.client("ec2", config=CLIENT_CONFIG)
        if params["state"] == "present" and outpost is not None:
            before, after = ensure_present(client, wanted, outpost, check_mode, timeout)
        else:
            before, after = ensure_absent(client, wanted, outpost, check_mode, timeout)
    except FleetError as error:
        module.fail_json(**error.result())
    diff = {"before": difference(before), "after": difference(after)}
    module.exit_json(changed=diff["before"] != diff["after"], subnet=after, diff=diff)


if __name__ == "__main__":
    main()
