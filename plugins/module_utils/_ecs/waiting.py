# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding container instances, and waiting for them, as one batch under one deadline."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.errors import NotPossible
from .._aws.waiting import Seen, wait_for
from . import container_instances as instances
from . import tasks
from .validation import is_machine_id
from .waiters import INSTANCE_CONNECTED, INSTANCE_DRAINED, INSTANCE_EMPTY, INSTANCE_REGISTERED

Instances = dict[str, Seen]

# What a drain does about tasks that belong to no service: ECS leaves them alone.
IGNORE, WAIT, STOP = STANDALONE = ("ignore", "wait", "stop")


class Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return max(0.0, self._end - time.monotonic())


def locate(client: Any, cluster: str, references: Sequence[str], deadline: Deadline | None) -> Instances:
    """The best record of each reference. With a deadline, machines may still register until then."""
    seen = instances.best(instances.resolve(client, cluster, references))
    absent = missing(seen)
    if not absent or deadline is None or not all(is_machine_id(reference) for reference in absent):
        return seen
    return wait_for(
        INSTANCE_REGISTERED,
        references,
        lambda names: instances.best(instances.find(client, cluster, names)),
        deadline.left,
        first=seen,
    )


def missing(seen: Mapping[str, Seen]) -> list[str]:
    return [reference for reference, instance in seen.items() if instance is None]


def require_all(cluster: str, seen: Mapping[str, Seen]) -> None:
    absent = missing(seen)
    if absent:
        raise NotPossible(
            f"{len(absent)} of {len(seen)} container instances are not in cluster {cluster}: {', '.join(absent)}. "
            "Check the cluster, and on each host that the ECS agent has registered.",
            missing=absent,
        )


def wait_connected(client: Any, cluster: str, seen: Instances, deadline: Deadline) -> Instances:
    arns = [instance["container_instance_arn"] for instance in seen.values() if instance]
    return wait_for(
        INSTANCE_CONNECTED,
        list(seen),
        lambda names: instances.best(instances.find(client, cluster, names, known=arns)),
        deadline.left,
        first=seen,
    )


def wait_drained(client: Any, cluster: str, seen: Instances, deadline: Deadline, standalone: str = IGNORE) -> Instances:
    """Until no task of a service is left, and no other one either unless those are ignored.

    Tasks without a service are stopped only after no more can be placed: the instances are DRAINING already.
    """

    def counted(now: Mapping[str, Seen]) -> Instances:
        return {name: item and instances.count_tasks(client, cluster, item) for name, item in now.items()}

    first = counted(seen)
    if standalone == STOP:
        arns = [arn for item in instances.unique(first.values()) for arn in item["standalone_tasks"]]
        tasks.stop(client, cluster, arns, "Its container instance is drained")
    return wait_for(
        INSTANCE_DRAINED if standalone == IGNORE else INSTANCE_EMPTY,
        list(seen),
        lambda names: counted(instances.look_again(client, cluster, {name: seen[name] for name in names})),
        deadline.left,
        first=first,
    )
