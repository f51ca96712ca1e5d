# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything about a host in one remote execution.

A packaged module takes 195 ms of host CPU before its first line runs, interpreter discovery takes an execution of its
own, and without pipelining come a directory and a file transfer. So the script of module_utils/host/observe.py goes
over the connection as it is, on standard input, and what can be worked out from its answer is worked out here.
"""

from __future__ import annotations

import base64
import functools
import json
import shlex
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import observe, surroundings
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import agent_settings, labels
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.desired import validate_desired
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.drift import compare
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.labels import ATTRIBUTES, TAGS
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.preflight import asking, findings
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.variables import Variables

# Made when the plugin is loaded: Ansible loads it once and forks a worker for every host after that. Compressed, it is
# a third as much for a thin link. (Leaving out comments was measured, too: no gain for the host.)
SOURCE = Path(observe.__file__).read_text(encoding="utf-8")
SCRIPT = zlib.compress(SOURCE.encode(), 9)
SURROUNDINGS = Path(surroundings.__file__).read_text(encoding="utf-8")

# For the same reason: Python compiles a pattern when it first meets it, and keeps it.
validate_desired(
    {"ecs_config": {"ECS_CLUSTER": "c", "AWS_DEFAULT_REGION": "us-east-1", ATTRIBUTES: {"a": "b"}, TAGS: {"a": "b"}}}
)

ARGUMENTS: dict[str, Any] = {"desired": {"type": "dict"}, "desired_from": {"type": "list", "elements": "str"}}
# The roles' public variables, with the fleet's.
FORESEEN = ("fleet_", "preflight_", "proxy_", "container_engine_", "ssm_agent_", "ecs_agent_")

# Newest first, because the system's own python3 may be too old where another one was installed for Ansible.
INTERPRETERS = (
    *[f"/usr/bin/python3.{minor}" for minor in range(14, 8, -1)],
    "/usr/bin/python3",
    "python3",
    "/usr/libexec/platform-python",
)
NO_PYTHON = 127

# -I and -S leave out site and the user's environment, -B writes nothing to the host.
FLAGS = "-I -S -B -c"
FROM_STDIN = "import sys,zlib;exec(zlib.decompress(sys.stdin.buffer.read()))"
FROM_ARGUMENT = "import base64,zlib;exec(zlib.decompress(base64.b64decode('{}')))"


def command(interpreter: str | None, program: str) -> str:
    """The line for the host's shell that runs a Python program; None as interpreter: the best that the host has."""
    rest = f"{FLAGS} {shlex.quote(program)}"
    if interpreter:
        return f"{shlex.quote(interpreter)} {rest}"
    return (
        f"for p in {' '.join(INTERPRETERS)}; do"
        f' if command -v "$p" >/dev/null 2>&1; then exec "$p" {rest}; fi;'
        f" done; exit {NO_PYTHON}"
    )


def questions(desired: dict[str, Any]) -> dict[str, Any]:
    """What only the hosts of this desired state are asked, by name of a probe in observe.ANSWERS."""
    engine, agent = desired.get("engine") or {}, desired.get("ecs_agent") or {}
    asked = {
        "network": asking.question(desired, SURROUNDINGS),
        "engine_settings": list(engine.get("settings") or {})
        or ["live-restore"] * bool(engine.get("trust_live_restore")),
        "images": [item["image"] for item in (desired.get("images") or {}).get("wanted") or []],
        "gpu": agent.get("gpu"),
        "exec_files": agent.get("exec"),
    }
    return {name: question for name, question in asked.items() if question}


def script(asked: dict[str, Any]) -> bytes:
    """The script to send, compressed."""
    return zlib.compress(observe.asking(SOURCE, json.dumps(asked)).encode(), 9) if asked else SCRIPT


def answer_in(output: str) -> dict[str, Any] | None:
    """The script's answer, from between its markers; a profile may have printed anything round them."""
    _before, _mark, rest = output.partition(observe.START)
    text, mark, _after = rest.partition(observe.END)
    if not mark:
        return None
    try:
        host = json.loads(text)
    except ValueError:
        return None
    return host if isinstance(host, dict) and host.get("schema") == observe.SCHEMA else None


def why_no_answer(code: int, errors: str, interpreter: str | None) -> str:
    if code == NO_PYTHON:
        tried = interpreter or ", ".join(INTERPRETERS)
        return (
            f"There is no Python 3 on the host (tried: {tried}). Install one, or name it in ansible_python_interpreter."
        )
    said = " ".join(errors.split())[-500:] or "nothing on standard error"
    return f"The host's answer could not be read (return code {code}): {said}"


def skew(epoch: float, sent: float, received: float, took: float = 0.0) -> float:
    """How far the host's clock is ahead, taking half of the round trip for the way back.

    The host looks at its clock last. What it has done before, such as waiting for the network, is no part of the trip.
    """
    return round(epoch - (received - max(0.0, received - sent - took) / 2), 3)


def without_logins(asked: dict[str, Any]) -> dict[str, Any]:
    """Of the questions, those that anybody on the host may read in its list of processes."""
    proxies = (asked.get("network") or {}).get("proxy") or {}
    has_login = any("@" in str(proxies.get(scheme) or "") for scheme in ("http", "https"))
    return {name: question for name, question in asked.items() if name != "network" or not has_login}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(ARGUMENTS, mutually_exclusive=[tuple(ARGUMENTS)])
        desired = arguments["desired"]
        if arguments["desired_from"] is not None:
            desired = self._desired(arguments["desired_from"], task_vars)
        if desired is not None:
            desired = agent_settings.completed(desired)
            self._refuse_bad(desired, task_vars)
        asked = questions(desired or {})
        host = self._observe(task_vars, script(asked if self._takes_input() else without_logins(asked)))
        result.update(changed=False, ansible_facts={"edgefleet_host": host})
        if arguments["desired_from"] is None:
            result["host"] = host
        if self._interpreter(task_vars) is None:
            # What Ansible would find out in an execution of its own, before the first module that changes something.
            result["ansible_facts"]["discovered_interpreter_python"] = host["interpreter"]
        if desired is not None:
            result.update(self._compared(host, desired))
        return result

    def _desired(self, names: list[str], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The parts that these variables hold, put together."""
        missing = [name for name in names if name not in task_vars]
        if missing:
            raise AnsibleActionFail(f"desired_from names {', '.join(missing)}, which is no variable of this task.")
        variables = Variables(task_vars, self._jinja, FORESEEN)
        desired: dict[str, Any] = {}
        for name in names:
            desired.update(variables.value(name))
        return desired

    def _jinja(self, variables: Mapping[str, Any]) -> Callable[[Any], Any]:
        templar = self._templar.copy_with_new_env(available_variables=variables)
        # Not its method itself, whose further parameters are none of the caller's.
        return functools.partial(templar.template)

    def _compared(self, host: dict[str, Any], desired: dict[str, Any]) -> dict[str, Any]:
        drift = compare(host, desired)
        return {
            "drift": drift,
            "findings": findings(host, desired, datetime.now(timezone.utc).date()),
            "attributes": labels.asked(desired, ATTRIBUTES),
            "tags": labels.asked(desired, TAGS),
            # In check mode this task stands for the ones that would act on the drift.
            "changed": bool(drift) and bool(self._task.check_mode),
            "diff": {side: {entry["component"]: entry[side] for entry in drift} for side in ("before", "after")},
        }

    def _refuse_bad(self, desired: dict[str, Any], task_vars: dict[str, Any]) -> None:
        errors = validate_desired(desired)
        if errors:
            name = task_vars.get("inventory_hostname", "the host")
            raise AnsibleActionFail(
                f"{name}: what is asked can't be, and nothing was touched: {' | '.join(errors)}",
                result={"errors": errors},
            )

    def _observe(self, task_vars: dict[str, Any], payload: bytes) -> dict[str, Any]:
        interpreter = self._interpreter(task_vars)
        sent = time.time()
        output = self._send(interpreter, payload)
        received = time.time()
        host = answer_in(output["stdout"])
        if host is None:
            raise AnsibleActionFail(
                why_no_answer(output["rc"], output["stderr"], interpreter), result={"rc": output["rc"]}
            )
        if host["clock"]:
            clock = host["clock"]
            clock["skew_seconds"] = skew(clock["epoch"], sent, received, clock.pop("took_seconds", 0.0))
        return host

    def _send(self, interpreter: str | None, payload: bytes) -> dict[str, Any]:
        """The one remote execution. A lost connection is raised by it, and Ansible calls the host unreachable."""
        if self._takes_input():
            return self._low_level_execute_command(command(interpreter, FROM_STDIN), in_data=payload, sudoable=True)
        # No standard input on this way: the script fits into the command line.
        program = FROM_ARGUMENT.format(base64.b64encode(payload).decode())
        return self._low_level_execute_command(command(interpreter, program), sudoable=True)

    def _takes_input(self) -> bool:
        return self._connection.has_pipelining and not getattr(self._connection.become, "require_tty", False)

    def _interpreter(self, task_vars: dict[str, Any]) -> str | None:
        """A path that somebody set; None where Ansible would go and look for one."""
        delegate = self._task.delegate_to
        variables = (task_vars.get("ansible_delegated_vars") or {}).get(delegate) if delegate else None
        value = C.config.get_config_value("INTERPRETER_PYTHON", variables=variables or task_vars)
        value = str(self._templar.template(value) or "").strip()
        return None if not value or value.startswith("auto") else value
