# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan is made of, out of the variables of the hosts."""

from __future__ import annotations

from typing import Any

from ansible_collections.edgefleet.ecs.plugins.filter.fleet import fleet_questions, fleet_read


def seen(identity: str | None = None, abandoned: list[str] | None = None, disruptive: bool = False) -> dict[str, Any]:
    return {
        "host": {"registration": {"instance_id": identity, "abandoned": abandoned}},
        "drift": [{"disruptive": disruptive}],
    }


def test_only_hosts_that_were_read_count() -> None:
    hostvars = {
        "a": {"fleet_site": "lab", "rack": "1", "other": 3, "external_instance_observation": seen()},
        "b": {"fleet_site": "lab"},
        "c": {"external_instance_observation": {"unreachable": True}},
    }
    found = fleet_read(["c", "b", "a"], hostvars, ["rack"])
    assert found["sites"] == {"c": "", "a": "lab"}
    assert list(found["sites"]) == list(found["observations"]) == ["c", "a"]
    assert found["variables"] == {"c": {}, "a": {"rack": "1"}}


def test_what_is_a_fact_alone_is_put_with_the_rest() -> None:
    fact = {"ansible_facts": {"edgefleet_host": {"hostname": "a"}, "discovered_interpreter_python": "/p"}, "drift": []}
    known = {"a": {"external_instance_observation": fact}}
    assert fleet_read(["a"], known, [])["observations"] == {"a": {"host": {"hostname": "a"}, "drift": []}}


def test_questions() -> None:
    refused = {"errors": ["x"], "msg": "a: no"}
    observations = {
        "a": seen("mi-1", ["mi-0", "mi-1"]), "b": seen(), "c": refused, "d": dict(refused),
        "e": {"unreachable": True, "msg": "gone"},
    }  # fmt: skip
    assert fleet_questions(observations) == {
        "hosts": 5, "refused": ["a: no"], "nodes": ["mi-1", "mi-0"], "abandoned": ["mi-0", "mi-1"], "disturbs": False,
    }  # fmt: skip
    assert fleet_questions({"a": seen(disruptive=True)})["disturbs"]
