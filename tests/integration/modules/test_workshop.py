# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of examples/workshop, run as written, run again, and cleaned up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from .workloads import CLUSTER, ecs, running  # noqa: F401

PAGES = Path(__file__).resolve().parents[3] / "examples" / "workshop"
FLEET = {
    "fleet_name": "retail",
    "fleet_region": "us-west-2",
    "fleet_cluster": CLUSTER,
    "workload_sites": {"lyon": "external"},
}
FOREIGN = {"family": "foreign", "containerDefinitions": [{"name": "main", "image": "x", "memory": 64}]}


def _names() -> list[str]:
    return sorted(path.name for path in PAGES.glob("0[2-7]-*.yml"))


def _play(ansible: Any, *pages: str) -> str:
    book = [{"name": page, "ansible.builtin.import_playbook": str(PAGES / page)} for page in pages]
    return str(ansible.play(book, "--extra-vars", f"@{PAGES / 'sandbox.yml'}", **FLEET))


def _changed(output: str) -> list[str]:
    """The tasks that have changed something, by name."""
    tasks = re.split(r"^TASK \[(.*)\] \*+$", output, flags=re.MULTILINE)[1:]
    return [name for name, text in zip(tasks[::2], tasks[1::2], strict=True) if "changed: [" in text]


def _what_is_there(region: Any) -> dict[str, Any]:
    """All that the pages can make, by name."""
    ecs_client, events, iam = region.client("ecs"), region.client("events"), region.client("iam")
    return {
        "definitions": ecs_client.list_task_definitions()["taskDefinitionArns"],
        "inactive": ecs_client.list_task_definitions(status="INACTIVE")["taskDefinitionArns"],
        "services": ecs_client.list_services(cluster=CLUSTER)["serviceArns"],
        "tasks": ecs_client.list_tasks(cluster=CLUSTER)["taskArns"],
        "rules": [rule["Name"] for rule in events.list_rules()["Rules"]],
        "roles": [role["RoleName"] for role in iam.list_roles()["Roles"]],
        "buckets": [bucket["Name"] for bucket in region.client("s3").list_buckets()["Buckets"]],
        "logs": [group["logGroupName"] for group in region.client("logs").describe_log_groups()["logGroups"]],
        "parameters": [one["Name"] for one in region.client("ssm").describe_parameters()["Parameters"]],
        "secrets": [one["Name"] for one in region.client("secretsmanager").list_secrets()["SecretList"]],
        "activations": region.client("ssm").describe_activations()["ActivationList"],
    }


@pytest.fixture
def hosts(region: Any, ecs: Any) -> None:  # noqa: F811
    """Four hosts, so that pages which want the same port of a host need not wait for each other; and a stranger."""
    region.instances(CLUSTER, 4, site="lyon")
    ecs.register_task_definition(**FOREIGN)
    ecs.create_service(cluster=CLUSTER, serviceName="foreign", taskDefinition="foreign", desiredCount=0)


@pytest.mark.one_end
def test_each_page_runs_changes_nothing_when_run_again_and_is_cleaned_up(
    ansible: Any,
    region: Any,
    hosts: None,
) -> None:
    before = _what_is_there(region)
    _play(ansible, *_names())
    there = _what_is_there(region)
    assert len(there["services"]) == len(before["services"]) + 4
    worker = [arn for arn in there["definitions"] if "workshop-worker" in arn]
    tasks = region.client("ecs").list_tasks(cluster=CLUSTER, family="retail-workshop-worker")["taskArns"]
    assert (len(worker), len(tasks)) == (1, 1)
    [task] = region.client("ecs").describe_tasks(cluster=CLUSTER, tasks=tasks)["tasks"]
    [override] = task["overrides"]["containerOverrides"]
    assert {"name": "KEY", "value": "in/readings.csv"} in override["environment"]

    assert _changed(_play(ansible, *_names())) == []

    region.client("ssm").create_activation(IamRole="EdgeHosts", Tags=[{"Key": "fleet", "Value": "other"}])
    before["activations"] = region.client("ssm").describe_activations()["ActivationList"]
    region.client("ssm").create_activation(IamRole="EdgeHosts", Tags=[{"Key": "fleet", "Value": "retail"}])
    _play(ansible, "08-cleanup.yml")
    assert _what_is_there(region) == before
