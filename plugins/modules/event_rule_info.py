#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: event_rule_info
short_description: Describe Amazon EventBridge rules
version_added: 0.1.0
description:
  - Describes the rules of an event bus, with their targets and tags.
  - Calls C(events:ListRules), C(events:ListTagsForResource) for each rule, and C(events:ListTargetsByRule) for each
    rule that has the wanted tags.
author:
  - Edgefleet contributors (@edgefleet)
options:
  event_bus_name:
    description: Name of the event bus.
    type: str
    default: default
  name_prefix:
    description: Only the rules whose names begin so.
    type: str
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
  - module: edgefleet.ecs.event_rule
"""

EXAMPLES = r"""
- name: Describe the rules of a fleet
  edgefleet.ecs.event_rule_info:
    tags:
      fleet: retail
  register: rules
"""

RETURN = r"""
rules:
  description: The rules, in the order of their names, each as M(edgefleet.ecs.event_rule) returns it.
  returned: success
  type: list
  elements: dict
  sample: [{name: retail-import, enabled: true, schedule_expression: rate(1 hour), tags: {fleet: retail}}]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG
from ..module_utils._aws.tags import read_tags
from ..module_utils._events import rule_plan, rules

ARGUMENTS = {
    "event_bus_name": {"type": "str", "default": "default"},
    "name_prefix": {"type": "str"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
}


def find(client: Any, bus: str, prefix: str | None, tags: dict[str, str]) -> list[Any]:
    """Targets are asked for where the tags match only."""
    found = []
    for rule in sorted(rules.list_rules(client, bus, prefix), key=lambda one: str(one["Name"])):
        if not tags or tags.items() <= rules.read_tags(client, rule).items():
            found.append(rule_plan.shape(rules.complete(client, bus, rule)))
    return found


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        tags = read_tags(module.params["tags"]) or {}
        client = module.client("events", config=CLIENT_CONFIG)
        found = find(client, module.params["event_bus_name"], module.params["name_prefix"], tags)
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=False, rules=found)


if __name__ == "__main__":
    main()
