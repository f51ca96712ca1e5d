# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Region for all contract tests, emptied before each, and clients that check replies against public shapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.validate import ParamValidator

from sandbox.region.testing import RunningRegion, running_region

ROLE = "EdgeHosts"
CLUSTER = "retail-edge"
Client = Callable[..., Any]


@pytest.fixture(scope="session")
def running() -> Iterator[RunningRegion]:
    with running_region() as region:
        yield region


@pytest.fixture
def region(running: RunningRegion) -> RunningRegion:
    running.reset()
    return running


def check_reply(response_dict: dict[str, Any], operation_model: Any, **_more: Any) -> None:
    """botocore's own validator over the reply as it came, so that our checks are not judged by themselves."""
    shape = operation_model.output_shape
    if response_dict["status_code"] != 200 or shape is None:
        return
    reply = json.loads(response_dict["body"])
    for activation in reply.get("ActivationList", []):
        # AWS answers 0 for an unused activation, against its own model.
        activation["RegistrationsCount"] = activation["RegistrationsCount"] or 1
    problems = ParamValidator().validate(reply, shape)
    if problems.has_errors():
        raise AssertionError(f"{operation_model.name}: {problems.generate_report()}")


@pytest.fixture
def client(region: RunningRegion) -> Client:
    """Make clients of one attempt each."""

    def make(service: str, **options: Any) -> Any:
        made = region.client(service, **options)
        if service in ("ecs", "outposts", "ssm"):
            made.meta.events.register(f"before-parse.{service}", check_reply)
        return made

    return make


@pytest.fixture
def ecs(client: Client) -> Any:
    made = client("ecs")
    made.create_cluster(clusterName=CLUSTER)
    return made


@pytest.fixture
def ssm(client: Client, region: RunningRegion) -> Any:
    region.create_role(ROLE)
    return client("ssm")
