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
    At the end it reads the record. It decides nothing, so that a run is the same without it.
  - A run that is interrupted (C(SIGINT), C(SIGTERM), C(SIGHUP)) or broken off by an error outside of any batch does
    not come to the task that ends its record. Then the plugin ends it (C(state=interrupted)), with the batches that
    nobody has seen the end of, and the hosts that must be feared to be left C(DRAINING). Without it, such a record
    stays V(running).
requirements:
  - Enable it with C(callbacks_enabled = edgefleet.ecs.fleet_record) in C(ansible.cfg), or with
    E(ANSIBLE_CALLBACKS_ENABLED).
"""

import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import explain, progress, record, table
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.preflight import report
from ansible_collections.edgefleet.ecs.plugins.plugin_utils import records

# Says nothing of a rollout, once a host: a result is converted, whole, when it is asked for.
SILENT = ("edgefleet.ecs.host_facts",)
BROKEN_OFF = "The run was broken off by an error outside of its batches; Ansible's output tells which."


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
        self._plan: dict[str, Any] | None = None
        # What endings.Story makes of a run whose record has begun.
        self._story: Any = None
        self._watches = False

    def v2_runner_on_ok(self, result: Any) -> None:
        # The public attributes came with ansible-core 2.19.
        task = result.task if hasattr(result, "task") else result._task
        if task.action in SILENT:
            return
        told = result.result if hasattr(result, "result") else result._result
        if isinstance(told.get("ansible_facts"), dict):
            self._facts(told["ansible_facts"])
            self._conducted(result, told["ansible_facts"])
        if told.get("kind") == "rollout" and "record_file" in told:
            self._recorded(told)

    def _conducted(self, result: Any, facts: dict[str, Any]) -> None:
        if self._story:
            self._story.heard((result.host if hasattr(result, "host") else result._host).get_name(), facts)

    def _recorded(self, told: dict[str, Any]) -> None:
        if told.get("state") == record.ENDED:
            self._story = None
            self._ended(told)
        elif self._plan:
            self._watched(self._plan, told["record_file"])

    def _watched(self, plan: dict[str, Any], path: str) -> None:
        """From here on the run may end at any moment, and has to say how."""
        # Only now: it takes 0.15 s of CPU. Other runs are spared it, and the workers that write this one's record, too.
        from ansible_collections.edgefleet.ecs.plugins.plugin_utils import endings

        self._plan = None
        self._story = endings.Story(plan)
        self._story.recorded(path)
        if not self._watches:
            endings.before_the_end(self._interrupted)
        self._watches = True

    def _ended(self, told: dict[str, Any]) -> None:
        # What is on disk says more than what was heard here: the versions, for one.
        self._run = records.read(Path(told["record_file"])) or self._run
        names = {"Record": told["record_file"], "Report": told.get("report_file")}
        self._files = [f"{name}: {path}" for name, path in names.items() if path]
        if told["amiss"]:
            self._files.append(f"What is left, and nothing else: -e fleet_only_failed={told['record_file']}")

    def _interrupted(self, name: str) -> None:
        """In the middle of anything: past Ansible's display, whose locks may be held by what was interrupted."""
        lines = self._broken_off(f"The run was interrupted by {name}." if name else BROKEN_OFF)
        if lines:
            os.write(1, "\n".join(["", *lines, ""]).encode())

    def _broken_off(self, why: str) -> list[str]:
        """The end of a run that did not come to its own. Nothing may keep the process from ending after these words."""
        story, self._story = self._story, None
        try:
            run = story.end(why) if story else None
        except Exception as error:
            return [f"{why} Its record could not be ended: {error!r}"]
        return [*table.lines(run), *story.files] if story and run else []

    def _facts(self, facts: dict[str, Any]) -> None:
        if "preflight_result" in facts:
            self._preflight = facts["preflight_result"]
        if "rollout_plan" in facts:
            self._run = record.begin(facts["rollout_plan"])
            self._plan = facts["rollout_plan"]
            self._say(["", *explain.plan_lines(facts["rollout_plan"]), ""])
        if "rollout_batch_result" in facts and self._run:
            self._began = True
            self._run = record.add(self._run, [facts["rollout_batch_result"]])
            self._say(["", progress.line(self._run, facts["rollout_batch_result"]["number"])])

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if self._preflight:
            # After every host has had its say, which of a large fleet nobody reads.
            self._say(["", *report.lines(self._preflight)])
        lines = self._broken_off(BROKEN_OFF)
        if lines:
            self._say(lines)
        # A plan alone has no outcome; a rollout that was broken off has, also where its record could not be written.
        elif self._run and (self._began or self._files):
            self._say([*table.lines(self._run), *self._files])

    def _say(self, lines: list[str]) -> None:
        self._display.display("\n".join(lines))
