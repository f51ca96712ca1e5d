# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Capacity providers: kept, shown and joined to clusters. Nothing is placed through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..registry import Params, Reply, action
from .clusters import check_providers
from .clusters import view as cluster_view
from .common import active_cluster, invalid, page, tags_to_dict, tags_to_list
from .model import ACTIVE, INACTIVE, CapacityProvider

if TYPE_CHECKING:
    from ..context import Context

_OF_AWS = ("FARGATE", "FARGATE_SPOT")
_RESERVED = ("aws", "ecs", "fargate")
_SCALING = {
    "status": "DISABLED",
    "targetCapacity": 100,
    "minimumScalingStepSize": 1,
    "maximumScalingStepSize": 10000,
    "instanceWarmupPeriod": 300,
}


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _active(context: Context, reference: str) -> CapacityProvider:
    provider = context.ecs.capacity_providers.get(_name(reference))
    if provider is None or provider.status != ACTIVE:
        raise ApiError("ClientException", "The specified capacity provider does not exist.")
    return provider


def _view(provider: CapacityProvider, include: frozenset[str] = frozenset()) -> Reply:
    shown: dict[str, Any] = {
        "capacityProviderArn": provider.arn,
        "name": provider.name,
        "status": provider.status,
        "autoScalingGroupProvider": provider.group,
        "tags": tags_to_list(provider.tags) if "TAGS" in include else [],
    }
    return {**shown, "updateStatus": provider.update_status} if provider.update_status else shown


def _of_aws(name: str, context: Context) -> Reply:
    arn = context.region.arn("ecs", f"capacity-provider/{name}")
    return {"capacityProviderArn": arn, "name": name, "status": ACTIVE, "tags": []}


def _group(given: Params, current: Params) -> dict[str, Any]:
    scaling = {**_SCALING, **current.get("managedScaling", {}), **given.get("managedScaling", {})}
    defaults = {"managedTerminationProtection": "DISABLED", "managedDraining": "ENABLED"}
    return {**defaults, **current, **given, "managedScaling": scaling}


@action("ecs", "CreateCapacityProvider")
def create_capacity_provider(params: Params, context: Context) -> Reply:
    """Create a capacity provider for an Auto Scaling group, which is believed to exist."""
    name, group = params["name"], params.get("autoScalingGroupProvider")
    if name.lower().startswith(_RESERVED):
        raise invalid("The specified capacity provider name is reserved: it begins with aws, ecs or fargate.")
    if group is None:
        raise ApiError("NotImplemented", "The simulated Region has Auto Scaling group providers only.", status=501)
    known = context.ecs.capacity_providers.get(name)
    if known is not None and known.status == ACTIVE:
        raise invalid("The specified capacity provider already exists.")
    provider = CapacityProvider(
        number=context.ecs.number(),
        name=name,
        arn=context.region.arn("ecs", f"capacity-provider/{name}"),
        group=_group(group, {}),
        tags=tags_to_dict(params.get("tags")),
    )
    context.ecs.capacity_providers[name] = provider
    return {"capacityProvider": _view(provider, frozenset({"TAGS"}))}


@action("ecs", "UpdateCapacityProvider")
def update_capacity_provider(params: Params, context: Context) -> Reply:
    """Change what a capacity provider does with its group."""
    provider = _active(context, params["name"])
    provider.group = _group(params.get("autoScalingGroupProvider", {}), provider.group)
    provider.update_status = "UPDATE_COMPLETE"
    return {"capacityProvider": _view(provider)}


@action("ecs", "DeleteCapacityProvider")
def delete_capacity_provider(params: Params, context: Context) -> Reply:
    """Delete one that no cluster has."""
    provider = _active(context, params["capacityProvider"])
    if any(provider.name in one.capacity_providers for one in context.ecs.clusters.values() if one.status == ACTIVE):
        raise ApiError("ClientException", "The specified capacity provider is in use and cannot be removed.")
    provider.status, provider.update_status = INACTIVE, "DELETE_COMPLETE"
    return {"capacityProvider": _view(provider)}


@action("ecs", "DescribeCapacityProviders")
def describe_capacity_providers(params: Params, context: Context) -> Reply:
    """Describe those that are named, or all."""
    include = frozenset(params.get("include", []))
    known = {provider.name: provider for provider in context.ecs.capacity_providers.values()}
    names = [_name(reference) for reference in params.get("capacityProviders", [])]
    everything = [*_OF_AWS, *(name for name, provider in known.items() if provider.status == ACTIVE)]
    found, failures = [], []
    for name in names or everything:
        if name in _OF_AWS:
            found.append(_of_aws(name, context))
        elif name in known:
            found.append(_view(known[name], include))
        else:
            failures.append({"arn": context.region.arn("ecs", f"capacity-provider/{name}"), "reason": "MISSING"})
    chosen, token = page(list(enumerate(found)), lambda item: item[0], params, ["DescribeCapacityProviders", *names])
    return {"capacityProviders": [shown for _, shown in chosen], "failures": failures, **token}


@action("ecs", "PutClusterCapacityProviders")
def put_cluster_capacity_providers(params: Params, context: Context) -> Reply:
    """Join capacity providers to a cluster, and set its default strategy."""
    cluster = active_cluster(context, params["cluster"])
    providers, strategy = params["capacityProviders"], params["defaultCapacityProviderStrategy"]
    cluster.capacity_providers = check_providers(providers, strategy, context)
    cluster.capacity_provider_strategy = strategy
    return {"cluster": cluster_view(cluster, context, frozenset({"SETTINGS", "CONFIGURATIONS"}))}
