# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to change on container instances. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._aws.errors import NotPossible
from .._aws.tags import TagChange, compare_tags
from .transformations import Resource
from .validation import ATTRIBUTES_PER_INSTANCE, is_reserved

# DRAINING is reached from ACTIVE only, and the other way round.
_SETTLED = ("ACTIVE", "DRAINING")


@dataclass(frozen=True)
class WantedInstance:
    """None stands for "leave as it is"."""

    status: str | None = None
    attributes: dict[str, str] | None = None
    # More attributes of single instances, by the name that the user gives the instance.
    attributes_of: dict[str, dict[str, str]] = field(default_factory=dict)
    drop_attributes: list[str] = field(default_factory=list)
    drop_attributes_of: dict[str, list[str]] = field(default_factory=dict)
    purge_attributes: bool = False
    tags: dict[str, str] | None = None
    tags_of: dict[str, dict[str, str]] = field(default_factory=dict)
    drop_tags_of: dict[str, list[str]] = field(default_factory=dict)
    purge_tags: bool = False

    def attributes_for(self, names: Iterable[str]) -> dict[str, str] | None:
        return _joined(self.attributes, self.attributes_of, names)

    def tags_for(self, names: Iterable[str]) -> dict[str, str] | None:
        return _joined(self.tags, self.tags_of, names)

    def dropped_attributes(self, names: Iterable[str]) -> set[str]:
        return {*self.drop_attributes, *(key for name in names for key in self.drop_attributes_of.get(name, []))}

    def dropped_tags(self, names: Iterable[str]) -> set[str]:
        return {key for name in names for key in self.drop_tags_of.get(name, [])}


def _joined(
    shared: dict[str, str] | None, single: Mapping[str, dict[str, str]], names: Iterable[str]
) -> dict[str, str] | None:
    own = [single[name] for name in names if name in single]
    if shared is None and not own:
        return None
    return {key: value for given in (shared or {}, *own) for key, value in given.items()}


@dataclass(frozen=True)
class InstanceChange:
    status: str | None = None
    put_attributes: dict[str, str] = field(default_factory=dict)
    drop_attributes: list[str] = field(default_factory=list)
    tags: TagChange = field(default_factory=TagChange)

    def __bool__(self) -> bool:
        return bool(self.status or self.put_attributes or self.drop_attributes or self.tags)


def compare_all(seen: Mapping[str, Resource | None], wanted: WantedInstance) -> list[tuple[Resource, InstanceChange]]:
    """One entry a record, also when it was given by two of its names."""
    names: dict[str, list[str]] = {}
    records: dict[str, Resource] = {}
    for name, instance in seen.items():
        if instance:
            names.setdefault(instance["container_instance_arn"], []).append(name)
            records[instance["container_instance_arn"]] = instance
    return [(instance, compare(instance, wanted, names[arn])) for arn, instance in records.items()]


def compare(instance: Mapping[str, Any], wanted: WantedInstance, names: Sequence[str] = ()) -> InstanceChange:
    name = instance["ec2_instance_id"] or instance["container_instance_arn"]
    if wanted.status and instance["status"] not in _SETTLED:
        raise NotPossible(
            f"Container instance {name} is {instance['status']}: only one that is ACTIVE or DRAINING can be set to "
            f"{wanted.status}. Wait until it has settled, or register it anew."
        )
    put, drop = _compare_attributes(instance["attributes"], wanted, names)
    kept = [key for key in {**instance["attributes"], **put} if not is_reserved(key) and key not in drop]
    if put and len(kept) > ATTRIBUTES_PER_INSTANCE:
        raise NotPossible(
            f"Container instance {name} would have {len(kept)} custom attributes; ECS keeps {ATTRIBUTES_PER_INSTANCE}. "
            f"They would be: {', '.join(sorted(kept))}. Remove some, or set purge_attributes."
        )
    return InstanceChange(
        status=wanted.status if wanted.status and instance["status"] != wanted.status else None,
        put_attributes=put,
        drop_attributes=drop,
        tags=_compare_tags(instance["tags"], wanted, names),
    )


def _compare_tags(current: Mapping[str, str], wanted: WantedInstance, names: Sequence[str]) -> TagChange:
    change = compare_tags(current, wanted.tags_for(names), wanted.purge_tags)
    dropped = {name for name in wanted.dropped_tags(names) if name in current}
    return TagChange(put=change.put, drop=sorted({*change.drop, *dropped}))


def _compare_attributes(
    current: Mapping[str, str], wanted: WantedInstance, names: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    attributes = wanted.attributes_for(names)
    put = {name: value for name, value in (attributes or {}).items() if current.get(name) != value}
    drop = {name for name in wanted.dropped_attributes(names) if name in current}
    if attributes is not None and wanted.purge_attributes:
        drop.update(name for name in current if name not in attributes and not is_reserved(name))
    return put, sorted(drop)


def predict(instance: Mapping[str, Any], change: InstanceChange) -> Resource:
    """The instance as it will be; for check mode."""
    attributes = {**instance["attributes"], **change.put_attributes}
    return {
        **instance,
        "status": change.status or instance["status"],
        "attributes": {name: value for name, value in attributes.items() if name not in change.drop_attributes},
        "tags": change.tags.apply_to(instance["tags"]),
    }


def predict_all(
    before: Mapping[str, Resource | None], changes: Iterable[tuple[Resource, InstanceChange]]
) -> dict[str, Resource | None]:
    after = {instance["container_instance_arn"]: predict(instance, change) for instance, change in changes}
    return {name: instance and after[instance["container_instance_arn"]] for name, instance in before.items()}


def difference(instances: Iterable[Mapping[str, Any]]) -> Resource:
    """What diff mode shows of container instances: only what the module manages."""
    return {
        instance["ec2_instance_id"] or instance["container_instance_arn"]: {
            "status": instance["status"],
            "attributes": {name: value for name, value in instance["attributes"].items() if not is_reserved(name)},
            "tags": instance["tags"],
        }
        for instance in instances
    }
