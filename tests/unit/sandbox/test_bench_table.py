# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables say what was measured, and whether it is what was promised."""

from __future__ import annotations

from sandbox.bench import table
from sandbox.bench.sandboxed import Cost
from sandbox.bench.simulated import Run


def found(ours: Cost) -> dict[str, dict[str, Cost]]:
    others = {
        table.CONVENTIONAL: Cost(90, 100, 100, 90),
        table.SHELL: Cost(4, 1, 3, 2),
        table.PYINFRA: Cost(10, 8, 2, 40),
    }
    return {scenario: {table.OURS: ours, **others} for scenario in ("first convergence", "no drift")}


def test_targets_are_met_or_not() -> None:
    text = "\n".join(table.targets(found(Cost(4, 2, 3, 2))))
    assert "not met" not in text and text.count("| met |") == 4
    text = "\n".join(table.targets(found(Cost(6, 5, 2, 2))))
    assert text.count("**not met**") == 4 and "| 1.50x | **not met** |" in text
    assert "faster than pyinfra | 1.7x faster |" in text and "than task by task | 28.6x less |" in text
    text = "\n".join(table.targets(found(Cost(12, 150, 90, 2))))
    assert "faster than pyinfra | 1.20x slower |" in text and "than task by task | 1.20x more |" in text


def test_rows_are_by_scenario_and_by_name() -> None:
    lines = table.race(found(Cost(4, 2, 3, 2)), hosts=2)
    assert len(lines) == 2 + 2 * 4
    assert lines[2] == "| first convergence | edgefleet.ecs | 4.0 | 2.0 | 3.0 | 1 |"


def test_planning_is_measured_at_its_size() -> None:
    run = Run(0, "", 40.0, 59.0, 200, {}, {}, {})
    assert table.planning([(1000, "", run)]) == ["1000 hosts planned in under 60 s of CPU: 59 s, met."]
    assert table.planning([(3000, "", run)]) == []
    assert table.large([(1000, "x", run)])[2] == "| 1000 | x | 40 | 59 | 200 | 0 | 0 |"
