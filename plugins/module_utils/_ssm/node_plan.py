# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to change on managed nodes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.tags import TagChange, compare_tags
from .transformations import Resource

_ROLE_PATH = "service-role/"


@dataclass(frozen=True)
class WantedNode:
    """None stands for "leave as it is"."""

    iam_role: str | None = None
    tags: dict[str, str] | None = None
    purge_tags: bool = False


@dataclass(frozen=True)
class NodeChange:
    iam_role: str | None = None
    tags: TagChange = field(default_factory=TagChange)

    def __bool__(self) -> bool:
        return self.iam_role is not None or bool(self.tags)


def compare(node: Mapping[str, Any], wanted: WantedNode) -> NodeChange:
    """A node whose tags were not read has those that are wanted."""
    role = wanted.iam_role
    same = role is None or _plain(node["iam_role"] or "") == _plain(role)
    tags = compare_tags(node["tags"], wanted.tags, wanted.purge_tags) if "tags" in node else TagChange()
    return NodeChange(iam_role=None if same else role, tags=tags)


def predict(node: Mapping[str, Any], change: NodeChange) -> Resource:
    after = {**node, "iam_role": change.iam_role or node["iam_role"]}
    return {**after, "tags": change.tags.apply_to(node["tags"])} if "tags" in node else after


def difference(nodes: Iterable[Mapping[str, Any]]) -> Resource:
    """What diff mode shows of managed nodes: only what the module manages."""
    shown = ("name", "iam_role", "tags")
    return {node["instance_id"]: {key: node[key] for key in shown if key in node} for node in nodes}


def _plain(role: str) -> str:
    """AWS takes a role of the path service-role with or without that path."""
    return role.removeprefix(_ROLE_PATH)
