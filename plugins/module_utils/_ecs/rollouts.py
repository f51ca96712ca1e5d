# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Following one deployment of a service to its end, and telling why it got no further.

The PRIMARY deployment's rolloutState is followed: the counts alone, which the SDK's waiter services_stable looks at,
can agree before anything has been replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._aws.errors import FleetError
from .._aws.waiting import Seen, Waiter, wait_for
from . import services, tasks
from .advice import ways_out
from .references import short_definition
from .shapes import shape_service, shape_task
from .task_results import why_stopped
from .transformations import Resource

PRIMARY, COMPLETED, FAILED = "PRIMARY", "COMPLETED", "FAILED"
_EVENTS_NAMED = 4
# Events that go with every rollout, also back to the old deployment; they would crowd out those that tell why.
_USUAL = ("has started", "has stopped", "has begun draining", "has reached a steady state", "deployment completed")
_REASONS_NAMED = 3
_TASKS_KEPT = 10


def primary(service: Mapping[str, Any]) -> Resource:
    return next((one for one in service.get("deployments", []) if one.get("status") == PRIMARY), {})


def deployment(service: Mapping[str, Any], identifier: str) -> Resource | None:
    return next((one for one in service.get("deployments", []) if one.get("id") == identifier), None)


# Predicates.


def is_rolled_out(service: Seen, identifier: str) -> bool:
    """COMPLETED, with as many tasks as are wanted: a service that was scaled stays COMPLETED meanwhile."""
    if service is None:
        return False
    own = primary(service)
    # Other deployment controllers than ECS have no rolloutState.
    complete = own.get("id") == identifier and own.get("rolloutState", COMPLETED) == COMPLETED
    return bool(complete and own["runningCount"] == own["desiredCount"] and _counts_agree(service))


def _counts_agree(service: Mapping[str, Any]) -> bool:
    return bool(service["runningCount"] == service["desiredCount"] and not service["pendingCount"])


def is_lost(service: Seen, identifier: str) -> bool:
    """Failed, rolled back, replaced by another deployment, or the service is being deleted."""
    if service is None or service["status"] != "ACTIVE":
        return True
    own = primary(service)
    return bool(own.get("id") != identifier or own.get("rolloutState") == FAILED)


def state(service: Seen, identifier: str) -> str:
    if service is None:
        return "deleted"
    if service["status"] != "ACTIVE":
        return f"the service is {service['status']}"
    own = deployment(service, identifier)
    if own is None:
        return f"replaced by deployment {primary(service).get('id')} of {_revision(primary(service))}"
    counts = f"{own['runningCount']} of {own['desiredCount']} tasks running, {own['pendingCount']} pending"
    failed = f", {own['failedTasks']} failed" if own.get("failedTasks") else ""
    old = service["runningCount"] - own["runningCount"]
    older = f", {old} of older deployments still running" if old > 0 else ""
    return f"{own.get('rolloutState', own['status'])}, {counts}{failed}{older}"


def _revision(one: Mapping[str, Any]) -> str:
    return short_definition(str(one.get("taskDefinition", "?")))


# Waiting.


def wait_rolled_out(client: Any, cluster: str, service: Resource, timeout: float) -> Resource:
    """`service` is what the last call answered: its PRIMARY deployment is the one to follow."""
    name, own = service["serviceName"], primary(service)
    if not own:
        # Another deployment controller than ECS, which has task sets in place of deployments.
        return service
    identifier = own["id"]
    seen: list[Seen] = [service]

    def look(_names: Sequence[str]) -> dict[str, Seen]:
        seen.append(services.find(client, cluster, name))
        return {name: seen[-1]}

    waiter = Waiter(
        goal=f"have deployment {identifier} of {_revision(own)} rolled out",
        done=lambda now: is_rolled_out(now, identifier),
        seen=lambda now: state(now, identifier),
        hopeless=lambda now: is_lost(now, identifier),
    )
    try:
        wait_for(waiter, [name], look, timeout, first={name: service})
    except FleetError as error:
        last = seen[-1]
        stopped = _stopped_tasks(client, cluster, name, identifier) if last else []
        raise type(error)(**explain(error, cluster, own, last, stopped)) from error
    return seen[-1] or service


def _stopped_tasks(client: Any, cluster: str, name: str, identifier: str) -> list[Resource]:
    """The tasks of this deployment that have stopped within the last hour; ECS forgets older ones."""
    arns = tasks.list_arns(client, cluster, serviceName=name, desiredStatus="STOPPED")
    found = tasks.describe(client, cluster, arns[: tasks.DESCRIBE_BATCH])
    return [task for task in found if task.get("startedBy") == identifier]


def explain(
    error: FleetError, cluster: str, own: Mapping[str, Any], service: Seen, stopped: Sequence[Resource]
) -> Resource:
    """The arguments of the error that says it all: what, why, and the way out."""
    identifier = own["id"]
    events = _events_since(service, own)
    reasons = Counter(why_stopped(task) for task in stopped)
    why = [*reasons, *(event["message"] for event in events)]
    parts = [
        f"Service {service['serviceName'] if service else '?'} of cluster {cluster}: {error.message}",
        _what_became(service, identifier),
        _list("Stopped tasks", (f"{count} x {reason}" for reason, count in reasons.most_common(_REASONS_NAMED))),
        _list("Events, newest first", (event["message"] for event in events[:_EVENTS_NAMED])),
        _list("What to do", ways_out(why)),
    ]
    return {
        "message": " ".join(part for part in parts if part),
        **error.details,
        "service": shape_service(service) if service else None,
        "deployment": identifier,
        "stopped_tasks": [shape_task(task) for task in stopped[:_TASKS_KEPT]],
    }


def _what_became(service: Seen, identifier: str) -> str:
    if service is None:
        return ""
    own, now = deployment(service, identifier), primary(service)
    reason = str((own or {}).get("rolloutStateReason", ""))
    if own is not None and own.get("rolloutState") != FAILED:
        reason = ""
    if now.get("id") == identifier or not now:
        return reason
    back = f"Now deployment {now['id']} of {_revision(now)} is the PRIMARY one: {now.get('rolloutStateReason', '')}"
    return f"{reason} {back}".strip()


def _events_since(service: Seen, own: Mapping[str, Any]) -> list[Resource]:
    """What the service has told since the deployment began, the newest first."""
    since = own.get("createdAt")
    events: list[Resource] = (service or {}).get("events", [])
    telling = [event for event in events if not any(words in event["message"] for words in _USUAL)]
    return [event for event in telling if since is None or event["createdAt"] >= since]


def _list(title: str, items: Iterable[str]) -> str:
    shown = "; ".join(item.rstrip(".") for item in items)
    return f"{title}: {shown}." if shown else ""
