# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_record
type: aggregate
short_description: Plan, progress by batch and a last table by site for rollouts
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Prints the plan of a rollout when it has been made, one line when a batch has ended, and a table by site as the very
    last thing. Prints what preflight has found on a fleet, finding by finding.
  - It only reads what the roles C(edgefleet.ecs.rollout) and C(edgefleet.ecs.preflight) set as facts.
    It decides nothing and writes no file, so that a run is the same without it.
requirements:
  - Enable it with C(callbacks_enabled = edgefleet.ecs.fleet_record) in C(ansible.cfg), or with
    E(ANSIBLE_CALLBACKS_ENABLED).
"""

from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import explain, summary
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.preflight import report


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "edgefleet.ecs.fleet_record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._plan: dict[str, Any] | None = None
        self._results: list[dict[str, Any]] = []
        self._record: dict[str, Any] | None = None
        self._path = ""
        self._preflight: dict[str, Any] | None = None

    def v2_runner_on_ok(self, result: Any) -> None:
        # The public attribute came with ansible-core 2.19.
        facts = (result.result if hasattr(result, "result") else result._result).get("ansible_facts")
        if not isinstance(facts, dict):
            return
        if "preflight_result" in facts:
            self._preflight = facts["preflight_result"]
        if "rollout_plan" in facts:
            self._plan = facts["rollout_plan"]
            self._say(["", *explain.plan_lines(facts["rollout_plan"]), ""])
        if "rollout_batch_result" in facts and self._plan:
            self._results.append(facts["rollout_batch_result"])
            self._say(["", summary.progress_line(self._plan, self._results)])
        if "rollout_record" in facts:
            self._record = facts["rollout_record"]
            self._path = str(facts.get("rollout_record_file", ""))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if self._preflight:
            # After every host has had its say, which of a large fleet nobody reads.
            self._say(["", *report.lines(self._preflight)])
        if self._record:
            self._say(["", *summary.table(self._record), *([f"Record: {self._path}"] if self._path else [])])

    def _say(self, lines: list[str]) -> None:
        self._display.display("\n".join(lines))
