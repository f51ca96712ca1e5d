# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is asked about its network, and what becomes of the answers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.preflight import asking, findings

from tests.unit.plugins.module_utils.planning.state import BARE, DESIRED, HOST

pytestmark = pytest.mark.one_end

BEGIN = {"registration": {"region": "eu-west-3"}, "preflight": {}}


def asked(**parts: Any) -> dict[str, str]:
    question = asking.question({**BEGIN, **parts}, "program")
    assert question is not None
    endpoints: dict[str, str] = question["endpoints"]
    return endpoints


def test_the_endpoints_of_a_region() -> None:
    assert asked() == {
        "ecs": "https://ecs.eu-west-3.amazonaws.com",
        "ssm": "https://ssm.eu-west-3.amazonaws.com",
        "ssmmessages": "https://ssmmessages.eu-west-3.amazonaws.com",
        "ec2messages": "https://ec2messages.eu-west-3.amazonaws.com",
        "ecr": "https://api.ecr.eu-west-3.amazonaws.com",
        "logs": "https://logs.eu-west-3.amazonaws.com",
        "ecs-agent": "https://ecs-a-1.eu-west-3.amazonaws.com",
        "ecs-telemetry": "https://ecs-t-1.eu-west-3.amazonaws.com",
    }


@pytest.mark.parametrize(
    ("parts", "name", "url"),
    [
        ({"registration": {"region": "cn-north-1"}}, "ssm", "https://ssm.cn-north-1.amazonaws.com.cn"),
        ({"registration": {"region": "eusc-de-east-1"}}, "ecs-agent", "https://ecs-a-1.eusc-de-east-1.amazonaws.eu"),
        ({"registration": {}, "preflight": {"region": "us-east-1"}}, "ssm", "https://ssm.us-east-1.amazonaws.com"),
        ({"preflight": {"dual_stack": True}}, "ecs", "https://ecs.eu-west-3.api.aws"),
        ({"preflight": {"dual_stack": True}}, "ec2messages", None),
        ({"ssm_agent": {"dual_stack": True}}, "ecs", "https://ecs.eu-west-3.api.aws"),
        ({"ssm_agent": {"endpoints": {"ssmmessages": "https://m.example"}}}, "ssmmessages", "https://m.example"),
        (
            {"ssm_agent": {"endpoints": {"ec2messages": ""}}},
            "ec2messages",
            "https://ec2messages.eu-west-3.amazonaws.com",
        ),
        ({"ssm_agent": {"source": "vendor"}}, "s3", "https://s3.eu-west-3.amazonaws.com"),
        ({"ssm_agent": {"endpoint": "https://vpce.example"}}, "ssm", "https://vpce.example"),
        ({"ecs_config": {"ECS_BACKEND_HOST": "https://ecs.example"}}, "ecs", "https://ecs.example"),
        ({"ecs_config": {"ECS_BACKEND_HOST": "ecs.example"}}, "ecs", "https://ecs.example"),
        ({"preflight": {"endpoints": {"ecs": "https://a.example"}}}, "ecs", "https://a.example"),
        ({"preflight": {"endpoints": {"registry": "https://r.example"}}}, "registry", "https://r.example"),
        ({"preflight": {"endpoints": {"ec2messages": ""}}}, "ec2messages", None),
        ({"preflight": {"services": []}}, "logs", None),
        ({"preflight": {"services": ["secretsmanager"]}}, "ecr", None),
        ({"ssm_agent": {"source": "vendor", "download_to": "/x"}}, "s3", None),
        (
            {"ssm_agent": {"source": "vendor"}, "preflight": {"services": ["s3"]}},
            "s3",
            "https://s3.eu-west-3.amazonaws.com",
        ),
        ({"ssm_agent": {"source": "mirror", "mirror": "http://m.example/ssm"}}, "ssm-mirror", "http://m.example/ssm"),
        ({"ecs_agent": {"source": "mirror", "mirror": "http://m.example/ecs"}}, "ecs-mirror", "http://m.example/ecs"),
        ({"engine": {"source": "mirror", "mirror": "http://m.example"}}, "engine-mirror", "http://m.example"),
        ({"engine": {"source": "vendor"}}, "docker", "https://download.docker.com"),
        ({"engine": {"source": "repository", "mirror": "http://m.example"}}, "engine-mirror", None),
        ({"ssm_agent": {"source": "repository"}, "ecs_agent": {"source": "repository"}}, "s3", None),
        (
            {"preflight": {"account_id": "111122223333"}},
            "ecr-registry",
            "https://111122223333.dkr.ecr.eu-west-3.amazonaws.com",
        ),
        ({"preflight": {"account_id": "111122223333", "services": []}}, "ecr-registry", None),
    ],
)
def test_one_endpoint(parts: dict[str, Any], name: str, url: str | None) -> None:
    assert asked(**parts).get(name) == url


def test_without_a_region_only_what_was_given_is_asked() -> None:
    parts: dict[str, Any] = {"registration": {}, "preflight": {"endpoints": {"x": "https://x.example"}}}
    assert asked(**parts) == {"x": "https://x.example"}
    assert asked(registration={"region": "us-iso-east-1"}) == {}


def test_who_is_asked_and_through_what() -> None:
    proxy = {"https": "http://u:p@proxy:3128", "no_proxy": ["x"]}
    assert asking.question({**BEGIN, "proxy": proxy, "preflight": {"network": "always"}}, "text") == {
        "when": "always",
        "endpoints": asked(),
        "proxy": proxy,
        "program": "text",
    }
    assert asking.question({**BEGIN, "preflight": {"network": "never"}}, "text") is None
    # A role that waits for an agent reads the host every few seconds.
    assert asking.question({"registration": {"region": "eu-west-3"}}, "text") is None


GOOD = {
    "host": "h", "port": 443, "proxy": None, "addresses": ["ipv4"], "reached": True, "failed": None, "error": None,
    "skew_seconds": 0.0,
}  # fmt: skip


def told(of: dict[str, Any] = BARE, **endpoints: dict[str, Any]) -> list[dict[str, str]]:
    seen = {name: {**GOOD, "host": f"{name}.example", **parts} for name, parts in endpoints.items()}
    return findings({**of, "network": {"endpoints": seen, "skew_seconds": 0.0}}, DESIRED)


TIMED_OUT = {"reached": False, "failed": "connection", "error": "timed out"}
PROXIED = {"reached": False, "proxy": "proxy:3128"}


@pytest.mark.parametrize(
    ("name", "parts", "check", "level", "what"),
    [
        ("ssm", {"failed": "name", "error": "unknown"}, "dns", "error", "for ssm.example:443 (unknown)"),
        ("logs", {"failed": "name", "error": "unknown"}, "dns", "warning", "logs.example"),
        ("ecs", TIMED_OUT, "connection", "error", "No connection to ecs.example:443 (timed out)"),
        ("ecs-agent", TIMED_OUT, "connection", "warning", "ecs-agent.example"),
        ("ssm", {"failed": "certificate", "error": "self-signed"}, "tls", "error", "certificate of ssm.example"),
        ("ssm", {"failed": "tls", "error": "x"}, "tls", "error", "not in TLS"),
        ("ssm", {**PROXIED, "failed": "proxy", "error": "HTTP 407"}, "proxy", "error", "proxy:3128 does not let"),
        ("ssm", {**PROXIED, "failed": "name", "error": "x"}, "proxy", "error", "the proxy proxy:3128, on the way"),
        ("ssm", {**PROXIED, "failed": "connection", "error": "x"}, "proxy", "error", "No connection to the proxy"),
    ],
)
def test_one_finding(name: str, parts: dict[str, Any], check: str, level: str, what: str) -> None:
    (finding,) = told(**{name: {"reached": False, **parts}})
    assert (finding["check"], finding["level"]) == (check, level)
    assert what in finding["what"]
    assert all(finding[part].endswith(".") for part in ("what", "why", "advice"))


def test_a_dark_site_has_one_trouble_and_not_ten() -> None:
    found = told(ecs=TIMED_OUT, ssm=TIMED_OUT, logs=TIMED_OUT, ecr={**TIMED_OUT, "error": "Connection refused"})
    assert [finding["level"] for finding in found] == ["error", "warning"]
    assert found[0]["what"] == "No connection to ecs.example:443, ssm.example:443 (timed out)."
    assert found[1]["what"] == "No connection to logs.example:443 (timed out); ecr.example:443 (Connection refused)."
    assert "logs in CloudWatch, images in Amazon ECR" in found[1]["why"]


def test_all_is_well() -> None:
    assert told(ecs={}, ssm={}) == []


@pytest.mark.parametrize("name", ["s3", "ssm-mirror", "ecs-mirror", "docker", "engine-mirror"])
def test_where_packages_come_from_matters_until_they_are_there(name: str) -> None:
    assert [finding["level"] for finding in told(BARE, **{name: TIMED_OUT})] == ["error"]
    assert [finding["level"] for finding in told(HOST, **{name: TIMED_OUT})] == ["warning"]
