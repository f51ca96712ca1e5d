# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads planned, for the role workload. What they decide stands in module_utils/planning/workloads.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import FleetError
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs import service_plan
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs.transformations import tags_to_list
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import workloads

Data = Mapping[str, Any]


def workload_sites(hosts: Iterable[Data]) -> dict[str, str]:
    try:
        return workloads.site_kinds(hosts)
    except workloads.PlanError as error:
        raise AnsibleFilterError(str(error)) from error


def workload_plan(
    definitions: Sequence[Data],
    services: Sequence[Data],
    rules: Sequence[Data],
    sites: Mapping[str, str],
    **options: Any,
) -> dict[str, Any]:
    return workloads.build(definitions, services, rules, sites, options)


def workload_pending(
    services: Sequence[Data], existing: Sequence[Data], revisions: Mapping[str, str], tags: Mapping[str, str]
) -> dict[str, list[Any]]:
    """Of the planned services, those that are not there or differ, and those that have not come to rest.

    What is left bears all of the tags and is not planned; without tags nothing is ours.
    """
    found = {service["service_name"]: service for service in existing}
    differing = [service for service in services if _differs(service, found.get(service["name"]), revisions, tags)]
    names = {service["name"] for service in differing}
    restless = [
        service["name"]
        for service in services
        if service["name"] in found and service["name"] not in names and not _at_rest(found[service["name"]])
    ]
    planned = {service["name"] for service in services}
    left = [
        name
        for name, service in found.items()
        if name not in planned
        and service["status"] == "ACTIVE"
        and tags
        and all(service["tags"].get(key) == str(value) for key, value in tags.items())
    ]
    return {"change": differing, "wait": [*(service["name"] for service in differing), *restless], "left": left}


def _differs(service: Data, current: Data | None, revisions: Mapping[str, str], tags: Mapping[str, str]) -> bool:
    reference = str(service["task_definition"])
    definition = reference if ":" in reference else revisions.get(reference)
    # What cannot be told here, the module tells.
    if current is None or current["status"] != "ACTIVE" or not definition:
        return True
    options = {**dict.fromkeys(service_plan.MEMBERS), **service, "task_definition": definition}
    try:
        request = service_plan.read_request(options)
        labels = {str(key): str(value) for key, value in {**tags, **service.get("tags", {})}.items()}
        wanted = service_plan.WantedService(service["name"], request, labels)
        return bool(service_plan.compare(_api_form(current), wanted))
    except FleetError:
        return True


def _api_form(service: Data) -> dict[str, Any]:
    """A service as ECS describes it, from what the module made of it."""
    members = {api: service[option] for option, api in service_plan.MEMBERS.items() if service.get(option) is not None}
    return {**members, "roleArn": service.get("role"), "tags": tags_to_list(service.get("tags", {}))}


def _at_rest(service: Data) -> bool:
    primary: Data = next((one for one in service.get("deployments", []) if one.get("status") == "PRIMARY"), {})
    rolled_out = primary.get("rollout_state", "COMPLETED") == "COMPLETED"
    return bool(rolled_out and service.get("running_count") == service.get("desired_count"))


def workload_secrets_policy(plan: Data, place: Data, keys: Sequence[str] = ()) -> dict[str, Any]:
    return workloads.secrets_policy(plan, place, keys)


def workload_events_policy(plan: Data, place: Data, roles: Sequence[str]) -> dict[str, Any]:
    return workloads.events_policy(plan, place, roles)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "workload_sites": workload_sites,
            "workload_plan": workload_plan,
            "workload_pending": workload_pending,
            "workload_secrets_policy": workload_secrets_policy,
            "workload_events_policy": workload_events_policy,
        }
