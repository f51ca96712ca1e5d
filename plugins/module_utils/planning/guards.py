# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the gates of a run go by, checked when the plan is made: a pure function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import budget, confirmation, links, waves, window
from .gate import outside
from .limits import PlanError, whole_number

HOOKS = ("before_site", "after_site", "before_batch", "after_batch", "before_host", "after_host")

Data = Mapping[str, Any]


def of(plan: Data, options: Data) -> dict[str, Any]:
    """What gates need of a plan beside its batches, and in C(notes) what they would say now.

    C(windows) are those of the sites that have any; C(links) are by site the host that is asked whether it is cut off.

    :param options: C(started), C(waves), C(failure_budget), C(batch_minutes), C(confirmed), C(hooks), C(link_check),
        and in C(variables) by host its C(fleet_maintenance_window).
    :raises PlanError: where one of these is not what it may be.
    """
    budget.check(options.get("failure_budget") or {})
    for wave in plan["waves"]:
        variable = f"fleet_waves, wave '{wave['name']}': failure_budget"
        budget.check(wave["failure_budget"], variable, budget.OF_WAVE)
    asked = [name for name, _wave in waves.check(options.get("waves") or [])]
    known = dict.fromkeys([*asked, *(wave["name"] for wave in plan["waves"])])
    confirmation.check(options.get("confirmed") or [], known)
    check_hooks(options.get("hooks") or {})
    minutes = whole_number("fleet_batch_minutes", options.get("batch_minutes", 30), 0)
    sites = {name: host["site"] for name, host in plan["hosts"].items()}
    told = options.get("variables") or {}
    given = {name: told.get(name, {}).get(window.VARIABLE) for name in sites}
    suspects = links.suspects(plan["hosts"], plan["batches"]) if options.get("link_check", True) else {}
    guarded = {"windows": window.of_sites(sites, given, minutes), "links": suspects}
    notes = _notes({**plan, **guarded}, options.get("confirmed") or [], str(options.get("started") or ""), minutes)
    return {**guarded, "notes": [*plan.get("notes", []), *notes]}


def _notes(plan: Data, confirmed: Sequence[str], started: str, minutes: int) -> Iterator[str]:
    """What closes gates as things stand; a run that begins later may find something else."""
    changing = dict.fromkeys(batch["site"] for batch in plan["batches"])
    for site in changing:
        reason = outside(plan, site, started, minutes) if started else ""
        if reason:
            yield f"{reason[:1].upper()}{reason[1:]}"
    for site, host in plan["links"].items():
        yield f"Site '{site}' may be cut off: ECS has lost all its agents. {host} is asked before anything is changed."
    of_batches = {batch["wave"] for batch in plan["batches"]}
    for wave in plan["waves"]:
        if wave.get("confirm") and wave["name"] not in confirmed and wave["name"] in of_batches:
            yield f"Wave '{wave['name']}' waits for a confirmation."


def check_hooks(hooks: Any) -> None:
    if not isinstance(hooks, Mapping):
        raise PlanError(f"fleet_hooks is '{hooks}': it has to be task files by moment (allowed: {', '.join(HOOKS)}).")
    for moment, file in hooks.items():
        if moment not in HOOKS:
            raise PlanError(f"fleet_hooks has '{moment}' (allowed: {', '.join(HOOKS)}).")
        if not isinstance(file, str) or not file.startswith("/"):
            raise PlanError(
                f"fleet_hooks.{moment} is '{file}': it has to be the whole path of a task file on the control node, "
                "such as {{ inventory_dir }}/hooks/smoke.yml."
            )
