# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planning functions as filters, for the rollout role. What they decide stands in module_utils/planning/."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import (
    batches,
    confirmation,
    disruption,
    gate,
    guards,
    identity,
    limits,
    links,
    outcomes,
    plan,
    soak,
    summary,
)
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.preflight import report
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.observations import observed

Data = Mapping[str, Any]


def fleet_plan(
    sites: Mapping[str, str], observations: Mapping[str, Data], view: Data, **options: Any
) -> dict[str, Any]:
    try:
        made = plan.build(sites, observations, view, options)
        return {**made, **guards.of(made, options)}
    except limits.PlanError as error:
        raise AnsibleFilterError(str(error)) from error


def fleet_variables(variables: Data, names: Sequence[str]) -> dict[str, Any]:
    """Of a host's variables the named ones, as far as it has them."""
    return {name: variables[name] for name in names if name in variables}


def fleet_read(names: Sequence[str], hostvars: Data, wanted: Sequence[str]) -> dict[str, Any]:
    """What the first play has read of these hosts; a limit leaves some without an observation.

    In one pass: Ansible puts a host's variables together anew whenever hostvars is asked for it, 10 ms a time.
    """
    sites, observations, variables = {}, {}, {}
    for name in names:
        known = hostvars[name]
        if "external_instance_observation" in known:
            sites[name] = known.get("fleet_site", "")
            observations[name] = observed(known["external_instance_observation"])
            variables[name] = fleet_variables(known, wanted)
    return {"sites": sites, "observations": observations, "variables": variables}


def fleet_questions(observations: Mapping[str, Data]) -> dict[str, Any]:
    """What has to be known of the Region for a plan: of which nodes, and whether anything may end tasks.

    C(refused): why what is asked of hosts cannot be. C(abandoned): identities that hosts have given up, and whose
    records may still be there; C(nodes) has them, too, and what hosts say they are.
    """
    registrations = [seen["host"]["registration"] for seen in observations.values() if "host" in seen]
    abandoned = [identity for one in registrations for identity in one.get("abandoned") or []]
    said = [one["instance_id"] for one in registrations if one["instance_id"]]
    return {
        "hosts": len(observations),
        "refused": list(dict.fromkeys(seen["msg"] for seen in observations.values() if "errors" in seen)),
        "nodes": list(dict.fromkeys([*said, *abandoned])),
        "abandoned": list(dict.fromkeys(abandoned)),
        "disturbs": any(entry["disruptive"] for seen in observations.values() for entry in seen.get("drift") or []),
    }


def fleet_conductor(order: Sequence[str], name: str) -> str:
    return batches.conductor_of(order, name)


def fleet_left(record: Data) -> list[str]:
    try:
        return plan.left_of(record)
    except limits.PlanError as error:
        raise AnsibleFilterError(str(error)) from error


def fleet_gate(
    planned: Data, number: int, results: Sequence[Data], budget: Data, whole_wave: bool = False, **asked: Any
) -> dict[str, Any]:
    try:
        return (gate.wave_gate if whole_wave else gate.gate)(planned, number, results, budget, **asked)
    except limits.PlanError as error:
        raise AnsibleFilterError(str(error)) from error


def fleet_soak(planned: Data, number: int, results: Sequence[Data], budget: Data, now: str) -> dict[str, Any]:
    return soak.due(planned, number, results, budget, now)


def fleet_soaked(due: Data, watched: Data, identities: Mapping[str, str]) -> dict[str, Any]:
    return soak.verdict(due, watched, identities)


def fleet_confirmation(
    planned: Data, number: int, results: Sequence[Data], confirmed: Sequence[str], now: str, minutes: int
) -> dict[str, Any]:
    return confirmation.ask(planned, number, results, confirmed, now, minutes)


def fleet_confirmed(asked: Data, answer: str) -> dict[str, Any]:
    return confirmation.answered(asked, answer)


def fleet_link(host: str, network: Data | None) -> dict[str, Any]:
    return links.answer(host, network)


def fleet_batch_result(planned: Data, number: int, **seen: Any) -> dict[str, Any]:
    return outcomes.batch_result(planned, number, **seen)


def fleet_tight_services(read: Data) -> list[dict[str, str]]:
    return [{"cluster": str(read["item"]), "service": name} for name in disruption.tight(read["services"])]


def fleet_held(tasks: Sequence[Data]) -> dict[str, list[str]]:
    return disruption.held(tasks)


def fleet_exchanged(before: Mapping[str, str | None], now: Mapping[str, str | None]) -> dict[str, str]:
    return disruption.exchanged(before, now)


def fleet_labels(hosts: Mapping[str, Data], nodes: Mapping[str, str], back: Sequence[str]) -> dict[str, Any]:
    return disruption.labels(hosts, nodes, back)


def fleet_removal(planned: Data, number: int, connected: Sequence[str], seen: Data) -> dict[str, Any]:
    return identity.removal(planned, number, connected, seen)


def fleet_preflight(sites: Mapping[str, str], observations: Mapping[str, Data], started: str = "") -> dict[str, Any]:
    return report.report(sites, {name: observed(seen) for name, seen in observations.items()}, started)


def fleet_preflight_lines(told: Data) -> list[str]:
    return report.lines(told)


def fleet_versions(planned: Data) -> list[str]:
    return summary.version_lines(planned)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "fleet_plan": fleet_plan,
            "fleet_questions": fleet_questions,
            "fleet_read": fleet_read,
            "fleet_variables": fleet_variables,
            "fleet_conductor": fleet_conductor,
            "fleet_left": fleet_left,
            "fleet_gate": fleet_gate,
            "fleet_soak": fleet_soak,
            "fleet_soaked": fleet_soaked,
            "fleet_confirmation": fleet_confirmation,
            "fleet_confirmed": fleet_confirmed,
            "fleet_link": fleet_link,
            "fleet_batch_result": fleet_batch_result,
            "fleet_preflight": fleet_preflight,
            "fleet_preflight_lines": fleet_preflight_lines,
            "fleet_versions": fleet_versions,
            "fleet_removal": fleet_removal,
            "fleet_tight_services": fleet_tight_services,
            "fleet_held": fleet_held,
            "fleet_exchanged": fleet_exchanged,
            "fleet_labels": fleet_labels,
        }
