# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Partitions, endpoints and proxies as filters. What they know stands in module_utils."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import proxy
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import endpoints
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.desired import SSM_SECTIONS


def aws_partition(region: str | None) -> dict[str, str]:
    try:
        found = endpoints.partition(region or "")
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error
    return {
        "name": found.name,
        "dns_suffix": found.dns_suffix,
        "dual_stack_suffix": found.dual_stack_suffix,
        # The name of a VPC endpoint's service begins with the partition's domain, reversed.
        "service_prefix": ".".join(reversed(found.dns_suffix.split("."))),
    }


def aws_endpoints(
    region: str, dual_stack: bool = False, custom: Mapping[str, str] | None = None, also: Sequence[str] = ()
) -> dict[str, str]:
    unknown = sorted(set(also) - set(endpoints.OPTIONAL))
    if unknown:
        raise AnsibleFilterError(f"also: {', '.join(unknown)} is none of {', '.join(endpoints.OPTIONAL)}")
    try:
        return endpoints.endpoints(region, bool(dual_stack), custom, tuple(also))
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


def ssm_agent_settings(
    endpoint: str, endpoints_of: Mapping[str, str] | None = None, dual_stack: bool | None = None
) -> dict[str, dict[str, Any]]:
    given = {"ssm": endpoint, **(endpoints_of or {})}
    unknown = sorted(set(given) - set(SSM_SECTIONS))
    if unknown:
        raise AnsibleFilterError(f"{', '.join(unknown)}: the SSM Agent has no endpoint of this service in its settings")
    settings: dict[str, dict[str, Any]] = {
        SSM_SECTIONS[service]: {"Endpoint": url} for service, url in given.items() if url
    }
    return settings if dual_stack is None else {**settings, "Agent": {"UseDualStackEndpoint": bool(dual_stack)}}


def ecs_proxy(
    config: Mapping[str, Any],
    secret_config: Mapping[str, Any],
    http: str = "",
    https: str = "",
    no_proxy: Sequence[str] = (),
) -> dict[str, dict[str, Any]]:
    plain, secret = dict(config), dict(secret_config)
    for name, url in (("HTTP_PROXY", http), ("HTTPS_PROXY", https)):
        if url and name not in {*config, *secret_config}:
            (secret if "@" in url else plain)[name] = url.rstrip("/")
    if (http or https) and "NO_PROXY" not in secret:
        own = plain.get("NO_PROXY") or []
        plain["NO_PROXY"] = proxy.direct(no_proxy, own.split(",") if isinstance(own, str) else own)
    return {"config": plain, "secret_config": secret}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "aws_partition": aws_partition,
            "aws_endpoints": aws_endpoints,
            "ssm_agent_settings": ssm_agent_settings,
            "ecs_proxy": ecs_proxy,
        }
