# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, cast

import pytest

from sandbox.agents.standin import aws
from sandbox.agents.standin.ecs import secrets
from sandbox.agents.standin.sigv4 import Credentials

ARN = "arn:aws:secretsmanager:us-west-2:111122223333:secret:shop/db-AbCdEf"
ORDER = {"executionRoleCredentials": {"accessKeyId": "AKIA", "secretAccessKey": "key", "sessionToken": "token"}}
REPLIES: dict[str, Any] = {
    "GetParameters": {"Parameters": [{"Value": "Hello"}], "InvalidParameters": []},
    "GetSecretValue": {"SecretString": '{"password": "s3cret"}'},
}


class Service:
    def __init__(self, replies: dict[str, Any]) -> None:
        self.replies = replies
        self.asked: list[tuple[str, Any]] = []

    def beside(self, service: str, _prefix: str, region: str, role: Credentials) -> aws.Client:
        assert (region, role) == ("us-west-2", Credentials("AKIA", "key", "token"))
        return cast(aws.Client, self)

    def call(self, action: str, payload: Any) -> Any:
        self.asked.append((action, payload))
        return self.replies[action]


def container(source: str, provider: str, target: str = "CONTAINER") -> dict[str, Any]:
    secret = {"name": "ONE", "valueFrom": source, "provider": provider, "region": "us-west-2", "target": target}
    return {"secrets": [secret]}


@pytest.mark.parametrize(
    ("source", "provider", "value", "payload"),
    [
        ("/shop/greeting", "ssm", "Hello", {"Names": ["/shop/greeting"], "WithDecryption": True}),
        (
            "arn:aws:ssm:us-west-2:111122223333:parameter/shop/greeting",
            "ssm",
            "Hello",
            {"Names": ["/shop/greeting"], "WithDecryption": True},
        ),
        (
            "arn:aws:ssm:us-west-2:111122223333:parameter/greeting",
            "ssm",
            "Hello",
            {"Names": ["greeting"], "WithDecryption": True},
        ),
        (ARN, "asm", '{"password": "s3cret"}', {"SecretId": ARN}),
        (f"{ARN}:password::", "asm", "s3cret", {"SecretId": ARN}),
        (f"{ARN}:password:AWSPREVIOUS:", "asm", "s3cret", {"SecretId": ARN, "VersionStage": "AWSPREVIOUS"}),
    ],
)
def test_values_come_from_where_the_definition_says(source: str, provider: str, value: str, payload: Any) -> None:
    service = Service(REPLIES)
    assert secrets.fetch(ORDER, container(source, provider), service.beside) == {"ONE": value}
    assert [asked for _action, asked in service.asked] == [payload]


def test_what_is_the_log_drivers_is_not_the_containers() -> None:
    assert secrets.fetch(ORDER, container("/shop/key", "ssm", "LOG_DRIVER"), Service({}).beside) == {}


@pytest.mark.parametrize(
    ("order", "source", "provider", "reason"),
    [
        ({}, "/shop/key", "ssm", "credentials not found"),
        (ORDER, "/shop/key", "ssm", "invalid parameters: /shop/key"),
        (ORDER, f"{ARN}:user::", "asm", "key user not found"),
    ],
)
def test_what_cannot_be_had_stops_the_task(order: Any, source: str, provider: str, reason: str) -> None:
    replies = {**REPLIES, "GetParameters": {"Parameters": [], "InvalidParameters": ["/shop/key"]}}
    with pytest.raises(secrets.SecretError, match=reason):
        secrets.fetch(order, container(source, provider), Service(replies).beside)
