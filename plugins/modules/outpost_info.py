#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: outpost_info
short_description: Describe AWS Outposts and what they have room for
version_added: 0.1.0
description:
  - Describes Outposts, and on request the capacity for each instance type, in total and on each host.
  - Calls C(outposts:ListOutposts) in pages of a thousand, and for each Outpost that is returned C(outposts:ListAssets)
    and C(outposts:ListAssetInstances) with O(include_capacity=true), C(outposts:GetOutpostInstanceTypes) with
    O(include_configured_instance_types=true), C(outposts:GetOutpostSupportedInstanceTypes) with
    O(include_supported_instance_types=true).
author:
  - Edgefleet contributors (@edgefleet)
options:
  outposts:
    description: Only these, each by ARN, id or name.
    type: list
    elements: str
  sites:
    description: Only those at these sites, each by ARN or id (V(os-...)).
    type: list
    elements: str
  availability_zones:
    description: Only those that belong to these Availability Zones, each by name or id.
    type: list
    elements: str
  life_cycle_status:
    description: Only those with one of these statuses, such as V(ACTIVE).
    type: list
    elements: str
  include_capacity:
    description:
      - Whether to return the capacity. AWS tells it to the account that owns the Outpost.
    type: bool
    default: true
  include_configured_instance_types:
    description: Whether to return the instance types that the Outpost is configured for.
    type: bool
    default: false
  include_supported_instance_types:
    description: Whether to return the instance types that its hosts could be configured for by a capacity task.
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
  - module: edgefleet.ecs.outpost_subnet
  - module: edgefleet.ecs.local_gateway_info
"""

EXAMPLES = r"""
- name: See what the plant has room for
  edgefleet.ecs.outpost_info:
    outposts: [plant-oslo]
  register: plant

- name: Refuse to start what does not fit
  ansible.builtin.assert:
    that: plant.outposts[0].capacity['c5.large'].free >= 2
    fail_msg: "{{ plant.outposts[0].name }} has {{ plant.outposts[0].capacity }}"

- name: List the Outposts that are in service, without asking each for its capacity
  edgefleet.ecs.outpost_info:
    life_cycle_status: [ACTIVE]
    include_capacity: false
  register: all_outposts
"""

RETURN = r"""
outposts:
  description: The Outposts, in the order of their ids. A member that AWS does not tell is V(null).
  returned: success
  type: list
  elements: dict
  contains:
    outpost_id:
      description: Id of the Outpost.
      type: str
      returned: always
      sample: op-0123456789abcdef0
    outpost_arn:
      description: ARN of the Outpost.
      type: str
      returned: always
      sample: arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0
    owner_id:
      description: Account that owns it.
      type: str
      returned: always
      sample: "111122223333"
    name:
      description: Name of the Outpost.
      type: str
      returned: always
      sample: plant-oslo
    description:
      description: Description of the Outpost.
      type: str
      returned: always
      sample: Hall 3
    site_id:
      description: Id of the site where it stands.
      type: str
      returned: always
      sample: os-0123456789abcdef0
    site_arn:
      description: ARN of that site.
      type: str
      returned: always
      sample: arn:aws:outposts:us-west-2:111122223333:site/os-0123456789abcdef0
    life_cycle_status:
      description: Life cycle status.
      type: str
      returned: always
      sample: ACTIVE
    availability_zone:
      description: Availability Zone that it belongs to.
      type: str
      returned: always
      sample: us-west-2b
    availability_zone_id:
      description: Id of that Availability Zone.
      type: str
      returned: always
      sample: usw2-az1
    supported_hardware_type:
      description: V(RACK), with a local gateway, or V(SERVER), with local network interfaces.
      type: str
      returned: always
      sample: RACK
    tags:
      description: Tags of the Outpost.
      type: dict
      returned: always
      sample: {fleet: retail}
    capacity:
      description:
        - By instance type, C(total) instances that its hosts are configured for, C(used) by instances that run or are
          about to (those of other AWS services too), and C(free) for more on hosts that are V(ACTIVE).
      type: dict
      returned: when O(include_capacity=true)
      sample: {c5.large: {total: 8, used: 3, free: 5}}
    hosts:
      description: Its hosts, assets of type V(COMPUTE).
      type: list
      elements: dict
      returned: when O(include_capacity=true)
      contains:
        asset_id:
          description: Id of the asset.
          type: str
          sample: "0000000001"
        host_id:
          description: Id of the host.
          type: str
          sample: h-0123456789abcdef0
        rack_id:
          description: Id of the rack.
          type: str
          sample: "0000000001"
        state:
          description: State of the host; only one that is V(ACTIVE) takes new instances.
          type: str
          sample: ACTIVE
        instance_families:
          description: Instance families that it carries.
          type: list
          elements: str
          sample: [c5]
        max_vcpus:
          description: Number of vCPUs.
          type: int
          sample: 96
        capacity:
          description: Capacity of this host, as that of the Outpost.
          type: dict
          sample: {c5.large: {total: 4, used: 3, free: 1}}
    configured_instance_types:
      description: Instance types that it is configured for, each with its number of vCPUs.
      type: list
      elements: dict
      returned: when O(include_configured_instance_types=true)
      sample: [{instance_type: c5.large, vcpus: 2}]
    supported_instance_types:
      description: Instance types that it could be configured for, each with its number of vCPUs.
      type: list
      elements: dict
      returned: when O(include_supported_instance_types=true)
      sample: [{instance_type: c5.24xlarge, vcpus: 96}]
missing:
  description: Those of O(outposts) that are not there, or that the other options leave out.
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._outposts import outposts, validation

_NAMES = {"type": "list", "elements": "str"}
ARGUMENTS = {
    "outposts": _NAMES,
    "sites": _NAMES,
    "availability_zones": _NAMES,
    "life_cycle_status": _NAMES,
    "include_capacity": {"type": "bool", "default": True},
    "include_configured_instance_types": {"type": "bool", "default": False},
    "include_supported_instance_types": {"type": "bool", "default": False},
}
_FILTERS = ("outposts", "sites", "availability_zones", "life_cycle_status")
_PARTS = {
    "include_capacity": outposts.read_capacity,
    "include_configured_instance_types": outposts.read_configured_types,
    "include_supported_instance_types": outposts.read_supported_types,
}


def read_query(params: dict[str, Any]) -> outposts.OutpostQuery | None:
    """None when nothing can match: an empty list asks for nothing, not for everything."""
    given: dict[str, list[str]] = {name: params[name] for name in _FILTERS if params[name] is not None}
    if not all(given.values()):
        return None
    validation.check_outposts(given.get("outposts", []))
    if "sites" in given:
        given["sites"] = validation.read_sites(given["sites"])
    return outposts.OutpostQuery(**given)


def fetch(client: Any, query: outposts.OutpostQuery, parts: list[str]) -> list[Resource]:
    found = sorted(outposts.select(outposts.list_all(client), query), key=lambda outpost: str(outpost["outpost_id"]))
    for outpost in found:
        for part in parts:
            outpost.update(_PARTS[part](client, outpost["outpost_id"]))
    return found


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    try:
        query = read_query(params)
        parts = [name for name in _PARTS if params[name]]
        found = fetch(module.client("outposts", config=CLIENT_CONFIG), query, parts) if query else []
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=False, outposts=found, missing=outposts.missing(found, params["outposts"] or []))


if __name__ == "__main__":
    main()
