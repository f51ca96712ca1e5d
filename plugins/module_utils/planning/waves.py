# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which wave each host belongs to: a pure function of the inventory, of what is asked, and of which hosts answer.

A wave takes whole sites, or, as a canary, some hosts of each; what it leaves of a site comes in a later wave. So a host
has a wave, and a site may stand in several.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .limits import PlanError, size_of, whole_number

Members = Mapping[str, str]
Wave = Mapping[str, Any]

# The wave of the hosts that no wave takes.
LAST_WAVE = "rest"

# What a wave may say: how it chooses, then how it goes.
CHOOSING = ("sites", "selector", "count", "max_hosts_per_site")
KEYS = ("name", *CHOOSING, "max_unavailable", "soak", "confirm", "failure_budget")


def arrange(
    members: Members,
    asked: Sequence[Wave],
    variables: Mapping[str, Mapping[str, Any]] | None = None,
    poor: frozenset[str] = frozenset(),
    max_unavailable: int | str = 1,
) -> tuple[list[dict[str, Any]], list[str]]:
    """The waves that have hosts in this run, in order, and a line about each that has none.

    :param members: by host, its site, in the inventory's order.
    :param asked: the waves as the user writes them.
    :param variables: by host, the variables that selectors name.
    :param poor: hosts that prove nothing as canaries, because this run cannot read or may not change them.
    :param max_unavailable: of the waves that do not say it themselves.
    :raises PlanError: where the waves make no sense.
    """
    named = check(asked)
    left = dict(members)
    made, empty = [], []
    for name, wave in named:
        chosen, why = _choose(wave, left, members, variables or {}, poor)
        if chosen:
            made.append(_wave(name, why, chosen, members, wave, max_unavailable))
        else:
            empty.append(f"Wave {name} has no host in this run ({why}).")
        left = {host: site for host, site in left.items() if host not in chosen}
    if left:
        name = _free_name({name for name, _wave in named})
        why = "no wave names them" if asked else "every site, in the inventory's order"
        made.append(_wave(name, why, _by_site(left), members, {}, max_unavailable))
    return made, empty


def check(asked: Sequence[Wave]) -> list[tuple[str, Wave]]:
    """The waves with their names, if they are such that a plan can be made."""
    if isinstance(asked, (str, Mapping)) or not all(isinstance(wave, Mapping) for wave in asked):
        raise PlanError("fleet_waves has to be a list of waves, such as [{name: canary, sites: [lab]}].")
    named: list[tuple[str, Wave]] = []
    whole: set[str] = set()
    for number, given in enumerate(asked, start=1):
        wave = {key: value for key, value in given.items() if value is not None}
        name = str(wave.get("name") or f"wave-{number}")
        _check_wave(name, wave)
        _check_against_earlier(name, wave, named, whole)
        named.append((name, wave))
        if wave.get("sites") and not _is_partial(wave):
            whole |= set(_texts(wave["sites"]))
    return named


def _check_wave(name: str, wave: Wave) -> None:
    where = f"fleet_waves, wave '{name}'"
    strange = [key for key in wave if key not in KEYS]
    if strange:
        raise PlanError(f"{where}: '{strange[0]}' is unknown; allowed are {', '.join(KEYS)}.")
    if isinstance(wave.get("sites", []), (str, Mapping)):
        raise PlanError(f"{where}: sites has to be a list, not '{wave['sites']}'.")
    if not isinstance(wave.get("selector") or {}, Mapping):
        raise PlanError(f"{where}: selector has to be {{variable: value or list of values}}, not '{wave['selector']}'.")
    if not isinstance(wave.get("failure_budget") or {}, Mapping):
        raise PlanError(f"{where}: failure_budget has to be such as {{wave: '10%'}}, not '{wave['failure_budget']}'.")
    if "max_hosts_per_site" in wave:
        whole_number(f"{where}: max_hosts_per_site", wave["max_hosts_per_site"], 1)
    if "max_unavailable" in wave:
        size_of(wave["max_unavailable"], 1, f"{where}: max_unavailable")
    if "count" in wave:
        _count(where, wave["count"], 1)
    whole_number(f"{where}: soak (seconds)", wave.get("soak", 0), 0)
    _flag(f"{where}: confirm", wave.get("confirm", False))


def _check_against_earlier(name: str, wave: Wave, earlier: Sequence[tuple[str, Wave]], whole: set[str]) -> None:
    if name in [other for other, _wave in earlier]:
        raise PlanError(f"fleet_waves: two waves are called '{name}'.")
    takes_all = [other for other, before in earlier if not any(key in before for key in CHOOSING)]
    if takes_all:
        raise PlanError(f"fleet_waves: wave '{name}' can have no host, because wave '{takes_all[0]}' takes all.")
    sites = _texts(wave.get("sites", []))
    twice = sorted({site for site in sites if sites.count(site) > 1})
    if twice:
        raise PlanError(f"fleet_waves: wave '{name}' names site '{twice[0]}' twice.")
    again = sorted(whole & set(sites))
    if again:
        raise PlanError(f"fleet_waves: site '{again[0]}' of wave '{name}' stands in an earlier wave, too.")


def _is_partial(wave: Wave) -> bool:
    """Whether a wave that names sites may leave something of them to later waves."""
    return any(key in wave for key in CHOOSING if key != "sites")


def _choose(
    wave: Wave,
    left: Members,
    members: Members,
    variables: Mapping[str, Mapping[str, Any]],
    poor: frozenset[str],
) -> tuple[dict[str, str], str]:
    """By host, its site: what a wave takes of the hosts that are left; and how, in words."""
    selector = wave.get("selector") or {}
    chosen = _by_site({host: site for host, site in left.items() if _matches(variables.get(host, {}), selector)})
    words = []
    if "sites" in wave:
        named = _texts(wave["sites"])
        chosen = _of_sites(chosen, named)
        words.append(_by_name(named, members))
    if selector:
        words.append("where " + " and ".join(f"{key} is {_alternatives(value)}" for key, value in selector.items()))
    if "count" in wave:
        total = len(set(members.values()))
        most = _count("fleet_waves", wave["count"], total)
        chosen = _of_sites(chosen, list(dict.fromkeys(chosen.values()))[:most])
        words.append(_first(most, wave["count"], total))
    if "max_hosts_per_site" in wave:
        most = int(wave["max_hosts_per_site"])
        chosen = _canaries(chosen, most, poor)
        words.append(f"at most {most} host{'s' if most > 1 else ''} of each site")
    return chosen, "; ".join(words) or "all that is left"


def _by_name(named: Sequence[str], members: Members) -> str:
    known = set(members.values())
    missing = [site for site in named if site not in known]
    said = "sites by name" if named else "no site is named"
    return said + (f", without hosts here: {', '.join(missing)}" if missing else "")


def _first(most: int, count: object, total: int) -> str:
    said = "the first site" if most == 1 else f"the first {most} sites"
    return f"{said}, {count} of {total}" if _is_share(count) else said


def _by_site(hosts: Members) -> dict[str, str]:
    return _of_sites(hosts, list(dict.fromkeys(hosts.values())))


def _of_sites(hosts: Members, sites: Sequence[str]) -> dict[str, str]:
    """The hosts of these sites, site by site."""
    grouped: dict[str, list[str]] = {site: [] for site in sites}
    for host, site in hosts.items():
        if site in grouped:
            grouped[site].append(host)
    return {host: site for site, names in grouped.items() for host in names}


def _canaries(hosts: Members, most: int, poor: frozenset[str]) -> dict[str, str]:
    """The first hosts of each site; a host that is already as asked proves as much as one that is brought to it."""
    taken: dict[str, int] = {}
    chosen = {}
    for host, site in hosts.items():
        if host not in poor and taken.get(site, 0) < most:
            taken[site] = taken.get(site, 0) + 1
            chosen[host] = site
    return chosen


def _matches(variables: Mapping[str, Any], selector: Mapping[str, Any]) -> bool:
    """Whether each variable that is named has one of its values; of a variable that is a list, any element counts."""
    return all(
        key in variables and not set(_texts(variables[key])).isdisjoint(_texts(wanted))
        for key, wanted in selector.items()
    )


def _texts(value: Any) -> list[str]:
    """Values as the words that YAML has for them, so that 1 is "1", and a true is a true wherever it comes from."""
    values = value if isinstance(value, (list, tuple, set)) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in values]


def _alternatives(value: Any) -> str:
    return " or ".join(_texts(value))


def _is_share(count: object) -> bool:
    return str(count).strip().endswith("%")


def _count(where: str, count: object, total: int) -> int:
    """A number or share of sites. Rounded up: a share of a small fleet is a site at least."""
    text = str(count).strip()
    number = int(text.rstrip("%")) if re.fullmatch(r"\d+%?", text) else 0
    if not number or (_is_share(count) and number > 100):
        raise PlanError(f"{where}: count is '{count}': a number of sites from 1 on, or 1% to 100% of them, is allowed.")
    return -(-total * number // 100) if _is_share(count) else number


def _flag(variable: str, value: object) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise PlanError(f"{variable} is '{value}': true and false are allowed.")
    return text == "true"


def _free_name(taken: set[str]) -> str:
    number = 2
    name = LAST_WAVE
    while name in taken:
        name, number = f"{LAST_WAVE}-{number}", number + 1
    return name


def _wave(
    name: str, why: str, hosts: Members, members: Members, wave: Wave, max_unavailable: int | str
) -> dict[str, Any]:
    return {
        "name": name,
        "why": why,
        "sites": list(dict.fromkeys(hosts.values())),
        "hosts": list(hosts),
        "max_unavailable": wave.get("max_unavailable", max_unavailable),
        "soak": int(str(wave.get("soak", 0))),
        "confirm": _flag("confirm", wave.get("confirm", False)),
        "failure_budget": dict(wave.get("failure_budget") or {}),
    }
