# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bringing a service to where it is wanted: look, check, change, wait."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._aws.errors import NotPossible, Refused
from .._aws.waiting import Waiter, wait_for
from ..planning.workload_rules import WARNING, Finding, service_findings
from . import definitions, rollouts, services
from .references import is_family
from .service_plan import ServiceChange, WantedService, compare, create_request, difference, effective, predict
from .shapes import shape_service
from .transformations import Resource
from .waiters import SERVICE_EMPTY, SERVICE_GONE

# What replaces tasks, so that all rules count.
_DEPLOYS = {"taskDefinition", "forceNewDeployment"}


def _of_old(finding: Finding, update: Mapping[str, Any]) -> Finding:
    """What was wrong before and is not touched must not be in the way of a change of scale: it becomes a warning."""
    return finding if finding.field.partition(".")[0] in update else finding._replace(level=WARNING)


@dataclass(frozen=True)
class Ensure:
    """How a run goes. Without a timeout nothing is waited for."""

    cluster: str
    check_mode: bool
    timeout: float | None
    site_kind: str | None

    # What is there, and what is asked.

    def check_request(self, wanted: WantedService) -> list[str]:
        """The rules that need nothing but the request, before any call. The launch type may be that of the service."""
        request = {**definitions.launch_type_of(self.site_kind), **wanted.request}
        kind = definitions.site_kind(self.site_kind, request.get("launchType"))
        return definitions.check(f"Service {wanted.name}", kind, service_findings(request, None, kind))

    def look(self, client: Any, name: str) -> Resource | None:
        try:
            return services.find(client, self.cluster, name)
        except Refused as error:
            # The cluster may be made by another task of the same play, which check mode has left undone.
            if self.check_mode and error.code == "ClusterNotFoundException":
                return None
            raise

    def _definition(self, client: Any, reference: str) -> Resource | None:
        """In check mode, the family may be registered by another task of the play."""
        found = definitions.look_up(client, reference)
        return None if found is None and self.check_mode else definitions.need(reference, found)

    def _check(
        self,
        current: Mapping[str, Any] | None,
        wanted: WantedService,
        change: ServiceChange,
        definition: Resource | None,
    ) -> list[str]:
        service = create_request(wanted) if current is None else effective(current, wanted.request)
        kind = definitions.site_kind(self.site_kind, service.get("launchType"))
        findings = [*definitions.definition_errors(definition, kind), *service_findings(service, definition, kind)]
        if current is not None and not _DEPLOYS & set(change.update):
            findings = [_of_old(finding, change.update) for finding in findings]
        return definitions.check(f"Service {wanted.name}", kind, findings)

    # Present.

    def present(self, client: Any, wanted: WantedService) -> Resource:
        current = self.look(client, wanted.name)
        if current is not None and current["status"] != "ACTIVE":
            raise NotPossible(
                f"Service {wanted.name} is being deleted ({current['status']}, {current['runningCount']} tasks still "
                "running). Run again when it is gone."
            )
        definition, wanted = self._resolve(client, wanted)
        change = ServiceChange() if current is None else compare(current, wanted)
        warnings = []
        if current is None:
            # Says what a new service lacks before more is asked of AWS.
            create_request(wanted)
        if current is None or change.update:
            definition = definition or self._used_definition(client, current, wanted, change)
            warnings = self._check(current, wanted, change, definition)
        after = self._apply(client, current, wanted, change)
        return {
            "changed": current is None or bool(change),
            "service": shape_service(after),
            "diff": _diff(current, predict(current, wanted, change), "forceNewDeployment" in change.update),
            "warnings": warnings,
        }

    def _resolve(self, client: Any, wanted: WantedService) -> tuple[Resource | None, WantedService]:
        """A family becomes the ARN of its latest ACTIVE revision."""
        reference = wanted.request.get("taskDefinition")
        if reference is None or not is_family(reference):
            return None, wanted
        definition = self._definition(client, reference)
        if definition is None:
            return None, wanted
        return definition, replace(
            wanted, request={**wanted.request, "taskDefinition": definition["taskDefinitionArn"]}
        )

    def _used_definition(
        self, client: Any, current: Mapping[str, Any] | None, wanted: WantedService, change: ServiceChange
    ) -> Resource | None:
        """The one that the service will have; one that it has already may be INACTIVE by now."""
        if current is None or "taskDefinition" in change.update:
            reference = wanted.request["taskDefinition"]
            # A family that check mode could not find once is not looked for again.
            return None if is_family(reference) else self._definition(client, reference)
        return definitions.look_up(client, current["taskDefinition"])

    def _apply(
        self, client: Any, current: Resource | None, wanted: WantedService, change: ServiceChange
    ) -> Mapping[str, Any]:
        if self.check_mode:
            return predict(current, wanted, change)
        if current is None:
            request, tags = create_request(wanted), wanted.tags or {}
            after = services.create(client, self.cluster, wanted.name, request, tags)
        else:
            after = services.update(client, self.cluster, current, change)
        if self.timeout is None:
            return after
        return rollouts.wait_rolled_out(client, self.cluster, after, self.timeout)

    # Absent.

    def absent(self, client: Any, name: str, force: bool) -> Resource:
        current = self.look(client, name)
        changed = current is not None and current["status"] == "ACTIVE"
        if current is not None and not self.check_mode:
            self._remove(client, current, force)
        return {"changed": changed, "service": None, "diff": _diff(current, None), "warnings": []}

    def _remove(self, client: Any, current: Resource, force: bool) -> None:
        name, started = current["serviceName"], time.monotonic()
        if current["status"] == "ACTIVE":
            if current.get("schedulingStrategy") != "DAEMON" and not force:
                self._empty(client, current)
            services.delete(client, self.cluster, name, force)
        if self.timeout is not None:
            self._wait(client, name, SERVICE_GONE, self.timeout - (time.monotonic() - started))

    def _empty(self, client: Any, current: Resource) -> None:
        """ECS deletes a service that is scaled to 0 only."""
        name = current["serviceName"]
        seen = services.scale(client, self.cluster, name, 0) if current["desiredCount"] else current
        if self.timeout is not None:
            self._wait(client, name, SERVICE_EMPTY, self.timeout, first=seen)

    def _wait(self, client: Any, name: str, waiter: Waiter, timeout: float, first: Resource | None = None) -> None:
        found = None if first is None else {name: first}
        wait_for(waiter, [name], lambda _names: {name: services.find(client, self.cluster, name)}, timeout, first=found)


def _diff(before: Resource | None, after: Resource | None, new_deployment: bool = False) -> dict[str, Resource]:
    """What is asked shows in both, and so does a deployment that replaces tasks without another difference."""
    shown = {"before": difference(before), "after": difference(after)}
    if before is not None and new_deployment:
        shown["before"]["deployment"] = rollouts.primary(before).get("id")
        shown["after"]["deployment"] = "a new one"
    return shown
