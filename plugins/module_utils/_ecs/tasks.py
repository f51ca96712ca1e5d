# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks: thin calls in the API's batch sizes. Tasks are in the API's own form; modules return them shaped."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from .._aws.errors import NotPossible, Refused
from .._aws.service import batches
from .advice import way_out
from .common import ECS
from .task_results import not_placed
from .transformations import Resource

# Limits of the API reference.
DESCRIBE_BATCH = 100
RUN_BATCH = 10
START_BATCH = 10


def list_arns(client: Any, cluster: str, **filters: Any) -> list[str]:
    """`filters` are those of ListTasks. Without a desired status, ECS lists the tasks that are to run."""
    asked = {key: value for key, value in filters.items() if value}
    intent = f"list the tasks of cluster {cluster}"
    return ECS.call_all(client, "list_tasks", "taskArns", intent, cluster=cluster, **asked)


def describe(client: Any, cluster: str, references: Sequence[str]) -> list[Resource]:
    """Those of the given ids and ARNs that ECS still knows."""
    found: list[Resource] = []
    for batch in batches(references, DESCRIBE_BATCH):
        intent = f"read {len(batch)} tasks of cluster {cluster}"
        reply = ECS.call(client, "describe_tasks", intent, cluster=cluster, tasks=batch, include=["TAGS"])
        found.extend(reply.get("tasks", []))
    return found


def run(client: Any, what: str, request: Mapping[str, Any], count: int, token: str | None) -> list[Resource]:
    """Start `count` tasks wherever they fit, ten a call. Anything less than all of them is a failure."""
    # Ours where the caller has none: a call that is repeated after a broken connection must not start twice.
    base = token or uuid.uuid4().hex
    sizes = [len(batch) for batch in batches(range(count), RUN_BATCH)]

    def order(number: int, size: int) -> Resource:
        own = base if not number else f"{base}-{number}"
        intent = f"run {size} tasks of {what}"
        return ECS.call(client, "run_task", intent, **request, count=size, clientToken=own)

    return _start_all(what, count, [partial(order, number, size) for number, size in enumerate(sizes)])


def start(client: Any, what: str, request: Mapping[str, Any], instances: Sequence[str]) -> list[Resource]:
    """Start a task on each of these container instances, ten a call. The API has no client token for it."""

    def order(batch: list[str]) -> Resource:
        intent = f"start {len(batch)} tasks of {what}"
        return ECS.call(client, "start_task", intent, **request, containerInstances=batch)

    orders = [partial(order, batch) for batch in batches(instances, START_BATCH)]
    return _start_all(what, len(instances), orders)


def _start_all(what: str, wanted: int, orders: Sequence[Callable[[], Resource]]) -> list[Resource]:
    started: list[Resource] = []
    for number, order in enumerate(orders):
        try:
            reply = order()
        except Refused as error:
            raise _refused(what, wanted, started, error) from error
        started.extend(reply.get("tasks", []))
        asked = min(wanted, (number + 1) * RUN_BATCH)
        if reply.get("failures") or len(started) < asked:
            raise not_placed(what, wanted, started, reply.get("failures", []))
    return started


def _refused(what: str, wanted: int, started: list[Resource], error: Refused) -> Exception:
    """A refusal after some have been started must not hide them."""
    advice = way_out(error.message)
    if not started and not advice:
        return error
    fewer = not_placed(what, wanted, started, [])
    head = fewer.message if started else ""
    text = f"{head} {error.message} {advice}".strip()
    return NotPossible(text if text.endswith(".") else f"{text}.", **{**fewer.details, **error.details})


def stop(client: Any, cluster: str, arns: Sequence[str], reason: str) -> None:
    """ECS stops one task a call."""
    for arn in arns:
        intent = f"stop task {arn.rpartition('/')[2]} of cluster {cluster}"
        ECS.call(client, "stop_task", intent, cluster=cluster, task=arn, reason=reason)
