# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import doctest
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.filter import agent_settings, network
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import endpoints

pytestmark = pytest.mark.one_end

REGIONS = {
    "eu-west-3": "aws",
    "us-east-1": "aws",
    "ap-southeast-4": "aws",
    "mx-central-1": "aws",
    "cn-north-1": "aws-cn",
    "cn-northwest-1": "aws-cn",
    "us-gov-west-1": "aws-us-gov",
    "us-gov-east-1": "aws-us-gov",
    "eusc-de-east-1": "aws-eusc",
}


def test_the_examples_are_true() -> None:
    assert doctest.testmod(endpoints).failed == 0


@pytest.fixture(scope="module")
def sdk() -> Any:
    """What botocore says of a service's endpoint."""
    session = pytest.importorskip("botocore.session").get_session()
    config = pytest.importorskip("botocore.config").Config

    def url(service: str, region: str, dual_stack: bool) -> str:
        client = session.create_client(
            service, region, aws_access_key_id="a", aws_secret_access_key="b",
            config=config(use_dualstack_endpoint=dual_stack),
        )  # fmt: skip
        return str(client.meta.endpoint_url)

    return url


@pytest.mark.parametrize("region", ["eu-west-3", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_names_are_those_of_the_sdk(sdk: Any, region: str) -> None:
    # ssmmessages and ec2messages are the agent's own; no SDK has them.
    services = ("ecs", "ssm", *endpoints.OPTIONAL)
    for dual_stack in (False, True):
        here = {service: endpoints.endpoint(service, region, dual_stack) for service in services}
        assert here == {service: sdk(service, region, dual_stack) for service in services}


@pytest.mark.parametrize(("region", "name"), REGIONS.items())
def test_partition_of_a_region(region: str, name: str) -> None:
    assert endpoints.partition(region).name == name


def test_partitions_are_those_of_the_sdk() -> None:
    data = pytest.importorskip("botocore.session").get_session().get_component("endpoint_resolver")
    for known in endpoints.PARTITIONS:
        assert data.get_partition_dns_suffix(known.name) == known.dns_suffix


@pytest.mark.parametrize("region", ["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1"])
def test_an_isolated_partition_is_refused(region: str) -> None:
    with pytest.raises(ValueError, match="isolated partition"):
        endpoints.endpoint("ecs", region)
    with pytest.raises(AnsibleFilterError, match="isolated partition"):
        network.aws_partition(region)


def test_what_every_host_needs() -> None:
    assert list(endpoints.endpoints("eu-west-3")) == ["ecs", "ssm", "ssmmessages", "ec2messages"]
    assert list(endpoints.endpoints("eu-west-3", dual_stack=True)) == ["ecs", "ssm", "ssmmessages"]
    assert list(endpoints.endpoints("eusc-de-east-1")) == ["ecs", "ssm", "ssmmessages"]
    assert endpoints.endpoints("eu-west-3")["ec2messages"] == "https://ec2messages.eu-west-3.amazonaws.com"


def test_custom_endpoints_stand_in_the_place_of_the_regions() -> None:
    found = endpoints.endpoints("eu-west-3", custom={"ssm": "https://vpce-1.example", "ecs": ""}, also=("s3",))
    assert found["ssm"] == "https://vpce-1.example"
    assert found["ecs"] == "https://ecs.eu-west-3.amazonaws.com"
    assert found["s3"] == "https://s3.eu-west-3.amazonaws.com"


@pytest.mark.parametrize(
    ("agent", "region", "dual_stack", "url"),
    [
        ("ssm", "eu-west-3", False, "https://s3.eu-west-3.amazonaws.com/amazon-ssm-eu-west-3"),
        ("ecs", "cn-north-1", False, "https://s3.cn-north-1.amazonaws.com.cn/amazon-ecs-agent-cn-north-1"),
        ("ecs", "eusc-de-east-1", False, "https://s3.eusc-de-east-1.amazonaws.eu/amazon-ecs-agent-eusc-de-east-1"),
        ("ssm", "us-east-1", True, "https://s3.dualstack.us-east-1.amazonaws.com/amazon-ssm-us-east-1"),
    ],
)
def test_buckets_of_the_agents(agent: str, region: str, dual_stack: bool, url: str) -> None:
    assert endpoints.agent_bucket(agent, region, dual_stack) == url


@pytest.mark.parametrize(
    ("region", "prefix"),
    [("eu-west-3", "com.amazonaws"), ("cn-north-1", "cn.com.amazonaws"), ("eusc-de-east-1", "eu.amazonaws")],
)
def test_the_filter_knows_the_prefix_of_vpc_endpoints(region: str, prefix: str) -> None:
    assert network.aws_partition(region)["service_prefix"] == prefix


def test_the_filter_refuses_what_it_does_not_know() -> None:
    assert network.aws_endpoints("eu-west-3", also=["logs"])["logs"] == "https://logs.eu-west-3.amazonaws.com"
    with pytest.raises(AnsibleFilterError, match="efs is none of ecr, s3, logs, secretsmanager"):
        network.aws_endpoints("eu-west-3", also=["efs"])


DIRECT = ["169.254.169.254", "169.254.170.2", "/var/run/docker.sock", "localhost", "127.0.0.1"]


def test_settings_of_the_ssm_agent() -> None:
    assert agent_settings.ssm_agent_settings("") == {}
    given = {"ssmmessages": "https://m", "ec2messages": "https://e", "s3": ""}
    assert agent_settings.ssm_agent_settings("https://s", given, True) == {
        "Ssm": {"Endpoint": "https://s"},
        "Mds": {"Endpoint": "https://e"},
        "Mgs": {"Endpoint": "https://m"},
        "Agent": {"UseDualStackEndpoint": True},
    }
    with pytest.raises(AnsibleFilterError, match="sts: the SSM Agent has no endpoint"):
        agent_settings.ssm_agent_settings("", {"sts": "x"})
