# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Container instances: thin calls in the API's batch sizes, and finding them by any of their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._aws.errors import NotPossible
from .._aws.service import batches
from . import tasks
from .clusters import change_tags
from .common import ECS
from .plan import InstanceChange
from .references import SERVICE_GROUP
from .task_results import is_live
from .transformations import Resource, shape_container_instance
from .validation import is_machine_id

# Limits of the API reference.
DESCRIBE_BATCH = 100
STATE_BATCH = 10
ATTRIBUTES_BATCH = 10
# Not a documented limit: it keeps the filter expression at about 2 KB.
FILTER_BATCH = 100

GONE = "INACTIVE"


def list_arns(client: Any, cluster: str, status: str | None = None, expression: str | None = None) -> list[str]:
    """Without a status, ECS lists those in every state but INACTIVE."""
    parameters = {"cluster": cluster, "status": status, "filter": expression}
    asked = {key: value for key, value in parameters.items() if value}
    intent = f"list the container instances of cluster {cluster}"
    return ECS.call_all(client, "list_container_instances", "containerInstanceArns", intent, **asked)


def describe(client: Any, cluster: str, references: Sequence[str]) -> list[Resource]:
    """Those of the given ids and ARNs that ECS knows; who is missing, the caller sees."""
    instances: list[Resource] = []
    for batch in batches(references, DESCRIBE_BATCH):
        reply = ECS.call(
            client,
            "describe_container_instances",
            f"read {len(batch)} container instances of cluster {cluster}",
            cluster=cluster,
            containerInstances=batch,
            include=["TAGS"],
        )
        instances.extend(shape_container_instance(item) for item in reply.get("containerInstances", []))
    return instances


def find(client: Any, cluster: str, references: Sequence[str], known: Iterable[str] = ()) -> dict[str, list[Resource]]:
    """All live records of each reference, the best first. `known` are ARNs to look at besides."""
    machines = [reference for reference in references if is_machine_id(reference)]
    arns = [reference for reference in references if not is_machine_id(reference)]
    arns.extend(known)
    for batch in batches(machines, FILTER_BATCH):
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
        arns.extend(list_arns(client, cluster, expression=f"ec2InstanceId in [{', '.join(batch)}]"))
    return match(references, describe(client, cluster, list(dict.fromkeys(arns))))


def resolve(client: Any, cluster: str, references: Sequence[str]) -> dict[str, list[Resource]]:
    """Like find(), and certain: machines that the filter did not bring are looked for in the whole cluster.

    The query language is documented with the ids of EC2 instances only; one sweep of the pages, and only when somebody
    is missing, keeps a managed node from being called missing because of that.
    """
    found = find(client, cluster, references)
    unseen = [reference for reference in references if is_machine_id(reference) and not found[reference]]
    if not unseen:
        return found
    return {**found, **match(unseen, describe(client, cluster, list_arns(client, cluster)))}


def match(references: Iterable[str], instances: Iterable[Resource]) -> dict[str, list[Resource]]:
    """By machine id, id or ARN. A machine that registered anew has two records: the connected, then the newest wins."""
    ranked = sorted(
        (instance for instance in instances if instance["status"] != GONE),
        key=lambda instance: (instance["agent_connected"], str(instance["registered_at"] or "")),
        reverse=True,
    )
    return {reference: [instance for instance in ranked if _is_named(instance, reference)] for reference in references}


def _is_named(instance: Mapping[str, Any], reference: str) -> bool:
    arn = str(instance["container_instance_arn"])
    return reference in (instance["ec2_instance_id"], arn, arn.rsplit("/", 1)[-1])


def best(found: Mapping[str, Sequence[Resource]]) -> dict[str, Resource | None]:
    return {reference: records[0] if records else None for reference, records in found.items()}


def unique(instances: Iterable[Resource | None]) -> list[Resource]:
    """One entry a record: a host may have been given by two of its names."""
    return list({instance["container_instance_arn"]: instance for instance in instances if instance}.values())


def look_again(client: Any, cluster: str, seen: Mapping[str, Resource | None]) -> dict[str, Resource | None]:
    """The same records as before, as they are now."""
    arns = [instance["container_instance_arn"] for instance in unique(seen.values())]
    return best(match(seen, describe(client, cluster, arns)))


def apply(client: Any, cluster: str, changes: Sequence[tuple[Resource, InstanceChange]]) -> None:
    for status in ("ACTIVE", "DRAINING"):
        arns = [instance["container_instance_arn"] for instance, change in changes if change.status == status]
        _set_status(client, cluster, arns, status)
    drop = [_target(instance, name) for instance, change in changes for name in change.drop_attributes]
    put = [
        {**_target(instance, name), **({"value": value} if value else {})}
        for instance, change in changes
        for name, value in change.put_attributes.items()
    ]
    # First away, then in: an instance may be at its limit of ten.
    for batch in batches(drop, ATTRIBUTES_BATCH):
        intent = f"remove attributes of container instances of cluster {cluster}"
        ECS.call(client, "delete_attributes", intent, cluster=cluster, attributes=batch)
    for batch in batches(put, ATTRIBUTES_BATCH):
        intent = f"set attributes of container instances of cluster {cluster}"
        ECS.call(client, "put_attributes", intent, cluster=cluster, attributes=batch)
    for instance, change in changes:
        change_tags(client, instance["container_instance_arn"], _label(instance), change.tags)


def _set_status(client: Any, cluster: str, arns: Sequence[str], status: str) -> None:
    for batch in batches(arns, STATE_BATCH):
        reply = ECS.call(
            client,
            "update_container_instances_state",
            f"set {len(batch)} container instances of cluster {cluster} to {status}",
            cluster=cluster,
            containerInstances=batch,
            status=status,
        )
        failures = {item.get("arn", "?"): item.get("reason", "?") for item in reply.get("failures", [])}
        if failures:
            shown = "; ".join(f"{arn}: {reason}" for arn, reason in failures.items())
            raise NotPossible(f"ECS did not set these container instances to {status}: {shown}.", failures=failures)


def deregister(client: Any, cluster: str, instances: Iterable[Resource], force: bool) -> None:
    for instance in instances:
        ECS.call(
            client,
            "deregister_container_instance",
            f"deregister {_label(instance)} from cluster {cluster}",
            cluster=cluster,
            containerInstance=instance["container_instance_arn"],
            force=force,
        )


def live_tasks(client: Any, cluster: str, instance: Resource) -> list[Resource]:
    """Its tasks that have not stopped yet. Only an instance that runs anything costs calls."""
    if not instance["running_tasks_count"] + instance["pending_tasks_count"]:
        return []
    arns: list[str] = []
    # A task on its way out has the desired status STOPPED.
    for desired in ("RUNNING", "STOPPED"):
        where = {"containerInstance": instance["container_instance_arn"], "desiredStatus": desired}
        arns.extend(tasks.list_arns(client, cluster, **where))
    return [task for task in tasks.describe(client, cluster, arns) if is_live(task)]


def of_service(task: Mapping[str, Any]) -> bool:
    """Draining stops the tasks of services alone."""
    return str(task.get("group", "")).startswith(SERVICE_GROUP)


def count_tasks(client: Any, cluster: str, instance: Resource) -> Resource:
    """The instance with its service_tasks_count, and its standalone_tasks by ARN."""
    live = live_tasks(client, cluster, instance)
    alone = [task["taskArn"] for task in live if not of_service(task)]
    return {**instance, "service_tasks_count": len(live) - len(alone), "standalone_tasks": alone}


def _target(instance: Mapping[str, Any], attribute: str) -> dict[str, str]:
    return {"name": attribute, "targetType": "container-instance", "targetId": instance["container_instance_arn"]}


def _label(instance: Mapping[str, Any]) -> str:
    return f"container instance {instance['ec2_instance_id'] or instance['container_instance_arn']}"
