# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.filter import workload

WEB = {"family": "web", "containerDefinitions": [{"name": "web", "image": "nginx", "memory": 64}]}
FOLDER = Path(workload.__file__).parent


def test_findings_of_all_that_is_given_errors_first() -> None:
    found = workload.workload_findings(WEB, service={"launchType": "EC2"}, task={"launchType": "FARGATE"})
    assert [(one["level"], one["field"]) for one in found] == [
        ("error", "launchType"),
        ("error", "launchType"),
        ("warning", "requiresCompatibilities"),
    ]
    assert set(found[0]) == {"level", "field", "rule", "way_out", "source"}


def test_a_service_may_come_without_its_definition() -> None:
    assert workload.workload_findings(None, "region", service={"launchType": "EC2"}) == []


def test_derive() -> None:
    derived = workload.external_task_definition({**WEB, "networkMode": "awsvpc"}, "host")
    assert derived["definition"]["networkMode"] == "host"
    assert derived["dropped"] == [
        {
            "field": "networkMode",
            "value": "awsvpc",
            "reason": "External instances have no network mode awsvpc; changed to host.",
        }
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: workload.workload_findings(WEB, "moon"), "kind is 'moon'"),
        (lambda: workload.workload_findings([WEB]), "in the names of the ECS API"),
        (lambda: workload.external_task_definition("web"), "definition is 'web'"),
        (lambda: workload.external_task_definition(WEB, "awsvpc"), "network_mode is 'awsvpc'"),
        (lambda: workload.external_task_definition(WEB, host_ports="any"), "host_ports is 'any'"),
    ],
)
def test_bad_input_is_an_error_of_the_filter(call: Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        call()


@pytest.mark.parametrize("name", sorted(workload.FilterModule().filters()))
def test_every_filter_is_documented_with_its_choices(name: str) -> None:
    options = yaml.safe_load((FOLDER / f"{name}.yml").read_text())["DOCUMENTATION"]["options"]
    parameters = workload.FilterModule().filters()[name].__code__.co_varnames
    assert set(options) - {"_input"} <= set(parameters)
    choices = {"kind": workload.workload_rules.KINDS, "network_mode": workload.NETWORK_MODES}
    for option, values in choices.items():
        assert option not in options or tuple(options[option]["choices"]) == values
