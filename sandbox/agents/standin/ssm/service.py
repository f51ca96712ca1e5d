# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSM calls of the agent."""

from __future__ import annotations

from typing import Any

from .. import aws
from ..files import read_json
from ..knobs import at
from ..sigv4 import Credentials
from . import keys
from .vault import Registration

CONFIG_FILE = "/etc/amazon/ssm/amazon-ssm-agent.json"
NAME = "amazon-ssm-agent"


def _endpoint(section: str) -> str:
    settings = read_json(at(CONFIG_FILE)).get(section)
    return str((settings.get("Endpoint") if isinstance(settings, dict) else "") or "")


def address(region: str) -> str:
    """Ssm.Endpoint of the configuration file, else the Region's own endpoint."""
    return aws.endpoint("ssm", region, _endpoint("Ssm"))


def message_address(service: str, region: str) -> str:
    """Mgs.Endpoint or Mds.Endpoint; unlike the real agent's, that of Ssm where only this one is given."""
    section = {"ssmmessages": "Mgs", "ec2messages": "Mds"}[service]
    return aws.endpoint(service, region, _endpoint(section) or _endpoint("Ssm"))


def anonymous(region: str) -> aws.Client:
    return aws.Client("ssm", "AmazonSSM", region, address(region), agent_name=NAME)


def by_identity(registration: Registration) -> aws.Client:
    """Signed `Credential=mi-...`; the RSA signature over that Authorization header proves the private key."""

    def authorize(headers: dict[str, str]) -> dict[str, str]:
        return {
            "SSM-AsymmetricKeyAuthorization": "Signature="
            + keys.sign(registration.private_key, headers["Authorization"])
        }

    def credentials() -> Credentials:
        return Credentials(registration.instance_id, registration.private_key)

    region = registration.region
    return aws.Client("ssm", "AmazonSSM", region, address(region), credentials, authorize=authorize, agent_name=NAME)


def by_role(region: str, credentials: Credentials) -> aws.Client:
    return aws.Client("ssm", "AmazonSSM", region, address(region), lambda: credentials, agent_name=NAME)


def os_release() -> dict[str, str]:
    pairs: dict[str, str] = {}
    try:
        with open(at("/etc/os-release"), encoding="utf-8") as lines:
            for line in lines:
                key, _separator, value = line.strip().partition("=")
                pairs[key] = value.strip('"')
    except OSError:
        pass
    return pairs


def information(registration: Registration, hostname: str, ip: str, version: str) -> dict[str, Any]:
    release = os_release()
    return {
        "InstanceId": registration.instance_id,
        "AgentName": NAME,
        "AgentStatus": "Active",
        "AgentVersion": version,
        "PlatformType": "Linux",
        "PlatformName": release.get("NAME", "Linux"),
        "PlatformVersion": release.get("VERSION_ID", ""),
        "ComputerName": hostname,
        "IPAddress": ip,
    }
