# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which roles a host needs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import work

WARNING = {"check": "memory", "level": "warning", "what": "The kernel's memory controller is off."}
FOREIGN = {"check": "registration", "level": "error", "what": "The host is another account's."}
OTHER_CLUSTER = {"check": "cluster", "level": "error", "what": "The host belongs to another cluster."}


def entry(component: str, **after: Any) -> dict[str, Any]:
    return {"component": component, "before": {}, "after": after, "disruptive": False, "reason": "it differs"}


def seen(*drift: dict[str, Any], state_file: bool = True, findings: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {
        "drift": list(drift),
        "findings": list(findings),
        "host": {"ecs_agent": {"state_file": state_file}},
    }


def parts(of: dict[str, Any]) -> list[str]:
    found: list[str] = of["parts"]
    return found


BARE = [entry(name) for name in ("ecs_config", "sysctl", "ecs_agent", "ssm_agent", "engine", "proxy")]


def test_a_bare_host_is_brought_in_from_the_network_up() -> None:
    drift = [*BARE, entry("registration", instance_id="mi-new")]
    assert parts(work.of(seen(*drift, state_file=False))) == [
        "proxy", "container_engine", "ssm_agent", "ecs_agent",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("component", "role"),
    [
        ("proxy", "proxy"), ("engine", "container_engine"), ("images", "container_engine"), ("ssm_agent", "ssm_agent"),
        ("sysctl", "ecs_agent"), ("ecs_config", "ecs_agent"), ("ecs_agent", "ecs_agent"),
    ],
)  # fmt: skip
def test_only_the_role_runs_whose_part_differs(component: str, role: str) -> None:
    found = work.of(seen(entry(component)))
    assert parts(found) == [f"{role}"]
    assert found["ecs_drift"] == found["drift"] == [entry(component)]


def test_a_host_that_is_as_asked_needs_nothing() -> None:
    assert parts(work.of(seen())) == []


def test_a_lost_identity_takes_the_agents_memory_along_and_the_agent_joins_anew() -> None:
    found = work.of(seen(entry("registration", instance_id="mi-new")))
    assert parts(found) == ["reset", "ssm_agent", "ecs_agent"]
    assert [item["component"] for item in found["ecs_drift"]] == ["registration", "ecs_agent"]
    assert [item["component"] for item in found["drift"]] == ["registration"]
    assert not found["gives_up_tasks"]


def test_an_agent_that_remembers_nothing_is_not_reset() -> None:
    assert parts(work.of(seen(entry("registration", instance_id="mi-new"), state_file=False))) == ["ssm_agent"]


def test_a_state_of_another_identity_is_forgotten() -> None:
    found = work.of(seen(entry("ecs_state"), entry("ecs_agent", joined=True)))
    assert parts(found) == ["reset", "ecs_agent"]
    assert len(found["ecs_drift"]) == 2


def test_a_clone_gets_its_machine_id_before_its_identity() -> None:
    drift = [entry("machine_id"), entry("registration", instance_id="mi-new", renew=True)]
    found = work.of(seen(*drift, findings=(FOREIGN, OTHER_CLUSTER)))
    assert parts(found) == ["reset", "unclone", "ssm_agent", "ecs_agent"]
    assert found["gives_up_tasks"]


def test_a_new_identity_answers_what_speaks_against_the_old_one() -> None:
    found = work.of(
        seen(entry("registration", renew=True), state_file=False, findings=(FOREIGN, OTHER_CLUSTER, WARNING))
    )
    assert found["findings"] == [WARNING]
    assert parts(found)[0] == "preflight"


def test_another_cluster_answers_that_the_host_is_of_one() -> None:
    found = work.of(seen(entry("move"), findings=(OTHER_CLUSTER, FOREIGN)))
    assert found["findings"] == [FOREIGN]


def test_a_callers_drift_takes_the_place_of_the_hosts_own() -> None:
    found = work.of(seen(entry("sysctl"), findings=(WARNING,)), [entry("ssm_agent")])
    assert found["drift"] == [entry("ssm_agent")]
    # Who says it has shown the plan, with the warnings.
    assert parts(found) == ["ssm_agent"]
    assert parts(work.of(seen(entry("ssm_agent"), findings=(WARNING,)))) == ["preflight", "ssm_agent"]
