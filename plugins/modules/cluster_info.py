#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: List and describe Amazon ECS clusters
version_added: 0.1.0
description:
  - Describes clusters with their settings, configuration, capacity providers and tags, in pages and batches of a
    hundred. Deleted clusters, which ECS describes for a while, are left out.
  - Calls C(ecs:ListClusters), unless O(clusters) is given, and C(ecs:DescribeClusters).
author:
  - Edgefleet contributors (@edgefleet)
options:
  clusters:
    description: Only these, each by its name or ARN. Left out, all of the account and Region.
    type: list
    elements: str
  tags:
    description: Only those that have all of these tags.
    type: dict
    aliases:
      - resource_tags
  include_statistics:
    description: Whether to return the numbers of tasks and services by launch type.
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
  - module: edgefleet.ecs.cluster
"""

EXAMPLES = r"""
- name: Describe the clusters of a fleet, with how many external tasks they run
  edgefleet.ecs.cluster_info:
    tags:
      fleet: retail
    include_statistics: true
  register: retail

- name: Describe one cluster
  edgefleet.ecs.cluster_info:
    clusters: [retail-edge]
"""

RETURN = r"""
clusters:
  description: The clusters, in the order of their names.
  returned: success
  type: list
  elements: dict
  contains:
    cluster_arn:
      description: ARN of the cluster.
      type: str
      returned: always
      sample: arn:aws:ecs:us-west-2:111122223333:cluster/retail-edge
    cluster_name:
      description: Name of the cluster.
      type: str
      returned: always
      sample: retail-edge
    status:
      description: Status of the cluster.
      type: str
      returned: always
      sample: ACTIVE
    settings:
      description: Settings by name.
      type: dict
      returned: always
      sample: {containerInsights: enabled}
    configuration:
      description: Configuration, as M(edgefleet.ecs.cluster) takes it.
      type: dict
      returned: always
      sample: {execute_command_configuration: {logging: DEFAULT}}
    capacity_providers:
      description: Names of its capacity providers.
      type: list
      elements: str
      returned: always
      sample: [FARGATE]
    default_capacity_provider_strategy:
      description: Its default strategy.
      type: list
      elements: dict
      returned: always
      sample: [{capacity_provider: FARGATE, weight: 1, base: 0}]
    service_connect_defaults:
      description: Defaults of Service Connect, with C(namespace), an ARN, where the cluster has one.
      type: dict
      returned: always
      sample: {}
    tags:
      description: Tags of the cluster.
      type: dict
      returned: always
      sample: {fleet: retail}
    registered_container_instances_count:
      description: Number of container instances, active and draining.
      type: int
      returned: always
      sample: 12
    running_tasks_count:
      description: Number of running tasks.
      type: int
      returned: always
      sample: 30
    pending_tasks_count:
      description: Number of pending tasks.
      type: int
      returned: always
      sample: 0
    active_services_count:
      description: Number of active services.
      type: int
      returned: always
      sample: 3
    statistics:
      description: Numbers by ECS's own names.
      type: dict
      returned: when O(include_statistics=true)
      sample: {runningExternalTasksCount: 30, activeExternalServiceCount: 3}
missing:
  description: Those of O(clusters) that are not there.
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._aws.tags import read_tags
from ..module_utils._ecs import clusters, validation

ARGUMENTS = {
    "clusters": {"type": "list", "elements": "str"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "include_statistics": {"type": "bool", "default": False},
}


def read(client: Any, references: list[str] | None, statistics: bool) -> list[Resource]:
    asked = clusters.list_arns(client) if references is None else references
    found = clusters.describe_all(client, asked, f"read {len(asked)} clusters", statistics)
    # A cluster may be given by its name and by its ARN.
    return sorted({item["cluster_arn"]: item for item in found}.values(), key=lambda item: str(item["cluster_name"]))


def is_named(cluster: Resource, reference: str) -> bool:
    return reference in (cluster["cluster_name"], cluster["cluster_arn"])


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    try:
        references = validation.check_clusters(params["clusters"])
        tags = read_tags(params["tags"]) or {}
        found = read(module.client("ecs", config=CLIENT_CONFIG), references, params["include_statistics"])
    except FleetError as error:
        module.fail_json(**error.result())
    missing = [name for name in references or [] if not any(is_named(cluster, name) for cluster in found)]
    chosen = [cluster for cluster in found if tags.items() <= cluster["tags"].items()]
    module.exit_json(changed=False, clusters=chosen, missing=missing)


if __name__ == "__main__":
    main()
