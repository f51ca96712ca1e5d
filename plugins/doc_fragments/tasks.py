# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Where and how tasks run, for what starts them.
    DOCUMENTATION = r"""
options:
  launch_type:
    description:
      - What the tasks run on. V(EXTERNAL) stands for external instances (ECS Anywhere), V(EC2) for container instances
        on Amazon EC2, on an Outpost too.
      - Left out, and without O(capacity_provider_strategy), ECS takes the cluster's default capacity provider strategy,
        else V(EC2).
    type: str
    choices: [EC2, EXTERNAL, FARGATE]
  platform_version:
    description: Platform version for V(FARGATE).
    type: str
  capacity_provider_strategy:
    description: Capacity providers to place the tasks with, in place of O(launch_type). Not for external instances.
    type: list
    elements: dict
    suboptions:
      capacityProvider:
        description: Name of the capacity provider.
        type: str
        required: true
      weight:
        description: Its share of the tasks. ECS takes V(0) when it is left out.
        type: int
      base:
        description: The number of tasks that it gets first. ECS takes V(0) when it is left out.
        type: int
  placement_constraints:
    description: What a container instance must fulfil. The order does not matter.
    type: list
    elements: dict
    suboptions:
      type:
        description: V(distinctInstance) puts each task on another instance, V(memberOf) takes those that match.
        type: str
        choices: [distinctInstance, memberOf]
        required: true
      expression:
        description: Expression of the cluster query language, such as V(attribute:site == lyon). For V(memberOf) only.
        type: str
  placement_strategy:
    description: How tasks are spread over container instances that fit, in this order.
    type: list
    elements: dict
    suboptions:
      type:
        description: Kind of the strategy.
        type: str
        choices: [binpack, random, spread]
        required: true
      field:
        description:
          - For V(spread) V(instanceId) or an attribute such as V(attribute:site); for V(binpack) V(cpu) or V(memory).
        type: str
  network_configuration:
    description: Network of tasks in network mode V(awsvpc), which external instances do not have.
    type: dict
    suboptions:
      awsvpcConfiguration:
        description: Their network interfaces.
        type: dict
        suboptions:
          subnets:
            description: Ids of subnets.
            type: list
            elements: str
          securityGroups:
            description: Ids of security groups.
            type: list
            elements: str
          assignPublicIp:
            description: Whether the interfaces get public addresses.
            type: str
            choices: [DISABLED, ENABLED]
  enable_execute_command:
    description: Whether ECS Exec works in the tasks.
    type: bool
  enable_ecs_managed_tags:
    description: Whether ECS tags the tasks with the cluster and the service.
    type: bool
  site_kind:
    description:
      - Kind of the site that the tasks run at. What such a site cannot run is refused before any change, with the
        reason and the way out.
      - With O(launch_type=EXTERNAL) it is V(external) in any case; else V(region) when it is left out.
    type: str
    choices: [external, outpost, local_zone, wavelength, region]
"""
