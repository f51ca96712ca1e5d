#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: activation_info
short_description: Describe AWS Systems Manager hybrid activations
version_added: 0.1.0
description:
  - Describes activations, expired and used-up ones too, in pages of fifty. AWS never tells their codes again.
  - All options together select.
  - Calls C(ssm:DescribeActivations).
author:
  - Edgefleet contributors (@edgefleet)
options:
  activation_ids:
    description: Only the activations with these ids.
    type: list
    elements: str
  name:
    description: Only those with exactly this default name of managed nodes (C(DefaultInstanceName)).
    type: str
  role:
    description: Only those whose managed nodes take this IAM role.
    type: str
  expired:
    description: Only those that have expired, or only those that have not.
    type: bool
  tags:
    description: Only those that have all of these tags.
    type: dict
    aliases:
      - resource_tags
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.info_module
  - edgefleet.ecs.attributes.actiongroup_aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: edgefleet.ecs.activation
  - module: edgefleet.ecs.managed_node_info
"""

EXAMPLES = r"""
- name: See which activations of the fleet can still be used
  edgefleet.ecs.activation_info:
    tags:
      fleet: retail
    expired: false
  register: open_activations
"""

RETURN = r"""
activations:
  description: The activations, the oldest first. A member that AWS does not tell is V(null).
  returned: success
  type: list
  elements: dict
  contains:
    activation_id:
      description: Its id.
      type: str
      returned: always
      sample: 5743558d-563b-4457-8682-d16c3a0e4a51
    name:
      description: Default name of its managed nodes.
      type: str
      returned: always
      sample: retail-lyon
    description:
      description: Its description.
      type: str
      returned: always
      sample: Installation of the back office
    role:
      description: IAM role of its managed nodes.
      type: str
      returned: always
      sample: retail-external-instance
    limit:
      description: How many machines may register.
      type: int
      returned: always
      sample: 20
    registrations_count:
      description: How many have registered.
      type: int
      returned: always
      sample: 3
    created_date:
      description: When it was created.
      type: str
      returned: always
      sample: '2026-11-21T22:45:00+00:00'
    expiration_date:
      description: When it expires.
      type: str
      returned: always
      sample: '2026-11-22T22:45:00+00:00'
    expired:
      description: Whether it has expired.
      type: bool
      returned: always
      sample: false
    tags:
      description: Its tags.
      type: dict
      returned: always
      sample: {fleet: retail, site: lyon}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._aws.tags import read_tags
from ..module_utils._ssm import activations, validation

ARGUMENTS = {
    "activation_ids": {"type": "list", "elements": "str"},
    "name": {"type": "str"},
    "role": {"type": "str"},
    "expired": {"type": "bool"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
}


def read_selection(params: dict[str, Any]) -> dict[str, Any]:
    ids, role = params["activation_ids"], params["role"]
    return {
        "ids": None if ids is None else validation.check_activation_ids(ids),
        "name": validation.check_name(params["name"]),
        "role": None if role is None else validation.check_role(role),
    }


def choose(found: list[Resource], tags: dict[str, str], expired: bool | None) -> list[Resource]:
    chosen = [item for item in activations.select(found, tags=tags) if expired in (None, bool(item["expired"]))]
    return sorted(chosen, key=lambda item: (str(item["created_date"] or ""), str(item["activation_id"])))


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        selection = read_selection(module.params)
        tags = read_tags(module.params["tags"]) or {}
        found = activations.find(module.client("ssm", config=CLIENT_CONFIG), **selection)
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=False, activations=choose(found, tags, module.params["expired"]))


if __name__ == "__main__":
    main()
