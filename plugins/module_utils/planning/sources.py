# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where machines are read from, and which: accounts, Regions and clusters, out of the options of an inventory. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import nodes
from .leaving import FLEET_TAG

Data = Mapping[str, Any]
Values = Mapping[str, Sequence[str]]

_MEMBERS = ("name", "assume_role_arn", "external_id", "profile", "regions", "clusters")
_LISTS = ("regions", "clusters")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")


class SourceError(ValueError):
    """An option that cannot be; names the option, the value and what is allowed."""


@dataclass(frozen=True)
class Source:
    """An account, as some credentials see it. No cluster named: all of each Region."""

    name: str
    regions: tuple[str, ...]
    clusters: tuple[str, ...] = ()
    assume_role_arn: str = ""
    external_id: str = ""
    profile: str = ""

    def label(self, region: str) -> str:
        return f"{self.name} in {region}" if self.name else region


@dataclass(frozen=True)
class Question:
    """Which machines are asked for; empty means "any"."""

    fleets: tuple[str, ...] = ()
    tags: Values = field(default_factory=dict)
    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    expression: str = ""

    @property
    def tag_values(self) -> dict[str, list[str]]:
        """What a machine that is no container instance must bear: the tag of a fleet makes it the fleet's."""
        return {FLEET_TAG: list(self.fleets), **{key: list(values) for key, values in self.tags.items()}}

    @property
    def joined_only(self) -> bool:
        """Whether only container instances can be meant."""
        return bool(self.expression or self.statuses)

    @property
    def wants_ec2(self) -> bool:
        return not self.kinds or set(self.kinds) != {nodes.EXTERNAL}

    def wants(self, row: Data) -> bool:
        """Whether a row is asked for, by all that AWS was not asked to choose by."""
        return (
            (not self.fleets or row["fleet"] in self.fleets)
            and (not self.statuses or row["status"] in self.statuses)
            and (not self.kinds or row["kind"] in self.kinds)
            and all(_has(row["tags"], key, values) for key, values in self.tags.items())
        )


def _has(tags: Data, key: str, values: Sequence[str]) -> bool:
    return key in tags and (not values or tags[key] in values)


def read_tags(tags: Data) -> dict[str, tuple[str, ...]]:
    """A value, a list of values, or nothing for any value."""
    return {str(key): tuple(map(str, _as_list(values))) for key, values in tags.items()}


def read_sources(given: Sequence[Any], defaults: Data) -> list[Source]:
    """The sources of an inventory; C(defaults) has the C(regions) and C(clusters) of those that name none."""
    read = [_read(number, item, defaults) for number, item in enumerate(given, start=1)]
    return read or [_source({}, defaults)]


def _read(number: int, item: Any, defaults: Data) -> Source:
    where = f"sources, item {number}"
    if not isinstance(item, Mapping):
        raise SourceError(f"Option {where}: {item!r} is not valid: give a dictionary with {', '.join(_MEMBERS)}.")
    unknown = sorted(set(item) - set(_MEMBERS))
    if unknown:
        raise SourceError(f"Option {where}: {', '.join(unknown)} is not known; members are {', '.join(_MEMBERS)}.")
    if item.get("assume_role_arn") and not _ROLE.fullmatch(str(item["assume_role_arn"])):
        raise SourceError(
            f"Option {where}, assume_role_arn: {item['assume_role_arn']!r} is not valid: give the ARN of a role, "
            "arn:aws:iam::ACCOUNT:role/NAME."
        )
    return _source(item, defaults)


def _source(item: Data, defaults: Data) -> Source:
    lists = {key: tuple(map(str, _as_list(item.get(key)) or _as_list(defaults.get(key)))) for key in _LISTS}
    for region in lists["regions"]:
        if not _REGION.fullmatch(region):
            raise SourceError(f"Option regions: {region!r} is not valid: give the name of a Region, such as us-west-2.")
    if not lists["regions"]:
        raise SourceError(
            "No Region is named: give the option regions, the option region, or the environment variable AWS_REGION."
        )
    role = str(item.get("assume_role_arn") or "")
    name = str(item.get("name") or role or item.get("profile") or "")
    return Source(
        name=name,
        assume_role_arn=role,
        external_id=str(item.get("external_id") or ""),
        profile=str(item.get("profile") or ""),
        **lists,
    )


def _as_list(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


# --- groups ---

GROUPINGS = ("site", "cluster", "kind", "status", "connection", "platform", "region", "account")
DEFAULT_GROUPINGS = GROUPINGS[:6]


def groups(row: Data, by: Iterable[str]) -> list[tuple[str, str]]:
    """The groups of a machine, each with the group that it is part of, or an empty text.

    All bear a prefix: what a machine says of itself must not put it into just any group of a run.
    """
    return [pair for grouping in by for pair in _groups(row, grouping)]


def _groups(row: Data, by: str) -> list[tuple[str, str]]:
    if by == "connection":
        return [("connected" if row["agent_connected"] else "disconnected", "")]
    if by == "platform":
        kind, name = safe(row["platform_type"]), safe(row["platform_name"])
        return [(f"platform_{kind}", "")] * bool(kind) + [(f"platform_{name}", f"platform_{kind}")] * bool(
            kind and name and name != kind
        )
    value = safe(row[by]) or ("none" if by == "status" else "")
    return [(f"{by}_{value}", "")] if value else []


def safe(text: Any) -> str:
    """A text as part of a group's name.

    >>> safe("Debian GNU/Linux"), safe("retail-edge")
    ('debian_gnu_linux', 'retail_edge')
    """
    return re.sub(r"[^a-z0-9]+", "_", str(text).lower()).strip("_")
