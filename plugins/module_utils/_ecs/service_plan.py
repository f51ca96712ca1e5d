# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a service, and what has to change on it. Pure, and in the API's own form on both sides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.errors import NotPossible, invalid
from .._aws.tags import TagChange, compare_tags
from .clusters import merge
from .references import same_definition
from .shapes import shape_service
from .transformations import Resource, prune, tags_to_dict, tags_to_list

# Options of the module, and what they are in CreateService and UpdateService.
MEMBERS = {
    "task_definition": "taskDefinition",
    "desired_count": "desiredCount",
    "launch_type": "launchType",
    "scheduling_strategy": "schedulingStrategy",
    "platform_version": "platformVersion",
    "role": "role",
    "capacity_provider_strategy": "capacityProviderStrategy",
    "deployment_configuration": "deploymentConfiguration",
    "placement_constraints": "placementConstraints",
    "placement_strategy": "placementStrategy",
    "network_configuration": "networkConfiguration",
    "load_balancers": "loadBalancers",
    "service_registries": "serviceRegistries",
    "health_check_grace_period_seconds": "healthCheckGracePeriodSeconds",
    "enable_execute_command": "enableExecuteCommand",
    "enable_ecs_managed_tags": "enableECSManagedTags",
    "propagate_tags": "propagateTags",
}
# UpdateService does not take them.
_FIXED = ("launch_type", "scheduling_strategy", "role")
# Asked for in parts; the rest is carried over, because AWS does not promise for each part that it would stay.
_STRUCTURES = ("deploymentConfiguration", "networkConfiguration")
# What a member that DescribeServices leaves out means.
_UNSAID: Mapping[str, Any] = {
    "enableExecuteCommand": False,
    "enableECSManagedTags": False,
    "propagateTags": "NONE",
    "healthCheckGracePeriodSeconds": 0,
    "schedulingStrategy": "REPLICA",
    "capacityProviderStrategy": [],
    "placementConstraints": [],
    "placementStrategy": [],
    "loadBalancers": [],
    "serviceRegistries": [],
    "deploymentConfiguration": {},
    "networkConfiguration": {},
}
_COMPARED = (*MEMBERS, "service_name", "status", "tags")


@dataclass(frozen=True)
class WantedService:
    """`request` holds what was asked and nothing else; tags of None stand for "leave as they are"."""

    name: str
    request: Resource
    tags: dict[str, str] | None = None
    purge_tags: bool = False
    force_new_deployment: bool = False


@dataclass(frozen=True)
class ServiceChange:
    """`update` holds the parameters of UpdateService."""

    update: Resource = field(default_factory=dict)
    tags: TagChange = field(default_factory=TagChange)

    def __bool__(self) -> bool:
        return bool(self.update or self.tags)

    def tags_after(self, current: Mapping[str, Any]) -> list[dict[str, str]]:
        return tags_to_list(self.tags.apply_to(tags_to_dict(current.get("tags"))))


def read_request(params: Mapping[str, Any]) -> Resource:
    """What the caller asked for; members that were left out at any depth are not there."""
    request = prune({api: params[option] for option, api in MEMBERS.items()})
    # An empty list is an order: to remove what is there.
    request.update({api: [] for option, api in MEMBERS.items() if params[option] == []})
    if request.get("launchType") and request.get("capacityProviderStrategy"):
        raise invalid("launch_type", request["launchType"], "it goes not together with capacity_provider_strategy")
    if request.get("schedulingStrategy") == "DAEMON" and "desiredCount" in request:
        raise invalid(
            "desired_count", request["desiredCount"], "a DAEMON service runs once on every host; leave it out"
        )
    if request.get("desiredCount", 0) < 0:
        raise invalid("desired_count", request["desiredCount"], "it is 0 or more")
    return request


def create_request(wanted: WantedService) -> Resource:
    """What CreateService needs beyond what was asked."""
    if "taskDefinition" not in wanted.request:
        raise invalid("task_definition", None, f"service {wanted.name} does not exist, and a new one needs it")
    daemon = wanted.request.get("schedulingStrategy") == "DAEMON"
    return {**({} if daemon else {"desiredCount": 1}), **wanted.request}


def compare(current: Mapping[str, Any], wanted: WantedService) -> ServiceChange:
    """The real differences. A task definition is compared by revision: the caller has resolved a family before."""
    _check_fixed(current, wanted)
    if current.get("schedulingStrategy") == "DAEMON" and "desiredCount" in wanted.request:
        rule = f"service {wanted.name} is a DAEMON, which runs once on every host; leave it out"
        raise invalid("desired_count", wanted.request["desiredCount"], rule)
    update = {}
    for member in MEMBERS.values():
        if member in wanted.request:
            before, after = current_value(current, member), _asked_value(current, wanted.request, member)
            if not _same(member, before, after):
                update[member] = after
    if wanted.force_new_deployment or "capacityProviderStrategy" in update:
        # ECS refuses another capacity provider strategy without it.
        update["forceNewDeployment"] = True
    return ServiceChange(update, compare_tags(tags_to_dict(current.get("tags")), wanted.tags, wanted.purge_tags))


def _check_fixed(current: Mapping[str, Any], wanted: WantedService) -> None:
    for option in _FIXED:
        member = MEMBERS[option]
        if member not in wanted.request:
            continue
        before, after = current_value(current, member), wanted.request[member]
        if not _same(member, before, after):
            raise NotPossible(
                f"{option} of service {wanted.name} is {before or 'not set'} and cannot become {after}: ECS fixes it "
                "when a service is created. Delete the service first (state: absent) and create it again, or create "
                "one with another name beside it and delete this one when the other runs.",
                option=option,
            )


def current_value(current: Mapping[str, Any], member: str) -> Any:
    return current.get("roleArn" if member == "role" else member, _UNSAID.get(member))


def _asked_value(current: Mapping[str, Any], request: Mapping[str, Any], member: str) -> Any:
    if member in _STRUCTURES:
        return merge(current_value(current, member), request[member])
    return request[member]


def effective(current: Mapping[str, Any], request: Mapping[str, Any]) -> Resource:
    """The service as CreateService would take it once the request is carried out; for the rules of a site."""
    members: Resource = {member: current_value(current, member) for member in MEMBERS.values()}
    members.update({member: _asked_value(current, request, member) for member in request})
    return {member: value for member, value in members.items() if value not in (None, [], {}, "")}


# Comparing.


def _same(member: str, before: Any, after: Any) -> bool:
    if before is None:
        return False
    if member == "taskDefinition":
        return same_definition(before, after)
    normal = _NORMAL.get(member, lambda value: value)
    return bool(normal(before) == normal(after))


def _any_order(items: Any) -> list[str]:
    return sorted(json.dumps(prune(item), sort_keys=True) for item in items)


def _strategy(items: Any) -> list[tuple[str, str]]:
    """In the order that counts. ECS spells host as instanceId."""
    fields = [(item.get("type"), item.get("field") or "") for item in items]
    return [
        (kind, "instanceId" if name == "host" else name.lower() if kind == "binpack" else name) for kind, name in fields
    ]


def _capacity(items: Any) -> list[str]:
    return _any_order({"base": 0, "weight": 0, **prune(item)} for item in items)


def _network(value: Any) -> Resource:
    vpc = {"assignPublicIp": "DISABLED", "securityGroups": [], **value.get("awsvpcConfiguration", {})}
    return {key: sorted(member) if isinstance(member, list) else member for key, member in vpc.items()}


_NORMAL: Mapping[str, Callable[[Any], Any]] = {
    "placementConstraints": _any_order,
    "placementStrategy": _strategy,
    "capacityProviderStrategy": _capacity,
    "networkConfiguration": _network,
    "loadBalancers": _any_order,
    "serviceRegistries": _any_order,
    # By name: a role may be given with or without its ARN.
    "role": lambda value: value.rpartition("/")[2],
}


# Predicting and showing.


def predict(current: Mapping[str, Any] | None, wanted: WantedService, change: ServiceChange) -> Resource:
    """The service as it will be, as far as that is in our hands; for check mode and for the difference."""
    if current is None:
        tags = tags_to_list(wanted.tags or {})
        return {"serviceName": wanted.name, "status": "ACTIVE", "tags": tags, **create_request(wanted)}
    update = {member: value for member, value in change.update.items() if member != "forceNewDeployment"}
    return {**current, **update, "tags": change.tags_after(current)}


def difference(service: Mapping[str, Any] | None) -> Resource:
    if service is None:
        return {}
    shaped = shape_service(service)
    return {key: shaped[key] for key in _COMPARED if key in shaped}
