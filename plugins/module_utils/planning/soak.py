# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time that a wave is watched for before the next one begins: pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from .budget import allowance, named
from .gate import OPEN, Gate, closed
from .outcomes import CONVERGED, outcomes_so_far
from .window import parse_instant

Data = Mapping[str, Any]


def due(plan: Data, number: int, results: Sequence[Data], budget: Data, now: str) -> dict[str, Any]:
    """What is to be watched before the wave of batch C(number) begins, and for how long.

    Every earlier wave in which a host was changed counts from the end of its last batch. C(allowed) of the C(hosts) may
    be away without closing the gate: what is left of the budget of the wave that has the least.
    """
    mine, outcomes, moment = plan["batches"][number - 1]["wave"], outcomes_so_far(results), parse_instant(now)
    found: dict[str, Any] = {"seconds": 0, "until": now, "waves": [], "hosts": [], "allowed": 0}
    allowed = []
    for wave in plan["waves"]:
        if wave["name"] == mine:
            break
        changed = [name for name in wave["hosts"] if outcomes.get(name, {}).get("outcome") == CONVERGED]
        left = _left(wave, results, now) if changed else 0
        if left > 0:
            allowed.append(allowance(plan, wave, results, budget))
            found["seconds"] = max(found["seconds"], left)
            found["waves"].append(wave["name"])
            found["hosts"] += changed
    until = moment + timedelta(seconds=found["seconds"])
    return {**found, "until": f"{until:%Y-%m-%dT%H:%M:%SZ}", "allowed": min(allowed, default=0)}


def _left(wave: Data, results: Sequence[Data], now: str) -> int:
    ended = [result["ended"] for result in results if result["wave"] == wave["name"] and result["ended"]]
    start = parse_instant(max(ended, default=now))
    return math.ceil((start + timedelta(seconds=int(wave.get("soak") or 0)) - parse_instant(now)).total_seconds())


def verdict(soaking: Data, watched: Data, identities: Mapping[str, str]) -> Gate:
    """The gate of the next wave, after what C(container_instance_watch) has seen.

    :param identities: by host, the id by which it was watched.
    """
    if watched.get("stopped"):
        return closed(f"the stop file {watched['stopped']} was there.", "fleet", "stop")
    host_of = {identity: name for name, identity in identities.items()}
    away = {host_of.get(identity, identity): why for identity, why in watched.get("unhealthy", {}).items()}
    short = watched.get("services", {})
    if len(away) <= soaking["allowed"] and not short:
        return dict(OPEN)
    waves = "wave " + ", ".join(f"'{name}'" for name in soaking["waves"])
    troubles = [f"{name} ({why})" for name, why in away.items()]
    troubles += [f"service {name} ({why})" for name, why in short.items()]
    reason = f"{waves} did not stay healthy until {soaking['until']}: {named(troubles)}."
    if away and soaking["allowed"]:
        reason += f" What is left of fleet_failure_budget.wave allows {soaking['allowed']} hosts."
    return closed(reason, "wave", "soak")
