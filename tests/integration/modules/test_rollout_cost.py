# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout costs, counted: remote executions by host, calls to AWS by batch and by page, at three sizes."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import pytest

from sandbox.bench import simulated
from tests.integration.warm.server import FOR_PLAYBOOKS
from tests.integration.warm.server import VARIABLE as WARM_PYTHON

HOSTS_A_SITE = 2
CHANGED = {"ecs_agent_config": {"ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached"}}


@pytest.mark.one_end
@pytest.mark.parametrize(("hosts", "batches"), [(4, 1), (52, 2), (102, 3)])
def test_a_rollout_costs_what_its_batches_and_its_pages_cost(
    tmp_path: Path, warm_python: str, monkeypatch: pytest.MonkeyPatch, hosts: int, batches: int
) -> None:
    monkeypatch.setenv(WARM_PYTHON, warm_python)
    with simulated.fleet(tmp_path, hosts, a_site=HOSTS_A_SITE) as fleet:
        sites = list(dict.fromkeys(fleet.hosts.values()))[:batches]
        fleet.ask(dict.fromkeys(sites, CHANGED))
        run = fleet.play("rollout", extra=FOR_PLAYBOOKS)
    assert run.code == 0, run.output
    changes = {name: site in sites for name, site in fleet.hosts.items()}
    assert run.outcomes == {name: "converged" if change else "unchanged" for name, change in changes.items()}
    # Nothing to do: one remote execution. Another ecs.config: read, written, restarted and waited for.
    assert run.executions == {name: 3 if change else 1 for name, change in changes.items()}
    pages = {
        "ecs:ListContainerInstances": ceil(hosts / 100),
        "ecs:DescribeContainerInstances": ceil(hosts / 100),
        "ssm:DescribeInstanceInformation": ceil(hosts / 50),
    }
    # Of a batch: whether the cluster's tag stops the run, and, when its hosts are done, whether their agents are heard.
    by_batch = {"ecs:DescribeClusters": 1, "ecs:ListContainerInstances": 1, "ecs:DescribeContainerInstances": 1}
    names = {*pages, *by_batch}
    assert run.calls == {name: pages.get(name, 0) + by_batch.get(name, 0) * batches for name in names}
