#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster
short_description: Manage an Amazon ECS cluster
version_added: 0.1.0
description:
  - Creates, updates and deletes an ECS cluster.
  - Whatever is not named stays as it is. Capacity providers, settings, parts of the configuration and tags that others
    have put on the cluster are never removed, unless O(purge_capacity_providers=true) or O(purge_tags=true) asks for
    it.
  - Calls C(ecs:DescribeClusters), C(ecs:CreateCluster), C(ecs:UpdateCluster), C(ecs:PutClusterCapacityProviders),
    C(ecs:DeleteCluster), C(ecs:TagResource) and C(ecs:UntagResource), and C(servicediscovery:GetNamespace) when
    O(service_connect_defaults) gives the name of a namespace and the cluster has one.
author:
  - Edgefleet contributors (@edgefleet)
options:
  name:
    description: Name of the cluster, 1 to 255 letters, digits, hyphens and underscores.
    type: str
    required: true
  state:
    description:
      - With V(present), the cluster exists as described.
      - With V(absent), it does not. A cluster that still has container instances, services or tasks is not deleted.
    type: str
    choices: [present, absent]
    default: present
  settings:
    description:
      - Settings of the cluster, by name. ECS knows C(containerInsights), one of V(disabled), V(enabled), V(enhanced).
    type: dict
  configuration:
    description: Configuration of the cluster. Members left out stay as they are.
    type: dict
    suboptions:
      execute_command_configuration:
        description: How ECS Exec works on this cluster.
        type: dict
        suboptions:
          kms_key_id:
            description: Key that encrypts the data between client and container.
            type: str
          logging:
            description: Where the commands are logged; V(OVERRIDE) is the place given by C(log_configuration).
            type: str
            choices: [NONE, DEFAULT, OVERRIDE]
          log_configuration:
            description: The places of the log.
            type: dict
            suboptions:
              cloud_watch_log_group_name:
                description: Log group in CloudWatch Logs.
                type: str
              cloud_watch_encryption_enabled:
                description: Whether that log is encrypted.
                type: bool
              s3_bucket_name:
                description: Bucket for the log.
                type: str
              s3_encryption_enabled:
                description: Whether that log is encrypted.
                type: bool
              s3_key_prefix:
                description: Folder in the bucket.
                type: str
  capacity_providers:
    description:
      - Names of capacity providers to join to the cluster. They must exist; V(FARGATE) and V(FARGATE_SPOT) always do.
      - External instances belong to no capacity provider; the launch type of their services is V(EXTERNAL).
    type: list
    elements: str
  purge_capacity_providers:
    description:
      - Whether capacity providers that O(capacity_providers) does not name are taken from the cluster. Has no effect
        where that option is left out. One that the default strategy still names is refused.
    type: bool
    default: false
  default_capacity_provider_strategy:
    description:
      - The strategy for services and tasks that name neither a strategy nor a launch type, as a whole; an empty list
        takes it away. At most 20 items, each naming a capacity provider of the cluster. The order has no meaning.
    type: list
    elements: dict
    suboptions:
      capacity_provider:
        description: Name of the capacity provider.
        type: str
        required: true
      weight:
        description: Its relative share of the tasks, 0 to 1000.
        type: int
        default: 0
      base:
        description: How many tasks it runs at least, 0 to 100000. Only one capacity provider has a base.
        type: int
        default: 0
  service_connect_defaults:
    description: Defaults of Service Connect. External instances do not take part in Service Connect.
    type: dict
    suboptions:
      namespace:
        description:
          - Name or ARN of the AWS Cloud Map namespace. ECS creates one for a new name. An empty text takes the default
            away from the cluster; the namespace itself stays.
        type: str
        required: true
  wait:
    description: Whether to wait until the cluster is active, or gone.
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
  - module: edgefleet.ecs.container_instance
"""

EXAMPLES = r"""
- name: Have a cluster for the shops
  edgefleet.ecs.cluster:
    name: retail-edge
    settings:
      containerInsights: enabled
    tags:
      fleet: retail

- name: Log what ECS Exec runs, and leave all else alone
  edgefleet.ecs.cluster:
    name: retail-edge
    configuration:
      execute_command_configuration:
        logging: OVERRIDE
        log_configuration:
          cloud_watch_log_group_name: /ecs/retail-edge/exec

- name: Run tasks on the instances of an Auto Scaling group unless they say otherwise
  edgefleet.ecs.cluster:
    name: retail-edge
    capacity_providers: [factory]
    default_capacity_provider_strategy:
      - capacity_provider: factory
        weight: 1

- name: Delete the cluster
  edgefleet.ecs.cluster:
    name: retail-edge
    state: absent
"""

RETURN = r"""
cluster:
  description: The cluster, in check mode as it would be; V(null) when it is absent.
  returned: success
  type: dict
  contains:
    cluster_arn:
      description: ARN of the cluster. Not there in check mode when the cluster would be created.
      type: str
      returned: when the cluster exists
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
      description: Configuration, with the names of O(configuration).
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
      description: Its default strategy, with the names of O(default_capacity_provider_strategy).
      type: list
      elements: dict
      returned: always
      sample: [{capacity_provider: FARGATE, weight: 1, base: 0}]
    service_connect_defaults:
      description: Defaults of Service Connect, with C(namespace) where the cluster has one; ECS tells its ARN.
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
      returned: when the cluster exists
      sample: 12
    running_tasks_count:
      description: Number of running tasks.
      type: int
      returned: when the cluster exists
      sample: 30
    active_services_count:
      description: Number of active services.
      type: int
      returned: when the cluster exists
      sample: 3
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError, NotPossible
from ..module_utils._aws.service import CLIENT_CONFIG, Resource
from ..module_utils._aws.tags import read_tags
from ..module_utils._aws.waiting import Waiter, wait_for
from ..module_utils._ecs import capacity, clusters, namespaces, validation, waiters
from ..module_utils._ecs.transformations import prune

_TEXT = {"type": "str"}
_FLAG = {"type": "bool"}
_CONFIGURATION = {
    "execute_command_configuration": {
        "type": "dict",
        "options": {
            "kms_key_id": _TEXT,
            "logging": {"type": "str", "choices": ["NONE", "DEFAULT", "OVERRIDE"]},
            "log_configuration": {
                "type": "dict",
                "options": {
                    "cloud_watch_log_group_name": _TEXT,
                    "cloud_watch_encryption_enabled": _FLAG,
                    "s3_bucket_name": _TEXT,
                    "s3_encryption_enabled": _FLAG,
                    # The name makes Ansible suspect a secret.
                    "s3_key_prefix": {"type": "str", "no_log": False},
                },
            },
        },
    },
}
ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "settings": {"type": "dict"},
    "configuration": {"type": "dict", "options": _CONFIGURATION},
    "capacity_providers": {"type": "list", "elements": "str"},
    "purge_capacity_providers": {"type": "bool", "default": False},
    "default_capacity_provider_strategy": {
        "type": "list",
        "elements": "dict",
        "options": {
            "capacity_provider": {"type": "str", "required": True},
            "weight": {"type": "int", "default": 0},
            "base": {"type": "int", "default": 0},
        },
    },
    "service_connect_defaults": {"type": "dict", "options": {"namespace": {"type": "str", "required": True}}},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}
_COMPARED = (
    "cluster_name",
    "status",
    "settings",
    "configuration",
    "capacity_providers",
    "default_capacity_provider_strategy",
    "service_connect_defaults",
    "tags",
)


def read_wanted(params: dict[str, Any]) -> clusters.WantedCluster:
    configuration = params["configuration"]
    return clusters.WantedCluster(
        name=validation.check_cluster_name(params["name"]),
        settings=validation.read_settings(params["settings"]),
        configuration=None if configuration is None else prune(configuration),
        tags=read_tags(params["tags"]),
        purge_tags=params["purge_tags"],
        capacity=capacity.WantedCapacity(
            providers=capacity.read_providers(params["capacity_providers"]),
            purge=params["purge_capacity_providers"],
            strategy=capacity.read_strategy(params["default_capacity_provider_strategy"]),
        ),
        namespace=namespaces.check_namespace((params["service_connect_defaults"] or {}).get("namespace")),
    )


def resolve(
    wanted: clusters.WantedCluster, current: Resource | None, cloud_map: Callable[[], Any]
) -> clusters.WantedCluster:
    """A namespace that the cluster has already is not wanted any more, by whichever of its names it was given."""
    if wanted.namespace is None or current is None:
        return wanted
    same = namespaces.same_namespace(clusters.namespace_of(current), wanted.namespace, cloud_map)
    return replace(wanted, namespace=None) if same else wanted


def ensure_present(
    client: Any, current: Resource | None, wanted: clusters.WantedCluster, check_mode: bool, timeout: int | None
) -> tuple[bool, Resource | None]:
    if current is not None and current["status"] == "DEPROVISIONING":
        raise NotPossible(f"Cluster {wanted.name} is being deleted. Run again when it is gone.")
    if current is None:
        capacity.require_providers(capacity.Capacity(wanted.capacity.providers or [], wanted.capacity.strategy or []))
    change = None if current is None else clusters.compare(current, wanted)
    changed = current is None or bool(change)
    if check_mode and changed:
        return True, clusters.predict(current, wanted)
    if current is None:
        clusters.create(client, wanted)
    elif change:
        clusters.update(client, current, change)
    after = clusters.describe(client, wanted.name) if changed else current
    return changed, settle(client, wanted.name, after, waiters.CLUSTER_ACTIVE, timeout if not check_mode else None)


def ensure_absent(
    client: Any, current: Resource | None, check_mode: bool, timeout: int | None
) -> tuple[bool, Resource | None]:
    if current is None:
        return False, None
    name, occupants = current["cluster_name"], current.get("registered_container_instances_count", 0)
    if occupants:
        raise NotPossible(
            f"Cluster {name} still has {occupants} container instances. Drain and deregister them first "
            "(edgefleet.ecs.container_instance with state: draining, then state: absent)."
        )
    changed = current["status"] != "DEPROVISIONING"
    if check_mode:
        return changed, None
    if changed:
        clusters.delete(client, name)
    return changed, settle(client, name, clusters.describe(client, name), waiters.CLUSTER_GONE, timeout)


def settle(client: Any, name: str, seen: Resource | None, waiter: Waiter, timeout: int | None) -> Resource | None:
    """The cluster when it is where it should be; without a timeout, as it is."""
    if timeout is None or waiter.done(seen):
        return seen
    return wait_for(waiter, [name], lambda _names: {name: clusters.describe(client, name)}, timeout)[name]


def difference(cluster: Resource | None) -> Resource:
    return {key: cluster[key] for key in _COMPARED} if cluster else {}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        wanted = read_wanted(module.params)
        timeout = module.params["wait_timeout"] if module.params["wait"] else None
        client = module.client("ecs", config=CLIENT_CONFIG)
        before = clusters.describe(client, wanted.name)
        if module.params["state"] == "present":
            wanted = resolve(wanted, before, lambda: module.client("servicediscovery", config=CLIENT_CONFIG))
            changed, after = ensure_present(client, before, wanted, module.check_mode, timeout)
        else:
            changed, after = ensure_absent(client, before, module.check_mode, timeout)
    except FleetError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=changed, cluster=after, diff={"before": difference(before), "after": difference(after)})


if __name__ == "__main__":
    main()
