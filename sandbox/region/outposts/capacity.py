# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Capacity tasks: an Outpost is configured for other instance types."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ..ec2 import moto_models
from ..errors import validation
from ..registry import Params, Reply, action
from . import catalog
from .common import conflict, find_outpost, not_found, numbered, page, passes
from .model import ACTIVE, OPEN_TASKS, Asset, CapacityTask, Outpost, identifier

if TYPE_CHECKING:
    from ..context import Context

# The real one takes minutes; long enough here for a caller to see it work.
SECONDS = 10.0


def _finish(task: CapacityTask, status: str, now: float, failure: tuple[str, str] | None = None) -> None:
    task.status, task.completed_at, task.modified_at = status, now, now
    if failure:
        task.failure = {"Type": failure[0], "Reason": failure[1][:128]}


def _excluded(task: CapacityTask, identity: str) -> bool:
    return identity in task.exclude.get("Instances", [])


def blocking(outpost: Outpost, task: CapacityTask, context: Context) -> list[str]:
    """Instances for which the new configuration has no place; those that must stay are never among them."""
    placed: dict[str, list[str]] = {}
    for identity, asset in outpost.hosts_of.items():
        instance = moto_models.instance(context.region.settings, identity)
        if instance is not None and instance.state in moto_models.PLACED:
            placed.setdefault(f"{asset} {instance.instance_type}", []).append(identity)
    found = []
    for key, identities in placed.items():
        asset, _, instance_type = key.partition(" ")
        if asset not in task.plan:
            continue
        places = task.plan[asset].get(instance_type, 0)
        kept_first = sorted(identities, key=lambda identity: not _excluded(task, identity))
        found += [identity for identity in kept_first[places:] if not _excluded(task, identity)]
    return found


def progress(outpost: Outpost, context: Context) -> None:
    """Bring the tasks of an Outpost to where they are by now."""
    for task in outpost.tasks.values():
        if task.status not in OPEN_TASKS:
            continue
        if task.status == "REQUESTED" and context.now >= task.created_at + SECONDS / 10:
            task.status, task.modified_at = "IN_PROGRESS", task.created_at + SECONDS / 10
        if context.now >= task.created_at + SECONDS:
            _conclude(outpost, task, context)


def _conclude(outpost: Outpost, task: CapacityTask, context: Context) -> None:
    if blocking(outpost, task, context):
        if task.on_blocking == "FAIL_TASK":
            reason = "Running instances stand in the way of the requested configuration."
            _finish(task, "FAILED", context.now, ("BLOCKING_INSTANCES_NOT_EVACUATED", reason))
        else:
            task.status, task.modified_at = "WAITING_FOR_EVACUATION", context.now
        return
    for asset, capacities in task.plan.items():
        outpost.assets[asset].capacities = dict(capacities)
    _finish(task, "COMPLETED", context.now)


Plan = dict[str, dict[str, int]]


def _fill(assets: list[Asset], pools: dict[str, int], used: dict[str, Counter[str]]) -> Plan | None:
    """A place on a host of the right family for each instance that is asked for; None when they do not fit."""
    plan: Plan = {asset.id: {} for asset in assets}
    room = {asset.id: asset.max_vcpus for asset in assets}
    for instance_type in sorted(pools, key=catalog.vcpus, reverse=True):
        size = catalog.vcpus(instance_type)
        hosts = [asset for asset in assets if asset.family == catalog.family(instance_type)]
        # What runs keeps its host, as far as the request lets it.
        wish = [asset.id for asset in hosts for _ in range(used[asset.id][instance_type])][: pools[instance_type]]
        for number in range(pools[instance_type]):
            target = wish[number] if number < len(wish) and room[wish[number]] >= size else None
            if target is None:
                target = max((host.id for host in hosts), key=lambda identity: room[identity], default=None)
            if target is None or room[target] < size:
                return None
            room[target] -= size
            plan[target][instance_type] = plan[target].get(instance_type, 0) + 1
    return plan


def _in_use(outpost: Outpost, context: Context) -> dict[str, Counter[str]]:
    from .assets import in_use

    return in_use(outpost, context)


@action("outposts", "StartCapacityTask")
def start_capacity_task(params: Params, context: Context) -> Reply:
    """Ask for another configuration; with DryRun only learn whether it would fit."""
    outpost = find_outpost(context, params["OutpostIdentifier"])
    if outpost.status != ACTIVE:
        raise validation(f"Outpost {outpost.id} is not ACTIVE.")
    moto_models.need_service_link(outpost)
    progress(outpost, context)
    if any(task.status in OPEN_TASKS for task in outpost.tasks.values()):
        raise conflict(f"Outpost {outpost.id} has an active capacity task.")
    task = _task(outpost, params, context)
    outpost.tasks[task.id] = task
    return view(outpost, task)


def _task(outpost: Outpost, params: Params, context: Context) -> CapacityTask:
    store = context.region.outposts
    number = store.number()
    asset = params.get("AssetId")
    if asset is not None and asset not in outpost.assets:
        raise not_found("Asset", asset)
    pools: Counter[str] = Counter()
    for pool in params["InstancePools"]:
        pools[pool["InstanceType"]] += pool["Count"]
    task = CapacityTask(
        number=number,
        id=identifier("cap", number),
        pools=dict(pools),
        asset=asset,
        order=params.get("OrderId"),
        exclude=params.get("InstancesToExclude", {}),
        dry_run=params.get("DryRun", False),
        on_blocking=params.get("TaskActionOnBlockingInstances", "WAIT_FOR_EVACUATION"),
        created_at=context.now,
        modified_at=context.now,
    )
    assets = [outpost.assets[asset]] if asset else list(outpost.assets.values())
    families = {item.family for item in assets}
    wrong = [name for name in pools if not catalog.known(name) or catalog.family(name) not in families]
    plan = None if wrong else _fill(assets, task.pools, _in_use(outpost, context))
    if plan is None:
        reason = f"Not supported: {', '.join(wrong)}" if wrong else "The instances do not fit on the hosts."
        _finish(task, "FAILED", context.now, ("UNSUPPORTED_CAPACITY_CONFIGURATION", reason))
    elif task.dry_run:
        _finish(task, "COMPLETED", context.now)
    else:
        task.plan = plan
    return task


def view(outpost: Outpost, task: CapacityTask) -> dict[str, Any]:
    members = {
        "CapacityTaskId": task.id,
        "OutpostId": outpost.id,
        "OrderId": task.order,
        "AssetId": task.asset,
        "RequestedInstancePools": [{"InstanceType": name, "Count": count} for name, count in task.pools.items()],
        "InstancesToExclude": task.exclude or None,
        "DryRun": task.dry_run,
        "CapacityTaskStatus": task.status,
        "Failed": task.failure,
        "CreationDate": task.created_at,
        "CompletionDate": task.completed_at,
        "LastModifiedDate": task.modified_at,
        "TaskActionOnBlockingInstances": task.on_blocking,
    }
    return {name: value for name, value in members.items() if value is not None}


def _find(params: Params, context: Context) -> tuple[Outpost, CapacityTask]:
    outpost = find_outpost(context, params["OutpostIdentifier"])
    progress(outpost, context)
    task = outpost.tasks.get(params["CapacityTaskId"])
    if task is None:
        raise not_found("Capacity task", params["CapacityTaskId"])
    return outpost, task


@action("outposts", "GetCapacityTask")
def get_capacity_task(params: Params, context: Context) -> Reply:
    """How far a task is."""
    return view(*_find(params, context))


@action("outposts", "CancelCapacityTask")
def cancel_capacity_task(params: Params, context: Context) -> Reply:
    """Give a task up."""
    _outpost, task = _find(params, context)
    if task.status not in OPEN_TASKS:
        raise conflict(f"Capacity task {task.id} is {task.status}.")
    _finish(task, "CANCELLED", context.now)
    return {}


_SHORT = frozenset(
    (
        "CapacityTaskId",
        "OutpostId",
        "OrderId",
        "AssetId",
        "CapacityTaskStatus",
        "CreationDate",
        "CompletionDate",
        "LastModifiedDate",
    )
)


@action("outposts", "ListCapacityTasks")
def list_capacity_tasks(params: Params, context: Context) -> Reply:
    """Tasks of all Outposts, or of one."""
    reference, states = params.get("OutpostIdentifierFilter"), params.get("CapacityTaskStatusFilter")
    store = context.region.outposts
    outposts = [find_outpost(context, reference)] if reference else list(store.outposts.values())
    found = []
    for outpost in outposts:
        progress(outpost, context)
        found += [(outpost, task) for task in outpost.tasks.values() if passes(task.status, states)]
    chosen, token = page(found, lambda pair: pair[1].number, params, ("tasks", reference, states))
    views = [{name: value for name, value in view(*pair).items() if name in _SHORT} for pair in chosen]
    return {"CapacityTasks": views, **token}


@action("outposts", "ListBlockingInstancesForCapacityTask")
def list_blocking_instances(params: Params, context: Context) -> Reply:
    """Instances that a task waits for."""
    outpost, task = _find(params, context)
    waiting = blocking(outpost, task, context) if task.status in OPEN_TASKS else []
    chosen, token = numbered(waiting, params, ("blocking", task.id))
    account = context.region.settings.account
    views = [{"InstanceId": identity, "AccountId": account, "AwsServiceName": "EC2"} for identity in chosen]
    return {"BlockingInstances": views, **token}
