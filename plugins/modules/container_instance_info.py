#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_instance_info
short_description: List and describe Amazon ECS container instances
version_added: 0.1.0
description:
  - Describes the container instances of a cluster, in pages and batches of a hundred.
  - Calls C(ecs:ListContainerInstances) and C(ecs:DescribeContainerInstances), and with O(managed_nodes)
    C(ssm:DescribeInstanceInformation).
author:
  - Edgefleet contributors (@edgefleet)
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  container_instances:
    description:
      - Only these, each by the id of its managed node (V(mi-...)), of its EC2 instance (V(i-...)), or by its own id or
        ARN. Left out, all of the cluster.
    type: list
    elements: str
  status:
    description: Only those with this status. Left out, all but those that are V(INACTIVE).
    type: str
    choices: [ACTIVE, DRAINING, REGISTERING, DEREGISTERING, REGISTRATION_FAILED]
  filter:
    description:
      - Only those that match this expression of the cluster query language
        U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html).
    type: str
  include_attributes:
    description: Whether to return the attributes; each host has about forty.
    type: bool
    default: true
  include_resources:
    description: Whether to return registered and remaining resources.
    type: bool
    default: false
  managed_nodes:
    description:
      - Ids of managed nodes that Systems Manager is asked for beside, in pages of fifty, as
        M(edgefleet.ecs.managed_node_info) does.
      - Whoever needs both is spared the start of a second module, which takes longer than what it asks.
    type: list
    elements: str
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.info_module
  - edgefleet.ecs.attributes.actiongroup_aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: edgefleet.ecs.container_instance
  - module: edgefleet.ecs.managed_node_info
"""

EXAMPLES = r"""
- name: Describe all container instances of a cluster
  edgefleet.ecs.container_instance_info:
    cluster: retail-edge
  register: hosts

- name: Describe the hosts of a site whose agent is not connected
  edgefleet.ecs.container_instance_info:
    cluster: retail-edge
    filter: attribute:site == lyon and agentConnected == false
    include_attributes: false
  register: silent_hosts
"""

RETURN = r"""
container_instances:
  description: The container instances, in the order of their machine ids.
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
    status_reason:
      description: Why it has this status, if AWS says so.
      type: str
      returned: always
      sample: Instance is draining
    agent_connected:
      description: Whether its agent is connected to the Region.
      type: bool
      returned: always
      sample: true
    agent_version:
      description: Version of the ECS agent.
      type: str
      returned: always
      sample: 1.105.1
    docker_version:
      description: Version of the container engine.
      type: str
      returned: always
      sample: 'DockerVersion: 20.10.24'
    running_tasks_count:
      description: Number of running tasks.
      type: int
      returned: always
      sample: 3
    pending_tasks_count:
      description: Number of pending tasks.
      type: int
      returned: always
      sample: 0
    registered_at:
      description: When it registered.
      type: str
      returned: always
      sample: '2026-11-21T22:45:00+00:00'
    attributes:
      description: Attributes by name, those of ECS included; an empty text when there is no value.
      type: dict
      returned: when O(include_attributes=true)
      sample: {site: lyon, ecs.os-type: linux}
    tags:
      description: Tags.
      type: dict
      returned: always
      sample: {fleet: retail}
    registered_resources:
      description: What the host brings, by the names of AWS.
      type: dict
      returned: when O(include_resources=true)
      sample: {CPU: 4096, MEMORY: 7821, PORTS: ['22', '2375']}
    remaining_resources:
      description: What is left of it.
      type: dict
      returned: when O(include_resources=true)
      sample: {CPU: 3840, MEMORY: 7565, PORTS: ['22', '2375', '8080']}
managed_nodes:
  description: Those of O(managed_nodes) that there are, as M(edgefleet.ecs.managed_node_info) returns them.
  returned: with O(managed_nodes), also when ECS has refused to answer
  type: list
  elements: dict
  sample: []
missing:
  description: Those of O(container_instances) that are not in the cluster, or that the other options leave out.
  returned: success
  type: list
  elements: str
  sample: []
"""

from collections.abc import Iterable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._ecs import container_instances as instances
from ..module_utils._ecs import validation
from ..module_utils._ssm import managed_nodes as nodes
from ..module_utils._ssm.validation import check_node_ids

ARGUMENTS = {
    "cluster": {"type": "str", "required": True},
    "container_instances": {"type": "list", "elements": "str"},
    "status": {
        "type": "str",
        "choices": ["ACTIVE", "DRAINING", "REGISTERING", "DEREGISTERING", "REGISTRATION_FAILED"],
    },
    "filter": {"type": "str"},
    "include_attributes": {"type": "bool", "default": True},
    "include_resources": {"type": "bool", "default": False},
    "managed_nodes": {"type": "list", "elements": "str"},
}


def fetch(client: Any, params: dict[str, Any], references: list[str] | None) -> tuple[list[Resource], list[str]]:
    """The described instances, and the references that none of them answers to."""
    cluster, status, expression = params["cluster"], params["status"], params["filter"]
    if references is None:
        return instances.describe(client, cluster, instances.list_arns(client, cluster, status, expression)), []
    found = instances.best(instances.resolve(client, cluster, references))
    if status or expression:
        allowed = set(instances.list_arns(client, cluster, status, expression))
        left_out = {name for name, item in found.items() if item and item["container_instance_arn"] not in allowed}
        found = {name: None if name in left_out else item for name, item in found.items()}
    return instances.unique(found.values()), [name for name, item in found.items() if item is None]


def select(found: Iterable[Resource], hidden: set[str]) -> list[Resource]:
    ordered = sorted(found, key=lambda item: (str(item["ec2_instance_id"]), item["container_instance_arn"]))
    return [{key: value for key, value in item.items() if key not in hidden} for item in ordered]


def read_nodes(module: AnsibleAWSModule) -> dict[str, Any]:
    """An empty list asks for nobody, not for everybody."""
    given = module.params["managed_nodes"]
    if given is None:
        return {}
    query = nodes.NodeQuery(instance_ids=check_node_ids(given, "managed_nodes"))
    return {"managed_nodes": nodes.describe(module.client("ssm", config=CLIENT_CONFIG), query) if given else []}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    hidden = set() if params["include_attributes"] else {"attributes"}
    hidden |= set() if params["include_resources"] else {"registered_resources", "remaining_resources"}
    beside: dict[str, Any] = {}
    try:
        validation.check_cluster(params["cluster"])
        given = params["container_instances"]
        references = None if given is None else validation.check_container_instances(given)
        beside = read_nodes(module)
        found, missing = fetch(module.client("ecs", config=CLIENT_CONFIG), params, references)
    except FleetError as error:
        module.fail_json(**error.result(), **beside)
    module.exit_json(changed=False, container_instances=select(found, hidden), missing=missing, **beside)


if __name__ == "__main__":
    main()
