#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: activation
short_description: Manage AWS Systems Manager hybrid activations
version_added: 0.1.0
description:
  - Creates an activation, with which machines outside of AWS register as managed nodes, and deletes activations.
  - AWS tells the code of an activation once, when it is created. So O(state=present) always creates a new one; delete
    it when the machines have registered.
  - Calls C(ssm:CreateActivation), C(ssm:DescribeActivations) and C(ssm:DeleteActivation). To create one with tags also
    needs C(ssm:AddTagsToResource), and to hand over the role C(iam:PassRole).
author:
  - Edgefleet contributors (@edgefleet)
options:
  state:
    description:
      - With V(present), a new activation is created.
      - With V(absent), the activations that O(activation_ids), or O(name) and O(tags), select are deleted, expired ones
        too.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - Default name of the managed nodes that register with it (C(DefaultInstanceName)).
      - With O(state=absent), selects the activations with exactly this name.
    type: str
  description:
    description: Description of the activation.
    type: str
  role:
    description:
      - Name of the IAM role that the managed nodes take. It must be trusted by C(ssm.amazonaws.com).
      - Required with O(state=present).
    type: str
  limit:
    description: How many machines may register with it, 1 to 1000.
    type: int
    default: 1
  expires_in:
    description: After how many hours it can no longer be used, 1 to 720 (30 days).
    type: int
    default: 24
  tags:
    description:
      - Tags of the activation; AWS gives them to the managed nodes that register with it, too.
      - With O(state=absent), selects among the activations with O(name) those that have all of these tags.
    type: dict
    aliases:
      - resource_tags
  activation_ids:
    description: Activations to delete, with O(state=absent).
    type: list
    elements: str
  wait:
    description: Whether to wait for a role that was made so recently that AWS Systems Manager does not know it yet.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait for the role at most.
    type: int
    default: 30
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
    details: The code is never part of the difference.
  idempotent:
    support: partial
    details: O(state=absent) is idempotent. O(state=present) creates an activation each time.
notes:
  - The result of O(state=present) holds a secret. Set C(no_log) on the task, keep the code out of facts and files, and
    delete the activation at the end of the run, also of a run that failed.
  - AWS has no token to make the creation repeatable. When a connection breaks at the wrong moment, an activation that
    nobody knows the code of stays behind; deleting by O(name) and O(tags) removes it as well.
"""

EXAMPLES = r"""
- name: Let up to twenty machines of site Lyon register during the next two hours
  edgefleet.ecs.activation:
    name: retail-lyon
    role: retail-external-instance
    limit: 20
    expires_in: 2
    tags:
      fleet: retail
      site: lyon
  no_log: true
  register: lyon_activation

- name: Delete every activation of that site
  edgefleet.ecs.activation:
    state: absent
    name: retail-lyon
    tags:
      fleet: retail
      site: lyon

- name: Delete activations by their ids
  edgefleet.ecs.activation:
    state: absent
    activation_ids:
      - 5743558d-563b-4457-8682-d16c3a0e4a51
"""

RETURN = r"""
activation:
  description: The new activation.
  returned: when O(state=present)
  type: dict
  contains:
    activation_id:
      description: Its id; V(null) in check mode.
      type: str
      returned: always
      sample: 5743558d-563b-4457-8682-d16c3a0e4a51
    activation_code:
      description: Its code, a secret; V(null) in check mode.
      type: str
      returned: always
      sample: dRmgnYaFv567vEXAMPLE
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
      sample: 0
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
activations:
  description: The activations that were deleted, or would be, with the same members except for the code.
  returned: when O(state=absent)
  type: list
  elements: dict
  sample: []
"""

from datetime import datetime, timezone
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError, InvalidInput
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._aws.tags import read_tags
from ..module_utils._ssm import activations, validation

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str"},
    "description": {"type": "str"},
    "role": {"type": "str"},
    "limit": {"type": "int", "default": 1},
    "expires_in": {"type": "int", "default": 24},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "activation_ids": {"type": "list", "elements": "str"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 30},
}


def read_wanted(params: dict[str, Any]) -> activations.WantedActivation:
    if params["activation_ids"]:
        raise InvalidInput("Option activation_ids selects what to delete; it has no meaning with state: present.")
    return activations.WantedActivation(
        role=validation.check_role(params["role"]),
        limit=validation.check_limit(params["limit"]),
        hours=validation.check_hours(params["expires_in"]),
        name=validation.check_name(params["name"]),
        description=validation.check_description(params["description"]),
        tags=read_tags(params["tags"]) or {},
    )


def ensure_created(
    client: Any, wanted: activations.WantedActivation, check_mode: bool, timeout: int
) -> tuple[bool, Resource]:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    if check_mode:
        return True, {"activation_id": None, "activation_code": None, **activations.predict(wanted, now)}
    return True, activations.create_patiently(client, wanted, now, timeout)


def ensure_absent(client: Any, params: dict[str, Any], check_mode: bool) -> tuple[bool, list[Resource]]:
    if params["activation_ids"] is not None:
        found = activations.find_by_ids(client, params["activation_ids"])
    else:
        found = activations.find_by_name(client, params["name"], params["tags"])
    for activation in [] if check_mode else found:
        activations.delete(client, activation["activation_id"])
    return bool(found), found


def read_selection(params: dict[str, Any]) -> dict[str, Any]:
    ids = params["activation_ids"]
    return {
        "activation_ids": None if ids is None else validation.check_activation_ids(ids),
        "name": validation.check_name(params["name"]),
        "tags": read_tags(params["tags"]) or {},
    }


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    params = module.params
    if params["state"] == "present":
        wanted = read_wanted(params)
        client = module.client("ssm", config=CLIENT_CONFIG)
        timeout = params["wait_timeout"] if params["wait"] else 0
        changed, activation = ensure_created(client, wanted, module.check_mode, timeout)
        shown = {key: value for key, value in activation.items() if key != "activation_code"}
        return {"changed": changed, "activation": activation, "diff": {"before": {}, "after": shown}}
    selection = read_selection(params)
    changed, found = ensure_absent(module.client("ssm", config=CLIENT_CONFIG), selection, module.check_mode)
    before = {activation["activation_id"]: activation for activation in found}
    return {"changed": changed, "activations": found, "diff": {"before": before, "after": {}}}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[("state", "present", ["role"]), ("state", "absent", ["activation_ids", "name"], True)],
        mutually_exclusive=[("activation_ids", "name"), ("activation_ids", "tags")],
    )
    try:
        result = run(module)
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
