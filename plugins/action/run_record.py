# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a run on the control node: written by this plugin alone, whatever kind of run it is of."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import record
from ansible_collections.edgefleet.ecs.plugins.modules.run_record import ARGUMENTS
from ansible_collections.edgefleet.ecs.plugins.plugin_utils import records
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.report import drawing

_TYPES: dict[str, Any] = {"path": str, "str": str, "dict": Mapping, "list": Sequence}


class RecordError(Exception):
    """Why there is no record. The text is for the operator."""


def given(arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The task's arguments, with the plan itself in the place of the variable that has it.

    Ansible's own check copies all that it is given, and a template in an argument copies it once more: of a plan of
    3,000 hosts this took 8 seconds of CPU, the rest of this plugin's work less than 1.
    """
    for name, value in arguments.items():
        if name not in ARGUMENTS or not isinstance(value, _TYPES[ARGUMENTS[name]["type"]]):
            allowed = ", ".join(f"{known} ({spec['type']})" for known, spec in ARGUMENTS.items())
            raise AnsibleActionFail(f"run_record cannot do with {name} as it is; it takes: {allowed}.")
    if not arguments.get("path"):
        raise AnsibleActionFail("run_record needs the path of the record.")
    params = {name: arguments.get(name) for name in ARGUMENTS}
    plan = variables.get(params["plan_variable"]) if params["plan_variable"] else None
    if params["plan_variable"] and not isinstance(plan, Mapping):
        raise AnsibleActionFail(f"The variable {params['plan_variable']} holds no plan.")
    return {**params, "plan": plan}


def grown(path: Path, params: Mapping[str, Any], now: str) -> dict[str, Any]:
    """The record after this step of the run."""
    if params["record"]:
        return {**params["record"], "written": now}
    run = records.read(path)
    plan = params["plan"]
    if plan and (run is None or run["run_id"] != plan["run_id"] or not run.get("batches")):
        run = record.begin(plan)
    if run is None:
        raise RecordError(f"{path} is no record that could be read, and no plan was given to begin one with.")
    if run["schema"] not in record.READABLE:
        raise RecordError(f"{path} has schema {run['schema']}; this version of the collection knows {record.SCHEMA}.")
    if run["schema"] != record.SCHEMA:
        run = record.brought_up(run)
    if params["results"]:
        run = record.add(run, params["results"], params["versions"])
    if params["ended"]:
        run = record.end(run, params["ended"], params["broken"] or ())
    # To draw the page of an old record again is no sign of life.
    return {**run, "written": now if told_anything(params) else run.get("written")}


def told_anything(params: Mapping[str, Any]) -> bool:
    return any(params[name] for name in ("plan", "results", "ended", "record"))


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = {**super().run(tmp, task_vars), "changed": False}
        params = given(self._task.args, task_vars or {})
        path = Path(params["path"]).expanduser().absolute()
        # Between its beginning and its end a run does not stop over its record: the hosts are what counts.
        last = not params["results"] or bool(params["ended"])
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        try:
            run = grown(path, params, now) if self._task.check_mode else self._written(path, params, now)
            if not self._task.check_mode:
                result.update(self._drawn(path, run, asked=not told_anything(params)))
        # Whatever it is: even an error of this plugin's own is no reason to leave a batch unfinished.
        except Exception as error:
            said = str(error) if isinstance(error, RecordError) else f"The record could not be written: {error}"
            if last:
                raise AnsibleActionFail(said) from error
            return {**result, "warnings": [f"{said} The run goes on; its end writes the whole record."]}
        told = {"record_file": str(path), "kind": run["kind"], "state": run["state"]}
        # Not the record itself: an automation controller keeps all results in its database.
        return {**result, **told, **({"amiss": record.amiss(run)} if run["kind"] == "rollout" else {})}

    def _written(self, path: Path, params: Mapping[str, Any], now: str) -> dict[str, Any]:
        path.parent.mkdir(parents=True, exist_ok=True)
        with records.alone(path):
            run = grown(path, params, now)
            records.write(path, records.text_of(run))
        return run

    def _drawn(self, path: Path, run: dict[str, Any], asked: bool) -> dict[str, Any]:
        """The record is safe by now: what is made of it can be drawn again, unless it is just this that was asked."""
        try:
            report, warnings = drawing.beside(path, run)
        except Exception as error:
            if asked:
                raise
            report, warnings = "", [f"The page of {path} could not be drawn: {error!r}"]
        return {**({"report_file": report} if report else {}), **({"warnings": warnings} if warnings else {})}
