# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.summary import version_lines


def entry(component: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {"component": component, "before": before, "after": after}


def host(action: str, *drift: dict[str, Any], disruptive: bool = False) -> dict[str, Any]:
    return {"action": action, "drift": list(drift), "disruptive": disruptive, "instance": "arn:x"}


def test_from_which_version_to_which() -> None:
    hosts = {
        "lab-1": host("unchanged"),
        "lab-2": host(
            "converge",
            entry("ssm_agent", {"package": "3.3.859.0", "current": False}, {"package": "3.3.987.0", "current": True}),
            entry("ecs_config", {"ECS_LOGLEVEL": "info"}, {"ECS_LOGLEVEL": "warn"}),
            entry("ecs_agent", {"running_version": "1.104.0"}, {"running_version": "1.105.1"}),
        ),
        "oslo-1": host("converge", entry("engine", {"package": "27.3.0"}, {"package": "27.4.0"}), disruptive=True),
        "oslo-2": host("converge", entry("ssm_agent", {"package": None}, {"package": "3.3.987.0"})),
        "oslo-3": host("blocked", entry("ssm_agent", {"package": None}, {"package": "3.3.987.0"})),
        "oslo-4": host("converge", entry("sysctl", {}, {})),
    }
    assert version_lines({"hosts": hosts}) == [
        "lab-2: SSM agent 3.3.859.0 -> 3.3.987.0, ECS agent restarts",
        "oslo-1: engine 27.3.0 -> 27.4.0 (drained)",
        "oslo-2: SSM agent none -> 3.3.987.0",
        "oslo-3: stays as it is, because it is blocked",
    ]


def test_nothing_to_change() -> None:
    assert version_lines({"hosts": {"lab-1": host("unchanged")}}) == ["Every host has the versions that are asked for."]
