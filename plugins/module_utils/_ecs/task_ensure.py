# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting tasks that are to be there, and stopping those that are not; waiting for either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._aws.errors import FleetError, invalid
from .._aws.waiting import wait_for
from ..planning.workload_rules import task_findings
from . import definitions, task_results, tasks
from .references import short_definition
from .shapes import shape_task
from .task_search import Filters, locate_instances, of_service, search
from .transformations import Resource, prune, tags_to_list
from .waiters import TASK_RUNNING, TASK_STOPPED

WAITERS = {"running": TASK_RUNNING, "stopped": TASK_STOPPED}

# Options of the module, and what they are in RunTask.
_MEMBERS = {
    "task_definition": "taskDefinition",
    "launch_type": "launchType",
    "platform_version": "platformVersion",
    "capacity_provider_strategy": "capacityProviderStrategy",
    "placement_constraints": "placementConstraints",
    "placement_strategy": "placementStrategy",
    "network_configuration": "networkConfiguration",
    "enable_execute_command": "enableExecuteCommand",
    "enable_ecs_managed_tags": "enableECSManagedTags",
    "propagate_tags": "propagateTags",
    "overrides": "overrides",
    "group": "group",
    "started_by": "startedBy",
}
# Where the caller chooses the instances, there is nothing to place; their kind is the launch type.
_PLACING = ("launchType", "platformVersion", "capacityProviderStrategy", "placementConstraints", "placementStrategy")


@dataclass(frozen=True)
class WantedTasks:
    """`request` holds what was asked of RunTask. Instances that are named take the place of a count."""

    request: Resource
    count: int = 1
    instances: list[str] = field(default_factory=list)
    count_running: bool = False
    client_token: str | None = None
    exit_codes_count: bool = True


@dataclass(frozen=True)
class Ensure:
    """How a run goes. `wait` is running, stopped or empty."""

    cluster: str
    check_mode: bool
    wait: str
    timeout: float
    site_kind: str | None = None

    # Starting.

    def check_request(self, wanted: WantedTasks) -> list[str]:
        """The rules that need nothing but the request, before any call. Chosen instances tell the launch type later."""
        assumed = definitions.launch_type_of(self.site_kind) if wanted.instances else {}
        return self._check({**assumed, **wanted.request}, None)

    def _check(self, request: Mapping[str, Any], definition: Resource | None) -> list[str]:
        kind = definitions.site_kind(self.site_kind, request.get("launchType"))
        what = f"A task of {short_definition(request['taskDefinition'])}"
        findings = [*definitions.definition_errors(definition, kind), *task_findings(request, definition, kind)]
        return definitions.check(what, kind, findings)

    def started(self, client: Any, wanted: WantedTasks) -> Resource:
        definition = self._definition(client, wanted.request["taskDefinition"])
        places = locate_instances(client, self.cluster, wanted.instances) if wanted.instances else []
        warnings = self._check({**wanted.request, **_launch_type(places)}, definition)
        running = self._running(client, wanted, definition)
        arns = _free(places, running)
        missing = len(arns) if places else max(0, wanted.count - len(running))
        new: list[Resource] = []
        if missing and not self.check_mode:
            new = self._start(client, wanted, definition, arns, missing)
        all_tasks = self._wait_started(client, [*running, *new], bool(new), definition, wanted.exit_codes_count)
        return {
            "changed": bool(missing),
            "tasks": [shape_task(task) for task in all_tasks],
            "missing": [],
            "diff": {"before": {"tasks": len(running)}, "after": {"tasks": len(running) + missing}},
            "warnings": warnings,
        }

    def _definition(self, client: Any, reference: str) -> Resource | None:
        """In check mode, it may be registered by another task of the play."""
        found = definitions.look_up(client, reference)
        return None if found is None and self.check_mode else definitions.need(reference, found)

    def _running(self, client: Any, wanted: WantedTasks, definition: Resource | None) -> list[Resource]:
        if not wanted.count_running or definition is None:
            return []
        family = definition["family"]
        group = wanted.request.get("group", f"family:{family}")
        return search(client, self.cluster, Filters(family, group, wanted.request.get("startedBy")))

    def _start(
        self, client: Any, wanted: WantedTasks, definition: Resource | None, arns: Sequence[str], count: int
    ) -> list[Resource]:
        request = {**wanted.request, "cluster": self.cluster}
        if definition is not None:
            # The revision that was checked, whatever is registered meanwhile.
            request["taskDefinition"] = definition["taskDefinitionArn"]
        what = f"{short_definition(request['taskDefinition'])} in cluster {self.cluster}"
        if not arns:
            return tasks.run(client, what, request, count, wanted.client_token)
        plain = {member: value for member, value in request.items() if member not in _PLACING}
        return tasks.start(client, what, plain, arns)

    def _wait_started(
        self, client: Any, now: list[Resource], changed: bool, definition: Resource | None, exit_codes_count: bool
    ) -> list[Resource]:
        if not self.wait or self.check_mode or not now:
            return now
        after = self._wait(client, now, changed)
        essential = definitions.essential_containers(definition)
        if self.wait == "running":
            lost = [task for task in after if not task_results.has_run(task)]
            if lost:
                raise task_results.ended_badly(self.cluster, lost, after, changed)
        else:
            task_results.check_ends(self.cluster, after, essential, exit_codes_count, changed)
        return after

    def _wait(self, client: Any, now: Sequence[Resource], changed: bool) -> list[Resource]:
        """The tasks as they are at the end. One that ECS forgets meanwhile is as it was last seen."""
        last = {str(task["taskArn"]): task for task in now}

        def look(names: Sequence[str]) -> dict[str, Resource | None]:
            found = {task["taskArn"]: task for task in tasks.describe(client, self.cluster, names)}
            last.update(found)
            return {name: found.get(name) for name in names}

        try:
            wait_for(WAITERS[self.wait], list(last), look, self.timeout, first=dict(last))
        except FleetError as error:
            error.details.update(changed=changed, tasks=[shape_task(task) for task in last.values()])
            raise
        return list(last.values())

    # Stopping.

    def stopped(self, client: Any, references: Sequence[str], filters: Filters, reason: str) -> Resource:
        found = self._to_stop(client, references, filters)
        live = [task for task in found if task_results.is_live(task)]
        stopping = [task for task in live if task["desiredStatus"] != task_results.STOPPED]
        after = found
        if stopping and not self.check_mode:
            tasks.stop(client, self.cluster, [task["taskArn"] for task in stopping], reason)
        if self.check_mode:
            after = [{**task, "desiredStatus": task_results.STOPPED} for task in found]
        elif self.wait and live:
            after = self._wait(client, found, bool(stopping))
        elif stopping:
            after = tasks.describe(client, self.cluster, [task["taskArn"] for task in found])
        known = {name for task in found for name in (task["taskArn"], task["taskArn"].rpartition("/")[2])}
        return {
            "changed": bool(stopping),
            "tasks": [shape_task(task) for task in after],
            "missing": [reference for reference in references if reference not in known],
            "diff": {
                "before": {"tasks": [task["taskArn"] for task in live]},
                "after": {"tasks": [task["taskArn"] for task in live if task not in stopping]},
            },
            "warnings": [
                f"Task {task['taskArn'].rpartition('/')[2]} is of {task['group']}, which starts another in its place."
                for task in stopping
                if of_service(task)
            ],
        }

    def _to_stop(self, client: Any, references: Sequence[str], filters: Filters) -> list[Resource]:
        if references:
            return tasks.describe(client, self.cluster, references)
        # A task that was told to stop before is waited for, too.
        statuses = ("RUNNING", "STOPPED") if self.wait else ("RUNNING",)
        found = search(client, self.cluster, filters, statuses)
        return [task for task in found if task_results.is_live(task) and not of_service(task)]


def read_request(params: Mapping[str, Any], tags: Mapping[str, str] | None) -> Resource:
    request = prune({api: params[option] for option, api in _MEMBERS.items()})
    if tags:
        request["tags"] = tags_to_list(tags)
    if request.get("launchType") and request.get("capacityProviderStrategy"):
        raise invalid("launch_type", request["launchType"], "it goes not together with capacity_provider_strategy")
    return request


def check_count(count: int) -> int:
    if count < 0:
        raise invalid("count", count, "it is 0 or more")
    return count


def _launch_type(places: Sequence[Mapping[str, Any]]) -> Resource:
    """Of instances that the caller chose, by what they are."""
    external = any(str(place.get("ec2_instance_id")).startswith("mi-") for place in places)
    return {"launchType": "EXTERNAL"} if external else {}


def _free(places: Sequence[Mapping[str, Any]], running: Sequence[Mapping[str, Any]]) -> list[str]:
    taken = {task.get("containerInstanceArn") for task in running}
    return [place["container_instance_arn"] for place in places if place["container_instance_arn"] not in taken]
