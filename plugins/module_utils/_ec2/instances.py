# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2 instances, read in pages: by tag, and by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._aws.service import batches
from .common import EC2, FILTER_VALUES, PAGE
from .transformations import Resource, shape_instance

# One that is on its way out, or has been, is no machine of anybody.
_LIVE = ["pending", "running", "stopping", "stopped"]


def tagged(client: Any, tags: Mapping[str, Sequence[str]]) -> list[Resource]:
    """Those that bear all of these tags, each with one of the values; with any value where none is given."""
    asked = [_filter("instance-state-name", _LIVE)]
    asked += [_filter(f"tag:{key}", values) if values else _filter("tag-key", [key]) for key, values in tags.items()]
    return list(_describe(client, asked, "read the EC2 instances by their tags"))


def by_id(client: Any, ids: Sequence[str]) -> list[Resource]:
    """Those that EC2 knows: by a filter, because an id that is no more would be an error."""
    return [
        instance
        for batch in batches(ids, FILTER_VALUES)
        for instance in _describe(client, [_filter("instance-id", batch)], f"read {len(batch)} EC2 instances")
    ]


def _describe(client: Any, asked: list[dict[str, Any]], intent: str) -> Iterator[Resource]:
    found = EC2.call_all(client, "describe_instances", "Reservations", intent, Filters=asked, MaxResults=PAGE)
    return (shape_instance(instance) for reservation in found for instance in reservation.get("Instances", []))


def _filter(name: str, values: Sequence[str]) -> dict[str, Any]:
    return {"Name": name, "Values": list(values)}
