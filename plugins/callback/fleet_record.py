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
  - A batch's line says how many hosts are done, the wave, the site, what became of its hosts, how much of the wave's
    failure budget is used, and how long the steps that are left may take.
  - It only reads what the roles C(edgefleet.ecs.rollout) and C(edgefleet.ecs.preflight) tell in their tasks.
    At the end it reads the record. It decides nothing and writes no file, so that a run is the same without it.
requirements:
  - Enable it with C(callbacks_enabled = edgefleet.ecs.fleet_record) in C(ansible.cfg), or with
    E(ANSIBLE_CALLBACKS_ENABLED).
"""

from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import explain, progress, record, table
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.preflight import report
from ansible_collections.edgefleet.ecs.plugins.plugin_utils import records


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "edgefleet.ecs.fleet_record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._run: dict[str, Any] | None = None
        self._began = False
        self._files: list[str] = []
        self._preflight: dict[str, Any] | None = None

    def v2_runner_on_ok(self, result: Any) -> None:
        # The public attribute came with ansible-core 2.19.
        told = result.result if hasattr(result, "result") else result._result
        if isinstance(told.get("ansible_facts"), dict):
            self._facts(told["ansible_facts"])
        if told.get("kind") == "rollout" and told.get("state") == record.ENDED and "record_file" in told:
            self._ended(told)

    def _ended(self, told: dict[str, Any]) -> None:
        # What is on disk says more than what was heard here: the versions, for one.
        self._run = records.read(Path(told["record_file"])) or self._run
        names = {"Record": told["record_file"], "Report": told.get("report_file")}
        self._files = [f"{name}: {path}" for name, path in names.items() if path]
        if told["amiss"]:
            self._files.append(f"What is left, and nothing else: -e fleet_only_failed={told['record_file']}")

    def _facts(self, facts: dict[str, Any]) -> None:
        if "preflight_result" in facts:
            self._preflight = facts["preflight_result"]
        if "rollout_plan" in facts:
            self._run = record.begin(facts["rollout_plan"])
            self._say(["", *explain.plan_lines(facts["rollout_plan"]), ""])
        if "rollout_batch_result" in facts and self._run:
            self._began = True
            self._run = record.add(self._run, [facts["rollout_batch_result"]])
            self._say(["", progress.line(self._run, facts["rollout_batch_result"]["number"])])

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if self._preflight:
            # After every host has had its say, which of a large fleet nobody reads.
            self._say(["", *report.lines(self._preflight)])
        # A plan alone has no outcome; a rollout that was broken off has, but no file that it could have ended with.
        if self._run and (self._began or self._files):
            self._say([*table.lines(self._run), *self._files])

    def _say(self, lines: list[str]) -> None:
        self._display.display("\n".join(lines))
