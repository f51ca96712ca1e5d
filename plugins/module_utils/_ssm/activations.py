# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Activations: thin calls, and choosing which ones are meant."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .._aws.errors import Refused
from .._aws.service import batches
from .common import SSM
from .transformations import Resource, shape_activation, tags_to_list
from .validation import HOURS

DESCRIBE_PAGE = 50

# What AWS calls an activation that is not there (any more).
_GONE = ("InvalidActivation", "InvalidActivationId")
# An expiry of exactly 30 days is refused when this clock runs a little ahead of the Region's.
_CLOCK_MARGIN = timedelta(minutes=5)
_ROLE_PAUSE = 3.0


@dataclass(frozen=True)
class WantedActivation:
    role: str
    limit: int
    hours: int
    name: str | None = None
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


def expiry(now: datetime, hours: int) -> datetime:
    return now + timedelta(hours=hours) - (_CLOCK_MARGIN if hours == HOURS[1] else timedelta())


def predict(wanted: WantedActivation, now: datetime) -> Resource:
    """The activation as it will be, without id and code; for check mode and for the difference."""
    return {
        "name": wanted.name,
        "description": wanted.description,
        "role": wanted.role,
        "limit": wanted.limit,
        "registrations_count": 0,
        "expiration_date": expiry(now, wanted.hours).isoformat(),
        "expired": False,
        "tags": wanted.tags,
    }


def create(client: Any, wanted: WantedActivation, now: datetime) -> Resource:
    """The new activation with its code, which AWS tells here and never again."""
    asked = {
        "IamRole": wanted.role,
        "RegistrationLimit": wanted.limit,
        "ExpirationDate": expiry(now, wanted.hours),
        "DefaultInstanceName": wanted.name,
        "Description": wanted.description,
        "Tags": tags_to_list(wanted.tags),
    }
    parameters = {key: value for key, value in asked.items() if value}
    label = f"activation {wanted.name}" if wanted.name else "an activation"
    reply = SSM.call(client, "create_activation", f"create {label} for role {wanted.role}", **parameters)
    secret = {"activation_id": reply["ActivationId"], "activation_code": reply["ActivationCode"]}
    return {**secret, **predict(wanted, now)}


def create_patiently(
    client: Any,
    wanted: WantedActivation,
    now: datetime,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] | None = None,
) -> Resource:
    """Like create(), and gives IAM up to `timeout` seconds to make a new role known."""
    deadline = clock() + timeout
    while True:
        try:
            return create(client, wanted, now)
        except Refused as refusal:
            if not _is_unknown_role(refusal) or clock() >= deadline:
                raise
        (sleep or time.sleep)(_ROLE_PAUSE)


def _is_unknown_role(refusal: Refused) -> bool:
    """IAM needs some seconds until other services know a new role; SSM answers with this text meanwhile."""
    return refusal.code == "ValidationException" and "role" in refusal.message.lower()


def find_by_ids(client: Any, ids: Sequence[str]) -> list[Resource]:
    found: list[Resource] = []
    for batch in batches(ids, DESCRIBE_PAGE):
        found.extend(_describe(client, "ActivationIds", batch))
    return select(found, ids=ids)


def find_by_name(client: Any, name: str, tags: Mapping[str, str]) -> list[Resource]:
    return select(_describe(client, "DefaultInstanceName", [name]), name=name, tags=tags)


def find(
    client: Any, ids: Sequence[str] | None = None, name: str | None = None, role: str | None = None
) -> list[Resource]:
    """None means "any". One filter goes to AWS, the one that lets the fewest through; the rest is for select()."""
    if ids is not None:
        return select(find_by_ids(client, ids), name=name, role=role)
    if name is not None:
        return select(_describe(client, "DefaultInstanceName", [name]), name=name, role=role)
    return select(_describe(client, "IamRole", [role] if role else []), role=role)


def select(
    activations: Iterable[Resource],
    ids: Sequence[str] | None = None,
    name: str | None = None,
    tags: Mapping[str, str] | None = None,
    role: str | None = None,
) -> list[Resource]:
    """Exactly those that are meant, whatever the API's own filter lets through: what is selected gets deleted."""
    return [
        item
        for item in activations
        if (ids is None or item["activation_id"] in ids)
        and (name is None or item["name"] == name)
        and (role is None or item["role"] == role)
        and (tags or {}).items() <= item["tags"].items()
    ]


def delete(client: Any, activation_id: str) -> None:
    try:
        SSM.call(client, "delete_activation", f"delete activation {activation_id}", ActivationId=activation_id)
    except Refused as refusal:
        if refusal.code not in _GONE:
            raise


def _describe(client: Any, key: str, values: Sequence[str]) -> list[Resource]:
    found = SSM.call_all(
        client,
        "describe_activations",
        "ActivationList",
        "read the activations",
        MaxResults=DESCRIBE_PAGE,
        **({"Filters": [{"FilterKey": key, "FilterValues": list(values)}]} if values else {}),
    )
    return [shape_activation(item) for item in found]
