#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_instance
short_description: Manage Amazon ECS container instances
version_added: 0.1.0
description:
  - Activates, drains, labels and deregisters container instances, many at once, in the largest batches that AWS takes.
  - Registering is what the ECS agent on the host does; this module can wait for it.
  - Calls C(ecs:ListContainerInstances), C(ecs:DescribeContainerInstances), C(ecs:UpdateContainerInstancesState),
    C(ecs:PutAttributes), C(ecs:DeleteAttributes), C(ecs:TagResource), C(ecs:UntagResource),
    C(ecs:DeregisterContainerInstance), and for a drain C(ecs:ListTasks) and C(ecs:DescribeTasks).
author:
  - Edgefleet contributors (@edgefleet)
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  container_instances:
    description:
      - The container instances, each by the id of its managed node (V(mi-...)), of its EC2 instance (V(i-...)), or by
        its own id or ARN.
      - When a machine has registered more than once, the record whose agent is connected is taken, then the newest;
        O(state=absent) takes all of them.
    type: list
    elements: str
    required: true
  state:
    description:
      - With V(present), attributes and tags are set and the status stays as it is.
      - With V(active), tasks may be placed on them.
      - With V(draining), no more tasks are placed on them and the tasks of services move away. Tasks without a service
        stay.
      - With V(absent), they are deregistered. One that still has tasks is refused, unless O(force=true).
    type: str
    choices: [present, active, draining, absent]
    default: present
  attributes:
    description:
      - Custom attributes by name, for placement constraints such as C(attribute:site == lyon). An empty text stands for
        an attribute without a value. An instance holds ten.
    type: dict
  attributes_by_instance:
    description:
      - More attributes of single instances, over those of O(attributes). Each key is one of O(container_instances).
    type: dict
  drop_attributes:
    description: Names of custom attributes to remove.
    type: list
    elements: str
    default: []
  drop_attributes_by_instance:
    description:
      - Names of more custom attributes to remove from single instances, as lists. Each key is one of
        O(container_instances).
    type: dict
  tags_by_instance:
    description:
      - More tags of single instances, over those of O(tags). Each key is one of O(container_instances).
    type: dict
  drop_tags_by_instance:
    description:
      - Keys of tags to remove from single instances, as lists. Each key is one of O(container_instances).
    type: dict
  purge_attributes:
    description:
      - Whether custom attributes that are not named by O(attributes) or O(attributes_by_instance) are removed. Has no
        effect where neither is given. Those of ECS itself always stay.
    type: bool
    default: false
  force:
    description:
      - With O(state=absent), deregisters also instances that run tasks. The tasks go on, and ECS knows no more of them.
    type: bool
    default: false
  wait:
    description:
      - With O(state=active), waits until all are registered, ACTIVE, and their agent is connected. Managed nodes and
        EC2 instances may register during the wait.
      - With O(state=draining), waits until no task of a service is left on any of them.
    type: bool
    default: false
  standalone_tasks:
    description:
      - What O(state=draining) with O(wait=true) does about tasks that belong to no service, which ECS leaves alone.
      - V(ignore) does not wait for them, V(wait) waits until they have ended by themselves, and V(stop) stops them
        (C(ecs:StopTask)) once no more can be placed, and waits.
    type: str
    choices: [ignore, wait, stop]
    default: ignore
  wait_timeout:
    description: How many seconds to wait at most, for all of them together.
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
    details: Does not wait. Instances that would be waited for until they register are returned in RV(missing).
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: edgefleet.ecs.container_instance_info
"""

EXAMPLES = r"""
- name: Wait until two new hosts serve the cluster, and say where they are
  edgefleet.ecs.container_instance:
    cluster: retail-edge
    container_instances:
      - mi-0123456789abcdef0
      - mi-0123456789abcdef1
    state: active
    attributes:
      site: lyon
    wait: true

- name: Empty a host before its container engine is restarted
  edgefleet.ecs.container_instance:
    cluster: retail-edge
    container_instances: [mi-0123456789abcdef0]
    state: draining
    wait: true

- name: Remove the record of a host that is gone
  edgefleet.ecs.container_instance:
    cluster: retail-edge
    container_instances: [mi-0123456789abcdef0]
    state: absent
    force: true
"""

RETURN = r"""
container_instances:
  description:
    - The container instances, in check mode as they would be; empty with O(state=absent).
    - Each has all that M(edgefleet.ecs.container_instance_info) returns; these are the members this module works with.
  returned: success
  type: list
  elements: dict
  contains:
    container_instance_arn:
      description: ARN of the container instance.
      type: str
      returned: always
      sample: arn:aws:ecs:us-west-2:111122223333:container-instance/retail-edge/0f9de17a6465404e8b1b2356dc13c2f8
    ec2_instance_id:
      description: Id of the machine; of an external instance the id of its managed node.
      type: str
      returned: always
      sample: mi-0123456789abcdef0
    status:
      description: Status in ECS.
      type: str
      returned: always
      sample: ACTIVE
    agent_connected:
      description: Whether its agent is connected to the Region.
      type: bool
      returned: always
      sample: true
    running_tasks_count:
      description: Number of running tasks.
      type: int
      returned: always
      sample: 3
    service_tasks_count:
      description: Number of tasks of services that have not stopped.
      type: int
      returned: when O(state=draining) and O(wait=true)
      sample: 0
    standalone_tasks:
      description: ARNs of tasks of no service that have not stopped.
      type: list
      elements: str
      returned: when O(state=draining) and O(wait=true)
      sample: []
    attributes:
      description: Attributes by name, those of ECS included; an empty text when there is no value.
      type: dict
      returned: always
      sample: {site: lyon, ecs.os-type: linux}
    tags:
      description: Tags.
      type: dict
      returned: always
      sample: {fleet: retail}
missing:
  description: Those of O(container_instances) that are not in the cluster.
  returned: success
  type: list
  elements: str
  sample: []
pending:
  description: By name as given, the last seen state of those that did not get where they should in time.
  returned: when a wait failed
  type: dict
  sample: {mi-0123456789abcdef0: 'ACTIVE, agent not connected'}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError, NotPossible
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._aws.tags import read_tags
from ..module_utils._ecs import container_instances as instances
from ..module_utils._ecs import plan, validation, waiting

ARGUMENTS = {
    "cluster": {"type": "str", "required": True},
    "container_instances": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "active", "draining", "absent"], "default": "present"},
    "attributes": {"type": "dict"},
    "attributes_by_instance": {"type": "dict"},
    "drop_attributes": {"type": "list", "elements": "str", "default": []},
    "drop_attributes_by_instance": {"type": "dict"},
    "tags_by_instance": {"type": "dict"},
    "drop_tags_by_instance": {"type": "dict"},
    "purge_attributes": {"type": "bool", "default": False},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 300},
    "standalone_tasks": {"type": "str", "choices": ["ignore", "wait", "stop"], "default": "ignore"},
}
_STATUS = {"active": "ACTIVE", "draining": "DRAINING"}


def read_wanted(params: dict[str, Any], references: list[str]) -> plan.WantedInstance:
    attributes, tags = validation.read_attributes(params["attributes"]), read_tags(params["tags"])
    attributes_of = validation.read_attributes_of(params["attributes_by_instance"], references)
    tags_of = validation.read_tags_of(params["tags_by_instance"], references)

    def dropped(option: str, kept: dict[str, str] | None, kept_of: dict[str, dict[str, str]]) -> dict[str, list[str]]:
        return validation.read_drop_of(params[option], references, option, kept, kept_of)

    return plan.WantedInstance(
        status=_STATUS.get(params["state"]),
        attributes=attributes,
        attributes_of=attributes_of,
        drop_attributes=validation.check_drop(params["drop_attributes"], attributes),
        drop_attributes_of=dropped("drop_attributes_by_instance", attributes, attributes_of),
        purge_attributes=params["purge_attributes"],
        tags=tags,
        tags_of=tags_of,
        drop_tags_of=dropped("drop_tags_by_instance", tags, tags_of),
        purge_tags=params["purge_tags"],
    )


def ensure_present(
    client: Any, cluster: str, before: waiting.Instances, wanted: plan.WantedInstance, check_mode: bool
) -> tuple[bool, waiting.Instances]:
    changes = plan.compare_all(before, wanted)
    if not any(change for _instance, change in changes):
        return False, before
    if check_mode:
        return True, plan.predict_all(before, changes)
    instances.apply(client, cluster, changes)
    return True, instances.look_again(client, cluster, before)


def ensure_absent(
    client: Any, cluster: str, before: list[Resource], force: bool, check_mode: bool
) -> tuple[bool, list[Resource]]:
    busy = [item["ec2_instance_id"] for item in before if item["running_tasks_count"] + item["pending_tasks_count"]]
    if busy and not force:
        raise NotPossible(
            f"Container instances that still have tasks are not deregistered: {', '.join(busy)}. Drain them and stop "
            "tasks that belong to no service, or set force to leave the tasks running without ECS."
        )
    if not check_mode:
        instances.deregister(client, cluster, before, force)
    return bool(before), []


def run_absent(client: Any, cluster: str, references: list[str], force: bool, check_mode: bool) -> dict[str, Any]:
    found = instances.resolve(client, cluster, references)
    before = instances.unique(instance for records in found.values() for instance in records)
    changed, after = ensure_absent(client, cluster, before, force, check_mode)
    return result(changed, before, after, [name for name, records in found.items() if not records])


def run_present(
    client: Any,
    cluster: str,
    references: list[str],
    wanted: plan.WantedInstance,
    wait: str,
    timeout: int,
    dry: bool,
    standalone: str = waiting.IGNORE,
) -> dict[str, Any]:
    """`wait` is the state to wait for, or empty. Check mode (`dry`) cannot know who would register meanwhile."""
    deadline = waiting.Deadline(timeout)
    before = waiting.locate(client, cluster, references, deadline if wait == "active" and not dry else None)
    if not (wait == "active" and dry):
        waiting.require_all(cluster, before)
    changed, after = ensure_present(client, cluster, before, wanted, dry)
    if wait == "active" and not dry:
        after = waiting.wait_connected(client, cluster, after, deadline)
    elif wait and not dry:
        after = waiting.wait_drained(client, cluster, after, deadline, standalone)
    return result(changed, instances.unique(before.values()), instances.unique(after.values()), waiting.missing(after))


def result(changed: bool, before: list[Resource], after: list[Resource], missing: list[str]) -> dict[str, Any]:
    diff = {"before": plan.difference(before), "after": plan.difference(after)}
    return {"changed": changed, "container_instances": after, "missing": missing, "diff": diff}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params, dry = module.params, module.check_mode
    try:
        cluster = validation.check_cluster(params["cluster"])
        references = validation.check_container_instances(params["container_instances"])
        wanted = read_wanted(params, references)
        client = module.client("ecs", config=CLIENT_CONFIG)
        if params["state"] == "absent":
            outcome = run_absent(client, cluster, references, params["force"], dry)
        else:
            wait = params["state"] if params["wait"] and params["state"] in _STATUS else ""
            timeout, alone = params["wait_timeout"], params["standalone_tasks"]
            outcome = run_present(client, cluster, references, wanted, wait, timeout, dry, alone)
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(**outcome)


if __name__ == "__main__":
    main()
