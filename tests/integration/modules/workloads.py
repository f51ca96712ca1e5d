# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster with hosts that run tasks by themselves, for the tests of services and tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.region.context import Settings
from sandbox.region.testing import RunningRegion, running_region

CLUSTER = "retail-edge"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegion]:
    """A Region whose scheduler needs nobody to tick."""
    with running_region(Settings(tick=0.05, connected_timeout=3600, ping_timeout=3600)) as region:
        yield region


@pytest.fixture
def ecs(region: Any) -> Any:
    client = region.client("ecs")
    client.create_cluster(clusterName=CLUSTER)
    return client


def define(ecs: Any, family: str = "web", image: str = "shop/web:1", **container: Any) -> str:
    main = {"name": "main", "image": image, "cpu": 100, "memory": 128, **container}
    reply = ecs.register_task_definition(
        family=family, networkMode="bridge", requiresCompatibilities=["EXTERNAL"], containerDefinitions=[main]
    )
    return str(reply["taskDefinition"]["taskDefinitionArn"])


def serve(ecs: Any, name: str = "shop", definition: str = "web", count: int = 1, **more: Any) -> None:
    counted = {} if more.get("schedulingStrategy") == "DAEMON" else {"desiredCount": count}
    ecs.create_service(
        cluster=CLUSTER, serviceName=name, taskDefinition=definition, launchType="EXTERNAL", **counted, **more
    )
