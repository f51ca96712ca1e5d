# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the machines of all sources of an inventory: credentials, Regions, and what to do when one of them fails."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..module_utils._aws import identity
from ..module_utils._aws.errors import Refused
from ..module_utils._aws.service import CLIENT_CONFIG
from ..module_utils.planning import nodes
from ..module_utils.planning.sources import Question, Source, read_sources, read_tags
from . import node_reader

_SESSION = "edgefleet-inventory"


def read(plugin: Any) -> tuple[list[nodes.Row], list[str]]:
    """The machines, a row each, and what was left out because the plugin's options allow it."""
    asked, left_out = question(plugin), list[str]()
    rows: list[nodes.Row] = []
    defaults = {"regions": plugin.get_option("regions") or plugin.region, "clusters": plugin.get_option("clusters")}
    for source in read_sources(plugin.get_option("sources"), defaults):
        for region in source.regions:
            rows += _region(plugin, source, region, asked, left_out)
    return nodes.merged(rows), left_out


def question(plugin: Any) -> Question:
    return Question(
        fleets=tuple(plugin.get_option("fleets")),
        tags=read_tags(plugin.get_option("tags")),
        statuses=tuple(plugin.get_option("statuses")),
        kinds=tuple(plugin.get_option("kinds")),
        expression=plugin.get_option("container_instance_filter"),
    )


def _region(plugin: Any, source: Source, region: str, asked: Question, left_out: list[str]) -> list[nodes.Row]:
    label = source.label(region)

    def tolerate(refusal: Refused) -> None:
        if refusal.code not in plugin.get_option("ignore_errors"):
            raise refusal
        plugin.warn(f"{label} is not in the inventory as a whole, as ignore_errors allows: {refusal.message}")
        left_out.append(label)

    try:
        try:
            return node_reader.read(_clients(plugin, source, region), source, region, asked, tolerate)
        except Refused as refusal:
            tolerate(refusal)
    except Refused as refusal:
        raise Refused(f"{label}: {refusal.message}", refusal.code) from refusal
    return []


def _clients(plugin: Any, source: Source, region: str) -> Any:
    """Makes the client of a service, each once."""
    keywords: dict[str, Any] = {"region": region, "config": CLIENT_CONFIG}
    if source.profile:
        keywords.update(dict.fromkeys(("aws_access_key_id", "aws_secret_access_key", "aws_session_token")))
        keywords["profile_name"] = source.profile
    if source.assume_role_arn:
        sts = plugin.client("sts", **keywords)
        # A profile stays what the client has its other settings from.
        keywords.update(identity.assume(sts, source.assume_role_arn, _SESSION, source.external_id))
    return lru_cache(maxsize=None)(lambda service: plugin.client(service, **keywords))
