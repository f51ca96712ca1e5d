# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the result of a run's only task, good or bad, to the file that the environment names.

A task that copies a registered result into a file costs as much as the module that is tested: a worker and two modules.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.module_utils.common.json import AnsibleJSONEncoder
from ansible.plugins.callback import CallbackBase

VARIABLE = "EDGEFLEET_RESULT_FILE"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "result_file"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        self._keep(result, failed=False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._keep(result, failed=True)

    def _keep(self, result: Any, failed: bool) -> None:
        text = json.dumps({**result._result, "failed": failed}, cls=AnsibleJSONEncoder)
        Path(os.environ[VARIABLE]).write_text(text, encoding="utf-8")
