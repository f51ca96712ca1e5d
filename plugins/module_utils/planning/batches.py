# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts change at the same time, and in which order: batches, and the steps in which batches run together."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import identity as identities
from .limits import size_of, whole_number

Hosts = Mapping[str, Mapping[str, Any]]


# Conductors have names that no host has.
CONDUCTOR = "fleet-conductor-"


@dataclass(frozen=True)
class Chunk:
    """Hosts of one site, in one wave and one fault domain, that change at the same time."""

    wave: str
    site: str
    domain: str
    hosts: tuple[str, ...]


def make(
    decided: Hosts, changing: str, waves: Sequence[Mapping[str, Any]], sites_in_parallel: int | str, cluster: str
) -> dict[str, Any]:
    """The batches of a run in play order, the steps that they run in, and where each member of a batch stands.

    :param decided: by host, at least C(site), C(fault_domain) and C(action).
    :param changing: the action of the hosts that are to be in a batch.
    :param waves: as waves.arrange() gives them.
    """
    together = whole_number("fleet_sites_in_parallel", sites_in_parallel, 1)
    sizes = Counter(str(host["site"]) for host in decided.values())
    steps = [
        step
        for wave in waves
        for step in in_steps(_queues(wave, decided, changing, sizes), together)
    ]  # fmt: skip
    batches = _batches(steps, decided, cluster)
    numbers = iter(range(1, len(batches) + 1))
    return {
        "batches": batches,
        "steps": [[next(numbers) for _chunk in step] for step in steps],
        "serial": [sum(1 + len(chunk.hosts) for chunk in step) for step in steps] or [1],
        "order": [member for batch in batches for member in batch["members"]],
        "place": {member: batch["number"] for batch in batches for member in batch["members"]},
    }


def conductor_of(order: Sequence[str], name: str) -> str:
    """Who leads the batch of a member, in the order of the play or of a step: the last conductor up to its place."""
    led = reversed(order[: order.index(name) + 1])
    return next((member for member in led if member.startswith(CONDUCTOR)), "")


def _queues(wave: Mapping[str, Any], decided: Hosts, changing: str, sizes: Mapping[str, int]) -> list[list[Chunk]]:
    """By site of a wave, in order, what is to be done there one after the other."""
    to_change: dict[str, list[str]] = {site: [] for site in wave["sites"]}
    for name in wave["hosts"]:
        if decided[name]["action"] == changing:
            to_change[decided[name]["site"]].append(name)
    # The limit is worked out for every site of the wave, so that a senseless one is refused whatever is to be done.
    return [
        _chunks(wave["name"], site, names, size_of(wave["max_unavailable"], sizes[site]), decided)
        for site, names in to_change.items()
    ]


def _chunks(wave: str, site: str, names: Sequence[str], size: int, decided: Hosts) -> list[Chunk]:
    """One fault domain after the other, so that two of them are never touched at once."""
    domains: dict[str, list[str]] = {}
    for name in names:
        domains.setdefault(decided[name]["fault_domain"], []).append(name)
    return [
        Chunk(wave, site, domain, tuple(members[at : at + size]))
        for domain, members in domains.items()
        for at in range(0, len(members), size)
    ]


def in_steps(queues: Sequence[Sequence[Chunk]], together: int) -> list[list[Chunk]]:
    """Of at most so many sites at once the next batch each; the next site comes in when one has ended."""
    waiting = deque(deque(queue) for queue in queues if queue)
    active: list[deque[Chunk]] = []
    steps = []
    while waiting or active:
        while waiting and len(active) < together:
            active.append(waiting.popleft())
        steps.append([queue.popleft() for queue in active])
        active = [queue for queue in active if queue]
    return steps


def _batches(steps: Sequence[Sequence[Chunk]], decided: Hosts, cluster: str) -> list[dict[str, Any]]:
    numbered = [(step, chunk) for step, chunks in enumerate(steps, start=1) for chunk in chunks]
    conductors = [f"{CONDUCTOR}{number}-{chunk.site}" for number, (_step, chunk) in enumerate(numbered, start=1)]
    last = {chunk.site: at for at, (_step, chunk) in enumerate(numbered)}
    last_in_wave = {(chunk.wave, chunk.site): at for at, (_step, chunk) in enumerate(numbered)}
    registers: Counter[tuple[str, str]] = Counter()
    for _step, chunk in numbered:
        registers[chunk.wave, chunk.site] += sum(bool(decided[name]["register"]) for name in chunk.hosts)
    begun_sites: set[str] = set()
    begun_waves: set[str] = set()
    leaders: dict[tuple[str, str], list[str]] = {}
    of_wave: dict[str, str] = {}
    of_step: dict[int, str] = {}
    of_site: dict[str, list[str]] = {}
    batches = []
    for at, (step, chunk) in enumerate(numbered):
        place = (chunk.wave, chunk.site)
        leaders.setdefault(place, []).append(conductors[at])
        batches.append(
            {
                "number": at + 1,
                "step": step,
                "wave": chunk.wave,
                "site": chunk.site,
                "fault_domain": chunk.domain,
                "conductor": conductors[at],
                "hosts": list(chunk.hosts),
                "members": [conductors[at], *chunk.hosts],
                # Who asks for all of the wave, and of the step; and who has led batches of the site before.
                "wave_conductor": of_wave.setdefault(chunk.wave, conductors[at]),
                "step_conductor": of_step.setdefault(step, conductors[at]),
                "site_before": list(of_site.setdefault(chunk.site, [])),
                "first_of_wave": chunk.wave not in begun_waves,
                "first_of_site": chunk.site not in begun_sites,
                "last_of_site": last[chunk.site] == at,
                # One activation serves a site's part of a wave: with a night's soak between two waves it would expire.
                # The first of these conductors whose gate opens makes it, the last one deletes it.
                "site_conductors": list(leaders[place]),
                "registers": registers[place],
                "ends_activation": registers[place] > 0 and last_in_wave[place] == at,
                **_for_the_region(chunk.hosts, decided, cluster),
            }
        )
        of_site[chunk.site].append(conductors[at])
        begun_sites.add(chunk.site)
        begun_waves.add(chunk.wave)
    return batches


def _for_the_region(hosts: Sequence[str], decided: Hosts, cluster: str) -> dict[str, Any]:
    """What the conductor has to do in the Region before and after its hosts change."""
    return {
        # Before the hosts forget in ecs.config what they had: a run that is cut off finds it once more.
        "obsolete": {
            kind: {
                decided[name]["instance"]: decided[name][kind]
                for name in hosts
                if decided[name]["instance"] and decided[name][kind]
            }
            for kind in ("drop_attributes", "drop_tags")
        },
        # The container instances that this run drains; and by cluster all that have to be empty before a change.
        "drain": [item["arn"] for name in hosts for item in decided[name]["drain"] if item["mark"]],
        "empties": _by_cluster([item for name in hosts for item in decided[name]["drain"]]),
        # Whether records of what its hosts were before go at the end, and the container instances among them.
        "retires": any(any(decided[name]["retire"].values()) for name in hosts),
        "records": identities.records([decided[name]["retire"] for name in hosts], cluster),
    }


def _by_cluster(drained: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    clusters = dict.fromkeys(item["cluster"] for item in drained)
    return [
        {
            "cluster": cluster,
            "arns": [item["arn"] for item in drained if item["cluster"] == cluster],
            "mark": [item["arn"] for item in drained if item["cluster"] == cluster and item["mark"]],
        }
        for cluster in clusters
    ]
