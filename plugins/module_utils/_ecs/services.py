# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services: thin calls in the API's batch sizes. Services are in the API's own form; modules return it shaped."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.service import batches
from .clusters import change_tags
from .common import ECS
from .service_plan import ServiceChange
from .transformations import Resource, tags_to_list

# Limits of the API reference. Unless asked for more, ListServices answers ten a page.
DESCRIBE_BATCH = 10
LIST_PAGE = 100
GONE = "INACTIVE"


def list_arns(client: Any, cluster: str, launch_type: str | None = None, strategy: str | None = None) -> list[str]:
    filters = {"launchType": launch_type, "schedulingStrategy": strategy}
    asked = {key: value for key, value in filters.items() if value}
    intent = f"list the services of cluster {cluster}"
    return ECS.call_all(client, "list_services", "serviceArns", intent, cluster=cluster, maxResults=LIST_PAGE, **asked)


def describe(client: Any, cluster: str, references: Sequence[str]) -> list[Resource]:
    """Those of the given names and ARNs that exist. A deleted service is described for a while, as INACTIVE."""
    found: list[Resource] = []
    for batch in batches(references, DESCRIBE_BATCH):
        intent = f"read {len(batch)} services of cluster {cluster}" if len(batch) > 1 else f"read service {batch[0]}"
        reply = ECS.call(client, "describe_services", intent, cluster=cluster, services=batch, include=["TAGS"])
        found.extend(service for service in reply.get("services", []) if service["status"] != GONE)
    return found


def find(client: Any, cluster: str, name: str) -> Resource | None:
    return next(iter(describe(client, cluster, [name])), None)


def create(client: Any, cluster: str, name: str, request: Mapping[str, Any], tags: Mapping[str, str]) -> Resource:
    labels: Resource = {"tags": tags_to_list(tags)} if tags else {}
    reply = ECS.call(
        client,
        "create_service",
        f"create service {name} in cluster {cluster}",
        cluster=cluster,
        serviceName=name,
        # The same for every repetition of this call.
        clientToken=uuid.uuid4().hex,
        **labels,
        **request,
    )
    created: Resource = reply["service"]
    return created


def update(client: Any, cluster: str, current: Mapping[str, Any], change: ServiceChange) -> Resource:
    """One UpdateService with nothing but the differences."""
    name, after = current["serviceName"], dict(current)
    if change.update:
        intent = f"update service {name} of cluster {cluster}"
        after = ECS.call(client, "update_service", intent, cluster=cluster, service=name, **change.update)["service"]
    change_tags(client, current["serviceArn"], f"service {name}", change.tags)
    return {**after, "tags": change.tags_after(current)}


def scale(client: Any, cluster: str, name: str, count: int) -> Resource:
    intent = f"scale service {name} of cluster {cluster} to {count}"
    reply = ECS.call(client, "update_service", intent, cluster=cluster, service=name, desiredCount=count)
    service: Resource = reply["service"]
    return service


def delete(client: Any, cluster: str, name: str, force: bool) -> None:
    intent = f"delete service {name} of cluster {cluster}"
    ECS.call(client, "delete_service", intent, cluster=cluster, service=name, force=force)
