# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding tasks by what they are: what ListTasks can filter by, and what it cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import container_instances as instances
from . import tasks
from .references import SERVICE_GROUP, short_definition
from .transformations import Resource
from .validation import is_machine_id
from .waiting import require_all


@dataclass(frozen=True)
class Filters:
    """None lets all pass. `container_instance` is an id or ARN of ECS."""

    family: str | None = None
    group: str | None = None
    started_by: str | None = None
    service: str | None = None
    launch_type: str | None = None
    container_instance: str | None = None

    def ask(self) -> Resource:
        """What ListTasks is given. It takes startedBy alone only, and knows no groups."""
        if self.started_by:
            return {"startedBy": self.started_by}
        return {
            "family": self.family,
            "serviceName": self.service,
            "launchType": self.launch_type,
            "containerInstance": self.container_instance,
        }

    def match(self, task: Mapping[str, Any]) -> bool:
        group = f"{SERVICE_GROUP}{self.service.rpartition('/')[2]}" if self.service else self.group
        wanted = (
            (self.family, family_of(task)),
            (group, task.get("group")),
            (self.started_by, task.get("startedBy")),
            (self.launch_type, task.get("launchType")),
            (self.container_instance and _id(self.container_instance), _id(task.get("containerInstanceArn", ""))),
        )
        return all(value in (None, found) for value, found in wanted)


def _id(reference: str) -> str:
    return reference.rpartition("/")[2]


def family_of(task: Mapping[str, Any]) -> str:
    return short_definition(str(task.get("taskDefinitionArn", ""))).partition(":")[0]


def of_service(task: Mapping[str, Any]) -> bool:
    return str(task.get("group", "")).startswith(SERVICE_GROUP)


def search(client: Any, cluster: str, filters: Filters, statuses: Iterable[str] = ("RUNNING",)) -> list[Resource]:
    """Tasks with one of these desired statuses; a task on its way out has the desired status STOPPED already."""
    arns: list[str] = []
    for status in statuses:
        arns.extend(tasks.list_arns(client, cluster, desiredStatus=status, **filters.ask()))
    found = tasks.describe(client, cluster, list(dict.fromkeys(arns)))
    return [task for task in found if filters.match(task)]


def locate_instances(client: Any, cluster: str, references: Sequence[str]) -> list[Resource]:
    """The container instances of ids, ARNs and machines; all have to be there."""
    seen = instances.best(instances.resolve(client, cluster, references))
    require_all(cluster, seen)
    return instances.unique(seen.values())


def container_instance_arn(client: Any, cluster: str, reference: str | None) -> str | None:
    """ListTasks knows ids and ARNs of ECS; a machine is looked up."""
    if reference is None or not is_machine_id(reference):
        return reference
    return str(locate_instances(client, cluster, [reference])[0]["container_instance_arn"])
