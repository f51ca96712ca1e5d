#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: local_gateway_route
short_description: Manage a static route of an Outposts local gateway
version_added: 0.1.0
description:
  - Creates, changes and deletes a static route of a local gateway's route table. A route whose target differs is
    changed in place, without a moment in which it is not there.
  - Propagated routes are AWS's own - those of the subnets on the Outpost, and of pools of customer-owned IP addresses -
    and are never touched. One may stand beside a static route to the same destination; AWS then takes the static one.
  - A route through a network interface that no running instance has attached is a blackhole. The module leaves it as it
    is when its target is the right one, and warns.
  - Calls C(ec2:SearchLocalGatewayRoutes), and as needed C(ec2:CreateLocalGatewayRoute),
    C(ec2:ModifyLocalGatewayRoute) or C(ec2:DeleteLocalGatewayRoute).
author:
  - Edgefleet contributors (@edgefleet)
options:
  state:
    description: Whether the static route exists.
    type: str
    choices: [present, absent]
    default: present
  local_gateway_route_table_id:
    description: Id of the local gateway's route table.
    type: str
    required: true
  destination_cidr_block:
    description: Destination, an IPv4 network.
    type: str
    required: true
  local_gateway_virtual_interface_group_id:
    description:
      - Id of the group of virtual interfaces through which the destination, in the local network, is reached.
        The group must be associated with the route table.
      - One of this and O(network_interface_id) is required with O(state=present).
    type: str
  network_interface_id:
    description:
      - Id of the network interface, on the same Outpost, of the instance that stands for the destination.
    type: str
  wait:
    description: Whether to wait until the route is active or a blackhole, or gone.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait at most.
    type: int
    default: 120
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.actiongroup_aws
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
  - module: edgefleet.ecs.local_gateway_route_table_association
"""

EXAMPLES = r"""
- name: Reach the machines of the plant through the local gateway
  edgefleet.ecs.local_gateway_route:
    local_gateway_route_table_id: lgw-rtb-0123456789abcdef0
    destination_cidr_block: 192.168.0.0/16
    local_gateway_virtual_interface_group_id: lgw-vif-grp-0123456789abcdef0

- name: Send what the plant has for this network to an appliance on the Outpost
  edgefleet.ecs.local_gateway_route:
    local_gateway_route_table_id: lgw-rtb-0123456789abcdef0
    destination_cidr_block: 10.9.0.0/16
    network_interface_id: eni-0123456789abcdef0

- name: Delete the route
  edgefleet.ecs.local_gateway_route:
    local_gateway_route_table_id: lgw-rtb-0123456789abcdef0
    destination_cidr_block: 10.9.0.0/16
    state: absent
"""

RETURN = r"""
route:
  description: The static route, in check mode as it would be; V(null) when it is absent.
  returned: success
  type: dict
  contains:
    destination_cidr_block:
      description: Destination.
      type: str
      returned: always
      sample: 192.168.0.0/16
    local_gateway_route_table_id:
      description: Id of the route table.
      type: str
      returned: always
      sample: lgw-rtb-0123456789abcdef0
    type:
      description: Always V(static).
      type: str
      returned: always
      sample: static
    state:
      description: State of the route; V(blackhole) when its network interface belongs to no running instance.
      type: str
      returned: always
      sample: active
    local_gateway_virtual_interface_group_id:
      description: Id of the group of virtual interfaces; V(null) when the target is a network interface.
      type: str
      returned: always
      sample: lgw-vif-grp-0123456789abcdef0
    network_interface_id:
      description: Id of the network interface; V(null) when the target is a group of virtual interfaces.
      type: str
      returned: always
      sample: null
propagated_route:
  description: The propagated route to the same destination, which stays; V(null) when there is none.
  returned: success
  type: dict
  sample: null
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._aws.waiting import Waiter, wait_for
from ..module_utils._ec2 import local_gateway_routes as routes
from ..module_utils._ec2 import waiters
from ..module_utils._ec2.validation import check_id, check_optional_id, read_network

_TEXT = {"type": "str"}
ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "local_gateway_route_table_id": {"type": "str", "required": True},
    "destination_cidr_block": {"type": "str", "required": True},
    "local_gateway_virtual_interface_group_id": _TEXT,
    "network_interface_id": _TEXT,
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 120},
}
_TARGETS = tuple(routes.TARGETS)
_PREFIXES = {"local_gateway_virtual_interface_group_id": "lgw-vif-grp", "network_interface_id": "eni"}
_COMPARED = ("destination_cidr_block", "local_gateway_route_table_id", *_TARGETS)


def read_wanted(params: dict[str, Any]) -> routes.WantedRoute:
    target = next((name for name in _TARGETS if params[name] is not None), None)
    return routes.WantedRoute(
        table=check_id("local_gateway_route_table_id", params["local_gateway_route_table_id"], "lgw-rtb"),
        destination=str(read_network("destination_cidr_block", params["destination_cidr_block"])),
        target=target,
        target_id=check_optional_id(target, params[target], _PREFIXES[target]) if target else None,
    )


def look(client: Any, wanted: routes.WantedRoute) -> Resource | None:
    return routes.of_type(routes.find(client, wanted, table_must_exist=False), "static")


def settle(client: Any, wanted: routes.WantedRoute, waiter: Waiter, timeout: int | None) -> Resource | None:
    """The route when it is where it should be; without a timeout, as it is."""
    seen = look(client, wanted)
    if timeout is None or waiter.done(seen):
        return seen
    label = wanted.label
    return wait_for(waiter, [label], lambda _labels: {label: look(client, wanted)}, timeout, {label: seen})[label]


def ensure_present(
    client: Any, before: Resource | None, wanted: routes.WantedRoute, check_mode: bool, timeout: int | None
) -> tuple[bool, Resource | None]:
    if before is not None and routes.leads_there(before, wanted):
        return False, before
    if check_mode:
        return True, routes.predict(wanted)
    if before is None:
        routes.create(client, wanted)
    else:
        routes.modify(client, wanted)
    return True, settle(client, wanted, waiters.ROUTE_SETTLED, timeout)


def ensure_absent(
    client: Any, before: Resource | None, wanted: routes.WantedRoute, check_mode: bool, timeout: int | None
) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        routes.delete(client, wanted)
        if timeout is not None:
            settle(client, wanted, waiters.ROUTE_GONE, timeout)
    return True, None


def difference(route: Resource | None) -> Resource:
    return {key: route[key] for key in _COMPARED} if route else {}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        mutually_exclusive=[_TARGETS],
        required_if=[("state", "present", _TARGETS, True)],
    )
    try:
        wanted, present = read_wanted(module.params), module.params["state"] == "present"
        timeout = module.params["wait_timeout"] if module.params["wait"] else None
        client = module.client("ec2", config=CLIENT_CONFIG)
        found = routes.find(client, wanted, table_must_exist=present)
        before, propagated = routes.of_type(found, "static"), routes.of_type(found, "propagated")
        ensure = ensure_present if present else ensure_absent
        changed, after = ensure(client, before, wanted, module.check_mode, timeout)
    except FleetError as error:
        module.fail_json(**error.result())
    if after and after["state"] == routes.BLACKHOLE:
        module.warn(
            f"Route {wanted.label} is a blackhole: attach its network interface to an instance on the Outpost "
            "and start that instance."
        )
    diff = {"before": difference(before), "after": difference(after)}
    module.exit_json(changed=changed, route=after, propagated_route=propagated, diff=diff)


if __name__ == "__main__":
    main()
