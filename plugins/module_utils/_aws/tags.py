# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags: read from the user, compared, and shaped, without AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

from .errors import invalid

_RESERVED = "aws:"


@dataclass(frozen=True)
class TagChange:
    put: dict[str, str] = field(default_factory=dict)
    drop: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.put or self.drop)

    def apply_to(self, tags: Mapping[str, str]) -> dict[str, str]:
        return {key: value for key, value in {**tags, **self.put}.items() if key not in self.drop}


def read_texts(option: str, values: Mapping[Any, Any] | None) -> dict[str, str] | None:
    """Numbers become text; anything else that is not text is refused."""
    if values is None:
        return None
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise invalid(f"{option}.{key}", value, "the value must be text or a number; quote it")
    return {str(key): str(value) for key, value in values.items()}


def read_tags(values: Mapping[Any, Any] | None, option: str = "tags") -> dict[str, str] | None:
    tags = read_texts(option, values)
    for key, value in (tags or {}).items():
        if not 1 <= len(key) <= 128 or key.lower().startswith(_RESERVED):
            raise invalid(option, key, f"a key has 1 to 128 characters and does not start with {_RESERVED}")
        if len(value) > 256:
            raise invalid(f"{option}.{key}", value, "a value has at most 256 characters")
    return tags


def compare_tags(current: Mapping[str, str], wanted: Mapping[str, str] | None, purge: bool) -> TagChange:
    if wanted is None:
        return TagChange()
    put, drop = compare_aws_tags(dict(current), dict(wanted), purge)
    return TagChange(put=put, drop=sorted(drop))
