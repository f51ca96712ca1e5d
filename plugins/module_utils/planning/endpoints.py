# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where AWS is, seen from a Region's name: partitions, their domains, and what an external instance must reach. Pure.

Sources: the partitions and endpoint rules that come with botocore (a test compares them); for what the agents need, the
developer guide of ECS Anywhere and the Systems Manager reference "ec2messages, ssmmessages, and other API operations".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class Partition(NamedTuple):
    """A part of AWS with its own accounts and domains."""

    name: str
    prefix: str  # of its Regions' names
    dns_suffix: str
    dual_stack_suffix: str
    # ECR and S3 name their dual-stack endpoints in their own ways.
    dual_stack_ecr: str = "ecr"
    dual_stack_s3: str = "s3.dualstack.{region}.{dns_suffix}"


_OWN_WAY = ("api.ecr", "s3.{region}.{dual_stack_suffix}")
# The last one is the partition of all other Regions.
PARTITIONS = (
    Partition("aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    Partition("aws-us-gov", "us-gov-", "amazonaws.com", "api.aws"),
    Partition("aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu", *_OWN_WAY),
    Partition("aws", "", "amazonaws.com", "api.aws"),
)
# Isolated partitions have other domains, and nobody has said that ECS Anywhere exists there.
_ISOLATED = re.compile(r"[a-z]+-iso[a-z]?-")

# What every external instance talks to. The agent's two websockets go to hosts that ecs:DiscoverPollEndpoint names when
# it starts (ecs-a-NUMBER and ecs-t-NUMBER): no table can know them, and nothing can be asked of them before.
CONTROL = ("ecs", "ssm", "ssmmessages", "ec2messages")
# Only where it is used: images of ECR and their layers, packages from Amazon's buckets, logs and secrets of tasks.
OPTIONAL = ("ecr", "s3", "logs", "secretsmanager")
# ec2messages has no dual-stack name; since 3.3.40.0 the SSM Agent prefers ssmmessages and does without it.
IPV4_ONLY = frozenset({"ec2messages"})
# Regions that opened in 2024 or later have no ec2messages at all. That reference names none: the list is ours.
WITHOUT_EC2MESSAGES = frozenset(
    {"ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ap-east-2", "mx-central-1", "eusc-de-east-1"}
)


def partition(region: str) -> Partition:
    """The partition of a Region, by the Region's name alone.

    >>> partition("cn-north-1").name, partition("eu-west-3").dns_suffix
    ('aws-cn', 'amazonaws.com')
    """
    if _ISOLATED.match(region):
        raise ValueError(
            f"{region} is in an isolated partition, whose endpoints this collection does not know; "
            "give every endpoint and URL by its variable"
        )
    return next(known for known in PARTITIONS if region.startswith(known.prefix))


def dns_suffix(region: str) -> str:
    return partition(region).dns_suffix


def endpoint(service: str, region: str, dual_stack: bool = False) -> str:
    """URL of one service.

    >>> endpoint("ecs", "eu-west-3"), endpoint("ecs", "eu-west-3", dual_stack=True)
    ('https://ecs.eu-west-3.amazonaws.com', 'https://ecs.eu-west-3.api.aws')
    """
    place = partition(region)
    if not dual_stack or service in IPV4_ONLY:
        name = {"ecr": "api.ecr"}.get(service, service)
        return f"https://{name}.{region}.{place.dns_suffix}"
    if service == "s3":
        return "https://" + place.dual_stack_s3.format(region=region, **place._asdict())
    name = place.dual_stack_ecr if service == "ecr" else service
    return f"https://{name}.{region}.{place.dual_stack_suffix}"


def endpoints(
    region: str,
    dual_stack: bool = False,
    custom: Mapping[str, str] | None = None,
    also: tuple[str, ...] = (),
) -> dict[str, str]:
    """URLs by service of all that an external instance must reach on its network's way to the Region.

    :param dual_stack: the names that answer over IPv6, too.
    :param custom: URLs by service in the place of the Region's (PrivateLink, the sandbox); empty ones do not count.
    :param also: services of OPTIONAL that the host uses.
    """
    missing = IPV4_ONLY if dual_stack or region in WITHOUT_EC2MESSAGES else frozenset[str]()
    needed = [service for service in (*CONTROL, *also) if service not in missing]
    given = {service: url for service, url in (custom or {}).items() if url}
    return {service: given.get(service) or endpoint(service, region, dual_stack) for service in needed}


def agent_bucket(agent: str, region: str, dual_stack: bool = False) -> str:
    """URL of Amazon's bucket with the packages of an agent, `ssm` or `ecs`.

    >>> agent_bucket("ssm", "eu-west-3")
    'https://s3.eu-west-3.amazonaws.com/amazon-ssm-eu-west-3'
    """
    name = {"ssm": "amazon-ssm", "ecs": "amazon-ecs-agent"}[agent]
    return f"{endpoint('s3', region, dual_stack)}/{name}-{region}"
