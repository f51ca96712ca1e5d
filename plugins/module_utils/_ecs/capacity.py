# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Capacity providers of a cluster and its default strategy: read, and compared with what is wanted. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._aws.errors import NotPossible, invalid
from .transformations import Resource

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
_RANGES = {"weight": (0, 1000), "base": (0, 100_000)}
_STRATEGY_ITEMS = 20


@dataclass(frozen=True)
class WantedCapacity:
    """None stands for "leave as it is"."""

    providers: list[str] | None = None
    purge: bool = False
    strategy: list[Resource] | None = None


@dataclass(frozen=True)
class Capacity:
    """PutClusterCapacityProviders replaces both at once."""

    providers: list[str]
    strategy: list[Resource]


def read_providers(names: Sequence[str] | None) -> list[str] | None:
    for name in names or []:
        if not _NAME.fullmatch(name):
            rule = "give the name of a capacity provider: 1 to 255 letters, digits, hyphens and underscores"
            raise invalid("capacity_providers", name, rule)
    return None if names is None else list(dict.fromkeys(names))


def read_strategy(items: Sequence[Mapping[str, Any]] | None) -> list[Resource] | None:
    if items is None:
        return None
    option = "default_capacity_provider_strategy"
    if len(items) > _STRATEGY_ITEMS:
        raise invalid(option, f"{len(items)} items", f"it has at most {_STRATEGY_ITEMS}")
    names = [str(item["capacity_provider"]) for item in items]
    for name in names:
        if names.count(name) > 1:
            raise invalid(option, name, "each capacity provider is named once")
    for item in items:
        for member, (lowest, highest) in _RANGES.items():
            if not lowest <= item[member] <= highest:
                raise invalid(f"{option}.{member}", item[member], f"it is {lowest} to {highest}")
    if sum(bool(item["base"]) for item in items) > 1:
        raise invalid(f"{option}.base", [item["base"] for item in items], "only one capacity provider has a base")
    return [{"capacity_provider": item["capacity_provider"], **{key: item[key] for key in _RANGES}} for item in items]


def compare(current: Mapping[str, Any], wanted: WantedCapacity) -> Capacity | None:
    """Both as they shall be, or None when they are so already; refuses a strategy without its providers."""
    had, strategy = current["capacity_providers"], current["default_capacity_provider_strategy"]
    providers = had if wanted.providers is None else merge(had, wanted.providers, wanted.purge)
    chosen = strategy if wanted.strategy is None else wanted.strategy
    after = Capacity(providers, chosen)
    if sorted(providers) == sorted(had) and _by_name(chosen) == _by_name(strategy):
        return None
    require_providers(after)
    return after


def merge(had: Sequence[str], wanted: Sequence[str], purge: bool) -> list[str]:
    kept = [name for name in had if not purge or name in wanted]
    return [*kept, *(name for name in wanted if name not in had)]


def require_providers(capacity: Capacity) -> None:
    strangers = [item["capacity_provider"] for item in capacity.strategy]
    strangers = [name for name in strangers if name not in capacity.providers]
    if strangers:
        raise NotPossible(
            f"The default capacity provider strategy would name {', '.join(strangers)}, which the cluster would not "
            "have. Name it in capacity_providers, or give a default_capacity_provider_strategy without it."
        )


def strategy_to_api(strategy: Sequence[Mapping[str, Any]]) -> list[Resource]:
    return [{"capacityProvider": item["capacity_provider"], **{key: item[key] for key in _RANGES}} for item in strategy]


def _by_name(strategy: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    """The order of a strategy means nothing to ECS."""
    return sorted((item["capacity_provider"], item["weight"], item["base"]) for item in strategy)
