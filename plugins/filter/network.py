# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Partitions and endpoints as filters. What they know stands in module_utils/planning/endpoints.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import endpoints


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


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "aws_partition": aws_partition,
            "aws_endpoints": aws_endpoints,
        }
