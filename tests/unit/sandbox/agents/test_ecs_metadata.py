# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent that is not external: it is who the metadata service says."""

from __future__ import annotations

import pytest

from sandbox.agents.standin.ecs import registration, settings
from sandbox.agents.standin.ecs.exits import TERMINAL, AgentExit
from sandbox.agents.standin.ecs.metadata import Identity
from sandbox.agents.standin.ecs.state import State

EC2 = Identity("{}", "signed", "eu-west-1", "vpc-1", "subnet-1", "arn:aws:outposts:eu-west-1:1:outpost/op-1")


def read(**env: str) -> settings.Settings:
    return settings.read(env, lambda _text: None, EC2)


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, True),
        ({"ECS_EXTERNAL": "false"}, True),
        ({"ECS_EXTERNAL": "true"}, False),
        # For the agent, if not for ecs-init, this is external.
        ({"ECS_EXTERNAL": "True"}, False),
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, False),
    ],
)
def test_who_looks_for_a_metadata_service(env: dict[str, str], expected: bool) -> None:
    assert settings.wants_metadata(env) is expected


def test_the_region_is_the_instances_own() -> None:
    assert read().region == "eu-west-1"
    assert read(AWS_DEFAULT_REGION="us-west-2").region == "us-west-2"


def test_without_a_metadata_service_there_are_no_credentials() -> None:
    with pytest.raises(AgentExit) as caught:
        settings.read({"AWS_DEFAULT_REGION": "us-west-2"}, lambda _text: None)
    assert caught.value.code == TERMINAL


def test_a_registration_carries_the_signed_document_and_the_place() -> None:
    body = registration.request(read(ECS_CLUSTER="edge"), State(), "20.10")
    assert (body["instanceIdentityDocument"], body["instanceIdentityDocumentSignature"]) == ("{}", "signed")
    told = {item["name"]: item.get("value") for item in body["attributes"]}
    assert "ecs.capability.external" not in told
    assert (told["ecs.vpc-id"], told["ecs.subnet-id"]) == ("vpc-1", "subnet-1")
    assert told["ecs.outpost-arn"] == EC2.outpost_arn
