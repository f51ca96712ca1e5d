# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites that may be cut off from their Region: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Data = Mapping[str, Any]

# Of all that a host reaches, what the ECS agent itself talks to.
ENDPOINT = "ecs"


def suspects(hosts: Mapping[str, Data], batches: Sequence[Data]) -> dict[str, str]:
    """By site of which ECS has lost every agent that it knows, the host that is asked: the first to change.

    ECS knows an agent from the host's container instance; a site that is new has none and is not suspected.
    """
    heard: dict[str, list[bool]] = {}
    for host in hosts.values():
        if host["connected"] is not None:
            heard.setdefault(host["site"], []).append(host["connected"])
    first: dict[str, str] = {}
    for batch in batches:
        first.setdefault(batch["site"], batch["hosts"][0])
    return {site: first[site] for site, agents in heard.items() if site in first and not any(agents)}


def answer(host: str, network: Data | None) -> dict[str, Any]:
    """What the host's look at its network says of the way to ECS; nothing, where it was not asked to look."""
    seen = ((network or {}).get("endpoints") or {}).get(ENDPOINT)
    if not seen:
        return {}
    said = f"{seen['host']}:{seen['port']} ({seen['error'] or seen['failed']})" if seen["failed"] else ""
    return {"host": host, "answers": not seen["failed"], "said": said}
