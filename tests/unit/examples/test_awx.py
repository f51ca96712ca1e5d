# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""examples/awx is what a controller takes and what the collection knows, and each rule that says so finds its fault."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.examples import controller, controller_rules

pytestmark = pytest.mark.one_end

Config = dict[str, Any]


def template(config: Config, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in config["controller_templates"] if one["name"] == f"retail {name}")
    return found


def node(config: Config, name: str) -> dict[str, Any]:
    nodes = config["controller_workflows"][0]["simplified_workflow_nodes"]
    found: dict[str, Any] = next(one for one in nodes if one["identifier"] == name)
    return found


def question(config: Config, name: str, variable: str) -> dict[str, Any]:
    spec = template(config, name)["survey_spec"]["spec"]
    found: dict[str, Any] = next(one for one in spec if one["variable"] == variable)
    return found


def skip(config: Config, name: str) -> None:
    """Take a node out, and let those before it lead to those after it."""
    nodes = config["controller_workflows"][0]["simplified_workflow_nodes"]
    after = node(config, name)["success_nodes"]
    nodes.remove(node(config, name))
    for other in nodes:
        if name in other.get("success_nodes", []):
            other["success_nodes"] = after


def test_the_example_is_in_order() -> None:
    assert controller_rules.findings(controller.configuration()) == []


def test_each_operation_that_an_operator_starts_has_a_job_template() -> None:
    there = {one["name"] for one in controller.configuration()["controller_templates"]}
    assert {
        f"retail {name}" for name in ("plan", "rollout", "drain", "undrain", "heal", "audit", "decommission")
    } <= there


FAULTS: dict[str, tuple[Callable[[Config], Any], str]] = {
    "a member that is misspelt": (lambda c: template(c, "plan").update(playbok="x"), "playbok is no member"),
    "a member that is missing": (lambda c: template(c, "plan").pop("inventory"), "inventory is missing"),
    "a name twice": (lambda c: template(c, "plan").update(name="retail heal"), "retail heal is there twice"),
    "an unknown variable of the roles": (lambda c: c.update(controller_jobs=[]), "controller_jobs is no variable"),
    "another inventory": (lambda c: template(c, "plan").update(inventory="x"), "inventory x is not there"),
    "another credential": (lambda c: template(c, "plan").update(credentials=["x"]), "credentials x is not there"),
    "a group of instances that is not there": (
        lambda c: node(c, "wave-pilot").update(instance_groups=["x"]),
        "groups x is",
    ),
    "a playbook that is not there": (lambda c: template(c, "undrain").update(playbook="x.yml"), "x.yml is not in the"),
    "a source that is not there": (
        lambda c: c["controller_inventory_sources"][0].update(source_path="x.yml"),
        "x.yml is not in the project",
    ),
    "a question for what no role knows": (
        lambda c: question(c, "rollout", "fleet_on_failure").update(variable="fleet_on_fail"),
        "fleet_on_fail is no variable",
    ),
    "a question for another playbook's variable": (
        lambda c: question(c, "drain", "drain_timeout").update(variable="heal_wait"),
        "heal_wait is no variable",
    ),
    "a text for a list": (
        lambda c: question(c, "rollout", "fleet_confirmed").update(type="text", choices=[]),
        "is a list, not what text answers",
    ),
    "a choice that is not allowed": (
        lambda c: question(c, "rollout", "fleet_on_failure")["choices"].append("ignore"),
        "offers what is not allowed",
    ),
    "a truth that is none": (
        lambda c: question(c, "audit", "audit_fix").update(choices=["yes", "no"], default="no"),
        "offers what is not allowed",
    ),
    "a default out of bounds": (lambda c: question(c, "drain", "drain_timeout").update(default=1), "1 is no answer"),
    "a default of another type": (
        lambda c: question(c, "drain", "drain_timeout").update(default="900"),
        "'900' is no answer",
    ),
    "a default that is not offered": (
        lambda c: question(c, "audit", "audit_fail_at").update(default="x"),
        "'x' is no answer",
    ),
    "another release": (
        lambda c: question(c, "plan", "fleet_release").update(default="1999.1"),
        "its release is not that",
    ),
    "a survey that is off": (lambda c: template(c, "plan").update(survey_enabled=False), "survey_enabled does not fit"),
    "a sliced rollout": (
        lambda c: template(c, "rollout").update(job_slice_count=2),
        "sliced, and its playbook has plays for",
    ),
    "a sliced heal": (
        lambda c: template(c, "heal").update(job_slice_count=2),
        "sliced, and its playbook has plays for",
    ),
    "a limit that is not asked for": (
        lambda c: template(c, "rollout").update(ask_limit_on_launch=False),
        "does not ask for limit",
    ),
    "a variable that is not asked for": (
        lambda c: node(c, "audit")["extra_data"].update(audit_depth="x"),
        "does not ask for audit_depth",
    ),
    "an answer that would not be taken": (
        lambda c: c["controller_schedules"][0]["extra_data"].update(audit_fail_at="all"),
        "'all' is no answer",
    ),
    "a limit without the conductors": (
        lambda c: node(c, "look-pilot").update(limit="lyon"),
        "leaves fleet_conductors out",
    ),
    "a limit to nobody": (
        lambda c: node(c, "look-pilot").update(limit="paris,fleet_conductors"),
        "paris is not in the inventory",
    ),
    "a link to nowhere": (lambda c: node(c, "look-pilot").update(success_nodes=["x"]), "x is not there"),
    "two beginnings": (lambda c: node(c, "plan").update(success_nodes=[]), "begins with ["),
    "a circle": (lambda c: node(c, "audit").update(success_nodes=["plan"]), "begins with []"),
    "a node only for failures": (
        lambda c: node(c, "wave-everywhere").update(success_nodes=[], failure_nodes=["audit"]),
        "not every node is reached",
    ),
    "an approval that is a job, too": (
        lambda c: node(c, "plan").update(approval_node={"name": "x"}),
        "either an approval",
    ),
    "a wave of another name": (
        lambda c: node(c, "wave-pilot").update(unified_job_template="retail heal"),
        "are not the waves",
    ),
    "a wave with another site": (
        lambda c: node(c, "wave-pilot").update(limit="oslo,fleet_conductors"),
        "wave-pilot: its limit is oslo",
    ),
    "a wave that nobody has confirmed": (
        lambda c: node(c, "wave-pilot").pop("extra_data"),
        "it has to confirm ['pilot']",
    ),
    "a wave without an approval": (lambda c: skip(c, "approve-pilot"), "nobody agrees between wave-canary"),
    "a password in the clear": (
        lambda c: c["controller_credentials"][0]["inputs"].update(password="hunter2"),
        "password stands in the clear",
    ),
    "a survey for a password": (
        lambda c: question(c, "plan", "fleet_release").update(type="password"),
        "asks for a password",
    ),
    "a secret among the variables": (
        lambda c: template(c, "plan").update(extra_vars={"proxy_password": "x"}),
        "has a secret in its variables",
    ),
    "a schedule that is none": (lambda c: c["controller_schedules"][0].update(rrule="daily"), "daily is no rule"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(fault: str) -> None:
    config = copy.deepcopy(controller.configuration())
    make, says = FAULTS[fault]
    make(config)
    assert any(says in finding for finding in controller_rules.findings(config)), controller_rules.findings(config)


def test_a_survey_that_nobody_answers_gives_what_the_playbooks_take() -> None:
    config = controller.configuration()
    given = controller.answers(template(config, "rollout"))
    assert "fleet_confirmed" not in given
    assert given["fleet_release"] == controller.inventory_variables()["fleet_release"]


def test_no_playbook_leaves_artifacts_which_a_controller_keeps_in_the_clear() -> None:
    folders = [controller.ROOT / "playbooks", controller.ROOT / "roles", controller.EXAMPLE]
    files = [path for folder in folders for path in folder.rglob("*.yml")]
    assert len(files) > 100
    assert [path for path in files if re.search(r"\bset_stats\b", path.read_text())] == []
