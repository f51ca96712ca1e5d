# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an inventory asks of hosts, as far as AWS can tell whether they have it. Pure.

The defaults of the roles ssm_agent and ecs_agent are known here for what a host's own variables leave out: an audit
connects to nobody, and so runs no role on the hosts that would tell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..limits import PlanError
from .model import AwsSite, Data, Host, Texts

AGENTS = ("ecs_agent", "ssm_agent")
# The variables of a host that an audit asks the inventory for.
VARIABLES = (
    "fleet_site",
    "fleet_site_kind",
    "fleet_instance_id",
    "ecs_agent_attributes",
    "ecs_agent_tags",
    "ecs_agent_config",
    *(f"{agent}_{name}" for agent in AGENTS for name in ("version", "signing_keys", "source")),
    "aws_site_state",
    "aws_site_count",
    "aws_site_outpost_arn",
    "aws_site_attributes",
)
_REPOSITORY = "repository"


def read(hosts: Mapping[str, Data], aws_sites: Mapping[str, Data], options: Data) -> dict[str, Any]:
    """
    :param hosts: by host below the group fleet, its variables among C(VARIABLES).
    :param aws_sites: the same of the entries of the group fleet_aws_sites.
    :param options: C(fleet); C(defaults), what counts for hosts that do not set a variable themselves.
    """
    found = {name: _host(name, variables, options) for name, variables in hosts.items()}
    homeless = sorted(name for name, host in found.items() if not host.site)
    homeless += sorted(name for name, variables in aws_sites.items() if not variables.get("fleet_site"))
    if homeless:
        raise PlanError(f"fleet_site is not set for: {', '.join(homeless)}.")
    sites = [_aws_site(variables) for variables in aws_sites.values() if variables.get("aws_site_state") != "absent"]
    return {"hosts": found, "aws_sites": {site.name: site for site in sites}}


def _host(name: str, own: Data, options: Data) -> Host:
    known = {**(options.get("defaults") or {}), **own}
    site = str(known.get("fleet_site") or "")
    config = known.get("ecs_agent_config") or {}
    attributes = known.get("ecs_agent_attributes", {"site": site})
    tags = known.get("ecs_agent_tags", {"fleet": options["fleet"], "host": name, "site": site})
    return Host(
        name=name,
        site=site,
        given=str(known.get("fleet_instance_id") or ""),
        attributes={**_texts(attributes), **_texts(config.get("ECS_INSTANCE_ATTRIBUTES"))},
        tags={**_texts(tags), **_texts(config.get("ECS_CONTAINER_INSTANCE_TAGS"))},
        versions={agent: str(known.get(f"{agent}_version") or "") for agent in AGENTS},
        keys={agent: _keys(known, agent) for agent in AGENTS},
    )


def _keys(known: Data, agent: str) -> Sequence[Data]:
    """The package manager of a host has its own keys for the repositories."""
    return [] if known.get(f"{agent}_source") == _REPOSITORY else list(known.get(f"{agent}_signing_keys") or [])


def _texts(value: Any) -> Texts:
    """Attributes and tags may stand as YAML or as JSON text. What cannot be read is for a rollout to refuse."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, Mapping) else {}


def _aws_site(known: Data) -> AwsSite:
    site = str(known["fleet_site"])
    return AwsSite(
        name=site,
        wanted=int(known.get("aws_site_count", 1)),
        outpost_arn=str(known.get("aws_site_outpost_arn") or ""),
        attributes=_texts(known.get("aws_site_attributes", {"site": site})),
    )
