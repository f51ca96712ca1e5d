# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import InvalidInput, NotPossible
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs.capacity import (
    WantedCapacity,
    compare,
    read_providers,
    read_strategy,
)


def item(name: str, weight: int = 1, base: int = 0) -> dict[str, Any]:
    return {"capacity_provider": name, "weight": weight, "base": base}


CURRENT = {"capacity_providers": ["a", "b"], "default_capacity_provider_strategy": [item("a"), item("b", 2)]}


@pytest.mark.parametrize(
    "wanted",
    [
        WantedCapacity(),
        WantedCapacity(purge=True),
        WantedCapacity(providers=[]),
        WantedCapacity(providers=["b"]),
        WantedCapacity(providers=["b", "a"], purge=True),
        WantedCapacity(strategy=[item("b", 2), item("a")]),
    ],
)
def test_what_is_there_already_is_no_change(wanted: WantedCapacity) -> None:
    assert compare(CURRENT, wanted) is None


def test_providers_are_added_and_removed_only_when_asked() -> None:
    added = compare(CURRENT, WantedCapacity(providers=["c"]))
    assert added and added.providers == ["a", "b", "c"]
    assert added.strategy == CURRENT["default_capacity_provider_strategy"]
    purged = compare(CURRENT, WantedCapacity(providers=["b", "c"], purge=True, strategy=[item("c")]))
    assert purged and (purged.providers, purged.strategy) == (["b", "c"], [item("c")])
    emptied = compare(CURRENT, WantedCapacity(strategy=[]))
    assert emptied and (emptied.providers, emptied.strategy) == (["a", "b"], [])


@pytest.mark.parametrize("wanted", [WantedCapacity(providers=["a"], purge=True), WantedCapacity(strategy=[item("c")])])
def test_a_strategy_without_its_provider_is_refused(wanted: WantedCapacity) -> None:
    with pytest.raises(NotPossible, match="would name (b|c), which the cluster would not have. Name it in"):
        compare(CURRENT, wanted)


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ([item("a", weight=1001)], "strategy.weight: 1001 is not valid: it is 0 to 1000"),
        ([item("a", base=-1)], "strategy.base: -1"),
        ([item("a"), item("a")], "'a' is not valid: each capacity provider is named once"),
        ([item("a", base=1), item("b", base=1)], "only one capacity provider has a base"),
        ([item(str(number)) for number in range(21)], "21 items"),
    ],
)
def test_strategies_that_ecs_refuses(strategy: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_strategy(strategy)


def test_reading() -> None:
    assert read_providers(None) is None
    assert read_providers(["a", "a"]) == ["a"]
    assert read_strategy([{**item("a"), "other": None}]) == [item("a")]
    with pytest.raises(InvalidInput, match="capacity_providers: 'a/b'"):
        read_providers(["a/b"])
