# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Region for all contract tests, emptied before each, and clients that check replies against public shapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.model import StructureShape
from botocore.validate import ParamValidator

from sandbox.region import registry, shapes
from sandbox.region.testing import RunningRegion, Wire, running_region

ROLE = "EdgeHosts"
CLUSTER = "retail-edge"
Client = Callable[..., Any]
LAST = "test_every_action"

# Services and actions with a reply that botocore's own validator has seen.
checked: set[tuple[str, str]] = set()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The test that looks back at all others comes last."""
    items.sort(key=lambda item: item.path.stem == LAST)


def check_shape(service: str, action: str, reply: dict[str, Any], shape: Any) -> None:
    """botocore's own validator over a reply, so that our checks are not judged by themselves."""
    problems = ParamValidator().validate(reply, shape)
    if problems.has_errors():
        raise AssertionError(f"{service} {action}: {problems.generate_report()}")
    checked.add((service, action))


@pytest.fixture(scope="session", autouse=True)
def check_raw_calls() -> Iterator[None]:
    """Replies to the agents' own calls; what public models leave out is checked against the agents' shapes."""
    post = Wire.post

    def checking(self: Wire, service: str, action: str, *arguments: Any) -> dict[str, Any]:
        reply = post(self, service, action, *arguments)
        if action in shapes.operations(service):
            check_shape(service, action, reply, shapes.model(service).operation_model(action).output_shape)
        return reply

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Wire, "post", checking)
        yield


@pytest.fixture(scope="session")
def running() -> Iterator[RunningRegion]:
    with running_region() as region:
        yield region


@pytest.fixture
def region(running: RunningRegion) -> RunningRegion:
    running.reset()
    return running


# What an action without any output may answer.
_NOTHING = StructureShape("Nothing", {"type": "structure", "members": {}})


def check_reply(response_dict: dict[str, Any], operation_model: Any, **_more: Any) -> None:
    """The reply as it came; moto's own are its own affair."""
    service = operation_model.service_model.signing_name
    if response_dict["status_code"] != 200 or operation_model.name not in registry.names(service):
        return
    # What has no output may come without a body.
    reply = json.loads(response_dict["body"] or b"{}")
    for activation in reply.get("ActivationList", []):
        # AWS answers 0 for an unused activation, against its own model.
        activation["RegistrationsCount"] = activation["RegistrationsCount"] or 1
    check_shape(service, operation_model.name, reply, operation_model.output_shape or _NOTHING)


def check_parsed(http_response: Any, parsed: dict[str, Any], model: Any, **_more: Any) -> None:
    """A reply in XML, as botocore's parser reads it; moto's own are its own affair."""
    if http_response.status_code == 200 and model.name in registry.names("ec2"):
        reply = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        check_shape("ec2", model.name, reply, model.output_shape or _NOTHING)


@pytest.fixture
def client(region: RunningRegion) -> Client:
    """Make clients of one attempt each."""

    def make(service: str, **options: Any) -> Any:
        made = region.client(service, **options)
        if service in ("ecs", "events", "outposts", "ssm"):
            made.meta.events.register(f"before-parse.{service}", check_reply)
        elif service == "resourcegroupstaggingapi":
            made.meta.events.register("before-parse.resource-groups-tagging-api", check_reply)
        elif service == "ec2":
            made.meta.events.register("after-call.ec2", check_parsed)
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
